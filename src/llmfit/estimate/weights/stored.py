"""One row of a weight account: how many bytes a group of tensors takes, and where it lies."""

from enum import StrEnum
from typing import NamedTuple

from llmfit.records.architecture import Role, Section


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
