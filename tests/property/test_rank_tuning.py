"""Laws of recommending models to fine-tune."""

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmfit.architectures import describe
from llmfit.errors import CannotAnswerError
from llmfit.rank import recommend
from llmfit.rank.tuning import TuningChooser
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import GIB, World, a_score, built_in, card, ranked, world
from support.training import load

SIZES = (0.5, 1, 3, 8, 14, 32, 70)
CARDS = st.sampled_from((6, 8, 12, 16, 24, 48, 80))
METHODS = st.sampled_from(("full", "freeze", "lora", "qlora"))
LAWS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw some lineages of a base and an instruct model, some of them measured."""
    models = []
    for index in range(draw(st.integers(1, 5))):
        size, day = draw(st.sampled_from(SIZES)), draw(st.dates(date(2024, 1, 1), date(2026, 10, 1)))
        base = ranked(f"p{index}/base", size, kind="base", released=day)
        models.append(base)
        if draw(st.booleans()):
            models.append(ranked(f"p{index}/chat", size, base_model=base.id, base_relation="instruct", released=day))
    chats = [model for model in models if model.kind == "instruct"]
    return world(*models, scores=tuple(a_score(m.id, draw(st.floats(5, 70))) for m in chats if draw(st.booleans())))


def ask(facts: World, gb: float, method: str, **options: Any) -> Recommendations:
    """Return the whole answer."""
    return recommend(Question(training=load(method, **options), top=None), facts, device=card(gb))


@LAWS
@given(worlds(), CARDS, METHODS)
def test_all_picks_fit_and_nobody_is_lost(facts: World, gb: float, method: str) -> None:
    """Law: at most 90 % of the card, and a pick or a reason for each model; one pick a lineage; parts sum."""
    answer = ask(facts, gb, method)
    assert len(answer.picks) + len(answer.rejections) == len(facts.models)
    assert len({pick.model.publisher for pick in answer.picks}) == len(answer.picks)
    for pick in answer.picks:
        assert pick.fit.estimate.total_bytes <= 0.9 * gb * GIB
        assert sum(part.points for part in pick.parts) == pytest.approx(pick.score)
        assert sum(term.points for term in pick.quality.terms) == pytest.approx(pick.quality.rating)


@LAWS
@given(worlds(), CARDS)
def test_a_cheaper_method_reaches_at_least_as_far(facts: World, gb: float) -> None:
    """Law: the largest model that fits with full ≤ with LoRA ≤ with QLoRA."""
    largest = [
        max((pick.model.parameters for pick in ask(facts, gb, method).picks), default=0)
        for method in ("full", "lora", "qlora")
    ]
    assert largest == sorted(largest)


@LAWS
@given(worlds(), CARDS, METHODS, st.sampled_from((2, 4, 8)))
def test_more_at_once_never_brings_a_larger_model(facts: World, gb: float, method: str, many: int) -> None:
    """Law: a larger micro-batch leaves the same models or fewer."""
    one, more = ask(facts, gb, method), ask(facts, gb, method, batch_size=many)
    fits = [{r.model for r in answer.rejections if r.reason == "too_large"} for answer in (one, more)]
    assert fits[0] <= fits[1] or len(more.picks) <= len(one.picks)


@LAWS
@given(worlds(), CARDS, METHODS)
def test_the_order_of_facts_changes_nothing(facts: World, gb: float, method: str) -> None:
    """Law: the same answer in whatever order the models come."""
    other = world(*reversed(list(facts.models.values())), scores=facts.scores)
    assert [p.model.id for p in ask(facts, gb, method).picks] == [p.model.id for p in ask(other, gb, method).picks]


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_no_catalog_model_is_out_by_the_bound_that_the_estimate_lets_in(method: str) -> None:
    """The bound by parameters and bits lies below the estimate of every model of the catalog."""
    training = load(method, target_modules=() if method == "full" else ("all-linear",))
    chooser = TuningChooser(training, built_in(), device=card(24))
    checked = 0
    for model in built_in().models.values():
        with suppress(CannotAnswerError):
            _, held = chooser.choose(model, describe(model.architecture))
            assert chooser.least_bytes(model) <= held.fit.estimate.total_bytes, model.id
            checked += 1
    assert checked > 400
