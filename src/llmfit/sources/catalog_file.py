"""Writes rows into a catalog file that a person may have edited: locked, checked, replaced at once.

Only the lines of the row change. Whatever the edit, the new text must read back as the old rows with this one
changed; otherwise nothing is written.
"""

import io
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from llmfit.catalog import Catalog
from llmfit.catalog.problems import catalog_error
from llmfit.catalog.rows import USER_LISTS, Draft, read_document
from llmfit.catalog.user import check_user_rows
from llmfit.catalog.yaml_text import Document, load_yaml, parse_yaml
from llmfit.errors import CatalogError
from llmfit.sources.rows import Row

LONGEST_WAIT = 60
"""Seconds that another run may hold the file."""
HEAD = "# Models of your own, on top of the built-in catalog.\nschema_version: 1\nmodels:\n"
Lines = list[str]


def add_row(path: Path, row: Row, *, heading: Callable[[Row], tuple[Any, ...]] | None = None) -> bool:
    """Add a model's row to the file, which is made if need be; return whether anything changed.

    With `heading` the rows are kept in its order; without, the row comes last.

    Raises:
        CatalogError: The file is not valid, holds another row of this id, or cannot be written.
    """
    with _locked(path):
        document, lines = _read(path)
        known = {found["id"]: found for found in _models(document)}
        if row["id"] in known:
            if known[row["id"]] == row:
                return False
            raise CatalogError(f"{path} has a row of {row['id']} already", hint="Refresh it with --update")
        place = _place(document, row, order=heading)
        wanted = [*_models(document)]
        wanted.insert(place, row)
        _replace(path, _with_row(document, lines, row, place=place), wanted=wanted, document=document)
    return True


def update_row(path: Path, model_id: str, fields: Mapping[str, Any]) -> None:
    """Give a row's fields other values.

    Raises:
        CatalogError: The file is not valid, has no row of this id, or cannot be written.
    """
    with _locked(path):
        document, lines = _read(path)
        rows = _models(document)
        place = next((i for i, row in enumerate(rows) if row["id"] == model_id), None)
        if place is None:
            raise CatalogError(f"{path} has no row of {model_id}", hint="Import it without --update")
        for name, value in fields.items():
            lines = _with_field(document, lines, place=place, name=name, value=value)
            document = parse_yaml("".join(lines), file=str(path))
        wanted = [*rows[:place], {**rows[place], **fields}, *rows[place + 1 :]]
        _replace(path, lines, wanted=wanted, document=document)


def _locked(path: Path) -> Any:  # noqa: ANN401 - a context manager of filelock's own type
    from filelock import FileLock, Timeout

    class Lock(FileLock):
        """A lock whose faults are ours."""

        def __enter__(self) -> Any:  # noqa: ANN401 - filelock's own type
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                return super().__enter__()
            except Timeout:
                raise CatalogError(f"{path} is held by another run", hint="Try again") from None
            except OSError as error:
                raise _unwritable(path, error) from None

    return Lock(f"{path}.lock", timeout=LONGEST_WAIT)


def _unwritable(path: Path, error: OSError) -> CatalogError:
    return CatalogError(f"{path} cannot be written: {error.strerror}", hint="Name another file with LLMFIT_CATALOG")


def _read(path: Path) -> tuple[Document, Lines]:
    """Return the file as it is, which must be valid; an absent one as an empty one."""
    if not os.path.lexists(path):
        return parse_yaml(HEAD.replace("models:", "models: []"), file=str(path)), HEAD.splitlines(keepends=True)
    document = load_yaml(path)
    problems = read_document(document, {}, allowed=USER_LISTS)
    if problems:
        raise catalog_error(problems)
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return document, lines


def _models(document: Document) -> list[Row]:
    found = document.data.get("models")
    return found if isinstance(found, list) else []


def _place(document: Document, row: Row, *, order: Callable[[Row], tuple[Any, ...]] | None) -> int:
    rows = _models(document)
    if order is None:
        return len(rows)
    return next((i for i, other in enumerate(rows) if order(other) > order(row)), len(rows))


