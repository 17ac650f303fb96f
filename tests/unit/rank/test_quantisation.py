"""What formats cost in quality."""

from dataclasses import replace

import pytest

from llmfit.rank.quantisation import loss_points, quantised, retention, retention_of
from llmfit.records.recommendation import Quality, RatingTerm
from support.ranking import built_in

CATALOG = built_in()
RANKING = CATALOG.ranking
ROWS = {row.format: row for row in RANKING.retentions}
CHAT = (CATALOG.tasks["chat"],)


def loss(name: str, billions: float, task: str = "chat") -> float:
    """Return the product's own loss."""
    return loss_points(
        CATALOG.formats[name],
        parameters=int(billions * 1e9),
        tasks=(CATALOG.tasks[task],),
        ranking=RANKING,
        formats=CATALOG.formats,
    )


@pytest.mark.parametrize(
    ("billions", "tier"), [(0.5, "tiny"), (1.5, "tiny"), (3.5, "small"), (10, "medium"), (70, "large")]
)
def test_measured_sizes_keep_what_was_measured(billions: float, tier: str) -> None:
    """At the middle of a tier, and beyond the ends, the measured share holds."""
    assert retention(ROWS["Q4_K_M"], parameters=int(billions * 1e9)) == pytest.approx(getattr(ROWS["Q4_K_M"], tier))


def test_sizes_between_lie_between() -> None:
    """5 B stands between the tiers of 3.5 and 10 B."""
    row = ROWS["Q3_K_M"]
    assert row.small < retention(row, parameters=5_000_000_000) < row.medium


def test_fewer_bits_lose_more() -> None:
    """The ladder goes down in quality."""
    losses = [loss(name, 8) for name in ("f16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q3_K_M", "IQ2_M")]
    assert losses == sorted(losses)
    assert losses[0] == 0


def test_small_models_lose_more() -> None:
    """Four bits cost a 1 B model several times what they cost a 70 B one."""
    assert loss("Q4_K_M", 1) > 3 * loss("Q4_K_M", 70)


@pytest.mark.parametrize("task", ["math", "function-calling", "korean"])
def test_sensitive_tasks_lose_more(task: str) -> None:
    """Tools, mathematics and small languages suffer first."""
    assert loss("Q4_K_M", 8, task) == pytest.approx(RANKING.sensitivity[task] * loss("Q4_K_M", 8))


def test_twice_the_size_in_four_bits_beats_the_half_in_eight() -> None:
    """The rule of the field follows from the figures: a doubling gains more than four bits cost."""
    prior = RANKING.prior.per_doubling
    assert prior > loss("Q4_K_M", 8) - loss("Q8_0", 4)
    assert prior > loss("Q4_K_M", 32) - loss("Q6_K", 16)


def test_two_bits_cost_a_small_model_more_than_half_its_size() -> None:
    """Below three bits a smaller model is the better choice."""
    assert loss("Q2_K", 8) - loss("Q4_K_M", 4) > RANKING.prior.per_doubling


def test_an_unmeasured_format_is_read_as_the_next_smaller_measured_one() -> None:
    """Q5_0 has fewer bits than Q5_K_M, more than Q4_K_M."""
    row = retention_of(CATALOG.formats["Q5_0"], ranking=RANKING, formats=CATALOG.formats)
    bits = CATALOG.formats[row.format].nominal_bits
    assert row.format != "Q5_0"
    assert 4.0 <= bits <= CATALOG.formats["Q5_0"].nominal_bits


def test_below_every_measured_format_the_worst_is_taken() -> None:
    """One bit is not better than anybody measured."""
    tiny = replace(CATALOG.formats["IQ1_S"], id="one-bit", nominal_bits=1.0)
    row = retention_of(tiny, ranking=RANKING, formats=CATALOG.formats)
    assert row.large == min(r.large for r in RANKING.retentions)


def test_the_loss_is_a_term_of_the_rating() -> None:
    """Terms still sum."""
    quality = Quality(
        rating=1200.0, standard_error=30.0, badge="estimated", terms=(RatingTerm(label="x", points=1200.0),)
    )
    made = quantised(quality, CATALOG.formats["Q4_K_M"], loss=5.0)
    assert made.rating == 1195.0
    assert sum(term.points for term in made.terms) == made.rating
    assert quantised(quality, CATALOG.formats["f16"], loss=0.0) is quality
