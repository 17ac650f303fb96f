"""Reads a deploy file: YAML → rows with their defaults → records, with every error at its place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmfit.catalog.rows import validate_row
from llmfit.catalog.tables import Table
from llmfit.catalog.yaml_text import Document, PathKey, parse_yaml
from llmfit.deployments.files import read_regular
from llmfit.deployments.placeholders import FIX, MESSAGE, holds_placeholder, placeholders
from llmfit.errors import InvalidFileError, ProblemsError, nearest
from llmfit.records.deployment import DeployFile, Deployment, FileProblem, Place, Waiver

MAX_BYTES = 1024 * 1024
"""A deploy file is written by hand: a larger one is something else."""
SHOWN = 50
"""Problems that one message lists."""
SECTIONS = ("schema_version", "defaults", "deployments", "exceptions")
_SETTINGS = Table("defaults", "deploy", "deployment.Settings", key="")
_DEPLOYMENT = Table("deployments", "deploy", "deployment.Deployment", key="name")
_WAIVER = Table("exceptions", "deploy", "deployment.Waiver", key="")
_NAMES = ("name", "model")
_MERGED = ("limits", "options")
"""Mappings whose entries are added to those of the defaults, one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A valid deploy file, and where everything stands in it."""

    data: DeployFile
    document: Document

    def place(self, path: PathKey) -> Place:
        """Return where the value at this path stands, or the nearest thing around it."""
        document = self.document
        return Place(file=document.file, line=document.line(path), column=document.column(path))

    def place_of(self, deployment: int, field: str) -> Place:
        """Return where a field of a deployment stands: in its own row, else in the defaults, else the row itself."""
        keys = tuple(int(part) if part.isdigit() else part for part in field.split(".")) if field else ()
        for start in (("deployments", deployment), ("defaults",)):
            for end in range(len(keys), 0, -1):
                path: PathKey = (*start, *keys[:end])
                if path in self.document.lines:
                    return self.place(path)
        return self.place(("deployments", deployment))

    def problem(self, deployment: int, field: str, message: str, fix: str) -> FileProblem:
        """Return what is wrong with a field of a deployment."""
        row = self.data.deployments[deployment].name
        return FileProblem(place=self.place_of(deployment, field), row=row, field=field, message=message, fix=fix)

    def invalid(self, problems: Iterable[FileProblem]) -> InvalidFileError:
        """Return one error with all of these problems."""
        return invalid_file(problems)


def read_deployments(path: Path) -> Reading:
    """Return what the file says, its defaults filled in.

    Raises:
        InvalidFileError: It is no valid deploy file; the error has every problem with line and column.
        SourceError: It cannot be read.
    """
    return parse_deployments(_load_text(path), file=str(path))


def parse_deployments(text: str, *, file: str) -> Reading:
    """Return what the text of a deploy file says; `file` is its name in messages.

    Raises:
        InvalidFileError: It is no valid deploy file.
    """
    try:
        document = parse_yaml(text, file=file)
    except ProblemsError as error:
        raise invalid_file(_unreadable(error, text)) from None
    problems = list(_outline_problems(document)) or [
        _unfilled(document, path, value) for path, value in placeholders(document.data)
    ]
    if problems:
        raise invalid_file(problems)
    data = document.data
    defaults = data.get("defaults") or {}
    _, found = _rows(document, _SETTINGS, [(defaults, ("defaults",))])
    problems += found
    merged = [(_merge(defaults, row), ("deployments", n)) for n, row in enumerate(data["deployments"])]
    deployments, found = _rows(document, _DEPLOYMENT, merged, inherited=bool(problems))
    problems += found
    rows = [(row, ("exceptions", n)) for n, row in enumerate(data.get("exceptions") or ())]
    waivers, found = _rows(document, _WAIVER, rows)
    problems += found
    if problems:
        raise invalid_file(problems)
    made: tuple[Deployment, ...] = tuple(deployments)
    excused: tuple[Waiver, ...] = tuple(waivers)
    return Reading(data=DeployFile(schema_version=1, deployments=made, exceptions=excused), document=document)


def invalid_file(problems: Iterable[FileProblem]) -> InvalidFileError:
    """Return one error that names every problem, in the order of the file."""
    ordered = sorted(problems, key=lambda one: (one.place.file, one.place.line, one.place.column, one.field))
    if len(ordered) == 1:
        only = ordered[0]
        message = str(only).removesuffix(f"; {only.fix}")
        return InvalidFileError(message, hint=only.fix[:1].upper() + only.fix[1:], problems=ordered)
    listed = "\n".join(f"  {problem}" for problem in ordered[:SHOWN])
    more = f"\n  and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    count = f"{len(ordered)} errors in the deploy file"
    return InvalidFileError(f"{count}\n{listed}{more}", hint="Correct them in this order", problems=ordered)


def _load_text(path: Path) -> str:
    hint = "Name a YAML file that exists and can be read"
    raw = read_regular(path, noun="deploy file", most=MAX_BYTES, hint=hint)
    zero = raw.find(b"\0")  # UTF-16 without its mark is UTF-8 with zeros between the letters
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        zero = error.start
    if zero < 0:
        return text
    problem = FileProblem(
        place=Place(file=str(path), line=raw.count(b"\n", 0, zero) + 1),
        message="not UTF-8 text",
        fix="save the file as UTF-8",
    )
    raise invalid_file([problem])


def _unreadable(error: ProblemsError, text: str) -> Iterator[FileProblem]:
    """Yield what keeps the text from being YAML: a placeholder, where one stands on that line."""
    lines = text.splitlines()
    for one in error.problems:
        place = Place(file=one.file, line=one.line, column=one.column)
        if 0 < one.line <= len(lines) and holds_placeholder(lines[one.line - 1]):
            yield FileProblem(place=place, message=MESSAGE, fix=FIX)
        else:
            yield FileProblem(place=place, message=one.message, fix=one.edit)


def _outline_problems(document: Document) -> list[FileProblem]:
    """Return what is wrong with the file's sections; their rows are read once they are right."""
    data = document.data
    if not isinstance(data, dict) or not {"schema_version", "deployments"} & set(data):
        fix = "begin with `schema_version: 1` and a list `deployments:`"
        message = "an empty file" if data is None else "no deploy file"
        return [_at(document, (), message=message, fix=fix)]
    problems = []
    for name in data:
        if name not in SECTIONS:
            close = nearest(str(name), SECTIONS, limit=1)
            fix = f"rename it to `{close[0]}`" if close else f"keep only {', '.join(SECTIONS)}"
            problems.append(_at(document, (name,), field=str(name), message="no section of this name", fix=fix))
    version = data.get("schema_version")
    if version != 1 or not isinstance(version, int) or isinstance(version, bool):
        message = "missing" if version is None else f"`{str(version)[:40]}` is not known"
        fix = "write `schema_version: 1`"
        problems.append(_at(document, ("schema_version",), field="schema_version", message=message, fix=fix))
    problems += _section_problems(document, data)
    return problems