def _with_row(document: Document, lines: Lines, row: Row, *, place: int) -> Lines:
    """Return the lines with the row put before the one at `place`."""
    rows = _models(document)
    if not rows:
        place = next((i for i, line in enumerate(lines) if line.startswith("models:")), len(lines))
        comment = lines[place].rstrip().partition(" #") if place < len(lines) else ("", "", "")
        head = f"models:{comment[1]}{comment[2]}\n"
        return [*lines[:place], head, *_row_lines(row, indent=""), *lines[place + 1 :]]
    start = document.line(("models", 0)) - 1
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    end = _end(document, lines, place=place)
    return [*lines[:end], *_row_lines(row, indent=indent), *lines[end:]]


def _end(document: Document, lines: Lines, *, place: int) -> int:
    """Return the line after the row before `place`, without the comments and blank lines that belong to the next."""
    rows = _models(document)
    if place < len(rows):
        end = document.line(("models", place)) - 1
    else:
        later = [line - 1 for path, line in document.lines.items() if len(path) == 1 and path[0] != "models"]
        end = min((line for line in later if line > document.line(("models", 0))), default=len(lines))
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _row_lines(row: Row, *, indent: str) -> Lines:
    return [f"{indent}{line}\n" for line in _dump([row]).splitlines()]


def _dump(value: Any) -> str:  # noqa: ANN401 - rows hold anything
    """Return YAML of a value: short lists on one line, no anchors."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width, yaml.allow_unicode = 110, True
    yaml.representer.ignore_aliases = lambda _: True
    stream = io.StringIO()
    yaml.dump(_styled(value), stream)
    return stream.getvalue()


def _styled(value: Any) -> Any:  # noqa: ANN401 - rows hold anything
    """Return the value with lists of plain values marked to stand on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, Mapping):
        return CommentedMap({name: _styled(item) for name, item in value.items()})
    if isinstance(value, list):
        made = CommentedSeq([_styled(item) for item in value])
        if not any(isinstance(item, list | Mapping) for item in value):
            made.fa.set_flow_style()
        return made
    return value


def _with_field(document: Document, lines: Lines, *, place: int, name: str, value: Any) -> Lines:  # noqa: ANN401 - rows hold anything
    """Return the lines with one field of a row given another value; a comment behind the old one stays."""
    path = ("models", place)
    fields = _models(document)[place]
    first = document.line((*path, next(iter(fields)))) - 1
    indent = " " * (len(lines[first]) - len(lines[first].lstrip(" -")))
    text = "".join(f"{indent}{line}\n" for line in _dump({name: value}).splitlines())
    if name not in fields:
        last = document.line((*path, "license")) if "license" in fields else first + 1
        return [*lines[:last], text, *lines[last:]]
    start = document.line((*path, name)) - 1
    later = [document.line((*path, other)) - 1 for other in fields]
    end = min((line for line in later if line > start), default=_end(document, lines, place=place + 1))
    if end == start + 1 and " #" in lines[start] and text.count("\n") == 1:
        text = f"{text.rstrip()}  #{lines[start].partition(' #')[2]}"
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    lead = lines[start][: len(lines[start]) - len(lines[start].lstrip(" -"))]
    return [*lines[:start], lead + text[len(indent) :], *lines[end:]]


def _replace(path: Path, lines: Lines, *, wanted: list[Row], document: Document) -> None:
    """Put the new text in the file's place, once it is sure that it says what it should and nothing else."""
    text = "".join(lines)
    read = parse_yaml(text, file=str(path))
    draft: Draft = {}
    problems = read_document(read, draft, allowed=USER_LISTS)
    if problems:
        raise catalog_error(problems)
    check_user_rows(draft, partial(getattr, Catalog()))
    others = {name: value for name, value in document.data.items() if name != "models"}
    if _models(read) != wanted or {name: value for name, value in read.data.items() if name != "models"} != others:
        raise CatalogError(f"{path} is written in a way that cannot be added to", hint="Write its models as `- id: …`")
    target = Path(os.path.realpath(path))
    try:
        _write(target, text)
    except OSError as error:
        raise _unwritable(path, error) from None


def _write(target: Path, text: str) -> None:
    """Write a new file beside the old one, and put it there in one step."""
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
