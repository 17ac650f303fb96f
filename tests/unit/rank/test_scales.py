"""Scales: a published score as a deviation from the prior."""

from math import exp, log

import pytest

from llmfit.rank.scales import deviation, implied_rating, transform
from llmfit.records.ranking import Scale
from support.ranking import built_in

JUDGEMENT = built_in().ranking.judgement
SCALE = Scale(
    benchmark="board-2024-01-01/all",
    signal="board/all",
    source="board",
    skill="general",
    transform="logit",
    maximum=100.0,
    intercept=-12.0,
    slope=0.01,
    n=30,
    residual_sd=40.0,
    low=1100.0,
    high=1300.0,
)


def test_half_of_the_points_is_even_odds() -> None:
    """Log odds of one half are 0."""
    assert transform("logit", 50.0, maximum=100.0) == pytest.approx(0.0)
    assert transform("logit", 75.0, maximum=100.0) == pytest.approx(log(3))


@pytest.mark.parametrize(("score", "share"), [(0.0, 0.01), (100.0, 0.99), (130.0, 0.99)])
def test_the_ends_of_a_board_say_little(score: float, share: float) -> None:
    """None and all are read as 1 % and 99 %: their log odds would have no end."""
    assert transform("linear", score, maximum=100.0) == share


def test_a_score_as_expected_deviates_by_nothing() -> None:
    """At 1200 the line says 50 %."""
    assert deviation(SCALE, 50.0, expected=1200.0, judgement=JUDGEMENT) == pytest.approx(0.0)


def test_a_better_score_deviates_upwards_in_points() -> None:
    """0.4 in log odds are 40 points at 0.01 a point."""
    better = 100 / (1 + exp(-0.4))
    assert deviation(SCALE, better, expected=1200.0, judgement=JUDGEMENT) == pytest.approx(40.0)


def test_one_score_claims_no_more_than_the_limit() -> None:
    """A perfect score is no proof of wonders: so many spreads of 40 points and no more."""
    assert deviation(SCALE, 100.0, expected=1200.0, judgement=JUDGEMENT) == JUDGEMENT.limit * 40
    assert deviation(SCALE, 0.0, expected=1200.0, judgement=JUDGEMENT) == -JUDGEMENT.limit * 40


@pytest.mark.parametrize("expected", [1059.0, 1341.0])
def test_nothing_is_read_off_beyond_the_regression(expected: float) -> None:
    """An old board says nothing of a model that its own models are far from."""
    assert deviation(SCALE, 50.0, expected=expected, judgement=JUDGEMENT) is None


@pytest.mark.parametrize("expected", [1060.0, 1080.0, 1320.0, 1340.0])
def test_a_little_beyond_the_regression_is_still_read(expected: float) -> None:
    """Forty points on either side, which are about one standard deviation of the prior, the borders among them."""
    found = deviation(SCALE, 50.0, expected=expected, judgement=JUDGEMENT)
    assert JUDGEMENT.saturation_points == 40
    assert found == pytest.approx(max(-100.0, min(100.0, 1200.0 - expected)))


def test_the_implied_rating_stays_inside_the_regression() -> None:
    """95 % would mean 1494; the board knows no model above 1300."""
    assert implied_rating(SCALE, 95.0) == 1300.0
    assert implied_rating(SCALE, 1.0) == 1100.0
    assert implied_rating(SCALE, 50.0) == pytest.approx(1200.0)