def _section_problems(document: Document, data: Mapping[str, Any]) -> list[FileProblem]:
    problems = []
    defaults = data.get("defaults")
    if defaults is not None and not isinstance(defaults, dict):
        fix = "write `field: value` lines below it"
        problems.append(_at(document, ("defaults",), field="defaults", message="not a mapping", fix=fix))
    for name in ("deployments", "exceptions"):
        rows = data.get(name)
        if rows is None and name == "exceptions":
            continue
        path: PathKey = (name,)
        if not isinstance(rows, list):
            message = "missing" if rows is None else "not a list"
            fix = "write a list: every row begins with `- `"
            problems.append(_at(document, path, field=name, message=message, fix=fix))
            continue
        if not rows and name == "deployments":
            problems.append(_at(document, path, field=name, message="no deployment", fix="add at least one"))
        for place, row in enumerate(rows):
            if not isinstance(row, dict):
                message, fix = "not a row", "write `field: value` lines"
                problems.append(_at(document, (name, place), row=f"{name}[{place}]", message=message, fix=fix))
    return problems


def _at(document: Document, path: PathKey, *, message: str, fix: str, row: str = "", field: str = "") -> FileProblem:
    place = Place(file=document.file, line=document.line(path), column=document.column(path))
    return FileProblem(place=place, row=row, field=field, message=message, fix=fix)


def _unfilled(document: Document, path: PathKey, value: str) -> FileProblem:
    """Return the problem of a placeholder: the row by its name or place, the field within it."""
    listed = len(path) > 1 and isinstance(path[1], int)
    row, field = (path[:2], path[2:]) if listed else (path[:1], path[1:])
    name = document.data[path[0]][path[1]].get("name") if listed and field else None
    shown = name if isinstance(name, str) else f"{path[0]}[{path[1]}]" if listed else str(row[0])
    words = ".".join(map(str, field))
    return _at(document, path, row=shown, field=words, message=f"`{value[:40]}` is {MESSAGE}", fix=FIX)


def _merge(defaults: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row on top of the defaults; a GPU's name replaces a default size, and the other way round."""
    below = {name: value for name, value in defaults.items() if name not in row or name in _MERGED}
    for one, other in (("gpu", "vram_gb"), ("vram_gb", "gpu"), ("format", "precision"), ("precision", "format")):
        if one in row:
            below.pop(other, None)
    merged = {**below, **row}
    for name in _MERGED:
        if isinstance(below.get(name), dict) and isinstance(row.get(name), dict):
            merged[name] = {**below[name], **row[name]}
    return merged


def _rows(
    document: Document, table: Table, rows: Iterable[tuple[Any, PathKey]], *, inherited: bool = False
) -> tuple[list[Any], list[FileProblem]]:
    """Return the records of valid rows and the problems of the others.

    `inherited`: what is wrong in the defaults was told already, and is not told again for each row.
    """
    records, problems = [], []
    for row, path in rows:
        record, errors = validate_row(table, row)
        name = row.get("name")
        shown = (
            name
            if isinstance(name, str) and name.strip()
            else f"{path[0]}[{path[1]}]"
            if len(path) > 1
            else str(path[0])
        )
        blank = [key for key in _NAMES if isinstance(row.get(key), str) and not row[key].strip()]
        if record is not None and blank:
            record, errors = None, [((key,), "is empty", "write a name") for key in blank]
        for field, message, edit in errors:
            full = (*path, *field)
            if inherited and full not in document.lines and message != "missing":
                continue
            problems.append(_at(document, full, row=shown, field=".".join(map(str, field)), message=message, fix=edit))
        if record is not None:
            records.append(record)
    return records, problems
