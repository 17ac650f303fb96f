"""Rows of the catalog against the published counts and configurations that they were made from."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.catalog.compile import DATA, read_facts
from llmfit.errors import LlmfitError
from llmfit.records.model import Model

pytestmark = pytest.mark.shared
POSITIONS = ("max_position_embeddings",)
"""Fields that a row may correct."""


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Rows of the file by id."""
    draft, _ = read_facts(DATA)
    return {entry.name: entry.record for entry in draft["models"]}


@pytest.fixture(scope="module")
def counts(shared: Path) -> dict[str, dict[str, str]]:
    """Published counts by id."""
    with (shared / "facts" / "parameters.csv").open(encoding="utf-8", newline="") as file:
        return {row["hf_id"]: row for row in csv.DictReader(file)}


def test_parameters_match_the_published_count(models: dict[str, Model], counts: dict[str, dict[str, str]]) -> None:
    """Every model with an exact count has it, to the last parameter; the others say why not."""
    compared = 0
    for name in models.keys() & counts.keys():
        model = models[name]
        if model.parameters_certainty == "exact":
            assert model.parameters == int(counts[name]["total_params"]), name
            compared += 1
        else:
            assert model.parameters_note, name
    assert compared >= 480


def test_leaving_out_fields_changes_nothing(models: dict[str, Model], shared: Path) -> None:
    """A row's architecture describes the same tensors and caches as the whole configuration of its repository."""
    compared, different = 0, []
    for name, model in sorted(models.items()):
        path = shared / "facts" / "configs" / f"{name.replace('/', '__')}.json"
        if not path.exists() or not _is_pruned(model.architecture, json.loads(path.read_text(encoding="utf-8"))):
            continue
        try:
            whole = describe(json.loads(path.read_text(encoding="utf-8")))
        except LlmfitError:
            continue
        own = describe(model.architecture)
        compared += 1
        if (own.tensors, own.caches) != (whole.tensors, whole.caches):
            different.append(name)
    assert different == []
    assert compared >= 450


def _is_pruned(own: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Whether a row only leaves fields out, but for those that it may correct."""
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            if not _is_pruned(value, whole[key]):
                return False
        elif key not in POSITIONS and whole.get(key) != value:
            return False
    return True


def test_shared_tables_are_readable(counts: dict[str, dict[str, str]]) -> None:
    """The comparison is not empty for want of rows."""
    assert len(counts) > 1000
