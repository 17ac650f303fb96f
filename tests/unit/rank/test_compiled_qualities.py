"""Qualities that were worked out when the catalog was compiled change no answer."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from llmfit.answers.words import device_of
from llmfit.catalog.load import Catalog, load_catalog
from llmfit.rank import recommend
from llmfit.rank.quality import Rater
from llmfit.records.question import Question
from llmfit.records.recommendation import Rated, Recommendations
from llmfit.records.training import Training


class Uncompiled(Catalog):
    """The built-in facts, of which nothing was worked out before."""

    def qualities_of(self, task: str) -> Mapping[str, Rated]:
        """Return none."""
        del task
        return {}


@cache
def compiled() -> Catalog:
    """Return the built-in catalog."""
    return load_catalog(user_file=None)


@cache
def uncompiled() -> Catalog:
    """Return the same without what was worked out."""
    return Uncompiled()


def answers(question: Question) -> tuple[Recommendations, Recommendations]:
    """Return the answer for a card of 16 GB with and without compiled qualities."""
    device = device_of(compiled(), vram="16")
    return recommend(question, compiled(), device=device), recommend(question, uncompiled(), device=device)


@pytest.mark.parametrize("task", ["chat", "code", "embed", "vision", "rag"])
def test_an_answer_is_the_same_without_them(task: str) -> None:
    """Picks, parts of scores, terms, evidence and every rejection."""
    with_them, without = answers(Question(tasks=(task,), top=8))
    assert with_them == without
    assert with_them.picks


def test_a_pick_has_the_terms_of_its_quality() -> None:
    """What was compiled has none; a pick's sum to its rating."""
    picks = answers(Question(tasks=("chat",), top=3))[0].picks
    for pick in picks:
        assert sum(term.points for term in pick.quality.terms) == pytest.approx(pick.quality.rating)


@pytest.mark.parametrize("task", ["chat", "code", "korean", "rerank"])
def test_they_are_what_would_be_worked_out(task: str) -> None:
    """For every model that the task takes, to the last digit."""
    rater = Rater(uncompiled(), tasks=(uncompiled().tasks[task],))
    found = compiled().qualities_of(task)
    assert found
    for name, rated in found.items():
        quality = rater.rate(compiled().models[name])
        assert rated == (quality.rating, quality.standard_error, quality.badge), name


def test_several_tasks_and_training_are_worked_out_anew() -> None:
    """The figures hold for one task at a time, and for models as they answer."""
    code, chat = compiled().tasks["code"], compiled().tasks["chat"]
    for rater in (Rater(compiled(), tasks=(code, chat)), Rater(compiled(), tasks=(chat,), for_tuning=True)):
        assert rater.brief(compiled().models["Qwen/Qwen3-8B"]).terms
    assert not Rater(compiled(), tasks=(chat,)).brief(compiled().models["Qwen/Qwen3-8B"]).terms
    with_them, without = answers(
        Question(tasks=("chat",), training=Training(facts=compiled().training, method="qlora"), top=2)
    )
    assert with_them == without


def test_other_models_make_them_void() -> None:
    """A model that was added may be the relative, or the base, of one that was rated."""
    model = replace(compiled().models["Qwen/Qwen3-8B"], id="me/mine")
    assert compiled().with_models([model]).qualities_of("chat") == {}
    assert compiled().qualities_of("chat")
    assert compiled().qualities_of("no-such-task") == {}
