"""Reads the header of a GGUF file: metadata, tensor types and shapes, and none of the weights.

Layout: magic, version, number of tensors, number of key-value pairs, the pairs, then one entry per tensor
(ggml-org/ggml, docs/gguf.md, read 2026-11).
"""

import struct
from collections.abc import Mapping
from math import prod
from typing import Any

from llmfit.errors import SourceError
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.format import BlockLayout
from llmfit.sources.reading import Readable
from llmfit.units import MIB

MOST_HEADER = 128 * MIB
"""Bytes of the largest header that is read; vocabularies of 260,000 words take about 12 MiB."""
MOST_PAIRS = 10_000
MOST_TENSORS = 200_000
MOST_STRING = MIB
KEPT_ARRAY = 4096
"""Longest array that is kept; of longer ones, vocabularies above all, only the length is."""
_CHUNK = MIB
_VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 9: "Q8_1", 15: "Q8_K", 41: "Q1_0",
}  # fmt: skip
"""Names of ggml's tensor types by number (gguf 0.19.0, GGMLQuantizationType)."""
_UNUSED = {
    "I8": (1, 1), "I16": (1, 2), "I32": (1, 4), "I64": (1, 8), "F64": (1, 8), "NVFP4": (64, 36), "Q8_1": (32, 40),
    "Q8_K": (256, 292), "Q1_0": (128, 18),
}  # fmt: skip
"""Block size and bytes of the types that no scheme of the catalog holds (gguf 0.19.0, GGML_QUANT_SIZES)."""


class _Cursor:
    """Walks through a header, a chunk at a time."""

    def __init__(self, file: Readable) -> None:
        self.file = file
        self.offset = 0
        self._chunk = b""
        self._start = 0

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes; they must be there."""
        end = self.offset + length
        if end > min(self.file.size, MOST_HEADER):
            cut = end > self.file.size
            raise broken(
                self.file, "its header is cut off" if cut else f"its header is longer than {MOST_HEADER} bytes"
            )
        if end > self._start + len(self._chunk) or self.offset < self._start:
            self._start, self._chunk = self.offset, self.file.read(self.offset, max(length, _CHUNK))
        begin = self.offset - self._start
        found = self._chunk[begin : begin + length]
        if len(found) < length:
            raise broken(self.file, "its header is cut off")
        self.offset = end
        return found

    def skip(self, length: int) -> None:
        """Pass over bytes that are not needed."""
        self.offset += length
        if self.offset > min(self.file.size, MOST_HEADER):
            raise broken(self.file, "its header is cut off")

    def number(self, code: str) -> Any:  # noqa: ANN401 - int, float or bool by the code
        """Return the next number of a `struct` code."""
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def length(self, what: str, most: int) -> int:
        """Return the next 64-bit length, which may not be absurd."""
        value: int = self.number("Q")
        if value > most:
            raise broken(self.file, f"it claims {value} {what}")
        return value

    def string(self) -> str:
        """Return the next string."""
        return self.take(self.length("bytes in a string", MOST_STRING)).decode("utf-8", "replace")


def read_gguf(file: Readable, *, layouts: Mapping[str, BlockLayout]) -> Checkpoint:
    """Read the header of one file; `layouts` tells how many bytes a block of each type takes.

    Raises SourceError where the header is cut off, absurd, or of a version or type that is not known.
    """
    cursor = _Cursor(file)
    if file.size < 4 or cursor.take(4) != b"GGUF":
        raise broken(file, "it does not begin with GGUF")
    version = cursor.number("I")
    if version not in _VERSIONS:
        raise broken(file, f"version {version} is not known")
    count = cursor.length("tensors", MOST_TENSORS)
    pairs = cursor.length("keys", MOST_PAIRS)
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = cursor.string()
        metadata[key] = _value(cursor, cursor.number("I"), depth=0)
    tensors = tuple(_tensor(cursor, layouts) for _ in range(count))
    total = sum(tensor.bytes for tensor in tensors)
    if cursor.offset + total > file.size:
        raise broken(file, f"its tensors take {total} bytes, the file holds {file.size - cursor.offset}")
    return Checkpoint(kind="gguf", tensors=tensors, metadata=metadata, files=(file.name,))


def _value(cursor: _Cursor, kind: int, *, depth: int) -> Any:  # noqa: ANN401 - a value of any GGUF type
    """Read one value; of a long array only its length, as `{"length": n}`."""
    if kind in _SCALARS:
        return cursor.number(_SCALARS[kind])
    if kind == _STRING:
        return cursor.string()
    if kind != _ARRAY or depth > 1:
        raise broken(cursor.file, f"a value has the unknown type {kind}")
    inner = cursor.number("I")
    count = cursor.length("values in an array", MOST_HEADER)
    if count <= KEPT_ARRAY:
        return [_value(cursor, inner, depth=depth + 1) for _ in range(count)]
    if inner in _SCALARS:
        cursor.skip(count * struct.calcsize(f"<{_SCALARS[inner]}"))
    elif inner == _STRING:
        for _ in range(count):
            cursor.skip(cursor.length("bytes in a string", MOST_STRING))
    else:
        raise broken(cursor.file, f"an array holds the unknown type {inner}")
    return {"length": count}


def _tensor(cursor: _Cursor, layouts: Mapping[str, BlockLayout]) -> StoredTensor:
    """Read one tensor's entry; ggml lists the innermost dimension first."""
    name = cursor.string()
    rank = cursor.number("I")
    if not 0 < rank <= 4:
        raise broken(cursor.file, f"tensor {name!r:.80} has {rank} dimensions")
    shape = tuple(cursor.number("Q") for _ in range(rank))
    kind = cursor.number("I")
    cursor.skip(8)  # the offset of its data
    dtype = TENSOR_TYPES.get(kind, "")
    layout = layouts.get(dtype)
    block, width = (layout.block_size, layout.block_bytes) if layout else _UNUSED.get(dtype, (0, 0))
    if not block:
        raise broken(cursor.file, f"tensor {name!r:.80} has the unknown type {kind}")
    if any(not 0 < side < 2**40 for side in shape) or shape[0] % block:
        raise broken(cursor.file, f"tensor {name!r:.80} has no valid shape")
    return StoredTensor(name, dtype, tuple(reversed(shape)), prod(shape) // block * width)


def broken(file: Readable, reason: str) -> SourceError:
    """Make the error for a file that breaks its format."""
    return SourceError(f"{file.name} is no valid GGUF file: {reason}", hint="Download it again")
