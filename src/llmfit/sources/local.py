"""Reads a model from this machine: a folder, a `config.json`, or files of weights."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from llmfit.catalog import Catalog
from llmfit.errors import SourceError
from llmfit.records.format import BlockLayout
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.sources.adapters import CONFIG as ADAPTER
from llmfit.sources.adapters import read_adapter
from llmfit.sources.assemble import assemble
from llmfit.sources.card import TEMPLATE
from llmfit.sources.checkpoints import read_checkpoint, read_json
from llmfit.sources.json_text import MOST_BYTES, parse_json
from llmfit.sources.reading import LocalFile, LocalFolder

_TOKENIZER = "tokenizer_config.json"
SUFFIXES = (".gguf", ".safetensors", ".json")
FindModel = Callable[[Catalog, str], Model]
"""Finds a model by what somebody calls it."""


def layouts_of(catalog: Catalog) -> dict[str, BlockLayout]:
    """Return the layouts of all ggml types that the catalog's formats use, by name."""
    return {layout.name: layout for format_ in catalog.formats.values() for layout in format_.layouts}


def read_local(catalog: Catalog, name: str, *, find: FindModel) -> SourcedModel:
    """Return the model that a path holds; `find` returns the base of an adapter by the name that it gives.

    Raises:
        SourceError: It cannot be read, or it is not clear what it holds.
        UnsupportedArchitectureError, InvalidConfigError: It cannot be counted, and no headers of weights are there.
    """
    try:
        path = Path(name).expanduser()
        folder = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{name[:200]} cannot be read: {error}") from None
    if folder:
        return _read_folder(catalog, path, find=find)
    if path.suffix.casefold() == ".json" and not path.name.endswith(".safetensors.index.json"):
        config = _read_config(path)
        name = f"{path.absolute().parent.name}/{path.name}" if path.name == "config.json" else path.name
        return assemble(catalog, model_id=name, origin=str(path), config=config, checkpoint=None)
    if path.suffix.casefold() not in SUFFIXES:
        LocalFile(path)
        raise SourceError(
            f"{path.name} is no file of weights that can be read", hint="Name a .safetensors, a .gguf or a config.json"
        )
    return _read_weights(catalog, path)


def _read_config(path: Path) -> dict[str, Any]:
    file = LocalFile(path)
    if file.size > MOST_BYTES:
        raise SourceError(f"{path.name} is larger than the {MOST_BYTES:,} bytes that are read")
    return parse_json(file.read(0, file.size + 1), file=path.name)


def _base(catalog: Catalog, find: FindModel, name: str) -> Model:
    """Return an adapter's base; a folder that holds an adapter again would be followed for ever."""
    folder = Path(name).expanduser()
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        raise SourceError(f"{name[:200]} is an adapter of an adapter", hint="Name the base model itself")
    return find(catalog, name)


def _read_folder(catalog: Catalog, path: Path, *, find: FindModel) -> SourcedModel:
    files = LocalFolder(path)
    config = read_json(files, "config.json") if "config.json" in files.names else None
    name = path.resolve().name or str(path)
    if config is None and ADAPTER in files.names:
        return read_adapter(catalog, files, model_id=name, resolve=partial(_base, catalog, find))
    checkpoint = read_checkpoint(files, layouts=layouts_of(catalog))
    if config is None and checkpoint is None:
        raise SourceError(f"{path} holds no config.json and no weights", hint="Name the folder of one model")
    unread = [one for one in files.names if one.endswith((".bin", ".pt", ".pth"))]
    said = () if checkpoint is not None or not unread else ("weights in pickle files are never opened",)
    return assemble(
        catalog,
        model_id=name,
        origin=str(path),
        config=config,
        checkpoint=checkpoint,
        card=_card(files),
        findings=said,
    )


def _card(files: LocalFolder) -> dict[str, Any]:
    """Return what the files tell beside the weights: a chat template makes an instruct model."""
    template = TEMPLATE in files.names
    if not template and _TOKENIZER in files.names:
        try:
            template = bool(read_json(files, _TOKENIZER).get("chat_template"))
        except SourceError:
            template = False
    return {"kind": "instruct", "tasks": ("chat",)} if template else {}


def _read_weights(catalog: Catalog, path: Path) -> SourcedModel:
    """Read a file of weights with its other shards, and the configuration beside it."""
    LocalFile(path)
    files = LocalFolder(path.parent)
    checkpoint = read_checkpoint(files, layouts=layouts_of(catalog), name=path.name)
    beside = path.suffix.casefold() != ".gguf" and "config.json" in files.names
    config = read_json(files, "config.json") if beside else None
    return assemble(catalog, model_id=path.name, origin=str(path), config=config, checkpoint=checkpoint)
