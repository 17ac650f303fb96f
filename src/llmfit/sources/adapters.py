"""Reads a PEFT adapter: it is estimated as the model that it was made for."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from llmfit.catalog import Catalog
from llmfit.errors import SourceError
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.sources.checkpoints import read_json
from llmfit.sources.reading import Files
from llmfit.sources.safetensors import read_safetensors

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MOST_STEPS = 3
"""Adapters of adapters that are followed."""


def read_adapter(
    catalog: Catalog, files: Files, *, model_id: str, resolve: Callable[[str], Model], steps: int = 0
) -> SourcedModel:
    """Return the adapter's base under the adapter's name, with the bytes that the adapter adds among the findings.

    `resolve` finds the base by the name that the adapter's configuration gives.

    Raises:
        SourceError: The configuration names no base.
    """
    stated = read_json(files, CONFIG).get("base_model_name_or_path")
    if not isinstance(stated, str) or not stated or steps >= MOST_STEPS:
        raise SourceError(f"{CONFIG} of {files.title} names no base model", hint="Name the base model itself")
    base = resolve(stated)
    said = f"an adapter of {base.id}, estimated as its base"
    if WEIGHTS in files.names:
        added = read_safetensors(files.open(WEIGHTS))
        said += f"; unmerged it adds {added.bytes:,} bytes"
    sourced = base if isinstance(base, SourcedModel) else as_sourced(base, origin=catalog.origin(base.id))
    return replace(
        sourced,
        id=model_id,
        origin=files.title,
        base_model=base.id if base.id in catalog.models else base.base_model,
        base_relation="adapter",
        findings=(said, *sourced.findings),
    )


def as_sourced(model: Model, *, origin: str, **changes: Any) -> SourcedModel:  # noqa: ANN401 - fields of a model
    """Return a row of the catalog as what a source can be."""
    return SourcedModel(**{f.name: getattr(model, f.name) for f in fields(model)} | changes, origin=origin)
