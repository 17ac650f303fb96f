"""What a machine costs by the hour, and for how long a price counts."""

from dataclasses import replace
from datetime import date

from llmfit.answers.checking.prices import FRESH_DAYS, cheapest_price, is_fresh
from llmfit.answers.words import device_of
from support.planning import TODAY, catalog

LATER = date(2028, 1, 1)


def test_a_price_is_of_exactly_these_gpus() -> None:
    """One L4 is not priced as four; mixed cards and cards that nobody rents have no price, with the reason."""
    one = cheapest_price(device_of(catalog(), gpu=["L4"]), catalog(), today=TODAY).instance
    assert one is not None
    assert one.gpu_count == 1
    for gpu, word in (("RTX 4090", "no price is known"), ("L4", "days ago")):
        found = cheapest_price(device_of(catalog(), gpu=[gpu]), catalog(), today=LATER)
        assert found.instance is None
        assert word in found.reason
    mixed = cheapest_price(device_of(catalog(), gpu=["L4", "L40S"]), catalog(), today=TODAY)
    assert "several kinds" in mixed.reason


def test_a_price_is_fresh_for_half_a_year() -> None:
    """The last day counts, the next does not; without a day or a price nothing does."""
    row = next(row for row in catalog().clouds.values() if row.price_date == "2026-07-20" and row.price_usd_per_hour)
    day = date.fromordinal(date(2026, 7, 20).toordinal() + FRESH_DAYS)
    assert is_fresh(row, today=day)
    assert not is_fresh(row, today=date.fromordinal(day.toordinal() + 1))
    assert not is_fresh(replace(row, price_date=None), today=day)
    assert not is_fresh(replace(row, price_usd_per_hour=None), today=day)
