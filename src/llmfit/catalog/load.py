"""Loads the compiled catalog, one table at a time, when it is first asked for."""

import json
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from llmfit.catalog.members import Members
from llmfit.catalog.names import find_gpu, find_model, find_word
from llmfit.catalog.tables import BUILT_IN, BY_NAME, COMPILED, QUALITIES
from llmfit.catalog.trusted import record_maker, records_maker
from llmfit.errors import CatalogError, UsageError

if TYPE_CHECKING:
    from llmfit.catalog.rows import Draft
    from llmfit.records.cloud import CloudInstance
    from llmfit.records.device import Gpu, MemoryRule
    from llmfit.records.engine import Engine
    from llmfit.records.format import Format, KvFormat
    from llmfit.records.license import License
    from llmfit.records.model import Model
    from llmfit.records.ranking import Ranking
    from llmfit.records.recommendation import Rated
    from llmfit.records.score import Score
    from llmfit.records.task import Task
    from llmfit.records.training import TrainingFacts


class Catalog:
    """Every fact that llmfit knows. Tables are read when first used; nothing changes afterwards."""

    def __init__(
        self, *, folder: Path = COMPILED, user_rows: "Draft | None" = None, user_file: Path | None = None
    ) -> None:
        self._folder = folder
        self._user_rows = user_rows or {}
        self._detached_tables: dict[str, Members] = {}
        self._compiled_alone = not self._user_rows
        self.user_file = user_file
        """The user's own file, where one was read."""

    @cached_property
    def version(self) -> str:
        """Date of the newest fact and hash of the content; `+user` where a user's file lies on top."""
        version = str(json.loads(self._text("catalog"))["version"])
        return version if self.user_file is None else f"{version}.user"

    @cached_property
    def models(self) -> "Mapping[str, Model]":
        """Models by id, without their sources, which `model` brings along."""
        return self._named("models")

    @cached_property
    def gpus(self) -> "Mapping[str, Gpu]":
        """GPUs by id, without their sources, which `gpu` brings along."""
        return self._named("gpus")

    @cached_property
    def memory_rules(self) -> "tuple[MemoryRule, ...]":
        """What drivers keep of a card's memory."""
        return self._rows("memory_rules")

    @cached_property
    def clouds(self) -> "Mapping[str, CloudInstance]":
        """Machines that can be rented, by `provider/instance`."""
        return self._named("clouds")

    @cached_property
    def licenses(self) -> "Mapping[str, License]":
        """Licences by id."""
        return self._named("licenses")

    @cached_property
    def tasks(self) -> "Mapping[str, Task]":
        """Tasks by id."""
        return self._named("tasks")

    @cached_property
    def formats(self) -> "Mapping[str, Format]":
        """Formats of weights by id."""
        return self._named("formats")

    @cached_property
    def kv_formats(self) -> "Mapping[str, KvFormat]":
        """Formats of the cache by id."""
        return self._named("kv_formats")

    @cached_property
    def engines(self) -> "Mapping[str, Engine]":
        """Engines by id."""
        return self._named("engines")

    @cached_property
    def scores(self) -> "tuple[Score, ...]":
        """Published benchmark scores, benchmark by benchmark."""
        return self._rows("scores")

    def scores_of(self, benchmarks: Collection[str]) -> "list[Score]":
        """Return the scores on these benchmarks, by their ids with version, without reading the others."""
        return self._of_groups("scores", benchmarks)

    def qualities_of(self, task: str) -> "Mapping[str, Rated]":
        """Return what models were rated at a task when the catalog was compiled, by id.

        Those are left out that the task does not take, and all where other models lie on top.
        """
        if not self._compiled_alone:
            return {}
        from llmfit.records.recommendation import BADGES

        names = list(self.models)
        places, ratings, errors, badges = Members(self._text(QUALITIES)).get(task, ((), (), (), ()))
        rows = zip(ratings, errors, map(BADGES.__getitem__, badges), strict=True)
        return dict(zip(map(names.__getitem__, places), rows, strict=True))

    @cached_property
    def ranking(self) -> "Ranking":
        """The figures by which models are ranked.

        Raises:
            CatalogError: The catalog has none.
        """
        return cast("Ranking", self._only("ranking"))

    @cached_property
    def training(self) -> "TrainingFacts":
        """What the training libraries decide by themselves.

        Raises:
            CatalogError: The catalog has none.
        """
        return cast("TrainingFacts", self._only("training"))

    def with_models(self, models: "Iterable[Model]", *, alone: bool = False) -> "Catalog":
        """Return the same facts with further models, which replace rows of the same id; `alone` with no others."""
        made = copy(self)
        made.__dict__["_compiled_alone"] = False
        made.__dict__["models"] = {**({} if alone else self.models), **{model.id: model for model in models}}
        return made

    def model(self, name: str) -> "Model":
        """Return the model of this id or unambiguous short name; UnknownModelError or AmbiguousModelError otherwise."""
        return cast("Model", self._attached("models", find_model(name, self.models)))

    def gpu(self, name: str) -> "Gpu":
        """Return the GPU of this name; UnknownGpuError or AmbiguousGpuError otherwise."""
        return cast("Gpu", self._attached("gpus", find_gpu(name, self.gpus)))

    def license(self, word: str) -> "License":
        """Return the licence of this id or alias; UnknownWordError otherwise."""
        return find_word(word, self.licenses, kind="licence", aliases=_aliases(self.licenses))

    def task(self, word: str) -> "Task":
        """Return the task of this id or synonym, English or Korean; UnknownWordError otherwise."""
        synonyms = {row.id: (*row.synonyms, *row.synonyms_ko) for row in self.tasks.values()}
        return find_word(word, self.tasks, kind="task", aliases=synonyms, usual="chat")

    def format(self, word: str) -> "Format":
        """Return the format of this id or alias; UnknownWordError otherwise."""
        return find_word(word, self.formats, kind="format", aliases=_aliases(self.formats))

    def kv_format(self, word: str) -> "KvFormat":
        """Return the cache's format of this id or alias; UnknownWordError otherwise."""
        return find_word(word, self.kv_formats, kind="KV format", aliases=_aliases(self.kv_formats))

    def engine(self, word: str) -> "Engine":
        """Return the engine of this id; UnknownWordError otherwise."""
        return find_word(word, self.engines, kind="engine")

    def origin(self, model_id: str) -> str:
        """Return where a model's row comes from: `built-in`, or the user's file."""
        own = any(entry.name == model_id for entry in self._user_rows.get("models", ()))
        return str(self.user_file) if own else BUILT_IN

    def _named(self, table: str) -> Mapping[str, Any]:
        key = BY_NAME[table].key
        return {getattr(row, key): row for row in self._rows(table)}

    def _only(self, table: str) -> Any:  # noqa: ANN401 - a record of the table
        rows = self._rows(table)
        if not rows:
            raise CatalogError(f"The catalog has no {table} figures", hint="Reinstall llmfit")
        return rows[0]

    def _of_groups(self, table: str, names: Collection[str] | None = None) -> list[Any]:
        """Return the rows of these groups, or of all, in the order of the groups."""
        groups, make = Members(self._text(table)), records_maker(BY_NAME[table].record_type)
        return [row for name in groups if names is None or name in names for row in make(groups[name])]

    def _built_in(self, table: str) -> list[Any]:
        if BY_NAME[table].grouped:
            return self._of_groups(table)
        record, compiled = BY_NAME[table].record_type, json.loads(self._text(table))
        if BY_NAME[table].deferred:
            compiled[BY_NAME[table].deferred] = Members(self._text(BY_NAME[table].deferred_name)).deferred()
        return records_maker(record)(compiled) if BY_NAME[table].columns else list(map(record_maker(record), compiled))

    def _rows(self, table: str) -> tuple[Any, ...]:
        """Return the built-in rows with the user's on top: a row of the same name replaces, others follow."""
        rows = self._built_in(table)
        own = {entry.name: entry.record for entry in self._user_rows.get(table, ())}
        if own:
            key = BY_NAME[table].key
            rows = [own.pop(getattr(row, key), row) for row in rows]
        return (*rows, *own.values())

    def _attached(self, table: str, row: Any) -> Any:  # noqa: ANN401 - a record of the table
        """Return the row with the field that was compiled apart from it."""
        field, key = BY_NAME[table].detached, getattr(row, BY_NAME[table].key)
        if getattr(row, field) or key not in (detached := self._detached(table)):
            return row
        convert = record_maker(BY_NAME[table].record_type)
        return replace(row, **{field: getattr(convert({field: detached[key]}), field)})

    def _detached(self, table: str) -> Members:
        if table not in self._detached_tables:
            self._detached_tables[table] = Members(self._text(BY_NAME[table].detached_name))
        return self._detached_tables[table]

    def _text(self, name: str) -> str:
        path = self._folder / f"{name}.json"
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise CatalogError(f"{path}: {error.strerror}", hint="Reinstall llmfit") from None


def _aliases(rows: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: row.aliases for name, row in rows.items()}


USER_FILE: Final = Path("~user-catalog~")
"""Stands for the user's own file, wherever it is, as default of `load_catalog`."""


def load_catalog(*, user_file: Path | str | None = USER_FILE) -> Catalog:
    """Return the built-in catalog with the rows of the user's file on top.

    `user_file` is LLMFIT_CATALOG or the platform's place for user data unless given; None for the built-in rows alone.

    Raises:
        CatalogError: The user's file cannot be read or is not valid.
        UsageError: It is no path.
    """
    if user_file is USER_FILE:
        from llmfit.catalog.user_file import find_user_catalog

        user_file = find_user_catalog()
    if user_file is None:
        return Catalog()
    from llmfit.catalog.user import check_user_rows, load_user_rows

    if not isinstance(user_file, str | Path):
        raise UsageError(f"user_file {user_file!r:.40}: no path", hint="Give the path of a YAML file, or None")
    user_file = Path(user_file)
    rows = load_user_rows(user_file)
    check_user_rows(rows, partial(getattr, Catalog()))
    return Catalog(user_rows=rows, user_file=user_file)
