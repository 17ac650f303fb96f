"""What transformers keeps on the GPU beside weights and cache all the time, and what only loading needs."""

from llmfit.estimate.activations import awq
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture, Role
from llmfit.records.device import Device
from llmfit.records.workload import Workload

CUBLAS_BYTES = 32 * 2**20
"""cuBLAS's workspace in PyTorch from Hopper on (`getChosenWorkspaceSize` of ATen)."""
CUBLAS_BYTES_BEFORE = 8 * 2**20 + 128 * 2**10
"""The same on Ampere, Ada and older."""
_BEFORE_HOPPER = frozenset({"sm_60", "sm_61", "sm_70", "sm_75", "sm_80", "sm_86", "sm_87", "sm_89"})
SAMPLING_BYTES = 32
"""Bytes a logit while a token is chosen: fp32 logits, sorted values and indices, probabilities, their sums."""
TIED_AT_LOAD = (4, 45)
"""Before this version a tied head was allocated on the GPU and dropped once it had been tied."""
TIED_AT_LOAD_AWQ = (4, 51)
"""The same for AWQ checkpoints."""


def resident_bytes(architecture: Architecture, workload: Workload, device: Device | None) -> int:
    """Return the bytes that stay for the whole run."""
    total = CUBLAS_BYTES
    if device is not None and device.gpus and device.gpus[0].compute in _BEFORE_HOPPER:
        total = CUBLAS_BYTES_BEFORE
    if not architecture.is_encoder_only:
        total += SAMPLING_BYTES * architecture.vocab_size * workload.sequences
    if workload.format.id == "gptq-int4":
        total += 2 * awq.largest_matrix(architecture)
    if workload.format.family == "fp8" and architecture.tied_embeddings:
        total += tied_head_bytes(architecture)
    return total


def load_stages(architecture: Architecture, workload: Workload) -> list[Stage]:
    """Return what loading needs beside the weights, before there is a cache.

    A tied head allocated before it is tied: in every format up to 4.44, of AWQ up to 4.50.
    """
    stages = []
    version = workload.options.engine_version
    limit = TIED_AT_LOAD_AWQ if workload.format.family == "awq" else TIED_AT_LOAD
    if architecture.tied_embeddings and is_before(version, limit):
        stages.append(Stage("tied head while loading", tied_head_bytes(architecture)))
    if workload.options.attn_implementation == awq.FUSED:
        stages.append(Stage("query, key and value while they are fused", awq.fused_copies(architecture, workload)))
    return stages


def tied_head_bytes(architecture: Architecture) -> int:
    """Return the bytes of a 16-bit copy of the token embedding."""
    return 2 * sum(t.parameters for t in architecture.tensors if t.role is Role.EMBEDDING)
