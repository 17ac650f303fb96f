"""Relatives: what the other models of a series let expect of one."""

from dataclasses import replace
from datetime import date
from math import exp

import pytest

from llmfit.rank.relatives import Relatives, Seen
from llmfit.records.ranking import Shrinkage
from support.ranking import built_in, ranked

SHRINKAGE: Shrinkage = replace(
    built_in().ranking.shrinkage, shared=1000.0, series_share=0.6, series_years=0.5, series_mean=0.0
)


def seen(name: str, points: float, *, family: str = "F", day: date = date(2025, 6, 1), variance: float = 500.0) -> Seen:
    """Return a measured model."""
    return Seen(ranked(name, 8, family=family, released=day), points, variance)


def test_one_relative_lends_its_share() -> None:
    """By hand: 600 in common, 600 + 400 + 500 of variance seen, so 0.4 of 50 points."""
    one = seen("a/one", 50.0)
    points, variance = Relatives([one], shrinkage=SHRINKAGE, mean=0.0).expect(ranked("a/two", 8, family="F"), own=None)
    assert points == pytest.approx(0.4 * 50)
    assert variance == pytest.approx(1000 - 600 * 600 / 1500)


def test_a_relative_of_another_time_lends_less() -> None:
    """Half a year before, at half a year of decay: 1/e of what is in common."""
    one = seen("a/one", 50.0, family="E", day=date(2024, 12, 1))
    points, _ = Relatives([one], shrinkage=SHRINKAGE, mean=0.0).expect(ranked("a/two", 8, family="F"), own=None)
    years = (date(2025, 6, 1) - date(2024, 12, 1)).days / 365.25
    assert points == pytest.approx(600 * exp(-years / 0.5) / 1500 * 50)


def test_the_nearest_in_time_counts_most() -> None:
    """A good generation after a bad one lifts what comes next."""
    old, new = seen("a/old", -60.0, family="E", day=date(2023, 6, 1)), seen("a/new", 60.0)
    points, _ = Relatives([old, new], shrinkage=SHRINKAGE, mean=0.0).expect(ranked("a/two", 8, family="G"), own=None)
    assert points > 0.3 * 60


def test_a_model_does_not_lend_to_itself() -> None:
    """Alone, it is expected to be as any; among others, as if it had not been measured."""
    own, other = seen("a/own", 80.0), seen("a/other", 20.0)
    alone = Relatives([own], shrinkage=SHRINKAGE, mean=0.0).expect(own.model, own=own)
    assert alone == pytest.approx((0.0, 1000.0))
    both = Relatives([own, other], shrinkage=SHRINKAGE, mean=0.0).expect(own.model, own=own)
    without = Relatives([other], shrinkage=SHRINKAGE, mean=0.0).expect(own.model, own=None)
    assert both == pytest.approx(without)


def test_leaving_out_equals_fitting_without() -> None:
    """Across several families, with its family left or gone."""
    rows = [
        seen("a/1", 10.0, family="A", day=date(2024, 1, 1)),
        seen("a/2", -20.0, family="B", day=date(2024, 8, 1), variance=900.0),
        seen("a/3", 45.0, family="C", variance=200.0),
        seen("a/4", 5.0, family="C"),
    ]
    for own in rows:
        left = [row for row in rows if row is not own]
        expected = Relatives(left, shrinkage=SHRINKAGE, mean=0.0).expect(own.model, own=None)
        # The date of a family is the mean of its measured models': here all of one day.
        assert Relatives(rows, shrinkage=SHRINKAGE, mean=0.0).expect(own.model, own=own) == pytest.approx(expected)


def test_more_relatives_make_surer() -> None:
    """Each one more leaves less variance, never less than what a model has for itself."""
    rows = [seen(f"a/{n}", 30.0) for n in range(6)]
    variances = [
        Relatives(rows[:n], shrinkage=SHRINKAGE, mean=0.0).expect(ranked("a/x", 8, family="F"), own=None)[1]
        for n in range(1, 7)
    ]
    assert variances == sorted(variances, reverse=True)
    assert variances[-1] > 0.4 * 1000


def test_the_order_of_the_facts_changes_nothing() -> None:
    """The same models in any order give the same figures, to the last bit."""
    rows = [seen(f"a/{n}", 7.0 * n, family=f"F{n % 3}", day=date(2024, 1 + n, 1)) for n in range(6)]
    model = ranked("a/x", 8, family="F1")
    there, back = (
        Relatives(some, shrinkage=SHRINKAGE, mean=0.0).expect(model, own=None) for some in (rows, rows[::-1])
    )
    assert there == back


def test_a_series_is_expected_to_be_average_until_it_was_measured() -> None:
    """The average series stands 10 points low; what was seen moves away from there by its share."""
    one, model = seen("a/one", 50.0), ranked("a/two", 8, family="F")
    assert Relatives([one], shrinkage=SHRINKAGE, mean=-10.0).expect(model, own=None)[0] == pytest.approx(-10 + 0.4 * 60)
    assert Relatives([one], shrinkage=SHRINKAGE, mean=-10.0).expect(one.model, own=one)[0] == pytest.approx(-10.0)
