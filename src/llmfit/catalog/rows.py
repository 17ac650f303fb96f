"""Turns the lists of a data file into records, collecting every error instead of the first."""

import json
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from llmfit.catalog.problems import Problem
from llmfit.catalog.tables import BY_NAME, Table
from llmfit.catalog.yaml_text import Document, PathKey
from llmfit.errors import nearest

SCHEMA_VERSION = 1
MOST_PROBLEMS = 1000
"""Problems of one file after which the rest is not read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid row, and where it stands."""

    table: Table
    record: Any
    document: Document
    path: PathKey

    @property
    def name(self) -> str:
        """The row's own name, or its place."""
        return str(getattr(self.record, self.table.key)) if self.table.key else f"{self.path[0]}[{self.path[1]}]"

    def problem(self, field: str, message: str, edit: str) -> Problem:
        """Return what is wrong with a field of this row."""
        line = self.document.line((*self.path, *field.split(".")))
        return Problem(self.document.file, line, self.name, field, message, edit)


Draft = dict[str, list[Entry]]
"""Entries by the name of their table."""


def read_document(document: Document, draft: Draft, *, allowed: dict[str, Table]) -> list[Problem]:
    """Add the document's rows to the draft; return what is wrong with the others.

    `allowed` are the lists that the file may hold, by name; `layouts` goes with `formats`.
    """
    data = document.data
    if not isinstance(data, dict):
        edit = "begin with `schema_version: 1` and a list such as `models:`"
        return [Problem(document.file, 1, "", "", "no catalog rows at the top level", edit)]
    problems = _version_problems(document)
    layouts = _layouts(document, problems) if "formats" in allowed else {}
    known = {"schema_version", *allowed, *(["layouts"] if "formats" in allowed else [])}
    for name, rows in data.items():
        line = document.line((name,))
        if name not in known:
            close = nearest(name, known, limit=1)
            edit = f"rename it to `{close[0]}`" if close else f"keep only {', '.join(sorted(known))}"
            problems.append(Problem(document.file, line, "", name, "no list of this name", edit))
        elif name in allowed and not isinstance(rows, list):
            edit = "write a list: every row begins with `- `"
            problems.append(Problem(document.file, line, "", name, "not a list", edit))
        elif name in allowed:
            for index, row in enumerate(rows):
                if len(problems) > MOST_PROBLEMS:
                    break
                path = (name, index)
                problems += _read_row(document, draft, table=allowed[name], row=row, path=path, layouts=layouts)
    return problems


def _version_problems(document: Document) -> list[Problem]:
    found = document.data.get("schema_version")
    if found == SCHEMA_VERSION and not isinstance(found, bool):
        return []
    line = document.line(("schema_version",)) if "schema_version" in document.data else 1
    message = "missing" if found is None else f"{found!r} is not known"
    edit = f"write `schema_version: {SCHEMA_VERSION}`"
    return [Problem(document.file, line, "", "schema_version", message, edit)]


def _layouts(document: Document, problems: list[Problem]) -> dict[str, Any]:
    """Return the file's block layouts by name, unchecked: the formats that use them check them."""
    rows = document.data.get("layouts", [])
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows
    ):
        edit = "write a list of rows with a name"
        problems.append(Problem(document.file, document.line(("layouts",)), "", "layouts", "not a list of rows", edit))
        return {}
    found: dict[str, Any] = {}
    for index, row in enumerate(rows):
        if row["name"] in found:
            line = document.line(("layouts", index))
            problems.append(Problem(document.file, line, row["name"], "name", "named twice", "keep one of the two"))
        found[row["name"]] = row
    return found


