"""Labels and the Pareto flag."""

from dataclasses import replace

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
