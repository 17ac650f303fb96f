"""Reads the header of a safetensors file: names, types and shapes, and none of the weights.

Layout: 8 bytes little-endian header length, then that many bytes of JSON, then the tensors without gaps
(huggingface/safetensors, README "Format", read 2026-11).
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any, TypeGuard

from llmfit.errors import SourceError
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.sources.json_text import MOST_VALUES
from llmfit.sources.reading import Readable

MOST_HEADER = 25_000_000
"""Bytes of the largest header that is read: some 160,000 tensors; the largest published ones have a tenth of it."""
MOST_DIMENSIONS = 8
_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "C64": 64,
}


def read_safetensors(file: Readable) -> Checkpoint:
    """Read the header of one file.

    Raises SourceError where the header is cut off, too large, no JSON, or contradicts itself or the file's size.
    """
    start = file.read(0, 8)
    if len(start) < 8:
        raise _broken(file, "it is shorter than a header")
    length = int.from_bytes(start, "little")
    if length > MOST_HEADER:
        raise _broken(file, f"its header claims {length} bytes, more than the {MOST_HEADER} that are read")
    if 8 + length > file.size:
        raise _broken(file, f"its header claims {length} bytes, the file has {file.size}")
    header = _decode(file, file.read(8, length))
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise _broken(file, "its metadata is no object")
    tensors = tuple(_tensor(file, name, entry) for name, entry in header.items())
    total = sum(tensor.bytes for tensor in tensors)
    if 8 + length + total != file.size:
        raise _broken(file, f"its tensors take {total} bytes, the file holds {file.size - 8 - length}")
    return Checkpoint(kind="safetensors", tensors=tensors, metadata=metadata, files=(file.name,))


def _decode(file: Readable, text: bytes) -> dict[str, Any]:
    """Parse the header's JSON; every failure is one sentence."""
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_VALUES:
        raise _broken(file, f"its header has more than the {MOST_VALUES:,} values that are read")
    try:
        header = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _broken(file, "its header is no valid JSON") from error
    if not isinstance(header, dict):
        raise _broken(file, "its header is no JSON object")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object whose names must differ."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _tensor(file: Readable, name: str, entry: Any) -> StoredTensor:  # noqa: ANN401 - decoded JSON of any type
    """Check one entry against itself: a known type, a sane shape, and offsets that match both."""
    if not isinstance(entry, Mapping):
        raise _broken(file, f"tensor {name!r:.80} is no object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise _broken(file, f"tensor {name!r:.80} has the unknown type {dtype!r:.40}")
    if not _are_sizes(shape) or len(shape) > MOST_DIMENSIONS:
        raise _broken(file, f"tensor {name!r:.80} has no valid shape")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1] or offsets[1] > file.size:
        raise _broken(file, f"tensor {name!r:.80} has offsets outside the file")
    wanted = -(-prod(shape) * _BITS[dtype] // 8)
    if offsets[1] - offsets[0] != wanted:
        raise _broken(file, f"tensor {name!r:.80} needs {wanted} bytes and has {offsets[1] - offsets[0]}")
    return StoredTensor(name, dtype, tuple(shape), wanted)


def _are_sizes(values: Any) -> TypeGuard[list[int]]:  # noqa: ANN401 - decoded JSON of any type
    """Whether this is a list of whole numbers from 0, of at most 64 bits."""
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 for value in values
    )


def _broken(file: Readable, reason: str) -> SourceError:
    return SourceError(f"{file.name} is no valid safetensors file: {reason}", hint="Download it again")
