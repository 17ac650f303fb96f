"""Headers that the real packages write are read back byte by byte."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import save

from llmfit.catalog import load_catalog
from llmfit.errors import SourceError
from llmfit.sources.gguf import KEPT_ARRAY, TENSOR_TYPES, read_gguf
from llmfit.sources.local import layouts_of
from llmfit.sources.packing import FILE_TYPES
from llmfit.sources.reading import LocalFile
from llmfit.sources.safetensors import MOST_HEADER, read_safetensors
from support.checkpoints import GGUF_KEYS, PARAMETERS, arrays, llama_tensors, packed, safetensors_bytes, write_gguf

LAYOUTS = layouts_of(load_catalog(user_file=None))
WRITABLE = [kind for kind in gguf.GGMLQuantizationType if kind.name in TENSOR_TYPES.values()]


@dataclass
class Bytes:
    """Bytes in memory, read like a file."""

    content: bytes
    name: str = "made.bin"
    size: int = 0

    def __post_init__(self) -> None:
        self.size = len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        """Return some of them."""
        return self.content[offset : offset + length]


def test_every_type_of_the_package_is_known() -> None:
    """Numbers and names of tensor types are those of the gguf package, none missing."""
    assert {int(kind): kind.name for kind in gguf.GGMLQuantizationType} == TENSOR_TYPES


def test_schemes_are_named_as_the_package_does() -> None:
    """`general.file_type` means what the package's enum says."""
    named = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    for number, name in FILE_TYPES.items():
        assert name in {named[number], named[number].removesuffix("_MOE")}


@pytest.mark.parametrize("kind", WRITABLE, ids=lambda kind: kind.name)
def test_a_tensor_of_each_type_is_read_back_exactly(kind: gguf.GGMLQuantizationType, tmp_path: Path) -> None:
    """Type, shape and bytes of a written tensor come back, for every type that ggml has."""
    block, width = gguf.GGML_QUANT_SIZES[kind]
    path = tmp_path / "one.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("blk.0.ffn_up.weight", packed((3, 4 * block), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (tensor,) = read_gguf(LocalFile(path), layouts=LAYOUTS).tensors
    assert (tensor.dtype, tensor.shape, tensor.bytes) == (kind.name, (3, 4 * block), 3 * 4 * width)
    assert tensor.elements == 3 * 4 * block


def test_values_of_every_type_are_read_back(tmp_path: Path) -> None:
    """Numbers of all widths, booleans, text and arrays come back as they were written."""
    path = tmp_path / "values.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    written: dict[str, Any] = {
        "u8": 200,
        "i8": -100,
        "u16": 60_000,
        "i16": -30_000,
        "u32": 4_000_000_000,
        "i32": -2_000_000_000,
        "u64": 2**63 + 1,
        "i64": -(2**62),
        "f32": 0.5,
        "f64": 0.1,
        "yes": True,
        "text": "안녕 \x1b[31m",
        "numbers": [1, 2, 3],
        "words": ["a", "b"],
    }
    writer.add_uint8("u8", written["u8"])
    writer.add_int8("i8", written["i8"])
    writer.add_uint16("u16", written["u16"])
    writer.add_int16("i16", written["i16"])
    writer.add_uint32("u32", written["u32"])
    writer.add_int32("i32", written["i32"])
    writer.add_uint64("u64", written["u64"])
    writer.add_int64("i64", written["i64"])
    writer.add_float32("f32", written["f32"])
    writer.add_float64("f64", written["f64"])
    writer.add_bool("yes", written["yes"])
    writer.add_string("text", written["text"])
    writer.add_array("numbers", written["numbers"])
    writer.add_array("words", written["words"])
    writer.add_array("vocabulary", [f"w{i}" for i in range(KEPT_ARRAY + 1)])
    writer.add_array("scores", [0.5] * (KEPT_ARRAY + 1))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = read_gguf(LocalFile(path), layouts=LAYOUTS).metadata
    assert {name: found[name] for name in written} == written
    assert found["vocabulary"] == found["scores"] == {"length": KEPT_ARRAY + 1}


