"""Reads YAML that a person wrote, strictly, and remembers on which line everything stands.

YAML 1.1's surprises are left out on purpose: `no` and `on` are words, dates are words, `010` is a word.
Aliases, tags, duplicate keys, several documents and endless nesting are refused: they are how a small file becomes a
huge one, or says two things at once.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmfit.catalog.problems import Problem, catalog_error
from llmfit.errors import CatalogError
from llmfit.units import MIB

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 250_000
"""Some ten thousand rows: more would take minutes and gigabytes to read."""
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})(\.[0-9]{0,30}([eE][-+]?[0-9]{1,3})?|[eE][-+]?[0-9]{1,3})")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

PathKey = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A decoded file, with the line and column of each of its values, or of the key before it."""

    file: str
    data: Any
    lines: dict[PathKey, int] = field(default_factory=dict)
    columns: dict[PathKey, int] = field(default_factory=dict)

    def line(self, path: PathKey) -> int:
        """Return the line of the value at `path`, or of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            if (found := self.lines.get(path[:end])) is not None:
                return found
        return 1

    def column(self, path: PathKey) -> int:
        """Return the column, counted from 1, of what `line` returns the line of."""
        for end in range(len(path), -1, -1):
            if (found := self.columns.get(path[:end])) is not None:
                return found
        return 1


def load_yaml(path: Path) -> Document:
    """Return what the file says.

    Raises:
        CatalogError: It cannot be read, or is no plain YAML; the message has file and line.
    """
    return parse_yaml(_load_text(path), file=str(path))


def parse_yaml(text: str, *, file: str) -> Document:
    """Return what the text says; `file` is its name in messages.

    Raises:
        CatalogError: It is no plain YAML; the message has file and line.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = Document(file=file, data=None)
    try:
        events = yaml.parse(text, Loader=loader)
        document.data = _Builder(document, yaml, events).build()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        line, column = (0, 0) if mark is None else (mark.line, mark.column)
        raise _refusal(document, line, f"{problem}", "correct this line", column=column) from None
    return document


def _load_text(path: Path) -> str:
    try:
        if not path.is_file():
            reason = "no regular file" if path.exists() else "no such file"
            raise CatalogError(f"{path}: {reason}", hint="Name a YAML file with catalog rows")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CatalogError(
                f"{path}: {size / MIB:.0f} MiB is too large for a catalog (limit {MAX_BYTES // MIB} MiB)",
                hint="Keep only rows in it; weights and logs belong elsewhere",
            )
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CatalogError(
            f"{path}: {error.strerror or error}", hint="Make the file readable or move it away"
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"{path}:{line}: not UTF-8 text", hint="Save the file as UTF-8") from None
    if "\0" in text:
        raise CatalogError(f"{path}: a binary file, not YAML", hint="Name a YAML file with catalog rows")
    return text


def _refusal(document: Document, line: int, problem: str, edit: str, *, column: int = 0) -> CatalogError:
    edit = edit[:1].lower() + edit[1:]
    return catalog_error([Problem(document.file, line + 1, "", "", problem, edit, column=column + 1)])


class _Builder:
    """Turns the parser's events into plain data."""

    def __init__(self, document: Document, yaml: Any, events: Iterator[Any]) -> None:  # noqa: ANN401 - a lazy module
        self.document = document
        self.yaml = yaml
        self.events = events

    def build(self) -> Any:  # noqa: ANN401 - YAML holds anything
        """Return the only document's value; None where the file is empty."""
        data: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.refuse(event, "a second document", "Keep one document in a file: remove the `---` line")
                data = self.value(next(self.events), ())
        return data

    def refuse(self, event: Any, problem: str, hint: str) -> CatalogError:  # noqa: ANN401 - the parser's event
        """Return the error for what stands at this event."""
        mark = event.start_mark
        return _refusal(self.document, mark.line, problem, hint, column=mark.column)

    def value(self, event: Any, path: PathKey) -> Any:  # noqa: ANN401 - YAML holds anything
        """Return the value that begins with this event."""
        if len(path) > MAX_DEPTH:
            raise self.refuse(event, f"nested deeper than {MAX_DEPTH} levels", "Rows are flat: remove the nesting")
        if isinstance(event, self.yaml.AliasEvent):
            raise self.refuse(event, f"the alias `*{event.anchor}`", "Write the value out; aliases are not allowed")
        if event.tag is not None and not event.tag.startswith("!"):
            raise self.refuse(event, f"the tag `{event.tag}`", "Remove the tag; plain values are enough")
        if event.tag not in {None, "!"}:
            raise self.refuse(event, f"the tag `{event.tag}`", "Remove the tag; plain values are enough")
        if len(self.document.lines) > MAX_VALUES:
            raise self.refuse(event, f"more than {MAX_VALUES:,} values", "Keep only the rows that you need")
        self.document.lines[path] = event.start_mark.line + 1
        self.document.columns[path] = event.start_mark.column + 1
        if isinstance(event, self.yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, self.yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path)

    def sequence(self, path: PathKey) -> list[Any]:
        """Return the items up to the end of this sequence."""
        items: list[Any] = []
        while not isinstance(event := next(self.events), self.yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def mapping(self, path: PathKey) -> dict[str, Any]:
        """Return the entries up to the end of this mapping."""
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), self.yaml.MappingEndEvent):
            if not isinstance(event, self.yaml.ScalarEvent):
                raise self.refuse(event, "a key that is not a word", "Use a plain word as key")
            key = event.value
            if key in entries:
                raise self.refuse(event, f"`{key}` for the second time", "Keep one of the two")
            entries[key] = self.value(next(self.events), (*path, key))
            self.document.lines[(*path, key)] = event.start_mark.line + 1
            self.document.columns[(*path, key)] = event.start_mark.column + 1
        return entries


def _scalar(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar, as YAML 1.2's core schema reads it."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
