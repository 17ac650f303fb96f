"""One term of a cache: what the layers of one kind keep, as layers × sequences × cells × bytes of a cell."""

from llmfit.records.architecture import Architecture, Cache, Role
from llmfit.records.format import KvFormat
from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """Bytes that the layers of one kind keep, and the factors that they are the product of."""

    cache: Cache
    label: str
    layers: int
    streams: int
    """Buffers of `cells` cells: one for each sequence, or one that they share."""
    cells: int
    """Cells of a buffer; 1 for a state."""
    cell_bytes: int
    """Bytes of one cell in one layer."""
    note: str = ""

    @property
    def bytes(self) -> int:
        """Bytes on all GPUs together."""
        return self.layers * self.streams * self.cells * self.cell_bytes

    def formula(self) -> str:
        """Return the product with its numbers put in."""
        return f"{self.layers} layers · {self.streams} · {self.cells} cells · {self.cell_bytes} B"


def stored(elements: int, kv_format: KvFormat) -> int:
    """Bytes of a row of elements: whole blocks of the cache's format."""
    return -(-elements // kv_format.block_size) * kv_format.block_bytes


def pad(tokens: int, multiple: int) -> int:
    """Round up to a multiple."""
    return -(-tokens // multiple) * multiple


def kept_columns(architecture: Architecture, cache: Cache) -> int:
    """Elements of a convolution's state without the newest column, which llama.cpp and vLLM do not keep."""
    for tensor in architecture.tensors:
        if tensor.role is Role.MIXER_CONV and tensor.layers == cache.layers:
            kernel = tensor.shape[-1]
            return cache.conv_elements // kernel * (kernel - 1)
    return cache.conv_elements
