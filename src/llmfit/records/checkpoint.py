"""A checkpoint as its headers describe it: every tensor with type, shape and bytes."""

from collections.abc import Mapping
from dataclasses import field
from math import prod
from typing import Any, Literal

from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a file."""

    name: str
    dtype: str
    """As the file calls it: `BF16`, `F8_E4M3`, `Q4_K`, …"""
    shape: tuple[int, ...]
    """Outermost dimension first, whatever the file's own order."""
    bytes: int

    @property
    def elements(self) -> int:
        """Stored elements; of a packed tensor fewer than its weights."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """All tensors of one checkpoint, over all of its files; two of them are equal only where they are the same."""

    kind: Literal["safetensors", "gguf"]
    tensors: tuple[StoredTensor, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the header says beside the tensors; long arrays stand as their length."""
    files: tuple[str, ...] = ()
    """Names of the files whose headers were read."""

    @property
    def bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def elements(self) -> int:
        """Stored elements of all tensors."""
        return sum(tensor.elements for tensor in self.tensors)

    def bytes_by_dtype(self) -> dict[str, int]:
        """Return the bytes that tensors of each type take, largest first."""
        found: dict[str, int] = {}
        for tensor in self.tensors:
            found[tensor.dtype] = found.get(tensor.dtype, 0) + tensor.bytes
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
