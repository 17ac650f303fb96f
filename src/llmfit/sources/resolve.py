"""Finds what a user calls a model: a row of the catalog, a path, or a repository of the Hub."""

from collections.abc import Sequence
from pathlib import Path

from llmfit.catalog import Catalog
from llmfit.errors import AmbiguousModelError, UnknownModelError, UsageError
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel

_SUFFIXES = (".gguf", ".safetensors", ".json")


def model_of(catalog: Catalog, name: str | Model) -> Model:
    """Return the model of this name: from the catalog if it has it, else from a path, else from the Hub.

    A model that is given stands for itself.
    A name with a revision (`owner/name@revision`) or of a file (`owner/name:Q4_K_M`), and an address, mean the Hub.

    Raises:
        UnknownModelError, AmbiguousModelError: Nothing, or several rows, have the name.
        SourceError: The path or the repository cannot be read.
        UnsupportedArchitectureError, InvalidConfigError: It was read and cannot be counted.
    """
    if not isinstance(name, str):
        return name
    if is_path(name):
        return _read_local(catalog, name)
    try:
        return catalog.model(name)
    except AmbiguousModelError:
        if exists(name):
            return _read_local(catalog, name)
        raise
    except UnknownModelError as unknown:
        if exists(name):
            return _read_local(catalog, name)
        from llmfit.sources.names import parse_reference

        reference = parse_reference(name)
        if reference is None:
            raise
        from llmfit.sources.repository import read_repository

        return read_repository(catalog, reference, unknown=unknown)


def with_sources(catalog: Catalog, names: Sequence[str]) -> Catalog:
    """Return the catalog with the models of these names among its own.

    Raises:
        UsageError: Nothing says when one of them was released, which a ranking cannot do without.
    """
    found = [model_of(catalog, name) for name in names]
    for model in found:
        if model.released_certainty == "unknown":
            raise UsageError(
                f"Nothing says when {model.id} was released, so it cannot be ranked",
                hint="`llmfit import` it with --released",
            )
    return catalog.with_models(found)


def read_source(catalog: Catalog, name: str) -> SourcedModel:
    """Return the model that a path or the Hub holds, whether or not the catalog has it.

    Raises:
        UnknownModelError: The word can name neither.
        SourceError: The path or the repository cannot be read.
    """
    from llmfit.sources.names import parse_reference

    reference = None if is_path(name) or exists(name) else parse_reference(name)
    if reference is not None:
        from llmfit.sources.repository import read_repository

        return read_repository(catalog, reference)
    if is_path(name) or exists(name):
        return _read_local(catalog, name)
    raise UnknownModelError(f"{name[:200]!r} is no path and no repository", hint="Write owner/name, or a path")


def _read_local(catalog: Catalog, name: str) -> SourcedModel:
    from llmfit.sources.local import read_local

    return read_local(catalog, name, find=model_of)


def is_path(name: str) -> bool:
    """Whether a word names a file or folder by its form: `./x`, `/x`, `~/x`, `x.gguf`; not whether it exists."""
    if "://" in name:
        return False
    return name.startswith((".", "/", "~", "\\")) or name.casefold().endswith(_SUFFIXES) or name[1:3] == ":\\"


def exists(name: str) -> bool:
    """Whether the word is a path that exists."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False
