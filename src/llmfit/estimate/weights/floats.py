"""Weights in full or half precision on transformers and vLLM: every tensor in the same type."""

from collections.abc import Iterator
from math import prod

from llmfit.estimate.weights.stored import Stored
from llmfit.records.architecture import Architecture, Section
from llmfit.records.format import Format


def stored(architecture: Architecture, format: Format, *, mtp: bool) -> Iterator[Stored]:  # noqa: A002 - the record's name
    """Yield each group of tensors at the format's width, next-token layers where `mtp`."""
    width = int(format.bits or format.nominal_bits) // 8
    for tensor in architecture.tensors:
        if tensor.section is not Section.MTP or mtp:
            layer_bytes = prod(tensor.shape) * tensor.copies * width
            yield Stored(tensor.role, tensor.section, format.id, layer_bytes, tensor.layers)
