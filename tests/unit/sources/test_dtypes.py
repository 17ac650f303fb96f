"""Every dtype of safetensors by its own name: how many bytes its elements take."""

import json
import re
import struct

import pytest

from llmfit.errors import SourceError
from llmfit.sources.safetensors import read_safetensors

DTYPES = [
    "BOOL",
    "F4",
    "F6_E2M3",
    "F6_E3M2",
    "U8",
    "I8",
    "F8_E5M2",
    "F8_E4M3",
    "F8_E8M0",
    "F8_E4M3FNUZ",
    "F8_E5M2FNUZ",
    "I16",
    "U16",
    "F16",
    "BF16",
    "I32",
    "U32",
    "F32",
    "C64",
    "F64",
    "I64",
    "U64",
]
"""`Dtype` of the safetensors crate 0.7; the first number in a name is its bits, a boolean takes a byte."""


class Held:
    """Bytes in memory, read like a file."""

    name = "model.safetensors"

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)

    def read(self, offset: int, length: int) -> bytes:
        """Return some of them."""
        return self.content[offset : offset + length]


def file(dtype: str, *, size: int, elements: int = 32) -> Held:
    """Return a file with one tensor of so many elements and bytes."""
    header = json.dumps({"x": {"dtype": dtype, "shape": [elements], "data_offsets": [0, size]}}).encode()
    return Held(struct.pack("<Q", len(header)) + header + bytes(size))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dtype_takes_the_bits_of_its_name(dtype: str) -> None:
    """32 elements of b bits are 4·b bytes; one byte more or less contradicts the header."""
    number = re.search(r"\d+", dtype)
    size = 4 * (int(number.group()) if number else 8)
    found = read_safetensors(file(dtype, size=size))
    assert (found.elements, found.bytes) == (32, size)
    for wrong in (size - 1, size + 1):
        with pytest.raises(SourceError):
            read_safetensors(file(dtype, size=wrong))


@pytest.mark.parametrize("dtype", ["", "F5", "f16", "FLOAT16", "Q4_0"])
def test_a_dtype_that_nobody_knows_is_refused(dtype: str) -> None:
    """Its size is not guessed."""
    with pytest.raises(SourceError):
        read_safetensors(file(dtype, size=64))
