"""Bytes that an optimizer keeps for each trained tensor, and what it needs while it steps."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple

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


class Kept(NamedTuple):
    """Numbers of one kind that an optimizer keeps, each of the same width."""

    what: str
    """Such as `master weights`."""
    many: int
    width: int
    """Bytes of each."""


def state_terms(tensor: Trained, width: Bytes, *, optimizer: Optimizer, galore_rank: int = 128) -> Iterator[Kept]:
    """Yield what the optimizer keeps of a tensor, the fp32 master copy first.

    adafactor: one row and one column of fp32 per matrix (arXiv 1804.04235, section 3).
    muon: one momentum for matrices inside layers, AdamW elsewhere.
    galore: AdamW on gradients projected to rank r, and the projection (arXiv 2403.03507, section 4).
    """
    many = tensor.parameters
    if width.master:
        yield Kept("master weights", many, width.master)
    if optimizer == "adafactor":
        yield Kept("rows and columns", tensor.count * _factored(tensor.shape), 4)
    elif optimizer == "muon":
        hidden = _is_hidden(tensor)
        yield Kept("momentums" if hidden else "moments", many * (1 if hidden else 2), width.state)
    elif optimizer == "galore":
        yield Kept("projected moments", tensor.count * _projected(tensor, galore_rank), width.state)
    elif optimizer.endswith("8bit"):
        yield from _quantised(tensor, STATES[optimizer], width)
    elif STATES[optimizer]:
        yield Kept("moments", many * STATES[optimizer], width.state)


def state_bytes(tensor: Trained, width: Bytes, *, optimizer: Optimizer, galore_rank: int = 128) -> int:
    """Return bytes of optimizer state, fp32 master copy included."""
    return sum(
        kept.many * kept.width for kept in state_terms(tensor, width, optimizer=optimizer, galore_rank=galore_rank)
    )


def sum_of(kept: Iterable[Kept], *, models: int) -> tuple[int, str]:
    """Return bytes and formula of what is kept of so many models, equal kinds together."""
    counts: dict[tuple[str, int], int] = {}
    for what, many, width in kept:
        if width:
            counts[what, width] = counts.get((what, width), 0) + models * many
    total = sum(count * width for (_, width), count in counts.items())
    return total, " + ".join(f"{count:,} {what} × {width} B" for (what, width), count in counts.items())


def step_width(width: Bytes, *, foreach: bool) -> int:
    """Return the bytes of a trained parameter that the step itself needs for a moment.

    Master weights: gradients flattened in 16 bit, and the fp32 copy that is made of them
    (DeepSpeed 0.19.8, `stage_1_and_2.py`, `step`; its estimate for ZeRO-2 counts the copy).
    torch's `foreach` AdamW: the square root of every second moment at once.
    """
    if width.master:
        return 4 + width.gradient
    return width.state if foreach else 0


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


def _quantised(tensor: Trained, states: int, width: Bytes) -> Iterator[Kept]:
    """8-bit states of a tensor and the scales of their blocks; the HF Trainer leaves embeddings' states in fp32."""
    elements = prod(tensor.shape)
    if elements < MIN_8BIT or tensor.role in _TABLES:
        yield Kept("moments", tensor.count * elements * states, max(width.state, 4))
        return
    yield Kept("moments", tensor.count * elements * states, 1)
    yield Kept("scales", tensor.count * states * -(-elements // BLOCK), 4)
