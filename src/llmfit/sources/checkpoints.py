"""Finds the files of a model's checkpoint, and reads the headers of all of them as one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from llmfit.errors import SourceError
from llmfit.records.checkpoint import Checkpoint
from llmfit.records.format import BlockLayout
from llmfit.sources.gguf import read_gguf
from llmfit.sources.json_text import parse_json
from llmfit.sources.progress import shown
from llmfit.sources.reading import Files, check_name
from llmfit.sources.safetensors import read_safetensors
from llmfit.units import MIB

MOST_INDEX = 32 * MIB
"""Bytes of the largest index that is read; one with 140,000 tensors takes about 15 MB."""
MOST_SHARDS = 2000
MOST_ALL_TENSORS = 500_000
_SHARD = re.compile(r"(.{1,400})-(\d{5})-of-(\d{5})(\.safetensors|\.gguf)")
Layouts = Mapping[str, BlockLayout]
INDEX = ".safetensors.index.json"


def read_checkpoint(files: Files, *, layouts: Layouts, name: str | None = None, quant: str = "") -> Checkpoint | None:
    """Read the headers of a model's weights; None where the files hold no weights that can be read.

    `name` is the file that is meant, or one of its shards; `quant` a word that the name of a GGUF file must hold.

    Raises SourceError where a file is damaged or missing, or where it is not clear which files are meant.
    """
    names = [name] if name else _choose(files.names, title=files.title, quant=quant)
    if not names:
        return None
    if names[0].endswith(INDEX):
        return _indexed(files, names[0], layouts=layouts)
    if name is not None and _SHARD.fullmatch(name):
        index = f"{name.rpartition('-')[0].rpartition('-')[0].rpartition('-')[0]}{INDEX}"
        if name.endswith(".safetensors") and index in files.names:
            return _indexed(files, index, layouts=layouts)
        names = _siblings(files, name)
    return _joined(_read_all(files, names, layouts=layouts), title=files.title)


def _choose(names: Sequence[str], *, title: str, quant: str) -> list[str]:
    """Return the index, or the files, of the one checkpoint that the names are about."""
    top = [name for name in names if "/" not in name]
    if not quant:
        for wanted in ("model.safetensors.index.json", "model.safetensors"):
            if wanted in top:
                return [wanted]
        plain = [name for name in top if name.endswith(".safetensors") and not name.startswith(("adapter", "consol"))]
        indexes = [name for name in top if name.endswith(INDEX)]
        if len(indexes) == 1:
            return indexes
        if plain:
            return _one_set(plain, title=title)
    ggufs = [name for name in names if name.endswith(".gguf") and "mmproj" not in name.casefold()]
    matching = [name for name in ggufs if quant.casefold() in name.rpartition("/")[2].casefold()]
    if ggufs and not matching:
        raise SourceError(f"{title} has no GGUF file with {quant[:40]!r} in its name", hint=_named(ggufs))
    return _one_set(matching, title=title) if matching else []


def _one_set(names: Sequence[str], *, title: str) -> list[str]:
    """Return the files of the only checkpoint among these.

    Raises SourceError where there are several.
    """
    sets: dict[str, list[str]] = {}
    for name in sorted(names):
        shard = _SHARD.fullmatch(name)
        sets.setdefault(shard[1] if shard else name, []).append(name)
    if len(sets) > 1:
        firsts = [found[0] for found in sets.values()]
        raise SourceError(f"{title} holds {len(sets)} checkpoints", hint=_named(firsts))
    found = next(iter(sets.values()))
    shard = _SHARD.fullmatch(found[0])
    if shard and len(found) != int(shard[3]):
        raise SourceError(f"{title} holds {len(found)} of {int(shard[3])} parts of {shard[1]}", hint="Add the others")
    return found


def _named(names: Sequence[str]) -> str:
    return f"Name one of {', '.join(sorted(names)[:8])}"


def _siblings(files: Files, name: str) -> list[str]:
    """Return all parts of the checkpoint that a shard belongs to."""
    shard = _SHARD.fullmatch(name)
    if shard is None:
        return [name]
    count = int(shard[3])
    if not 0 < count <= MOST_SHARDS:
        raise SourceError(f"{name} claims to be one of {count} parts")
    wanted = [f"{shard[1]}-{part:05}-of-{shard[3]}{shard[4]}" for part in range(1, count + 1)]
    missing = [one for one in wanted if one not in files.names]
    if missing:
        raise SourceError(f"{missing[0]} is missing beside {name}", hint="Add all parts of the checkpoint")
    return wanted


def _indexed(files: Files, index: str, *, layouts: Layouts) -> Checkpoint:
    """Read the shards that an index names; what it says of each tensor must be so."""
    listed = read_json(files, index, most=MOST_INDEX)
    where = listed.get("weight_map")
    if not isinstance(where, dict) or not where or not all(isinstance(name, str) for name in where.values()):
        raise SourceError(f"{index} in {files.title} has no valid `weight_map`", hint="Download it again")
    shards = list(dict.fromkeys(where.values()))
    if len(shards) > MOST_SHARDS:
        raise SourceError(f"{index} in {files.title} names more than {MOST_SHARDS} files")
    for name in shards:
        check_name(name, title=files.title)
        if not name.endswith(".safetensors"):
            raise SourceError(f"{index} in {files.title} names {name[:200]!r}, which is no safetensors file")
        if name not in files.names:
            raise SourceError(f"{name[:200]} is missing in {files.title}", hint="Add all parts of the checkpoint")
    read = dict(zip(shards, _read_all(files, shards, layouts=layouts), strict=True))
    held = {name: {tensor.name for tensor in part.tensors} for name, part in read.items()}
    for tensor, name in where.items():
        if tensor not in held[name]:
            raise SourceError(f"{name} lacks tensor {tensor[:200]!r}, which {index} says it holds")
    return _joined(list(read.values()), title=files.title, stated=listed.get("metadata"))


def _read_all(files: Files, names: Sequence[str], *, layouts: Layouts) -> list[Checkpoint]:
    """Read the headers of several files, those of a repository some at a time."""
    read = partial(_read, files, layouts=layouts)
    if files.at_once < 2 or len(names) < 2:
        return list(shown(map(read, names), total=len(names), what="headers"))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(files.at_once) as pool:
        try:
            return list(shown(pool.map(read, names), total=len(names), what="headers"))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _read(files: Files, name: str, *, layouts: Layouts) -> Checkpoint:
    file = files.open(name)
    return read_gguf(file, layouts=layouts) if name.endswith(".gguf") else read_safetensors(file)


def _joined(parts: Sequence[Checkpoint], *, title: str, stated: Any = None) -> Checkpoint:  # noqa: ANN401 - decoded JSON of any type
    """Return the parts as one checkpoint; the first part's metadata speaks for all."""
    tensors = tuple(tensor for part in parts for tensor in part.tensors)
    if len(tensors) > MOST_ALL_TENSORS:
        raise SourceError(f"{title} has more than {MOST_ALL_TENSORS:,} tensors")
    twice = _first_twice(tensor.name for tensor in tensors)
    if twice is not None:
        raise SourceError(f"{title} holds tensor {twice[:200]!r} twice")
    metadata = dict(parts[0].metadata)
    if isinstance(stated, dict) and isinstance(stated.get("total_size"), int):
        metadata["total_size"] = stated["total_size"]
    claimed = metadata.get("split.tensors.count")
    if isinstance(claimed, int) and claimed not in (0, len(tensors)):
        raise SourceError(f"{title} holds {len(tensors)} of {claimed} tensors", hint="Add all parts of the checkpoint")
    names = tuple(name for part in parts for name in part.files)
    return Checkpoint(kind=parts[0].kind, tensors=tensors, metadata=metadata, files=names)


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def read_json(files: Files, name: str, *, most: int | None = None) -> dict[str, Any]:
    """Return the JSON object of one of the files."""
    file = files.open(name)
    bound = {} if most is None else {"most": most}
    limit = most or 4 * MIB
    if file.size > limit:
        raise SourceError(f"{name} of {files.title} is larger than the {limit:,} bytes that are read")
    return parse_json(file.read(0, file.size + 1), file=f"{name} of {files.title}", **bound)
