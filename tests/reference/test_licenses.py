"""Effective licences of real lineages, against a judgement by hand."""

from pathlib import Path
from typing import Any

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.yaml_text import load_yaml
from llmfit.licensing import allows, effective_license

CASES: list[dict[str, Any]] = load_yaml(Path(__file__).parents[2] / "data/reference/licenses.yaml").data["cases"]
CATALOG = load_catalog(user_file=None)


def test_there_are_at_least_forty_lineages() -> None:
    """The set covers first-wave models, relicensed ones, distillates and regions."""
    assert len({case["model"] for case in CASES}) >= 40


@pytest.mark.parametrize("case", CASES, ids=[case["model"] for case in CASES])
def test_the_effective_licence_is_the_judged_one(case: dict[str, Any]) -> None:
    """Licence, commercial use, permissiveness and regions follow from the whole lineage."""
    model = CATALOG.models[case["model"]]
    effective = effective_license(model, models=CATALOG.models, licenses=CATALOG.licenses)
    judged = (case["effective"], case["commercial"], case["permissive"])
    assert (effective.effective_id, effective.commercial, effective.permissive) == judged
    assert allows(effective, commercial=True)[0] is (case["commercial"] in {"yes", "conditional"})
    assert [region for region in case.get("refused", ()) if allows(effective, region=region)[0]] == []
    assert [region for region in case.get("granted", ()) if not allows(effective, region=region)[0]] == []
