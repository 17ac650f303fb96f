"""Bytes of the model's weights while they train or stand frozen under an adapter."""

from math import prod

from llmfit.estimate.training.precision import RECIPES, frozen_bytes
from llmfit.estimate.training.targets import EXPERTS, is_linear
from llmfit.estimate.training.trained import model_tensors
from llmfit.records.architecture import Architecture, Section, Tensor
from llmfit.records.estimate import Line
from llmfit.records.training import Training

NF4_BLOCK = 64
"""Elements that share one scale."""
SCALE_BLOCK = 256
"""Scales that share one second-level scale with double quantisation."""
_QLORA = "QLoRA, arXiv 2305.14314, section 3: 4 + 8/64 + 32/(64·256) = 4.127 bits"


def base_lines(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    """Return the bytes of one copy of the model, before any sharding."""
    if training.method == "qlora":
        return _nf4_lines(architecture, training)
    width = frozen_bytes(training) if training.is_adapter else RECIPES[training.recipe].weight
    parameters = architecture.parameters
    return (Line("model", parameters * width, f"{parameters:,} parameters × {width} B"),)


def frozen_copy_bytes(architecture: Architecture, training: Training) -> int:
    """Bytes of one further copy that only runs forward: a reference or reward model, in 16 bit or as the base."""
    if training.method == "qlora":
        return sum(line.bytes for line in _nf4_lines(architecture, training))
    return architecture.parameters * (4 if training.recipe == "fp32" else 2)


def is_quantised(tensor: Tensor) -> bool:
    """Whether bitsandbytes replaces the layer: linear layers of the blocks, routed experts among them."""
    return tensor.section is Section.TEXT and bool(tensor.layers) and (is_linear(tensor) or tensor.role in EXPERTS)


def nf4_bytes(elements: int, *, double_quant: bool) -> int:
    """Return bytes of one nf4 matrix: 4 bits an element, a scale per 64, in 8 bit if quantised twice."""
    scales = -(-elements // NF4_BLOCK)
    packed = -(-elements // 2)
    if not double_quant:
        return packed + 4 * scales
    return packed + scales + 4 * -(-scales // SCALE_BLOCK)


def _nf4_lines(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    quantised = rest = taken = 0
    for tensor in model_tensors(architecture):
        if is_quantised(tensor):
            quantised += tensor.parameters
            taken += tensor.repeats * nf4_bytes(prod(tensor.shape), double_quant=training.double_quant)
        else:
            rest += tensor.parameters
    width = 4 if training.upcast_frozen else 2
    bits = 8 * taken / quantised if quantised else 0.0
    return (
        Line("linear layers in nf4", taken, f"{quantised:,} parameters × {bits:.3f} bit", _QLORA),
        Line("embeddings, head, norms", rest * width, f"{rest:,} parameters × {width} B"),
    )


def dequantised_bytes(architecture: Architecture) -> int:
    """Bytes of the largest nf4 matrix while a layer computes with it in 16 bit."""
    return max((2 * prod(t.shape) for t in architecture.tensors if is_quantised(t)), default=0)
