"""What transformers keeps on the GPU beside weights and cache all the time, and what only loading needs."""

from llmfit.estimate.activations import awq, blocks
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture, Role
from llmfit.records.device import Device
from llmfit.records.workload import Workload
from llmfit.units import MIB

CUBLAS_BYTES = 32 * MIB
"""cuBLAS's workspace in PyTorch from Hopper on (`getChosenWorkspaceSize` of ATen)."""
CUBLAS_BYTES_BEFORE = 8 * MIB + 128 * 2**10
"""The same on Ampere, Ada and older."""
_BEFORE_HOPPER = frozenset({"sm_60", "sm_61", "sm_70", "sm_75", "sm_80", "sm_86", "sm_87", "sm_89"})
SAMPLING_BYTES = 32
"""Bytes a logit while a token is chosen: fp32 logits, sorted values and indices, probabilities, their sums."""
TIED_AT_LOAD = (4, 45)
"""Before this version a tied head was allocated on the GPU and dropped once it had been tied."""
TIED_AT_LOAD_AWQ = (4, 51)
"""The same for AWQ checkpoints."""
_ROTATIONS_UNTIL = {
    "falcon": (4, 45),
    "llama": (4, 38),
    "mistral": (4, 42),
    "mixtral": (4, 48),
    "qwen2": (4, 45),
    "qwen2_moe": (4, 45),
    "starcoder2": (4, 45),
}
"""First version whose layers no longer keep `cos_cached` and `sin_cached`."""


def resident_bytes(architecture: Architecture, workload: Workload, device: Device | None) -> int:
    """Return the bytes that stay for the whole run."""
    total = workspace_bytes(device) + blocks.undivided_bytes(architecture, workload)
    if not architecture.is_encoder_only:
        total += SAMPLING_BYTES * architecture.vocab_size * workload.sequences
    if workload.format.id == "gptq-int4":
        total += 2 * awq.largest_matrix(architecture)
    if workload.format.family == "fp8" and architecture.tied_embeddings:
        total += tied_head_bytes(architecture)
    width = 4 if workload.format.precision == "fp32" else 2
    return total + rotation_bytes(architecture, workload.options.engine_version, width=width)


def workspace_bytes(device: Device | None) -> int:
    """Return cuBLAS's workspace on the device's first GPU, on a Hopper where none is named."""
    if device is not None and device.gpus and device.gpus[0].compute in _BEFORE_HOPPER:
        return CUBLAS_BYTES_BEFORE
    return CUBLAS_BYTES


def rotation_bytes(architecture: Architecture, version: str | None, *, width: int = 2) -> int:
    """Return the sines and cosines that each layer keeps for every position of the model, none in later versions.

    Layers · 2 · `max_position_embeddings` · `head_dim` elements of the weights' dtype (`_set_cos_sin_cache`).
    """
    if version is None or not is_before(version, _ROTATIONS_UNTIL.get(architecture.model_type, (0,))):
        return 0
    positions = architecture.context_length or 0
    return architecture.num_hidden_layers * 2 * positions * architecture.head_dim * width


def load_stages(architecture: Architecture, workload: Workload) -> list[Stage]:
    """Return what loading needs beside the weights, before there is a cache.

    A tied head allocated before it is tied: in every format up to 4.44, of AWQ up to 4.50.
    """
    version = workload.options.engine_version
    limit = TIED_AT_LOAD_AWQ if workload.format.family == "awq" else TIED_AT_LOAD
    if architecture.tied_embeddings and is_before(version, limit):
        rest = blocks.undivided_bytes(architecture, workload)
        return [Stage("tied head while loading", tied_head_bytes(architecture) + rest)]
    return []


def tied_head_bytes(architecture: Architecture) -> int:
    """Return the bytes of a 16-bit copy of the token embedding."""
    return 2 * sum(t.parameters for t in architecture.tensors if t.role is Role.EMBEDDING)
