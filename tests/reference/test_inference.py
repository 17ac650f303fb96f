"""The world: published measurements of running models against the estimates, by source.

The limits and the reasons for them stand in `support.bars`, and in the table of docs/concepts/how-it-estimates.md.
"""

from typing import Any

import pytest

from llmfit.catalog import load_catalog
from support.bars import ALLOCATED, BARS, UNEXPLAINED, broken, unexplained
from support.measured import compare_all, load_reference, summarise

NAMED = ("Qwen3 page", "Qwen2.5 page", "optimum-benchmark forward", "AutoAWQ fused", "litgpt")
"""The sources that the bar of transformers is set for; the others are of releases before 4.45 or of a driver alone."""


def test_every_source_has_a_limit() -> None:
    """A new source cannot join the reference set without one, and no limit outlives its source."""
    assert {row.group for row in compare_all()} == set(BARS)


@pytest.mark.parametrize("group", BARS)
def test_errors_stay_within_the_limit_of_their_source(group: str) -> None:
    """All rows but those that are listed, with what is known of the reason, as beyond it."""
    rows = (row for row in compare_all() if row.group == group and not unexplained(row))
    assert broken(BARS[group], rows) == []


@pytest.mark.parametrize(("group", "model"), UNEXPLAINED)
def test_what_is_listed_as_beyond_its_limit_still_is(group: str, model: str) -> None:
    """A row that came within its limit leaves the list; one that is not measured was never on it."""
    rows = [row for row in compare_all() if (row.group, row.model) == (group, model)]
    assert broken(BARS[group], rows)


def test_transformers_stays_within_its_bar_over_the_sources_that_the_bar_names() -> None:
    """Median 2 %, 95th percentile 5 %, with every row of theirs, listed or not."""
    assert broken(ALLOCATED, (row for row in compare_all() if row.group in NAMED)) == []


def test_transformers_stays_within_2_percent_in_the_median_of_all_its_sources() -> None:
    """The 95th percentile of all is beyond the bar; the page says by how much."""
    _, middle, _, _ = summarise(row.error for row in compare_all() if row.engine == "transformers")
    assert middle <= 0.02


def test_no_load_is_wrongly_said_to_fit() -> None:
    """None that took more than 90 % of its card is called a fit."""
    assert not [row for row in compare_all() if row.fits_wrongly]


def test_every_measured_model_is_described() -> None:
    """A reference row whose architecture is unknown would silently leave the account."""
    from support.measured import load_architectures

    reasons = {name: found for name, found in load_architectures().items() if isinstance(found, str)}
    assert not reasons


@pytest.mark.parametrize("row", load_reference("overhead"), ids=lambda row: f"{row['constant']}-{row['card']}")
def test_overhead_lies_in_its_stated_range(row: dict[str, Any]) -> None:
    """Every figure that was read is between `low` and `high` of its constant."""
    constant = load_catalog(user_file=None).engine(row["engine"]).constant(row["constant"], row["platform"])
    assert constant.low <= row["measured_bytes"] <= constant.high
