"""Which machine a load needs, and what it costs."""

from datetime import date

from llmfit.answers.checking.prices import is_fresh
from llmfit.answers.planning import plan_machines
from llmfit.answers.words import device_of
from llmfit.solve.judge import judge
from support.planning import TODAY, catalog, wanted

LATER = date(2028, 1, 1)


def test_the_smallest_machine_runs_it_and_no_smaller_one_does() -> None:
    """Of all cards of the vendor, none with less memory than the first choice runs the load."""
    asked = wanted()
    found = plan_machines(asked, catalog(), today=TODAY).smallest
    sizes = [choice.device.usable_bytes for choice in found]
    assert sizes == sorted(sizes)
    for row in catalog().gpus.values():
        if row.vendor == "nvidia" and (row.released or 0) >= 2018:
            device = device_of(catalog(), gpu=[row.id])
            if device.usable_bytes < sizes[0]:
                assert not judge(asked.architecture, asked.workloads[0], device=device).runs, row.id


def test_the_cheapest_machine_has_a_fresh_price() -> None:
    """Prices rise over the choices, none is out of date, each names its day."""
    found = plan_machines(wanted(), catalog(), today=TODAY).cheapest
    rows = [choice.instance for choice in found]
    assert len(rows) == 3
    assert all(row is not None and is_fresh(row, today=TODAY) for row in rows)
    prices = [row.price_usd_per_hour or 0.0 for row in rows if row is not None]
    assert prices == sorted(prices)


def test_stale_prices_are_refused_unless_asked_for() -> None:
    """A year later no price counts, and the answer says so; asked for, they count."""
    late = plan_machines(wanted(), catalog(), today=LATER)
    assert late.cheapest == ()
    assert "--stale-prices" in late.prices_note
    assert all(choice.instance is None for choice in late.smallest)
    assert len(plan_machines(wanted(), catalog(), today=LATER, stale=True).cheapest) == 3


def test_several_gpus_are_taken_where_one_is_too_small() -> None:
    """A model that no single card holds gets machines with several, in a shape that the engine accepts."""
    found = plan_machines(wanted("deepseek-ai/DeepSeek-V3", context=8192, sequences=1), catalog(), today=TODAY)
    counts = {len(choice.device.gpus) for choice in found.smallest}
    assert counts <= {2, 4, 8}
    assert len(counts) == 1
    for choice in found.smallest:
        assert choice.tensor_parallel * choice.pipeline_parallel == len(choice.device.gpus)
