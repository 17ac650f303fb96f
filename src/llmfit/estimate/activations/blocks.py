"""What PyTorch's allocator hands out beyond the size of the weights: blocks that it does not divide.

The sizes are those of `c10/core/AllocatorConfig.h` of torch 2.13; that a rest up to the small size is not split off is
the rule of `should_split` in PyTorch's CUDA caching allocator, checked against published figures and not on a GPU.
"""

from llmfit.estimate.versions import is_before
from llmfit.estimate.weights.quantized import packed_bytes
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Section
from llmfit.records.workload import Workload
from llmfit.units import MIB

SMALL = MIB
"""Blocks up to this size come from a pool of their own; a rest up to this size stays with its block."""
SEGMENT = 20 * MIB
"""Blocks from there up to half of this are cut from segments of this size."""
ROUNDED = 2 * MIB
"""Larger blocks are asked for in multiples of this."""
STACKED_EXPERTS = (5, 0)
"""From this version the experts of a layer are one tensor."""


def undivided_bytes(architecture: Architecture, workload: Workload) -> int:
    """Return the bytes of all weights' blocks beyond their sizes, which `memory_allocated` counts."""
    stacked = not is_before(workload.options.engine_version, STACKED_EXPERTS)
    total = 0.0
    for tensor in architecture.tensors:
        if len(tensor.shape) == 1 or tensor.section is Section.MTP:
            continue
        size, repeats = packed_bytes(tensor, architecture, workload.format), tensor.repeats
        if stacked and tensor.role in EXPERT_ROLES:
            size, repeats = size * tensor.copies, repeats // max(1, tensor.copies)
        total += repeats * rest_of(size)
    return round(total)


def rest_of(size: int) -> float:
    """Return the bytes that a block of this size has beyond it, shared among those cut from one segment.

    >>> rest_of(27 * 2**19) / 2**20
    0.5
    >>> rest_of(25 * 2**19)
    0
    """
    if size <= SMALL:
        return 0
    if size < SEGMENT // 2:
        fitting = SEGMENT // size
        rest = SEGMENT - fitting * size
        return rest / fitting if rest <= SMALL else 0
    rest = -size % ROUNDED
    return rest if rest <= SMALL else 0
