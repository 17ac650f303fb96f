"""Hundreds of small configs, each flag and default turned, against transformers' own models."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.records.architecture import CacheKind

DATA = json.loads((Path(__file__).parent / "transformers_5_23_0.json").read_text(encoding="utf-8"))
"""Counts of transformers 5.23.0 on the meta device; a variant names what differs from its base."""


def variants() -> list[Any]:
    """Return every variant with its whole config."""
    found = []
    for family in DATA["families"]:
        for variant in family["variants"]:
            removed = sorted(variant.get("removed", ()))
            config = {key: value for key, value in family["base"].items() if key not in removed}
            changed = variant.get("changed", {})
            words = " ".join([*(f"{key}={value}" for key, value in changed.items()), *(f"-{key}" for key in removed)])
            name = f"{config['model_type']} {words}"[:80]
            found.append(pytest.param({**config, **changed}, variant, id=name))
    return found


@pytest.mark.parametrize(("config", "expected"), variants())
def test_a_variant_is_counted_as_transformers_builds_it(config: dict[str, Any], expected: dict[str, Any]) -> None:
    """Parameters to the last one, and how many layers keep all tokens or a window of them."""
    found = describe(config)
    assert found.parameters == expected["parameters"]
    if "full" in expected:
        whole = (CacheKind.FULL, CacheKind.LATENT)
        assert sum(len(c.layers) for c in found.caches if c.kind in whole) == expected["full"]
        windows = [c.window for c in found.caches if c.kind in (CacheKind.SLIDING, CacheKind.CHUNKED) for _ in c.layers]
        assert sorted(windows, key=str) == sorted(expected.get("sliding", []), key=str)


def test_most_families_are_covered() -> None:
    """At least a hundred model types were built beside ours."""
    assert len({family["base"]["model_type"] for family in DATA["families"]}) >= 90
