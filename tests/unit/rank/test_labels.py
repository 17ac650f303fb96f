"""Labels and the Pareto flag."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.rank import recommend
from llmfit.rank.labels import label
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendation
from support.ranking import card, ranked, world


def picks() -> tuple[Recommendation, ...]:
    """Return three picks of different size and licence."""
    facts = world(ranked("a/8", 8, license="llama3.1"), ranked("b/14", 14), ranked("c/32", 32, license="gemma"))
    return recommend(Question(), facts, device=card(48, bandwidth=900)).picks


def labelled(*found: Recommendation) -> dict[str, tuple[str, ...]]:
    """Return the labels by model."""
    return {pick.model.id: pick.labels for pick in label(found)}


def test_nobody_gets_no_label() -> None:
    """Nothing in, nothing out."""
    assert label(()) == ()


def test_one_pick_has_every_label() -> None:
    """Alone it is best at everything."""
    (only,) = label(picks()[:1])
    assert set(only.labels) == {"best quality", "balanced", "fastest", "lightest", "most open"}
    assert only.pareto


def test_labels_go_to_whom_they_belong() -> None:
    """Most open is the permissive licence, lightest the fewest bytes, best quality the highest rating."""
    found = labelled(*picks())
    assert "most open" in found["b/14"]
    assert "lightest" in found["a/8"]
    assert "fastest" in found["a/8"]
    assert "best quality" in found["c/32"]


@pytest.mark.parametrize(
    ("open_", "closed"),
    [
        ({"commercial": "yes", "conditions": ("a", "b")}, {"commercial": "conditional"}),
        ({"commercial": "conditional", "conditions": ("a", "b")}, {"commercial": "unknown"}),
        ({"commercial": "unknown", "conditions": ("a", "b")}, {"commercial": "no"}),
        ({"commercial": "yes", "conditions": ("a",)}, {"commercial": "yes", "conditions": ("a", "b")}),
        ({"permissive": True, "commercial": "yes", "conditions": ("a", "b")}, {"commercial": "yes"}),
    ],
)
def test_openness_is_permission_then_use_then_conditions(open_: dict[str, Any], closed: dict[str, Any]) -> None:
    """However the two stand; a permissive licence's notices are no conditions."""
    first, second, _ = picks()
    bare = replace(first.license, permissive=False, commercial="yes", conditions=())
    for one, other in ((open_, closed), (closed, open_)):
        pair = (
            replace(first, rank=1, license=replace(bare, **one)),
            replace(second, rank=2, license=replace(bare, **other)),
        )
        found = labelled(*pair)
        assert ("most open" in found[first.model.id]) is (one is open_)


def test_of_equals_the_better_ranked_has_the_label() -> None:
    """Every label goes to one pick."""
    best = picks()[0]
    twins = label((replace(best, rank=2), replace(best, rank=1), replace(best, rank=3)))
    labels = {pick.rank: set(pick.labels) for pick in twins}
    assert labels[1] == {"best quality", "fastest", "lightest", "most open"}
    assert labels[2] == {"balanced"}
    assert labels[3] == set()


def test_without_speed_the_active_parameters_speak() -> None:
    """Where nothing is known of speed, the smaller model is the quicker: neither beats the other."""
    small, large = (replace(pick, speed=None, max_context=None) for pick in sorted(picks(), key=lambda p: p.rank)[:2])
    better = max(small, large, key=lambda pick: pick.active_parameters)
    lesser = min(small, large, key=lambda pick: pick.active_parameters)
    pair = (replace(better, quality=replace(better.quality, rating=1500.0)), lesser)
    assert [pick.pareto for pick in label(pair)] == [True, True]


def test_a_pick_that_another_beats_in_everything_is_not_pareto() -> None:
    """Worse, slower and shorter is never a good trade."""
    best = picks()[0]
    assert best.speed is not None
    worse = replace(
        best,
        rank=2,
        quality=replace(best.quality, rating=best.quality.rating - 10),
        speed=replace(best.speed, typical=best.speed.typical / 2),
        max_context=(best.max_context or 0) // 2,
    )
    assert [pick.pareto for pick in label((best, worse))] == [True, False]


def test_equals_are_both_pareto() -> None:
    """Neither beats the other."""
    best = picks()[0]
    assert [pick.pareto for pick in label((best, replace(best, rank=2)))] == [True, True]
