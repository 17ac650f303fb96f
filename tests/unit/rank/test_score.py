"""The score's parts."""

from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.rank.score import adoption_part, context_part, quality_part, speed_part, useful_speed, weights_of
from llmfit.records.recommendation import Quality
from llmfit.records.speed import Speed
from support.ranking import built_in, card, ranked

CATALOG = built_in()
RANKING = CATALOG.ranking
CHAT = (CATALOG.tasks["chat"],)


def weights(*, bandwidth: float | None = 400.0, tasks: Any = CHAT, **asked: float) -> dict[str, float]:
    """Return the weights on a card."""
    return weights_of(RANKING, asked=asked, tasks=tasks, device=card(8, bandwidth=bandwidth))


def quality(rating: float) -> Quality:
    """Return a quality of this rating."""
    return Quality(rating=rating, standard_error=30.0, badge="estimated", terms=())


def speed(typical: float) -> Speed:
    """Return a speed."""
    return Speed(low=typical / 2, typical=typical, high=typical * 2, basis="")


def test_quality_weighs_about_three_quarters() -> None:
    """And all weights sum to 1."""
    found = weights()
    assert 0.7 <= found["quality"] <= 0.8
    assert sum(found.values()) == pytest.approx(1.0)


def test_no_part_rewards_an_empty_card() -> None:
    """There is none for free memory."""
    assert set(RANKING.weights) == {"quality", "speed", "context", "adoption"}


def test_without_bandwidth_speed_does_not_count() -> None:
    """Its weight goes to the others in proportion."""
    found = weights(bandwidth=None)
    assert "speed" not in found
    assert sum(found.values()) == pytest.approx(1.0)


def test_embedding_has_no_decoding_speed() -> None:
    """Nothing is decoded."""
    assert "speed" not in weights(tasks=(CATALOG.tasks["embed"],))


def test_a_users_weight_replaces_the_files() -> None:
    """And the sum is made 1 again."""
    found = weights(speed=0.0)
    assert found["speed"] == 0.0
    assert sum(found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("asked", [{"beauty": 1.0}, {"speed": -1.0}, {"speed": float("nan")}, {"speed": float("inf")}])
def test_a_weight_without_meaning_is_an_error(asked: dict[str, float]) -> None:
    """Unknown parts, negative figures, no numbers."""
    with pytest.raises(UsageError):
        weights(**asked)


def test_all_weights_nought_is_an_error() -> None:
    """Nothing would be scored."""
    with pytest.raises(UsageError):
        weights(quality=0, speed=0, context=0, adoption=0)


def test_quality_runs_from_floor_to_ceiling() -> None:
    """And stops there."""
    middle = (RANKING.rating_floor + RANKING.rating_ceiling) / 2
    values = [quality_part(quality(r), ranking=RANKING, weight=0.75).value for r in (0, middle, 9999)]
    assert values == [0.0, pytest.approx(0.5), 1.0]


def test_points_are_value_times_weight() -> None:
    """Of 100."""
    part = quality_part(quality(RANKING.rating_ceiling), ranking=RANKING, weight=0.75)
    assert part.points == pytest.approx(75.0)


def test_speed_saturates_at_what_the_task_can_use() -> None:
    """Twice as fast as one can read is no better."""
    values = [speed_part(speed(t), useful=20.0, weight=0.1).value for t in (2.0, 10.0, 20.0, 200.0)]
    assert values == sorted(values)
    assert values[2] == values[3] == 1.0
    assert values[0] < values[1] < 1.0


def test_an_unknown_speed_is_neither_praise_nor_blame() -> None:
    """Half of the part."""
    assert speed_part(None, useful=20.0, weight=0.1).value == 0.5


def test_the_most_demanding_task_sets_the_speed() -> None:
    """Code needs more than chat."""
    both = (CATALOG.tasks["chat"], CATALOG.tasks["code"])
    assert useful_speed(both) == CATALOG.tasks["code"].useful_tokens_per_second
    assert useful_speed((CATALOG.tasks["embed"],)) is None


def test_context_saturates_at_comfort() -> None:
    """Beyond a multiple of what was asked nothing is gained."""
    values = [context_part(room, asked=1000, ranking=RANKING, weight=0.1).value for room in (1000, 2000, 100000)]
    assert values == [0.5, 1.0, 1.0]


def test_adoption_is_a_log_scale_and_unknown_is_half() -> None:
    """Few, many, unknown."""
    found = [
        adoption_part(ranked("a/b", likes=likes), ranking=RANKING, weight=0.1).value for likes in (0, 300, 10**6, None)
    ]
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.5)
    assert found[2] == 1.0
    assert found[3] == 0.5
