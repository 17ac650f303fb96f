"""Checks `data/*.yaml` and writes the compiled tables that the program loads.

python -m llmfit.catalog.compile            write them
python -m llmfit.catalog.compile --check    fail where they are stale
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from llmfit.catalog.integrity import integrity_problems
from llmfit.catalog.load import Catalog
from llmfit.catalog.measured import NAME as MEASURED
from llmfit.catalog.measured import count_measured
from llmfit.catalog.problems import Problem
from llmfit.catalog.rows import BUILT_IN_FILES, Draft, read_document
from llmfit.catalog.tables import COMPILED, QUALITIES, TABLES, Table
from llmfit.catalog.yaml_text import load_yaml
from llmfit.errors import CatalogError, ProblemsError
from llmfit.rank.prior import active_parameters, computing_parameters, is_mixture
from llmfit.rank.quality import Rater
from llmfit.records.model import Model
from llmfit.records.recommendation import BADGES

DATA = Path(__file__).parents[3] / "data"
"""Folder of the facts in a checkout; an installed package has none."""


def read_facts(folder: Path) -> tuple[Draft, list[Problem]]:
    """Return every valid row of the folder's files, and every problem; a file that is not there has no rows."""
    draft: Draft = {}
    problems: list[Problem] = []
    for stem, allowed in BUILT_IN_FILES.items():
        path = folder / f"{stem}.yaml"
        if not path.exists():
            continue
        try:
            problems += read_document(load_yaml(path), draft, allowed=allowed)
        except ProblemsError as error:
            problems += error.problems
        except CatalogError as error:
            problems.append(Problem(str(path), 1, "", "", error.message, error.hint))
    if not problems:
        problems = integrity_problems(draft)
    if "models" in draft:
        draft["models"] = [replace(entry, record=_counted(entry.record)) for entry in draft["models"]]
    return draft, sorted(problems)


def compile_tables(draft: Draft) -> dict[str, str]:
    """Return the text of each compiled file, by its name."""
    texts: dict[str, str] = {}
    for table in TABLES:
        rows = [_plain(entry.record) for entry in draft.get(table.name, ())]
        if table.detached:
            detached = {row[table.key]: row.pop(table.detached) for row in rows if table.detached in row}
            texts[f"{table.detached_name}.json"] = _members(detached)
        if table.deferred:
            deferred = {row[table.key]: row.pop(table.deferred) for row in rows}
            texts[f"{table.deferred_name}.json"] = _members(deferred)
        texts[f"{table.name}.json"] = _text(table, rows)
    texts[f"{QUALITIES}.json"] = _qualities(texts)
    content = hashlib.sha256("".join(texts[name] for name in sorted(texts)).encode()).hexdigest()
    counts = {table.name: len(draft.get(table.name, ())) for table in TABLES}
    manifest = {"version": f"{_newest(draft)}+{content[:12]}", "rows": counts}
    return {**texts, "catalog.json": json.dumps(manifest, indent=1) + "\n"}


