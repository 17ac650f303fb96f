"""One key of each family's config turned at a time: what a size, a switch or an interval does to the count."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe

HERE = Path(__file__).parent
TURNED = json.loads((HERE / "transformers_5_23_0_turned.json").read_text("utf-8"))["families"]
"""Counts of transformers 5.23.0 by `key=value`, or `-key` for a key left out."""
BASES = {
    family["base"]["model_type"]: family["base"]
    for family in json.loads((HERE / "transformers_5_23_0_layers.json").read_text("utf-8"))["families"]
}


def turned(base: dict[str, Any], word: str) -> dict[str, Any]:
    """Return the config with a key set or left out."""
    if word.startswith("-"):
        return {key: value for key, value in base.items() if key != word[1:]}
    key, _, value = word.partition("=")
    return {**base, key: json.loads(value)}


@pytest.mark.parametrize("kind", sorted(TURNED))
def test_a_turned_key_changes_the_count_as_in_transformers(kind: str) -> None:
    """Every key that moves transformers' count moves ours to the same number."""
    found = {word: describe(turned(BASES[kind], word)).parameters for word in TURNED[kind]}
    assert found == TURNED[kind]


def test_many_keys_are_turned() -> None:
    """Six hundred keys of a hundred families."""
    assert len(TURNED) >= 100
    assert sum(map(len, TURNED.values())) >= 600
