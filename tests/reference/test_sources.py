"""Published configurations, read as files, against published counts."""

import csv
import json
from pathlib import Path

import pytest

from llmfit.catalog import load_catalog
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.sources.local import read_local
from llmfit.sources.resolve import model_of

pytestmark = pytest.mark.shared

WIDTHS_CONTRADICT = {"baichuan-inc/Baichuan-7B"}
"""Its config states Baichuan 2's 125,696 words, its count those of the first Baichuan."""


def test_published_configurations_are_counted_or_refused(shared: Path) -> None:
    """Every config.json is read as a file: 95 % of the sure counts come out to the last parameter.

    The others are refused, or differ by at most a thousandth; a refusal says which setting is not known.
    """
    catalog = load_catalog(user_file=None)
    with (shared / "facts" / "parameters.csv").open(encoding="utf-8") as file:
        counts = {row["hf_id"]: int(row["total_params"]) for row in csv.DictReader(file) if row["total_params"]}
    with (shared / "facts" / "configs_index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["count_check"] == "exact"]
    found: dict[str, list[str]] = {"exact": [], "close": [], "refused": [], "wrong": []}
    for row in rows:
        if row["hf_id"] not in counts or row["hf_id"] in WIDTHS_CONTRADICT:
            continue
        wanted = counts[row["hf_id"]]
        try:
            counted = read_local(catalog, str(shared / "facts" / row["file"]), find=model_of).parameters
        except (UnsupportedArchitectureError, InvalidConfigError):
            found["refused"].append(row["hf_id"])
            continue
        kind = "exact" if counted == wanted else "close" if abs(counted - wanted) <= wanted / 1000 else "wrong"
        found[kind].append(row["hf_id"])
    tried = sum(map(len, found.values()))
    assert tried > 800
    assert found["wrong"] == []
    assert len(found["exact"]) >= 0.95 * tried, json.dumps({k: v[:20] for k, v in found.items() if k != "exact"})
