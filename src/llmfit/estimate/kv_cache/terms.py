"""The terms that a cache is the sum of, and the tokens that they count: layers × buffers × cells × bytes of a cell."""

from llmfit.records.architecture import Architecture, Cache, Role
from llmfit.records.format import KvFormat
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload


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
        buffers = "buffer" if self.streams == 1 else "buffers"
        return f"{self.layers} layers · {self.streams} {buffers} · {self.cells} cells · {self.cell_bytes} B"


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


def answer_tokens(architecture: Architecture, workload: Workload) -> int:
    """Return the tokens that the decoder keeps: all, or the answer's where an encoder reads the prompt.

    Where nothing is said of the prompt both may be as long as the context.
    """
    if architecture.is_encoder_decoder and workload.prompt_tokens is not None:
        return max(1, workload.context - workload.prefill_tokens)
    return workload.context


def cross_tokens(architecture: Architecture, cache: Cache, *, source: int, images: int) -> int:
    """Return the positions whose keys and values cross-attention keeps.

    An encoder that always sees the same number of positions (Whisper) or of patches an image names it as `window`.
    """
    if architecture.is_encoder_decoder:
        return cache.window or source
    return (cache.window or 0) * images


def compressed_cells(cache: Cache, tokens: int) -> int:
    """Return cells of compressed attention: one for `compression` tokens."""
    return -(-tokens // cache.compression)
