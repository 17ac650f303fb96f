"""Sentences for and against a pick."""

from datetime import date
from typing import Any

import pytest

from llmfit.rank import recommend
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendation
from support.models import a_license
from support.ranking import World, a_score, built_in, card, ranked, world


def pick(facts: World, gb: float = 12, **asked: object) -> Recommendation:
    """Return the first pick."""
    return recommend(Question(**asked), facts, device=card(gb)).picks[0]  # type: ignore[arg-type]  # a table of options


def test_the_choice_of_bits_is_explained() -> None:
    """Where more bits do not fit, and where none are offered."""
    squeezed = pick(world(ranked("a/8")), 8)
    free = pick(world(ranked("a/8")), 24)
    assert any("is too large" in reason for reason in squeezed.reasons)
    assert any("largest format offered" in reason for reason in free.reasons)


def test_evidence_is_named_with_its_date() -> None:
    """The heaviest score, and in which direction it moved the rating."""
    facts = world(ranked("a/8", released=date(2024, 4, 18)), scores=(a_score("a/8", 60.0),))
    assert any("above" in r and "2024-06-24" in r for r in pick(facts).reasons)
    facts = world(ranked("a/8", released=date(2024, 4, 18)), scores=(a_score("a/8", 8.0),))
    assert any("below" in r for r in pick(facts).reasons)


def test_a_model_that_nobody_measured_says_so() -> None:
    """Estimated, in words."""
    assert "size and age alone" in pick(world(ranked("a/8"))).reasons[0]


def test_what_a_rating_rests_on_is_said() -> None:
    """Its own scores, those of neighbouring tasks, its base's, its relatives'."""
    day = date(2024, 4, 18)
    base = ranked("a/8", released=day)
    scores = (a_score("a/8", 50.0),)
    tuned = ranked("b/tuned", base_model="a/8", base_relation="finetune", released=day)
    sibling = ranked("a/9", family="Family a/8", released=day)
    measured = world(base, scores=scores)
    assert "measured on benchmarks for this" in pick(measured).reasons[0]
    assert "measured on benchmarks of neighbouring tasks" in pick(measured, tasks=("summarize",)).reasons[0]
    inherited = pick(world(base, tuned, scores=scores), publishers=("b",))
    assert "benchmarks of a/8; none of its own" in inherited.reasons[0]
    near = recommend(Question(all_variants=True), world(base, sibling, scores=scores), device=card(12)).picks
    other = next(found for found in near if found.model.id == "a/9")
    assert "by what its relatives measured: no benchmark of it is known" in other.reasons[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gated": True}, "consent"),
        ({"context_length": 4096, "context_extended": 32768}, "RoPE"),
        ({"data_caveats": ("made with answers of a closed model",)}, "closed model"),
    ],
)
def test_what_to_beware_of_is_said(changes: dict[str, Any], words: str) -> None:
    """Consent, extension, data."""
    assert any(words in warning for warning in pick(world(ranked("a/8", **changes))).warnings)


@pytest.mark.parametrize(
    ("commercial", "words"),
    [("no", "not for commercial use"), ("unknown", "licence unclear"), ("conditional", "Show it.")],
)
def test_licences_that_bind_are_told(commercial: str, words: str) -> None:
    """Forbidden, unclear, conditional."""
    row = a_license("x", commercial=commercial, permissive=False, conditions=("Show it.",), regions_excluded=("kr",))
    found = pick(world(ranked("a/8", license="x"), licenses={"x": row})).warnings
    assert any(words in warning for warning in found)
    assert any("KR" in warning for warning in found)


def test_low_bits_are_warned_of() -> None:
    """Below four bits per weight."""
    found = pick(world(ranked("a/32", 32)), 20)
    assert any("below the four bits" in warning for warning in found.warnings)


def test_a_tasks_note_goes_with_the_pick() -> None:
    """No model replaces a physician."""
    note = built_in().tasks["medical"].note
    assert note in pick(world(ranked("a/8")), tasks=("medical",)).warnings


def test_an_image_part_that_is_not_counted_is_said() -> None:
    """A model that sees by its tasks alone; for a task without images it does not matter."""
    facts = world(ranked("a/8", tasks=("chat", "vision")))
    said = [text for text in pick(facts, tasks=("vision",)).warnings if "image part" in text]
    assert said == ["its image part is not described here: what its vision tower and an image take is not counted"]
    assert not any("image part" in text for text in pick(facts, tasks=("chat",)).warnings)