def _read_row(
    document: Document,
    draft: Draft,
    *,
    table: Table,
    row: Any,  # noqa: ANN401 - a file holds anything
    path: PathKey,
    layouts: dict[str, Any],
) -> list[Problem]:
    if not isinstance(row, dict):
        edit = "write `field: value` lines"
        return [Problem(document.file, document.line(path), f"{path[0]}[{path[1]}]", "", "not a row", edit)]
    name = row.get(table.key) if table.key else None
    shown = name if isinstance(name, str) else f"{path[0]}[{path[1]}]"
    problems: list[Problem] = []
    if table.name == "formats" and isinstance(row.get("layouts"), list):
        row = {**row, "layouts": [_layout(entry, layouts) for entry in row["layouts"]]}
        for entry in row["layouts"]:
            if isinstance(entry, str):
                close = nearest(entry, layouts, limit=1)
                edit = f"use `{close[0]}`" if close else "add it to `layouts`"
                line = document.line((*path, "layouts"))
                problems.append(Problem(document.file, line, shown, "layouts", f"no layout `{entry}`", edit))
    if not problems:
        record, errors = validate_row(table, row)
        for field, message, edit in errors:
            line = document.line((*path, *field))
            problems.append(Problem(document.file, line, shown, ".".join(map(str, field)), message, edit))
        if record is not None:
            draft.setdefault(table.name, []).append(Entry(table, record, document, path))
    return problems


def _layout(entry: Any, layouts: dict[str, Any]) -> Any:  # noqa: ANN401 - a file holds anything
    return layouts.get(entry, entry) if isinstance(entry, str) else entry


@cache
def _adapter(record: type) -> Any:  # noqa: ANN401 - pydantic is imported on first use
    from pydantic import TypeAdapter

    return TypeAdapter(record)


def validate_row(table: Table, row: dict[str, Any]) -> tuple[Any, list[tuple[PathKey, str, str]]]:
    """Return the row's record, or None and its errors as (path of the field, what is wrong, what to do)."""
    from pydantic import ValidationError

    record = table.record_type
    try:
        return _adapter(record).validate_json(json.dumps(row)), []
    except ValidationError as error:
        own = [f.name for f in fields(record)]
        return None, [_explain(found, own) for found in error.errors(include_url=False, include_context=True)]


def _explain(error: Any, own: list[str]) -> tuple[PathKey, str, str]:  # noqa: ANN401 - pydantic's error details
    """Return (path, what is wrong, what to do) of one error of pydantic's."""
    path: PathKey = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    kind, value = error["type"], error["input"]
    last = str(path[-1]) if path else ""
    shown = f"`{str(value)[:40]}`"
    if value is None and kind == "string_type":
        return path, "has no value", "write one behind the colon, or remove the line"
    if kind in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return path, "missing", f"add `{last}:` with its value"
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        close = nearest(last, own, limit=1) if len(path) == 1 else []
        return path, "no such field", f"rename it to `{close[0]}`" if close else "remove it"
    if kind == "literal_error":
        return path, f"{shown} is not one of the known words", f"use {error['ctx']['expected']}"
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        kind = "int_from_float"
    message, edit = _wrong_value(kind, error["msg"])
    return path, f"{shown} {message}", edit.format(value=_plain(value))


def _wrong_value(kind: str, said: str) -> tuple[str, str]:
    """Return (what is wrong, what to do) for one of pydantic's error types, with what it said."""
    if kind in _EDITS:
        return _EDITS[kind]
    if kind.startswith("date"):
        return "is not a date", "write it as YYYY-MM-DD"
    if kind.startswith(("greater_than", "less_than")):
        return "is out of range", f"write a value that is {said.removeprefix('Input should be ')}"
    return f"is wrong: {said.replace('{', '{{').replace('}', '}}')}", "correct the value"


def _plain(value: Any) -> str:  # noqa: ANN401 - a file holds anything
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)[:40]


_EDITS = {
    "int_type": ("is not a whole number", "write digits only, without quotes, unit or separators"),
    "int_from_float": ("is not a whole number", "write `{value}` in digits"),
    "float_type": ("is not a number", "write digits only, without quotes or unit"),
    "string_type": ("is not text", 'put it in quotes: "{value}"'),
    "bool_type": ("is not yes or no", "write true or false"),
    "tuple_type": ("is not a list", "write a list: [{value}]"),
    "dict_type": ("is not a mapping", "write `field: value` lines below it"),
    "dataclass_type": ("is not a row", "write `field: value` lines"),
}

BUILT_IN_FILES = {
    stem: {table.name: table for table in BY_NAME.values() if table.file == stem}
    for stem in dict.fromkeys(table.file for table in BY_NAME.values())
}
"""Lists that each file of `data/` may hold."""

USER_LISTS = {name: table for name, table in BY_NAME.items() if table.extendable}
"""Lists that a user's own file may hold."""
