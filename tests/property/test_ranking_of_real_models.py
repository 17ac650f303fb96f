"""Laws of the ranking over the built-in catalog: what may change nothing there."""

import random
from dataclasses import replace
from typing import Any

import pytest

from llmfit.rank import recommend
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import World, built_in, card

ASKED = [
    pytest.param({"tasks": ("chat",)}, 8, id="chat on 8 GB"),
    pytest.param({"tasks": ("code",), "licenses": ("commercial",)}, 24, id="commercial code on 24 GB"),
    pytest.param({"tasks": ("chat",), "languages": ("ko",), "sequences": 4}, 16, id="Korean for four on 16 GB"),
    pytest.param({"tasks": ("embed",)}, 6, id="embeddings on 6 GB"),
]


def facts(**changes: Any) -> World:
    """Return the built-in facts, changed as asked."""
    return World(**{"models": built_in().models, "scores": built_in().scores, **changes})


def ask(asked: dict[str, Any], gb: float, of: World) -> Recommendations:
    """Return the whole answer: every pick, every rejection."""
    return recommend(Question(**asked, top=None), of, device=card(gb, bandwidth=400.0, ram=64))


def told(answer: Recommendations) -> list[tuple[str, str, float]]:
    """Return what a reader sees of the picks, in their order."""
    return [(pick.model.id, pick.workload.format.id, pick.score) for pick in (*answer.picks, *answer.offload)]


@pytest.mark.parametrize(("asked", "gb"), ASKED)
def test_the_order_of_the_catalog_changes_nothing(asked: dict[str, Any], gb: float) -> None:
    """Law: recommend(shuffled facts) = recommend(facts), to the last rejection."""
    dice = random.Random(gb)  # noqa: S311 - the same shuffle in every run
    models, scores = list(built_in().models.values()), list(built_in().scores)
    formats = list(built_in().formats.values())
    for rows in (models, scores, formats):
        dice.shuffle(rows)
    mixed = facts(
        models={model.id: model for model in models},
        scores=tuple(scores),
        formats={one.id: built_in().formats[one.id] for one in formats},
        licenses=dict(reversed(list(built_in().licenses.items()))),
        engines=dict(reversed(list(built_in().engines.items()))),
    )
    first, second = ask(asked, gb, facts()), ask(asked, gb, mixed)
    assert len(first.picks) >= 3
    assert told(first) == told(second)
    assert first.rejections == second.rejections


@pytest.mark.parametrize(("asked", "gb"), ASKED)
def test_renaming_the_repositories_changes_nothing(asked: dict[str, Any], gb: float) -> None:
    """Law: no name carries a score; ids decide between equals alone, so their order is kept."""
    plain = facts()
    names = {old: f"r/{place:04d}" for place, old in enumerate(sorted(plain.models))}
    models = {
        names[model.id]: replace(model, id=names[model.id], base_model=names.get(model.base_model or ""))
        for model in plain.models.values()
    }
    scores = tuple(replace(row, model=names[row.model]) for row in plain.scores if row.model in names)
    renamed = ask(asked, gb, facts(models=models, scores=scores))
    expected = [(names[name], form, score) for name, form, score in told(ask(asked, gb, plain))]
    assert told(renamed) == expected
