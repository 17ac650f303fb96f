"""Which kinds of load were measured: counted in `data/reference` when the catalog is compiled, read for an answer.

A kind of answering load is an engine with a format; one of fine-tuning is a library with a method, and the recipe of
precision where the weights themselves train.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmfit.catalog.tables import COMPILED
from llmfit.records.format import Format
from llmfit.records.measured import Measured
from llmfit.records.training import ADAPTER_METHODS, Training
from llmfit.records.workload import Workload

NAME = "measured.json"
Kind = tuple[str, ...]
"""(engine, format) or (library, method, recipe)."""


def count_measured(folder: Path) -> str:
    """Return the text of the compiled file: how many measurements of memory the folder has, by kind."""
    import yaml

    def rows(stem: str, member: str) -> list[Mapping[str, Any]]:
        path = folder / f"{stem}.yaml"
        if not path.exists():
            return []
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found: list[Mapping[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)[member]  # noqa: S506 - both loaders are safe ones
        return found

    answering: Counter[Kind] = Counter(
        (row["engine"], _spelled(row["format"])) for row in rows("inference", "inference")
    )
    tuning = Counter(_tuning_kind(**row["options"]) for row in rows("training", "training_measurements"))
    tables: dict[str, Mapping[Kind, int]] = {"inference": answering, "training": tuning}
    lines = {name: [[*kind, many] for kind, many in sorted(table.items())] for name, table in tables.items()}
    return json.dumps(lines, indent=None, separators=(",", ":")) + "\n"


def _spelled(form: str) -> str:
    """Return a format's id: llama.cpp's files spell those of floats in capitals."""
    return form.lower() if form.lower() in {"f32", "f16", "bf16"} else form


def measured_of(load: Workload | Training, *, formats: Mapping[str, Format], folder: Path = COMPILED) -> Measured:
    """Return how often loads of this kind were measured, and the kind that was most like it where none was."""
    name = "training" if isinstance(load, Training) else "inference"
    path = folder / NAME
    rows = json.loads(path.read_text(encoding="utf-8"))[name] if path.exists() else []
    known: dict[Kind, int] = {tuple(kind): many for *kind, many in rows}
    kind = _kind(load)
    if kind in known:
        return Measured(_words(kind, name), known[kind])
    alike = _nearest(kind, known, formats) if name == "inference" else _nearest_tuning(kind, known)
    return Measured(_words(kind, name), 0, _words(alike, name) if alike else "")


def _kind(load: Workload | Training) -> Kind:
    if isinstance(load, Training):
        return _tuning_kind(trainer=load.trainer, method=load.method, recipe=load.recipe)
    return (load.engine.id, load.format.id)


def _tuning_kind(*, method: str, trainer: str = "peft", recipe: str = "bf16-master", **_: object) -> Kind:
    return (trainer, method, "" if method in ADAPTER_METHODS else recipe)


def _nearest(kind: Kind, known: Mapping[Kind, int], formats: Mapping[str, Format]) -> Kind | None:
    """Return the kind of the same engine whose format is of the same family, then of the nearest width."""
    asked = formats[kind[1]]
    there = {one: formats[one[1]] for one in known if one[0] == kind[0] and one[1] in formats}

    def distance(one: Kind) -> tuple[bool, float, int, Kind]:
        form = there[one]
        return form.family != asked.family, abs(form.nominal_bits - asked.nominal_bits), -known[one], one

    return min(there, key=distance, default=None)


def _nearest_tuning(kind: Kind, known: Mapping[Kind, int]) -> Kind | None:
    """Return the kind of the same method, then of the same library, then that was measured most."""

    def distance(one: Kind) -> tuple[bool, bool, bool, int, Kind]:
        adapters = (one[1] in ADAPTER_METHODS) != (kind[1] in ADAPTER_METHODS)
        return adapters, one[1] != kind[1], one[0] != kind[0], -known[one], one

    return min(known, key=distance, default=None)


def _words(kind: Iterable[str], name: str) -> str:
    first, second, *rest = kind
    if name == "inference":
        return f"{first} with {second}"
    recipe = f" in {rest[0]}" if rest[0] else ""
    return f"{second}{recipe} by {first}"
