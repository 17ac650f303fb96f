"""Weights in full or half precision on transformers and vLLM: every tensor in the same type."""

from math import prod

from llmfit.estimate.weights.stored import Stored, loaded
from llmfit.records.architecture import Architecture
from llmfit.records.format import Format


def stored(architecture: Architecture, format: Format, *, mtp: bool) -> list[Stored]:  # noqa: A002 - the record's name
    """Return each group of tensors at the format's width, next-token layers where `mtp`."""
    width = int(format.bits or format.nominal_bits) // 8
    tensors = loaded(architecture, towers=True, mtp=mtp)
    found = [Stored(t.role, t.section, format.id, prod(t.shape) * t.copies * width, t.layers) for t in tensors.matrices]
    found.extend(tensors.stored_vectors(format.id, width))
    return found
