"""Finds the models that a loosely spelled name can mean: other marks, no tuning word, a tag as Ollama writes it.

Read only where no model has the name as it stands.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from llmfit.errors import nearest
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model

SPELLED = 100
"""Characters of a name that are looked at."""
SHORTEST = 5
"""Characters, two blanks among them, below which a name says too little to look for it within others."""
_SAME = {"it": "instruct", "chat": "instruct", "pt": "base"}
"""Words of publishers for one thing: tuned to answer, or not."""
_SILENT = frozenset({"hf", "latest"})
"""Words that tell no model from another: how it is stored, and Ollama's tag for its newest file."""
_TUNED = re.compile(r" (?:instruct|base)(?= )")
_EDITION = re.compile(r" (?:v \d+(?: \d+)?|\d\d 20\d\d|\d{4}|bf 16|a \d+(?: \d+)? [bm])(?= )")
"""Version, date, storage and active parameters, which people leave out: `v0.1`, `2507`, `08-2024`, `BF16`, `A3B`."""
_PACKED = re.compile(
    r" (?:(?:i?q|iq) \d(?: [a-z]{1,3}){0,3}(?: \d)?|gguf|ggml|mlx|exl \d|awq|gptq|bnb|(?:bf|fp|int) \d+|\d bit)(?= )"
)
"""Words of a file or a quantisation: `Q4_K_M`, `GGUF`, `AWQ`, `fp16`, `4bit`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A name, taken apart."""

    text: str
    """Runs of letters and numbers, each between blanks."""
    kind: Literal["tuned", "base"] | None
    """What it says of tuning; a tag after a colon, as Ollama has them, means a tuned model."""

    @property
    def bare(self) -> str:
        """The name without words of tuning."""
        return _TUNED.sub("", self.text)

    @property
    def unpacked(self) -> str:
        """The name without words of a file or a quantisation."""
        return _PACKED.sub("", self.text)


def ask(name: str) -> Asked:
    """Take a name apart."""
    text = spaced(name[:SPELLED])
    kind: Literal["tuned", "base"] | None = "base" if " base " in text else None
    if kind is None and (" instruct " in text or ":" in name):
        kind = "tuned"
    return Asked(text, kind)


def loosely_called(name: str, models: Iterable[Model]) -> list[Model]:
    """Return the models that this name can mean, the most used first; none where it says too little.

    The closest reading that any model answers to decides: the same letters and numbers, then the same without words
    of tuning, then without version, date and active parameters. A name with an owner (`owner/name`) is never loose.
    """
    asked = ask(name)
    if "/" in name or len(asked.text) < SHORTEST or not re.search("[a-z]{2}", asked.text):
        return []
    known = list(models)
    for reading in (str, _untuned, _plain):
        wanted = reading(asked.text)
        found = [
            model
            for model in known
            if _agrees(model, asked) and any(reading(text) == wanted for text in _spellings(model))
        ]
        if found:
            return sorted(found, key=lambda model: (-(model.downloads or 0), model.id))
    return []


def _untuned(text: str) -> str:
    return _TUNED.sub("", text)


def _plain(text: str) -> str:
    return _EDITION.sub("", _TUNED.sub("", text))


def _agrees(model: Model, asked: Asked) -> bool:
    """Whether the model is tuned or not as the name says, by its own name and by its kind."""
    if asked.kind is None:
        return True
    if asked.kind == "base":
        return model.kind == "base"
    said = " instruct " in spaced(model.id.rpartition("/")[2]) or " instruct " not in asked.text
    return model.kind != "base" and said


def _spellings(model: Model) -> Iterator[str]:
    """Yield the model's name, and the name with its owner or publisher in front, or without it there."""
    owner, _, name = model.id.rpartition("/")
    text = spaced(name)
    yield text
    for maker in {spaced(owner), spaced(model.publisher)}:
        yield f"{maker.rstrip()}{text}"
    first, _, rest = text.strip().partition(" ")
    if spaced(owner).startswith(f" {first} ") and re.match("[a-z]{3}", rest):
        yield f" {rest} "


def near_models(name: str, models: Iterable[Model]) -> list[str]:
    """Return ids of models like this: the most used whose name contains it, or its words, else those spelled alike.

    Where nothing is, they are the most used of the owner that is named.

    A number counts as a whole: `llama3` is within Llama-3.1-8B, not within llama-30b.
    """
    known = list(models)
    wanted = name.casefold().rpartition("/")[2]
    asked = ask(wanted).unpacked
    for text in dict.fromkeys((asked, _untuned(asked))):
        if len(text) > SHORTEST and (within := _within(text, known)):
            return [model.id for model in within[:3]]
    short = {_short(m.id): m.id for m in known}
    if close := nearest(wanted, short):
        return [short[name] for name in close]
    owner = name.casefold().rpartition("/")[0]
    theirs = [model for model in known if owner and model.id.casefold().startswith(f"{owner}/")]
    return [model.id for model in sorted(theirs, key=lambda model: (-(model.downloads or 0), model.id))[:3]]


def _within(asked: str, models: Iterable[Model]) -> list[Model]:
    """Return the models whose name has the text, the earlier the better, else its words in their order."""
    known = [(spaced(_short(model.id)).find(asked), model) for model in models]
    found = [(place, model) for place, model in known if place >= 0]
    found = found or [(0, model) for _, model in known if _in_order(asked, model)]
    return [model for _, model in sorted(found, key=lambda one: (one[0], -(one[1].downloads or 0), one[1].id))]


def _in_order(asked: str, model: Model) -> bool:
    """Whether the model's name has all words asked for, in their order, with others between them."""
    words = iter(spaced(_short(model.id)).split())
    return all(word in words for word in asked.split())


def packed_hint(name: str, models: Iterable[Model]) -> str:
    """Return what to write where a name holds a format, which is an option; empty where it holds none."""
    asked = ask(name)
    if "/" in name or asked.unpacked == asked.text:
        return ""
    found = loosely_called(asked.unpacked.strip(), models)
    if not found:
        return ""
    names = ", ".join(model.id for model in found[:3])
    return f"Name {names}, and the format with --format Q4_K_M or the precision with --precision int4"


def spaced(name: str) -> str:
    """Return letters and whole numbers of a name, each between blanks; words for one thing become one word."""
    words = (_SAME.get(word, word) for word in re.findall(r"[a-z]+|[0-9]+", name.casefold()))
    return f" {' '.join(word for word in words if word not in _SILENT)} "


def _short(model_id: str) -> str:
    return model_id.rpartition("/")[2].replace("_", "-").casefold()