class _Compiled(Catalog):
    """The catalog of texts that are not written yet."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def _text(self, name: str) -> str:
        return self._texts.get(f"{name}.json", "{}")


def _qualities(texts: Mapping[str, str]) -> str:
    """Return what the models that a task takes are rated at it: places in the catalog, ratings, errors, badges."""
    facts = _Compiled(texts)
    if not json.loads(texts["ranking.json"]):
        return _members({})
    rated = {}
    for task in facts.tasks.values():
        rater = Rater(facts, tasks=(task,))
        models = enumerate(facts.models.values())
        taken = {
            place: rater.rate(model)
            for place, model in models
            if model.kind in task.kinds and set(task.requires) <= set(model.tasks)
        }
        ratings = [one.rating for one in taken.values()]
        errors = [one.standard_error for one in taken.values()]
        badges = [BADGES.index(one.badge) for one in taken.values()]
        rated[task.id] = [list(taken), ratings, errors, badges]
    return _members(rated)


def _counted(model: Model) -> Model:
    """Return a row with what is counted once here instead of in every answer."""
    active = active_parameters(model.architecture) if is_mixture(model.architecture) else None
    computing = computing_parameters(model.architecture, model.parameters)
    return replace(model, active_parameters=active, computing_parameters=computing)


def _json(value: Any) -> str:  # noqa: ANN401 - rows hold anything
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(start: str, rows: Iterable[str], end: str) -> str:
    """Return one row a line, so that a change of one row is a change of one line."""
    lines = ",\n".join(rows)
    return f"{start}\n{lines}\n{end}\n" if lines else f"{start}{end}\n"


def _members(values: Mapping[str, Any]) -> str:
    """Return an object as `llmfit.catalog.members` reads it, which knows no escapes in names."""
    named = {_json(name): _json(value) for name, value in values.items()}
    if escaped := [name for name in named if "\\" in name]:
        raise CatalogError(f"{escaped[0]}: no name for a row", hint="Choose one without quotes and backslashes")
    return _lines("{", [f"{name}:{value}" for name, value in named.items()], "}")


def _text(table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the compiled text of a table."""
    if table.grouped:
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            groups.setdefault(row[table.grouped], []).append(row)
        return _members({name: _columns(table, groups[name]) for name in sorted(groups)})
    return _members(_columns(table, rows)) if table.columns else _lines("[", map(_json, rows), "]")


def _columns(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rows as columns: plain values, or the distinct values and each row's place where they repeat."""
    columns: dict[str, Any] = {}
    for field in fields(table.record_type):
        if field.name not in {table.detached, table.deferred}:
            default = _plain(_default(field))
            columns[field.name] = _column([row.get(field.name, default) for row in rows])
    return columns


def _column(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a list or a mapping
    spelled = [json.dumps(value) for value in values]
    distinct = dict(zip(spelled, values, strict=True))
    if len(distinct) > len(values) / 2:
        return list(values)
    places = {text: place for place, text in enumerate(distinct)}
    return {"values": list(distinct.values()), "index": [places[text] for text in spelled]}


def _default(field: Any) -> Any:  # noqa: ANN401 - rows hold anything
    """Return a field's default; MISSING where it has none."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _plain(value: Any) -> Any:  # noqa: ANN401 - rows hold anything
    """Return a record's value as JSON can hold it."""
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(v) for f in fields(value) if not _is_default(f, v := getattr(value, f.name))}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _is_default(field: Any, value: Any) -> bool:  # noqa: ANN401 - rows hold anything
    default = _default(field)
    return default is not MISSING and value == default and type(value) is type(default)


def _newest(draft: Draft) -> str:
    """Return the newest day on which a fact was read: the catalog's date, the same for every build."""
    checked = [s.checked for rows in draft.values() for e in rows for s in getattr(e.record, "sources", ())]
    return max(checked, default="0000-00-00")


def main(arguments: Sequence[str], *, data: Path = DATA, target: Path = COMPILED) -> int:
    """Compile, or check with `--check`; return 0, or 1 with every problem on stderr."""
    unknown = set(arguments) - {"--check"}
    if unknown:
        sys.stderr.write(f"error: unknown argument {min(unknown)}\n\nhint: only --check is known\n")
        return 2
    draft, problems = read_facts(data)
    if problems:
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
        sys.stderr.write(f"error: {len(problems)} problems in {data}\n")
        return 1
    texts = compile_tables(draft) | {MEASURED: count_measured(data / "reference")}
    stale = [name for name, text in texts.items() if _current(target / name) != text]
    if "--check" in arguments:
        if stale:
            sys.stderr.write(f"error: stale: {', '.join(stale)}\n\nhint: run `python -m llmfit.catalog.compile`\n")
        return int(bool(stale))
    target.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (target / name).write_text(texts[name], encoding="utf-8", newline="\n")
    return 0


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