def test_a_whole_model_adds_up(tmp_path: Path) -> None:
    """The bytes of all tensors are those that were written, and the package's reader agrees."""
    path = tmp_path / "m.gguf"
    total = write_gguf(path)
    found = read_gguf(LocalFile(path), layouts=LAYOUTS)
    assert found.bytes == total == sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(path).tensors)
    assert found.elements == PARAMETERS
    assert found.metadata["llama.block_count"] == GGUF_KEYS["block_count"]


def test_only_the_header_of_a_large_file_is_read(tmp_path: Path) -> None:
    """A header longer than a chunk is read in pieces, the weights not at all."""
    path = tmp_path / "m.gguf"
    write_gguf(path, words=300_000)
    asked = []

    class Watched(LocalFile):
        def read(self, offset: int, length: int) -> bytes:
            """Remember what was asked for."""
            asked.append((offset, length))
            return super().read(offset, length)

    file = Watched(path)
    found = read_gguf(file, layouts=LAYOUTS)
    assert len(asked) > 1
    assert max(offset + length for offset, length in asked) < file.size - found.bytes + 2 * 1024**2


DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "F16": np.float16,
    "U32": np.uint32,
    "I32": np.int32,
    "F32": np.float32,
    "U64": np.uint64,
    "I64": np.int64,
    "F64": np.float64,
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_safetensors_file_of_each_type_is_read_back_exactly(dtype: str) -> None:
    """Type, shape and bytes come back, empty and scalar tensors included."""
    made: dict[str, Any] = {
        "a": np.zeros((3, 5), DTYPES[dtype]),
        "b": np.zeros((), DTYPES[dtype]),
        "c": np.zeros((0, 4), DTYPES[dtype]),
    }
    found = read_safetensors(Bytes(save(made)))
    assert {tensor.name: (tensor.dtype, tensor.shape, tensor.bytes) for tensor in found.tensors} == {
        name: (dtype, array.shape, array.nbytes) for name, array in made.items()
    }


