"""Whatever the bytes, reading ends in an answer or in one of our errors: no traceback, no hang, no flood of memory."""

import json
import random
import resource
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmfit.architectures import describe
from llmfit.catalog import load_catalog
from llmfit.errors import LlmfitError, SourceError
from llmfit.sources.assemble import assemble
from llmfit.sources.gguf import read_gguf
from llmfit.sources.json_text import parse_json
from llmfit.sources.local import layouts_of
from llmfit.sources.names import parse_reference
from llmfit.sources.reading import check_name
from llmfit.sources.safetensors import read_safetensors
from support.checkpoints import LLAMA, arrays, llama_tensors, safetensors_bytes, write_gguf

HEADERS = 4000
"""Mutated headers of each kind; with the configurations they are 12,000."""
CATALOG = load_catalog(user_file=None)
LAYOUTS = layouts_of(CATALOG)
MOST_MEMORY = 200 * 1024**2


@dataclass
class Bytes:
    """Bytes in memory, read like a file."""

    content: bytes
    name: str = "mutated"

    @property
    def size(self) -> int:
        """Their number."""
        return len(self.content)

    @size.setter
    def size(self, value: int) -> None:
        raise AttributeError(value)

    def read(self, offset: int, length: int) -> bytes:
        """Return some of them."""
        return self.content[offset : offset + length]


