"""Bytes that an optimizer keeps for each trained tensor, and what it needs while it steps."""

from math import prod

from llmfit.estimate.training.precision import Bytes
from llmfit.estimate.training.trained import Trained
from llmfit.records.architecture import Role
from llmfit.records.training import Optimizer

BLOCK = 256
"""Elements that share one fp32 scale in bitsandbytes' 8-bit states (bitsandbytes 0.43 and later)."""
MIN_8BIT = 4096
"""Tensors with fewer elements keep 32-bit states (bitsandbytes, `min_8bit_size`)."""
_TABLES = frozenset((Role.EMBEDDING, Role.POSITION, Role.PER_LAYER_EMBEDDING))

STATES: dict[Optimizer, int] = {
    "adamw": 2,
    "adamw_8bit": 2,
    "paged_adamw": 2,
    "paged_adamw_8bit": 2,
    "sgd": 0,
    "sgd_momentum": 1,
    "lion": 1,
    "lion_8bit": 1,
}
"""States of a parameter's size."""


def state_bytes(tensor: Trained, width: Bytes, *, optimizer: Optimizer, galore_rank: int = 128) -> int:
    """Return bytes of optimizer state, fp32 master copy included.

    adafactor: one row and one column of fp32 per matrix (arXiv 1804.04235, section 3).
    muon: one momentum for matrices inside layers, AdamW elsewhere.
    galore: AdamW on gradients projected to rank r, and the projection (arXiv 2403.03507, section 4).
    """
    master = tensor.parameters * width.master
    if optimizer == "adafactor":
        return master + 4 * tensor.count * _factored(tensor.shape)
    if optimizer == "muon":
        return master + tensor.parameters * width.state * (1 if _is_hidden(tensor) else 2)
    if optimizer == "galore":
        return master + width.state * tensor.count * _projected(tensor, galore_rank)
    states = STATES[optimizer]
    if optimizer.endswith("8bit"):
        return master + tensor.count * _quantised(tensor, states, width)
    return master + tensor.parameters * width.state * states


def step_bytes(tensor: Trained, width: Bytes, *, foreach: bool) -> int:
    """Return what the step itself needs for a moment.

    Master weights: gradients flattened in 16 bit, and the fp32 copy that is made of them
    (DeepSpeed 0.19.8, `stage_1_and_2.py`, `step`; its estimate for ZeRO-2 counts the copy).
    torch's `foreach` AdamW: the square root of every second moment at once.
    """
    if width.master:
        return (4 + width.gradient) * tensor.parameters
    return width.state * tensor.parameters if foreach else 0


def _is_hidden(tensor: Trained) -> bool:
    return len(tensor.shape) >= 2 and tensor.role not in _TABLES and tensor.role is not Role.HEAD


def _factored(shape: tuple[int, ...]) -> int:
    if len(shape) < 2:
        return prod(shape)
    return prod(shape[:-1]) + prod(shape[:-2]) * shape[-1]


def _projected(tensor: Trained, rank: int) -> int:
    short, long = min(tensor.shape), max(tensor.shape)
    if not _is_hidden(tensor) or len(tensor.shape) != 2 or rank >= short:
        return 2 * prod(tensor.shape)
    return 2 * rank * long + rank * short


def _quantised(tensor: Trained, states: int, width: Bytes) -> int:
    """Bytes of one tensor's 8-bit states; the HF Trainer leaves embeddings' states in fp32."""
    elements = prod(tensor.shape)
    if elements < MIN_8BIT or tensor.role in _TABLES:
        return elements * states * max(width.state, 4)
    return states * (elements + -(-elements // BLOCK) * 4)
