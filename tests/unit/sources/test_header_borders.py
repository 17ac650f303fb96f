"""The borders of safetensors headers: the last that is read, the first that is not, and what is said of each."""

import json
import struct
from dataclasses import dataclass

import pytest

from llmfit.errors import SourceError
from llmfit.sources.safetensors import MOST_DIMENSIONS, MOST_HEADER, read_safetensors


@dataclass
class Bytes:
    """Bytes in memory, read like a file that may claim another size."""

    content: bytes
    size: int
    name: str = "made.safetensors"

    def read(self, offset: int, length: int) -> bytes:
        """Return some of them."""
        return self.content[offset : offset + length]


def file(header: object, *, data: int = 0, length: int | None = None, size: int | None = None) -> Bytes:
    """Return a file with this header and so many bytes of data, which claims what it is told to."""
    text = json.dumps(header).encode()
    content = struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)
    return Bytes(content, len(content) if size is None else size)


def said(made: Bytes) -> str:
    """Return what is said of a file that is refused."""
    with pytest.raises(SourceError) as caught:
        read_safetensors(made)
    assert caught.value.hint == "Download it again"
    return caught.value.message.partition(": ")[2]


def test_a_header_that_is_cut_off_says_so_and_not_that_it_is_no_json() -> None:
    """A download that broke off is told from a file of another kind."""
    assert said(file({}, length=100, size=50)) == "its header claims 100 bytes, the file has 50"
    assert said(Bytes(b"1234567", 7)) == "it is shorter than a header"
    assert said(file({}, length=MOST_HEADER + 1)).startswith(f"its header claims {MOST_HEADER + 1} bytes, more than")
    assert read_safetensors(file({})).tensors == ()


def test_a_header_with_more_values_than_are_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is parsed: Python objects take far more memory than their text."""
    header = {"__metadata__": {"a": "1", "b": "2"}}
    monkeypatch.setattr("llmfit.sources.safetensors.MOST_VALUES", 3)
    assert read_safetensors(file(header)).metadata == {"a": "1", "b": "2"}
    monkeypatch.setattr("llmfit.sources.safetensors.MOST_VALUES", 2)
    assert said(file(header)) == "its header has more than the 2 values that are read"


@pytest.mark.parametrize(("rank", "read"), [(MOST_DIMENSIONS, True), (MOST_DIMENSIONS + 1, False)])
def test_a_tensor_has_eight_dimensions_at_most(rank: int, *, read: bool) -> None:
    """More than any published one."""
    made = file({"a": {"dtype": "U8", "shape": [1] * rank, "data_offsets": [0, 1]}}, data=1)
    if read:
        assert read_safetensors(made).tensors[0].shape == (1,) * rank
    else:
        assert said(made) == "tensor 'a' has no valid shape"


@pytest.mark.parametrize(
    ("dtype", "count", "bytes_"), [("F4", 3, 2), ("F4", 4, 2), ("F6_E2M3", 4, 3), ("F6_E3M2", 1, 1), ("BOOL", 3, 3)]
)
def test_types_of_less_than_a_byte_are_rounded_up(dtype: str, count: int, bytes_: int) -> None:
    """As a file must be."""
    entry = {"dtype": dtype, "shape": [count], "data_offsets": [0, bytes_]}
    assert read_safetensors(file({"a": entry}, data=bytes_)).tensors[0].bytes == bytes_
    entry["data_offsets"] = [0, bytes_ + 1]
    assert said(file({"a": entry}, data=bytes_ + 1)) == f"tensor 'a' needs {bytes_} bytes and has {bytes_ + 1}"


@pytest.mark.parametrize("offsets", [None, [], [0], [0, 1, 2], ["0", "1"], [0, True], [0.0, 1.0], [-1, 0], {"0": 1}])
def test_offsets_are_two_whole_numbers(offsets: object) -> None:
    """Within the file, and in order."""
    assert "offsets outside" in said(file({"a": {"dtype": "U8", "shape": [1], "data_offsets": offsets}}, data=1))


def test_a_long_or_hostile_name_is_cut_and_shown_escaped() -> None:
    """One line, whatever a stranger wrote."""
    message = said(file({"x\x1b[31m\n" * 999: 5}))
    assert len(message) < 150
    assert message.isprintable()
