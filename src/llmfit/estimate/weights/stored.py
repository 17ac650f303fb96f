"""One row of a weight account: how many bytes a group of tensors takes, and where it lies."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from llmfit.records.architecture import Architecture, Role, Section, Tensor


class Place(StrEnum):
    """Where an engine keeps a tensor."""

    DEVICE = "device"
    HOST = "host"
    """Always in RAM: llama.cpp's input layer."""
    COPY = "copy"
    """On the device beside the same tensor in RAM: a tied head in llama.cpp."""


class Stored(NamedTuple):
    """Tensors of one kind as an engine stores them."""

    role: Role
    section: Section
    layout: str
    """How the weights are stored: a ggml type, or a format's id; `16-bit`, `32-bit` for what it leaves."""
    layer_bytes: int
    """Bytes of all copies in one layer; of the whole group where it belongs to no layer."""
    layers: tuple[int, ...] = ()
    """Indices of the layers that have it; empty outside the layers."""
    place: Place = Place.DEVICE

    @property
    def bytes(self) -> int:
        """Bytes in all layers."""
        return self.layer_bytes * len(self.layers) if self.layers else self.layer_bytes


EXPERT_ROLES = frozenset({Role.EXPERT_GATE, Role.EXPERT_UP, Role.EXPERT_GATE_UP, Role.EXPERT_DOWN})
"""Roles of routed experts, which `--n-cpu-moe` keeps in RAM."""

TOWERS = frozenset({Section.VISION, Section.AUDIO, Section.PROJECTOR})


class Tensors(NamedTuple):
    """A model's tensors as the formats tell them apart."""

    matrices: list[Tensor]
    """Tensors of two and more dimensions."""
    vectors: dict[tuple[int, ...], int]
    """Elements of all norms, biases and other vectors that the same layers have, in one layer."""

    def stored_vectors(self, layout: str, width: int) -> Iterator[Stored]:
        """Yield the vectors at so many bytes an element: no format quantises them."""
        for layers, elements in self.vectors.items():
            yield Stored(Role.NORM, Section.TEXT, layout, elements * width, layers)


def loaded(architecture: Architecture, *, towers: bool, mtp: bool) -> Tensors:
    """Return the tensors that an engine loads: towers and next-token layers only where told."""
    matrices: list[Tensor] = []
    vectors: dict[tuple[int, ...], int] = {}
    for tensor in architecture.tensors:
        section, shape = tensor.section, tensor.shape
        if section is not Section.TEXT and ((section is Section.MTP and not mtp) or (section in TOWERS and not towers)):
            continue
        if len(shape) == 1 and section not in TOWERS:
            layers = tensor.layers
            vectors[layers] = vectors.get(layers, 0) + shape[0] * tensor.copies
        else:
            matrices.append(tensor)
    return Tensors(matrices, vectors)