def safetensors(header: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    """Return a file with this header, and a length that may lie."""
    return struct.pack("<Q", len(header) if length is None else length) + header + data


ONE = b'{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'
BROKEN = {
    "empty": b"",
    "three bytes": b"abc",
    "length of 2^63": safetensors(b"{}", length=2**63),
    "length beyond the file": safetensors(b"{}", length=100),
    "length beyond what is read": safetensors(b"{}", length=MOST_HEADER + 1),
    "no JSON": safetensors(b"{broken"),
    "a list": safetensors(b"[]"),
    "no text": safetensors(b"\xff\xfe{}"),
    "NaN": safetensors(b'{"a":NaN}'),
    "a name twice": safetensors(b'{"a":1,"a":2}'),
    "deep": safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "unknown type": safetensors(ONE.replace(b"F16", b"F17"), b"\0" * 4),
    "negative size": safetensors(ONE.replace(b"[2]", b"[-2]"), b"\0" * 4),
    "size of 2^64": safetensors(ONE.replace(b"[2]", b"[18446744073709551616]"), b"\0" * 4),
    "size that is no number": safetensors(ONE.replace(b"[2]", b'["2"]'), b"\0" * 4),
    "true as size": safetensors(ONE.replace(b"[2]", b"[true]"), b"\0" * 4),
    "offsets backwards": safetensors(ONE.replace(b"[0,4]", b"[4,0]"), b"\0" * 4),
    "offsets outside": safetensors(ONE.replace(b"[0,4]", b"[0,400]"), b"\0" * 4),
    "offsets of another size": safetensors(ONE.replace(b"[0,4]", b"[0,3]"), b"\0" * 4),
    "data cut off": safetensors(ONE, b"\0" * 3),
    "data left over": safetensors(ONE, b"\0" * 5),
    "metadata no object": safetensors(b'{"__metadata__":[1]}'),
    "a tensor that is no object": safetensors(b'{"a":5}'),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_safetensors_file_is_refused(fault: str) -> None:
    """One sentence names the file and what is wrong with it."""
    with pytest.raises(SourceError, match=r"made\.bin is no valid safetensors file") as raised:
        read_safetensors(Bytes(BROKEN[fault]))
    assert "\n" not in raised.value.message


def gguf_file(*parts: bytes, version: int = 3, tensors: int = 0, pairs: int = 0, magic: bytes = b"GGUF") -> bytes:
    """Return a file with this head."""
    return magic + struct.pack("<IQQ", version, tensors, pairs) + b"".join(parts) + b"\0" * 64


def text(word: bytes) -> bytes:
    """Return a string as GGUF writes it."""
    return struct.pack("<Q", len(word)) + word


def entry(*, rank: int = 1, side: int = 32, kind: int = 0) -> bytes:
    """Return a tensor's entry."""
    return text(b"t") + struct.pack("<I", rank) + struct.pack("<Q", side) * min(rank, 8) + struct.pack("<IQ", kind, 0)


BROKEN_GGUF = {
    "empty": b"",
    "wrong magic": gguf_file(magic=b"GGML"),
    "version 1": gguf_file(version=1),
    "a version to come": gguf_file(version=99),
    "big-endian": gguf_file(version=0x03000000),
    "10^9 keys": gguf_file(pairs=10**9),
    "2^63 tensors": gguf_file(tensors=2**63),
    "a key of 2^60 letters": gguf_file(struct.pack("<Q", 2**60), pairs=1),
    "an unknown type of value": gguf_file(text(b"k"), struct.pack("<I", 77), pairs=1),
    "an array of arrays of arrays": gguf_file(
        text(b"k"), struct.pack("<I", 9), *[struct.pack("<IQ", 9, 1)] * 40, pairs=1
    ),
    "an array of 2^60 numbers": gguf_file(text(b"k"), struct.pack("<IIQ", 9, 4, 2**60), pairs=1),
    "a long array beyond the file": gguf_file(text(b"k"), struct.pack("<IIQ", 9, 4, 2**24), pairs=1),
    "a long array of an unknown type": gguf_file(text(b"k"), struct.pack("<IIQ", 9, 55, 2**20), pairs=1),
    "pairs that are not there": gguf_file(pairs=9),
    "no dimensions": gguf_file(entry(rank=0), tensors=1),
    "nine dimensions": gguf_file(entry(rank=9), tensors=1),
    "a side of zero": gguf_file(entry(side=0), tensors=1),
    "a side of 2^63": gguf_file(entry(side=2**63), tensors=1),
    "an unknown tensor type": gguf_file(entry(kind=999), tensors=1),
    "half a block": gguf_file(entry(side=33, kind=2), tensors=1),
    "data cut off": gguf_file(entry(side=4096), tensors=1),
}


@pytest.mark.parametrize("fault", BROKEN_GGUF)
def test_a_broken_gguf_file_is_refused(fault: str) -> None:
    """One sentence names the file and what is wrong with it."""
    with pytest.raises(SourceError, match=r"made\.bin is no valid GGUF file") as raised:
        read_gguf(Bytes(BROKEN_GGUF[fault]), layouts=LAYOUTS)
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GGUF", "is cut off"),
        (gguf_file()[:20], "is cut off"),
        (b"GG", "begin with GGUF"),
        (b"GGML", "begin with GGUF"),
    ],
)
def test_a_short_gguf_file_is_cut_off(content: bytes, reason: str) -> None:
    """A file that begins rightly is not called one of another kind."""
    with pytest.raises(SourceError, match=reason):
        read_gguf(Bytes(content), layouts=LAYOUTS)


def test_escapes_in_names_stay_data() -> None:
    """A name of a tensor is kept as it is; messages show it escaped."""
    name = "a\x1b[31m"
    found = read_safetensors(Bytes(safetensors_bytes({name: np.zeros(2, np.float16)})))
    assert found.tensors[0].name == name
    broken = safetensors(ONE.replace(b'"a"', b'"a\\u001b[31m"').replace(b"F16", b"F99"), b"\0" * 4)
    with pytest.raises(SourceError) as raised:
        read_safetensors(Bytes(broken))
    assert raised.value.message.isprintable()


def test_bytes_by_type_are_sorted_by_size() -> None:
    """The largest type comes first."""
    found = read_safetensors(Bytes(safetensors_bytes({**arrays(llama_tensors()), "x": np.zeros(3, np.float32)})))
    assert list(found.bytes_by_dtype().items()) == [("F16", 2 * PARAMETERS), ("F32", 12)]
