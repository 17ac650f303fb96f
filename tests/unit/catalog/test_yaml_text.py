"""YAML as people and attackers write it."""

import os
from pathlib import Path

import pytest

from llmfit.catalog.yaml_text import MAX_BYTES, MAX_DEPTH, MAX_VALUES, load_yaml, parse_yaml
from llmfit.errors import CatalogError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("0x10", "0x10"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("-7", -7),
        ("3.5", 3.5),
        ("true", True),
        ("null", None),
        ("~", None),
        ('"12"', "12"),
        ("'true'", "true"),
        ("[1, [2]]", [1, [2]]),
        ("|\n two\n lines", "two\nlines\n"),
        ("7" * 40, "7" * 40),
    ],
)
def test_a_scalar_means_what_it_looks_like(text: str, value: object) -> None:
    """None of the surprises of YAML 1.1 happens; numbers stay finite."""
    found = parse_yaml(f"key: {text}\n", file="f").data["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", r"f:2: the alias `\*x`"),
        ("a: 1\nb: 2\na: 3\n", "f:3: `a` for the second time"),
        ("a: !!python/object:os.system x\n", r"f:1: the tag"),
        ("a: !mine x\n", "f:1: the tag `!mine`"),
        ("a: !!int 3\n", "f:1: the tag"),
        ("a: 1\n---\nb: 2\n", "f:2: a second document"),
        ("a: [1, 2\nb: 3\n", "f:2: "),
        ("a: {b: 1\n", "f:2: "),
        ("\ta: 1\n", "f:1: "),
        ("? [1, 2]\n: 3\n", "f:1: a key that is not a word"),
        ("a: " + "[" * (MAX_DEPTH + 2), "f:1: nested deeper"),
        ("a: b: c\n", "f:1: "),
        ("a: \x07\n", "f:"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, message: str) -> None:
    """The message begins with file and line."""
    with pytest.raises(CatalogError, match=message) as caught:
        parse_yaml(text, file="f")
    assert caught.value.hint


def test_an_alias_bomb_costs_nothing() -> None:
    """The first alias ends it, before anything grows."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(CatalogError, match="alias"):
        parse_yaml("\n".join(lines), file="f")


def test_a_file_of_countless_values_is_refused() -> None:
    """Before it takes the memory that they would need."""
    with pytest.raises(CatalogError, match="more than 250,000 values"):
        parse_yaml("a:\n" + "- x\n" * (MAX_VALUES + 9), file="f")


def test_an_empty_file_holds_nothing() -> None:
    """No document, or one with comments alone, is None."""
    assert parse_yaml("", file="f").data is None
    assert parse_yaml("# only a comment\n", file="f").data is None


def test_every_value_knows_its_line() -> None:
    """A field's line is its key's; what is missing has the line of what surrounds it."""
    document = parse_yaml("rows:\n  - id: a\n    size: 3\n  - id: b\n", file="f")
    assert document.line(("rows", 0, "size")) == 3
    assert document.line(("rows", 1)) == 4
    assert document.line(("rows", 1, "size", "deep")) == 4
    assert document.line(("nothing",)) == 1


def test_a_file_is_read_with_its_byte_order_mark(tmp_path: Path) -> None:
    """Windows editors write one."""
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert load_yaml(path).data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe\n", ":2: not UTF-8"),
        (b"a: \x00\n", "binary"),
        (b"\x89PNG\r\n\x1a\n", ":1: not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Binary files and other encodings are named as such."""
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=message):
        load_yaml(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """Its size alone decides."""
    path = tmp_path / "c.yaml"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(CatalogError, match="too large"):
        load_yaml(path)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    """Neither is opened, and the message says which it is."""
    for path, reason in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "no regular file")):
        with pytest.raises(CatalogError, match=reason):
            load_yaml(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """The system's reason is in the message."""
    path = tmp_path / "c.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(CatalogError, match="Permission denied"):
        load_yaml(path)
