"""Checks what a single row cannot know: that names are unique and that every reference leads somewhere."""

import re
from collections.abc import Callable, Collection, Iterator

from llmfit.catalog.problems import Problem
from llmfit.catalog.rows import Draft, Entry
from llmfit.errors import nearest

_DAY = re.compile(r"(19|20)\d{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
FIRST_RELEASE = 2017
"""No row is older than the transformer."""


def integrity_problems(draft: Draft) -> list[Problem]:
    """Return every problem between the rows of these tables."""
    found: list[Problem] = []
    references = (_model_references, _score_references, _task_references, _cloud_references, _engine_references)
    for check in (_unique_names, *references, _dates, _model_values):
        found += check(draft)
    return found


def _unique_names(draft: Draft) -> Iterator[Problem]:
    """Ids and aliases name one row of a table, whatever their case."""
    for entries in draft.values():
        owners: dict[str, Entry] = {}
        for entry in entries if entries[0].table.key else ():
            names = [(entry.table.key, entry.name), *(("aliases", word) for word in _words(entry))]
            for field, name in names:
                owner = owners.setdefault(name.casefold(), entry)
                if owner is not entry:
                    yield entry.problem(field, f"`{name}` already names {owner.name}", "choose another name")


def _words(entry: Entry) -> Collection[str]:
    if entry.table.name == "gpus":  # a card's common name may stand for several sizes: asking for it is ambiguous
        return ()
    record = entry.record
    own = [*getattr(record, "aliases", ()), *getattr(record, "synonyms", ()), *getattr(record, "synonyms_ko", ())]
    return list(dict.fromkeys(own))


def _ids(draft: Draft, table: str) -> set[str]:
    return {entry.name for entry in draft.get(table, ())}


def _unknown(entry: Entry, field: str, word: str, known: Collection[str], *, kind: str) -> Problem:
    close = nearest(word, known, limit=1)
    edit = f"use `{close[0]}`, or add the {kind}" if close else f"add the {kind}"
    return entry.problem(field, f"no {kind} `{word}`", edit)


def _model_references(draft: Draft) -> Iterator[Problem]:
    licenses, tasks, formats = (_ids(draft, name) for name in ("licenses", "tasks", "formats"))
    models = _ids(draft, "models")
    for entry in draft.get("models", ()):
        model = entry.record
        for field, words, known, kind in (
            ("license", (model.license,), licenses, "licence"),
            ("lineage_licenses", model.lineage_licenses, licenses, "licence"),
            ("tasks", model.tasks, _task_words(draft, tasks), "task"),
            ("native_format", () if model.native_format is None else (model.native_format,), formats, "format"),
        ):
            if known:
                yield from (_unknown(entry, field, word, known, kind=kind) for word in words if word not in known)
        if model.base_model is not None and model.base_model not in models and not model.lineage_licenses:
            message = f"`{model.base_model}` is not in the catalog"
            yield entry.problem("base_model", message, "add its row, or its licence to `lineage_licenses`")
        if model.base_relation is not None and model.base_model is None:
            yield entry.problem("base_relation", "a relation without a base", "add `base_model`, or remove it")
        if model.base_model == model.id:
            yield entry.problem("base_model", "its own base", "remove it")


def _task_words(draft: Draft, tasks: set[str]) -> set[str]:
    """Words that a model's `tasks` may hold: ids of tasks, and the tags that tasks require."""
    return tasks | {tag for entry in draft.get("tasks", ()) for tag in entry.record.requires}


def _score_references(draft: Draft) -> Iterator[Problem]:
    models = _ids(draft, "models")
    for entry in draft.get("scores", ()):
        if models and entry.record.model not in models:
            yield _unknown(entry, "model", entry.record.model, models, kind="model")


def _task_references(draft: Draft) -> Iterator[Problem]:
    tasks = _ids(draft, "tasks")
    for entry in draft.get("tasks", ()):
        fallback = entry.record.fallback
        if fallback is not None and fallback not in tasks:
            yield _unknown(entry, "fallback", fallback, tasks, kind="task")


def _cloud_references(draft: Draft) -> Iterator[Problem]:
    gpus = _ids(draft, "gpus")
    for entry in draft.get("clouds", ()):
        if gpus and entry.record.gpu not in gpus:
            yield _unknown(entry, "gpu", entry.record.gpu, gpus, kind="GPU")


def _engine_references(draft: Draft) -> Iterator[Problem]:
    """A precision means formats that have it and that the engine runs, beside a cache of a known format."""
    formats = {entry.name: entry.record for entry in draft.get("formats", ())}
    kv_formats = _ids(draft, "kv_formats")
    for entry in draft.get("engines", ()):
        for place, stored in enumerate(entry.record.stores):
            field = f"stores.{place}"
            for name in stored.formats if formats else ():
                if name not in formats:
                    yield _unknown(entry, field, name, formats, kind="format")
                elif (own := formats[name]).precision != stored.precision or entry.name not in own.engines:
                    message = f"`{name}` is no {stored.precision} of {entry.name}"
                    yield entry.problem(field, message, "name a format of that precision which it runs")
            if kv_formats and stored.kv_format not in kv_formats:
                yield _unknown(entry, field, stored.kv_format, kv_formats, kind="KV format")


def _dates(draft: Draft) -> Iterator[Problem]:
    edit = "write the day on which it was read: YYYY-MM-DD"
    for entries in draft.values():
        for entry in entries:
            record = entry.record
            dated = [(name, getattr(record, name, None)) for name in ("checked", "date", "price_date")]
            dated += [(f"sources.{i}.checked", s.checked) for i, s in enumerate(getattr(record, "sources", ()))]
            for field, value in dated:
                if value is not None and not _DAY.fullmatch(value):
                    yield entry.problem(field, f"`{value}` is not a date", edit)


def _model_values(draft: Draft) -> Iterator[Problem]:
    """What no model can be."""
    checks: tuple[tuple[str, Callable[[Entry], bool], str, str], ...] = (
        ("released", lambda e: e.record.released.year < FIRST_RELEASE, "before the first transformer", "correct it"),
        ("id", lambda e: e.record.id.count("/") != 1 or " " in e.record.id, "not `owner/name`", "write owner/name"),
        ("architecture", lambda e: not e.record.architecture, "empty", "add the fields of `config.json`"),
    )
    for entry in draft.get("models", ()):
        for field, wrong, message, edit in checks:
            if wrong(entry):
                yield entry.problem(field, message, edit)
