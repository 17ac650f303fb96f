"""Formats, engines and workloads as tests need them, read from the project's own data."""

from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import TypeAdapter

from llmfit.records.engine import Engine
from llmfit.records.format import EngineName, Format, KvFormat
from llmfit.records.workload import EngineOptions, Workload

DATA = Path(__file__).parent.parent.parent / "data"


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((DATA / "formats.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


@cache
def load_formats() -> dict[str, Format]:
    """Return every format by its lower-case id, layouts resolved."""
    layouts = {row["name"]: row for row in _data()["layouts"]}
    found = {}
    for row in _data()["formats"]:
        values = {**row, "layouts": [layouts[name] for name in row.get("layouts", [])]}
        found[row["id"].lower()] = TypeAdapter(Format).validate_python(values, strict=False)
    return found


def make_format(name: str) -> Format:
    """Return a format by id or alias, in any case."""
    formats = load_formats()
    aliases = {alias.lower(): f for f in formats.values() for alias in f.aliases}
    return formats.get(name.lower()) or aliases[name.lower()]


@cache
def load_kv_formats() -> dict[str, KvFormat]:
    """Return every cache format by its id."""
    return {row["id"]: TypeAdapter(KvFormat).validate_python(row, strict=False) for row in _data()["kv_formats"]}


def make_engine(name: str) -> Engine:
    """Return an engine without constants, for estimates that need none."""
    assert name in get_args(EngineName)
    return TypeAdapter(Engine).validate_python({"id": name, "version": "test", "constants": ()}, strict=False)


def make_workload(
    format_name: str, engine: str = "llama.cpp", *, context: int = 4096, images: int = 0, **options: Any
) -> Workload:
    """Return a workload of one sequence with an f16 cache."""
    return Workload(
        engine=make_engine(engine),
        format=make_format(format_name),
        kv_format=load_kv_formats()["f16"],
        context=context,
        images=images,
        options=EngineOptions(**options),
    )