HARD = [0, 1, 2, 7, 8, 31, 127, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


def mutated(content: bytes, *, chance: random.Random) -> bytes:
    """Return the bytes with some of them changed, taken away, doubled, or overwritten by an absurd number."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed)) if changed else 0
        kind = chance.randrange(6)
        if kind == 0 and changed:
            changed[place] = chance.randrange(256)
        elif kind == 1:
            del changed[place : place + chance.randrange(1, 64)]
        elif kind == 2:
            changed[place:place] = changed[place : place + chance.randrange(1, 64)]
        elif kind == 3:
            changed[place : place + 8] = struct.pack("<Q", chance.choice(HARD))
        elif kind == 4:
            changed[place : place + 4] = struct.pack("<I", chance.choice(HARD) % 2**32)
        else:
            del changed[place:]
    return bytes(changed)


def cases(content: bytes, *, count: int, seed: int) -> Iterator[bytes]:
    """Yield as many mutations."""
    chance = random.Random(seed)  # noqa: S311 - the same mutations on every run
    for _ in range(count):
        yield mutated(content, chance=chance)


def refused(read: Callable[[bytes], object], content: bytes) -> bool:
    """Whether the content is refused in one sentence; any other exception passes through and fails the test."""
    said = ""
    try:
        read(content)
    except LlmfitError as error:
        said = error.message
    assert "\n" not in said
    assert len(said) < 600
    return bool(said)


def test_mutated_safetensors_headers_are_read_or_refused() -> None:
    """A damaged header never ends in a traceback, and most damage is noticed."""
    small = safetensors_bytes({"a.weight": np.zeros((4, 8), np.float16), "b": np.zeros(3, np.float32)})
    content = [*cases(small, count=HEADERS, seed=1)]
    found = [refused(lambda text: read_safetensors(Bytes(text)), one) for one in content]
    assert sum(found) > HEADERS // 2


def test_mutated_gguf_headers_are_read_or_refused(tmp_path: Path) -> None:
    """The same for GGUF, through the description of what was read."""
    path = tmp_path / "x.gguf"
    write_gguf(path, words=20)

    def read(text: bytes) -> None:
        checkpoint = read_gguf(Bytes(text), layouts=LAYOUTS)
        assemble(CATALOG, model_id="a/b", origin="x", config=None, checkpoint=checkpoint)

    head = path.read_bytes()
    start = next(i for i in range(len(head), 0, -1) if head[i - 1])
    tail = head[start:]
    found = [refused(read, one + tail) for one in cases(head[:start], count=HEADERS, seed=2)]
    assert sum(found) > HEADERS // 2


ODD: list[Any] = [None, True, -1, 0, 1, 3, 2**31, 2**63, 10**40, 1.5, "", "x", [], [0], {}, "1e9", [[]], -0.5]


def odd_config(chance: random.Random) -> dict[str, Any]:
    """Return a published kind of configuration with some keys made absurd."""
    row = chance.choice(CONFIGS)
    config: dict[str, Any] = json.loads(json.dumps(row))
    for _ in range(chance.randint(1, 4)):
        place = config
        while (
            inner := [value for value in place.values() if isinstance(value, dict) and value]
        ) and chance.random() < 0.5:
            place = chance.choice(inner)
        key = chance.choice(list(place))
        if chance.random() < 0.3:
            del place[key]
        else:
            place[key] = chance.choice(ODD)
        if not place:
            break
    return config


CONFIGS = [LLAMA, *(dict(model.architecture) for model in list(CATALOG.models.values())[::7])]


def test_mutated_configurations_are_described_or_refused() -> None:
    """A configuration with impossible values is counted or refused, never a fault."""
    chance = random.Random(3)  # noqa: S311 - the same mutations on every run
    found = [
        refused(lambda text: describe(parse_json(text, file="c")), json.dumps(odd_config(chance)).encode())
        for _ in range(HEADERS)
    ]
    assert HEADERS // 10 < sum(found) < HEADERS


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Bytes of no format at all are refused by each reader."""
    assert refused(lambda text: read_gguf(Bytes(text), layouts=LAYOUTS), content)
    refused(lambda text: read_safetensors(Bytes(text)), content)
    refused(lambda text: parse_json(text, file="config.json"), content)


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_word_is_a_reference_or_none(word: str) -> None:
    """A word is taken apart or names no repository; what comes out never leads anywhere else."""
    found = parse_reference(word)
    if found is not None:
        assert found.repo_id.count("/") == 1
        assert ".." not in found.repo_id


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_a_name_that_passes_stays_in_its_folder(name: str) -> None:
    """What the check lets through is a path below the folder."""
    try:
        check_name(name, title="x")
    except SourceError:
        return
    assert Path("/home/model", name).resolve().is_relative_to("/home/model") or "\0" in name


BOMBS = {
    "nested lists": b"[" * 3_000_000,
    "many lists": b'{"a":[' + b"[]," * 1_300_000 + b"1]}",
    "many numbers": b'{"a":[' + b"1," * 2_000_000 + b"1]}",
    "one long number": b'{"a":' + b"9" * 3_000_000 + b"}",
    "many names": b"{" + b",".join(b'"%d":{}' % i for i in range(300_000)) + b"}",
    "one long string": b'{"a":"' + b"\\u0041" * 600_000 + b'"}',
    "not a number": b'{"hidden_size": NaN}',
    "infinity": b'{"hidden_size": 1e999}',
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process's own peak is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_within_memory(name: str, tmp_path: Path) -> None:
    """Small files that would become large objects are refused, in a process of less than 200 MB."""
    path = tmp_path / "config.json"
    path.write_bytes(BOMBS[name])
    run = (
        "import sys; from llmfit.cli import run; code = run(['estimate', sys.argv[1], '--vram', '8']);"
        " print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("error: ")
    assert int(done.stdout) * 1024 < MOST_MEMORY


def test_absurd_headers_take_no_memory() -> None:
    """A header that claims 2^63 bytes, 10^9 keys or a vocabulary of 2^60 words is refused without reading on."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    claims = {
        "huge.safetensors": struct.pack("<Q", 2**63) + b"{}",
        "keys.gguf": b"GGUF" + struct.pack("<IQQ", 3, 1, 10**9) + b"\0" * 64,
        "tensors.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1) + b"\0" * 64,
        "string.gguf": b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60) + b"\0" * 64,
        "array.gguf": b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 8, 2**60) + b"\0" * 64,
    }
    for name, content in claims.items():
        read = read_safetensors if name.endswith("safetensors") else lambda file: read_gguf(file, layouts=LAYOUTS)
        assert refused(lambda text, read=read: read(Bytes(text)), content), name  # type: ignore[misc]  # bound at once
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < MOST_MEMORY


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=6),
    st.sampled_from(["<f2", "<f4", "<i8", "u1"]),
)
@settings(max_examples=50, deadline=None)
def test_the_sum_of_tensors_is_the_file(shapes: list[tuple[int, int]], dtype: str) -> None:
    """Bytes of all tensors and the header are the file, for whatever the real package writes."""
    content = safetensors_bytes(arrays({f"t{i}": shape for i, shape in enumerate(shapes)}, np.dtype(dtype)))
    found = read_safetensors(Bytes(content))
    header = int.from_bytes(content[:8], "little") + 8
    assert header + found.bytes == len(content)
    assert sum(found.bytes_by_dtype().values()) == found.bytes


def test_llama_is_a_valid_example() -> None:
    """What the mutations start from is itself read."""
    assert read_safetensors(Bytes(safetensors_bytes())).elements == sum(np.prod(s) for s in llama_tensors().values())
