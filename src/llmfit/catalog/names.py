"""Resolves what a user calls a model, a GPU or a word to the row that is meant, or says which ones it could be."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from llmfit.errors import (
    AmbiguousGpuError,
    AmbiguousModelError,
    UnknownGpuError,
    UnknownModelError,
    UnknownWordError,
    nearest,
)
from llmfit.records.device import Gpu
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.units import GIB

SHOWN = 6
"""Names that a hint lists."""
NEAR = 0.6
"""How alike a word must be to be meant: `cht` is 0.86 like `chat`, a made-up word of four letters 0.57 like `law`."""


def listed(names: Sequence[str]) -> str:
    """Return names as a phrase: `a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def find_model(name: str, models: Mapping[str, Model]) -> Model:
    """Return the model of this id or short name, ignoring case; else the only one that the name can mean.

    Raises:
        UnknownModelError: No model has the name.
        AmbiguousModelError: Several have it as short name, or can be meant by it.
    """
    if (model := models.get(name)) is not None:
        return model
    wanted = re.sub(r"[\s_]+", "-", name.strip()).casefold()
    found = [m for m in models.values() if wanted in {m.id.casefold(), _short(m.id)}]
    if len(found) == 1:
        return found[0]
    if found:
        ids = sorted(m.id for m in found)
        raise AmbiguousModelError(f"{len(found)} models are called {name}", hint=f"Name {listed(ids[:SHOWN])}")
    from llmfit.catalog.model_names import loosely_called, near_models, packed_hint

    found = loosely_called(name, models.values())
    if len(found) == 1:
        return found[0]
    if found:
        ids = [m.id for m in found]
        raise AmbiguousModelError(f"{name} can mean {len(found)} models", hint=f"Name {listed(ids[:SHOWN])}")
    close = near_models(wanted, models.values())
    hint = f"Did you mean {listed(close)}?" if close else "`llmfit models` lists them"
    hint = packed_hint(name, models.values()) or hint
    raise UnknownModelError(f"No model is called {name[:200]!r}", hint=hint)


def _short(model_id: str) -> str:
    return model_id.rpartition("/")[2].replace("_", "-").casefold()


Row = TypeVar("Row")


def find_word(
    word: str,
    rows: Mapping[str, Row],
    *,
    kind: str,
    aliases: Mapping[str, Collection[str]] | None = None,
    usual: str = "",
) -> Row:
    """Return the row of this id or alias, ignoring case, blanks and hyphens; `usual` is the hint's first id.

    Raises:
        UnknownWordError: The vocabulary lacks the word.
    """
    if (row := rows.get(word)) is not None:
        return row
    wanted = _letters(word.strip().casefold())
    spelled = {name.casefold(): name for name in rows}
    for owner, words in (aliases or {}).items():
        for alias in words:
            spelled.setdefault(_letters(alias.casefold()), owner)
    if wanted in spelled:
        return rows[spelled[wanted]]
    joined = {_joined(name): owner for name, owner in reversed(spelled.items())}
    if (same := joined.get(_joined(wanted))) is not None:
        return rows[same]
    close = list(dict.fromkeys(spelled[found] for found in nearest(wanted, spelled, cutoff=NEAR)))
    hint = f"Did you mean {listed(close)}?" if close else f"Known: {_some(wanted, rows, usual=usual)}"
    raise UnknownWordError(f"No {kind} is called {word[:200]!r}", hint=hint)


def _joined(word: str) -> str:
    """Return a word without what people put between its parts: `문서 검색` is `문서검색`, `tool use` is `tool-use`."""
    return re.sub(r"[\s_-]+", "", word)


def _letters(word: str) -> str:
    """Return a word letter by letter: a Hangul syllable counts as the two or three that it is written with.

    So a syllable with one wrong letter is near, and it does not matter in which of Unicode's forms it arrives.
    """
    if word.isascii():
        return word
    from unicodedata import normalize

    return normalize("NFKD", word)


def _some(word: str, names: Iterable[str], *, usual: str = "") -> str:
    """Return all names of a small vocabulary.

    Of a larger one: those that come closest; the usual one and those that the catalog has first, where one is usual.
    """
    known = sorted(names, key=lambda name: name != usual) if usual else sorted(names)
    if len(known) <= 2 * SHOWN:
        return listed(sorted(known))
    some = known if usual else nearest(word, known, limit=SHOWN, cutoff=0.0)
    return f"{', '.join(some[:SHOWN])} and {len(known) - SHOWN} others"


_VENDORS = ("nvidia", "amd", "intel", "apple", "corporation", "inc", "r", "tm", "graphics", "gpu")
_BRANDS = ("geforce", "radeon", "instinct", "tesla", "quadro", "arc")
_SERIES = ("rtx", "gtx", "rx")
"""Series whose name people leave out before the number."""
_NOISE = frozenset((*_VENDORS, *_BRANDS))
"""Words that people leave out or drivers add."""
# Compiled when a GPU is first looked for: no other question needs them.
_WORD = r"[a-z]+|\d+(?:\.\d+)?"
_SIZE = r"(?<![\w.])(\d{1,4})\s*-?\s*g(?:i?b)?(?![a-z0-9])"
_INTERFACE = r"(?<![a-z0-9])(pcie|sxm\d?|nvl|hbm\d?e?)(?![a-z0-9])"


@dataclass(frozen=True, slots=True)
class _GpuName:
    """What a GPU's name says: the product, and what narrows it down."""

    base: str
    interfaces: frozenset[str]
    size: int | None


@lru_cache(maxsize=4096)  # a deploy file names its cards again and again
def _parse(name: str) -> _GpuName:
    text = name.casefold()
    sizes = re.findall(_SIZE, text)
    text = re.sub(_SIZE, " ", text)
    interfaces = frozenset(re.findall(_INTERFACE, text))
    tokens = [t for t in re.findall(_WORD, re.sub(_INTERFACE, " ", text)) if t not in _NOISE]
    return _GpuName("".join(tokens), interfaces, int(sizes[-1]) if sizes else None)


def find_gpu(name: str, gpus: Mapping[str, Gpu]) -> Gpu:
    """Return the GPU of this name; of those that differ in their form alone, the one that is usually meant.

    A row's alias says which one that is (`A100 80 GB` is the SXM4 card); else it is the slowest.

    Raises:
        UnknownGpuError: No GPU has the name.
        AmbiguousGpuError: It is sold with different memory sizes.
    """
    if (gpu := gpus.get(name)) is not None:
        return gpu
    for gpu in gpus.values():
        if gpu.name.casefold() == name.casefold():
            return gpu
    found = _candidates(_parse(name), gpus.values()) or _of_one_series(_parse(name), gpus.values())
    if not found:
        near = near_gpus(name, gpus.values())
        hint = f"Did you mean {listed(near)}?" if near else "`llmfit gpus` lists them"
        raise UnknownGpuError(f"No GPU is called {name[:200]!r}", hint=hint)
    if len({(gpu.memory_bytes, gpu.unified_memory) for gpu in found}) > 1:
        sizes = sorted({gpu.memory_bytes // GIB for gpu in found})
        message = f"{name} is sold with {listed([f'{size} GB' for size in sizes]).replace(' or ', ' and ')}"
        names = [gpu.name for gpu in sorted(found, key=lambda gpu: (gpu.memory_bytes, gpu.name))]
        raise AmbiguousGpuError(message, hint=f"Name {listed(names[:SHOWN])}")
    return _usual(name, found)


def other_forms(name: str, gpu: Gpu, gpus: Mapping[str, Gpu]) -> list[Gpu]:
    """Return the GPUs of the same memory that the name could mean as well as this one; none where it says which."""
    wanted = _parse(name)
    if name in gpus or any(name.casefold() == known.name.casefold() for known in gpus.values()):
        return []
    exact, loose = _matches(wanted, gpus.values())
    return [one for one in (*exact, *loose) if one.id != gpu.id and one.memory_bytes == gpu.memory_bytes]


def _of_one_series(wanted: _GpuName, gpus: Iterable[Gpu]) -> list[Gpu]:
    """Return the GPUs that a name such as `4060`, `7900 XTX` or `A6000` means, where one series alone has it."""
    asked = (replace(wanted, base=f"{series}{wanted.base}") for series in _SERIES)
    found = [some for name in asked if (some := _candidates(name, gpus))]
    return found[0] if len(found) == 1 else []


def near_gpus(name: str, gpus: Iterable[Gpu]) -> list[str]:
    """Return names of GPUs like this one: those that contain it, else those that are spelled alike."""
    base = _parse(name).base
    known: dict[str, list[str]] = {}
    for gpu in gpus:
        known.setdefault(_parse(gpu.name).base, []).append(gpu.name)
    within = sorted((len(other), other) for other in known if base and len(base) > 1 and base in other)
    close = [other for _, other in within] or nearest(base, known)
    return list(dict.fromkeys(name for other in close for name in known[other]))[:SHOWN]


def find_detected_gpu(name: str, total_bytes: int | None, gpus: Mapping[str, Gpu]) -> Gpu | None:
    """Return the GPU that a driver calls by this name, told from its siblings by the memory that it reports."""
    wanted = _parse(name)
    found = _candidates(wanted, gpus.values())
    if total_bytes is not None:
        # GH200 has the processor's memory in its name
        found = found or _candidates(replace(wanted, size=None), gpus.values())
        found = [gpu for gpu in found if _reports(gpu, total_bytes)]
    return _usual(name, found) if found else None


def _reports(gpu: Gpu, total_bytes: int) -> bool:
    """Whether a card of this nominal memory may report this total: 8 % less (error correction) to 2 % more."""
    return 0.92 * gpu.memory_bytes <= total_bytes <= 1.02 * gpu.memory_bytes


def _usual(name: str, found: Sequence[Gpu]) -> Gpu:
    """Return the GPU that an alias calls so without its form; else the slowest of those whose speed is known."""
    base = _parse(name).base
    named = [gpu for gpu in found if any(_is_bare(_parse(alias), base) for alias in gpu.aliases)]
    return min(named or found, key=lambda gpu: (gpu.bandwidth_gbps is None, gpu.bandwidth_gbps, gpu.id))


def _is_bare(name: _GpuName, base: str) -> bool:
    return name.base == base and not name.interfaces


def _candidates(wanted: _GpuName, gpus: Iterable[Gpu]) -> list[Gpu]:
    """Return the GPUs of this name: those named exactly so, size and interface included, before the others."""
    exact, loose = _matches(wanted, gpus)
    return exact or loose


def _matches(wanted: _GpuName, gpus: Iterable[Gpu]) -> tuple[list[Gpu], list[Gpu]]:
    """Return the GPUs that are named exactly so, size and interface included, and the others that can be meant."""
    exact: list[Gpu] = []
    loose: list[Gpu] = []
    numbers = [token for token in re.findall(_WORD, wanted.base) if token[0].isdigit()]
    for gpu in gpus:
        spelled = (gpu.name, gpu.id, *gpu.aliases)
        text = " ".join(spelled)
        if not wanted.base or not all(number in text for number in numbers):
            continue  # parsing every name would take ten times longer
        same = [name for name in map(_parse, spelled) if name.base == wanted.base]
        if any(name == wanted for name in same) and (wanted.size is not None or wanted.interfaces):
            exact.append(gpu)
        elif any(_narrowed(wanted, name, gpu) for name in same):
            loose.append(gpu)
    return exact, loose


def _narrowed(wanted: _GpuName, name: _GpuName, gpu: Gpu) -> bool:
    """Whether size and interface, where asked for, are this card's."""
    if wanted.size is not None and wanted.size != gpu.memory_bytes // GIB:
        return False
    return all(any(own.startswith(asked) for own in name.interfaces) for asked in wanted.interfaces)
