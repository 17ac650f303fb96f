"""What a key means that a config leaves out: the same as in transformers, whose files leave defaults out."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import CannotAnswerError
from llmfit.records.architecture import Architecture

HERE = Path(__file__).parent
DEFAULTS = json.loads((HERE / "transformers_5_23_0_defaults.json").read_text("utf-8"))["defaults"]
"""Values of transformers' configuration classes, for the keys that our families let a config leave out."""
BASES = {
    family["base"]["model_type"]: family["base"]
    for family in json.loads((HERE / "transformers_5_23_0_layers.json").read_text("utf-8"))["families"]
}
UNUSED_UNLESS_ASKED = {"qwen2", "qwen3", "qwen2_moe", "qwen3_moe"}
"""Families whose class forgets the window unless `use_sliding_window` is true: 4,096 is what it takes then."""


def answer(config: dict[str, Any]) -> tuple[Architecture, dict[str, int]] | str:
    """Return the description, or why there is none: a default can be too many for a small model."""
    try:
        found = describe(config)
    except CannotAnswerError as refusal:
        return refusal.message
    return found, found.extra


def cases() -> list[Any]:
    """Return every family and key whose default transformers states."""
    return [
        pytest.param(BASES[kind], key, value, id=f"{kind} {key}")
        for kind, defaults in DEFAULTS.items()
        for key, value in defaults.items()
        if kind in BASES and "text_config" not in BASES[kind]
        if not (key == "sliding_window" and kind in UNUSED_UNLESS_ASKED)
    ]


@pytest.mark.parametrize(("base", "key", "value"), cases())
def test_an_absent_key_means_what_it_means_in_transformers(base: dict[str, Any], key: str, value: object) -> None:
    """Leaving the key out and writing transformers' default describe one and the same model."""
    silent = {name: stated for name, stated in base.items() if name != key}
    assert answer(silent) == answer({**silent, key: value})


@pytest.mark.parametrize("kind", sorted(UNUSED_UNLESS_ASKED))
def test_a_window_that_is_asked_for_without_a_size_is_4096(kind: str) -> None:
    """As the classes' own signature has it."""
    first = 6 if kind == "qwen2_moe" else 0  # there the layers before it slide, every second one
    asked = {**BASES[kind], "use_sliding_window": True, "max_window_layers": first}
    found = describe(asked)
    assert 4096 in {cache.window for cache in found.caches}
    assert found == describe({**asked, "sliding_window": 4096})


def test_defaults_of_many_families_are_compared() -> None:
    """Two hundred keys."""
    assert len(cases()) > 200
