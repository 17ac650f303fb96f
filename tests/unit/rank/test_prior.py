"""The prior: what size and age alone say."""

from dataclasses import replace
from datetime import date

import pytest

from llmfit.rank.prior import Size, counted_size, prior_terms, rate_by_size_and_age, size_of, small_slope
from support.ranking import built_in, ranked

RANKING = built_in().ranking


def rate(size: Size, released: date) -> float:
    """Return the rating of the product's own prior."""
    return rate_by_size_and_age(RANKING.prior, RANKING.small, RANKING.sparse, size=size, released=released)


def test_the_published_formula_holds_above_the_knee() -> None:
    """1091 + 19 log2(32 B) + 99 x 1 year is what the regression of 101 arena models gives."""
    assert rate(Size(32.0, 0.0), date(2024, 12, 31)) == pytest.approx(1091 + 19 * 5 + 99 * 365 / 365.25)


def test_small_models_fall_faster() -> None:
    """A halving below the knee costs more than one above it."""
    day = date(2025, 6, 1)
    above = rate(Size(32.0, 0.0), day) - rate(Size(16.0, 0.0), day)
    below = rate(Size(4.0, 0.0), day) - rate(Size(2.0, 0.0), day)
    assert above == pytest.approx(19.0)
    assert below == pytest.approx(19.0 + small_slope(RANKING.small, Size(2.0, 0.0), day))


def test_a_year_counts_less_below_the_knee() -> None:
    """Progress reaches small models more slowly, as their scores say."""

    def gain(billions: float) -> float:
        size = Size(billions, 0.0)
        return rate(size, date(2026, 6, 1)) - rate(size, date(2025, 6, 1))

    assert 0 < gain(2.0) < gain(4.0) < gain(8.0)
    assert gain(8.0) == pytest.approx(gain(70.0))


def test_the_slope_of_small_models_is_never_negative() -> None:
    """Long before the pivot the line would turn round; it stops at none."""
    assert small_slope(RANKING.small, Size(1.0, 0.0), date(2019, 1, 1)) == 0.0


def test_what_does_not_write_has_no_yearly_slope() -> None:
    """Embedders were not in the fit of what a year adds."""
    size = Size(0.3, 0.0, writes=False)
    assert small_slope(RANKING.small, size, date(2026, 6, 1)) == RANKING.small.per_doubling


def test_a_mixture_is_worth_less_than_a_dense_model_of_its_size() -> None:
    """And more than nothing but its active parameters."""
    day = date(2025, 6, 1)
    mixture, total, active = Size(32.0, 3.0), Size(32.0, 0.0), Size(4.0, 0.0)
    assert rate(active, day) < rate(mixture, day) < rate(total, day)


def test_a_dense_model_has_no_sparsity() -> None:
    """Nothing is described where no field speaks of experts."""
    size = counted_size({"hidden_size": 8}, 8_000_000_000, kind="instruct")
    assert size == Size(8.0, 0.0)


def test_a_mixture_that_cannot_be_described_counts_as_dense() -> None:
    """An unknown architecture is no reason to guess how many parameters are active."""
    size = counted_size({"model_type": "nobody", "num_experts": 64}, 8_000_000_000, kind="instruct")
    assert size.sparsity == 0.0


def test_embedding_tables_of_layers_do_not_think() -> None:
    """Gemma 3n looks up 262,144 x 256 elements in each layer; they are no part of its size."""
    fields = {"text_config": {"hidden_size_per_layer_input": 256, "vocab_size_per_layer_input": 262144}}
    fields["text_config"]["num_hidden_layers"] = 30
    size = counted_size(fields, 6_000_000_000, kind="instruct")
    assert size.billions == pytest.approx(6.0 - 262144 * 256 * 30 / 1e9)


@pytest.mark.parametrize("billions", [1, 8, 70])
def test_terms_sum_to_the_rating(billions: float) -> None:
    """What `--explain` shows is all there is."""
    model = ranked("a/b", billions)
    size = size_of(model)
    terms = prior_terms(RANKING.prior, RANKING.small, RANKING.sparse, size=size, model=model)
    assert sum(term.points for term in terms) == pytest.approx(rate(size, model.released))


def test_a_mixtures_terms_sum_too() -> None:
    """The term of sparsity is shown where there is one."""
    model = ranked("a/b", 32)
    size = Size(32.0, 2.5)
    terms = prior_terms(RANKING.prior, RANKING.small, RANKING.sparse, size=size, model=model)
    assert [term.label for term in terms] == ["model of 1 B", "size", "age", "mixture"]
    assert sum(term.points for term in terms) == pytest.approx(rate(size, model.released))


def test_only_the_base_release_counts() -> None:
    """Two models of one size and base date have one prior, whatever they are called."""
    model = ranked("a/b")
    other = replace(model, id="c/d", downloads=10**9, likes=0)
    size = size_of(model)
    assert prior_terms(RANKING.prior, RANKING.small, RANKING.sparse, size=size, model=model) == prior_terms(
        RANKING.prior, RANKING.small, RANKING.sparse, size=size, model=other
    )
