"""Laws of the ranking: what may change nothing, and what may change one thing only."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmfit.rank import recommend
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import GIB, World, a_score, card, ranked, world

SIZES = (0.5, 1, 3, 8, 14, 32, 70)
CARDS = st.sampled_from((3.5, 4, 6, 8, 10, 12, 16, 24, 32, 48, 80))
TASKS = st.sampled_from(("chat", "code", "math", "korean", "reasoning"))
LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw some models of different size, age, licence and adoption, some of them measured."""
    models = [
        ranked(
            f"p{index}/model-{index}",
            draw(st.sampled_from(SIZES)),
            released=draw(st.dates(date(2024, 1, 1), date(2026, 10, 1))),
            likes=draw(st.one_of(st.none(), st.integers(0, 20000))),
            license=draw(st.sampled_from(("apache-2.0", "llama3.1", "gemma"))),
        )
        for index in range(draw(st.integers(2, 7)))
    ]
    scores = tuple(a_score(m.id, draw(st.floats(5, 70))) for m in models if draw(st.booleans()))
    return world(*models, scores=scores)


def ask(facts: World, gb: float, task: str = "chat") -> Recommendations:
    """Return the whole answer."""
    return recommend(Question(tasks=(task,), top=None), facts, device=card(gb))


def order(answer: Recommendations) -> list[str]:
    """Return the picks' ids."""
    return [pick.model.id for pick in answer.picks]


@LAWS
@given(worlds(), CARDS, TASKS, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(facts: World, gb: float, task: str, rng: object) -> None:
    """Law: recommend(shuffled facts) = recommend(facts)."""
    models = list(facts.models.values())
    rng.shuffle(models)  # type: ignore[attr-defined]  # hypothesis draws a random.Random
    other = replace(facts, models={m.id: m for m in models}, scores=tuple(reversed(facts.scores)))
    first, second = ask(facts, gb, task), ask(other, gb, task)
    assert order(first) == order(second)
    assert first.rejected == second.rejected


@LAWS
@given(worlds(), CARDS, TASKS)
def test_renaming_changes_nothing(facts: World, gb: float, task: str) -> None:
    """Law: names of repositories carry no score; ids decide between equals alone, so their order is kept."""
    names = {old: f"renamed-{index}/x" for index, old in enumerate(sorted(facts.models))}
    models = {names[m.id]: replace(m, id=names[m.id]) for m in facts.models.values()}
    scores = tuple(replace(s, model=names[s.model]) for s in facts.scores)
    other = ask(replace(facts, models=models, scores=scores), gb, task)
    assert [names[name] for name in order(ask(facts, gb, task))] == order(other)


@LAWS
@given(worlds(), CARDS, TASKS)
def test_an_unrelated_model_changes_no_score(facts: World, gb: float, task: str) -> None:
    """Law: adding a model of another kind leaves picks and scores as they were."""
    stranger = ranked("zz/encoder", 0.5, kind="encoder", tasks=("classify",))
    other = replace(facts, models={**facts.models, stranger.id: stranger})
    first, second = ask(facts, gb, task), ask(other, gb, task)
    assert [(p.model.id, p.score) for p in first.picks] == [(p.model.id, p.score) for p in second.picks]


@LAWS
@given(worlds(), CARDS)
def test_a_repack_changes_no_pick(facts: World, gb: float) -> None:
    """Law: a copy by somebody else, uploaded today, takes no place of its own and lifts nobody."""
    original = next(iter(facts.models.values()))
    copy = replace(
        original,
        id="zz/repack",
        publisher="zz",
        official=False,
        base_model=original.id,
        base_relation="repack",
        likes=None if original.likes is None else original.likes // 2,
        downloads=10**9,
    )
    other = replace(facts, models={**facts.models, copy.id: copy})
    assert order(ask(other, gb)) == order(ask(facts, gb))


@LAWS
@given(worlds(), CARDS, TASKS)
def test_explanations_sum(facts: World, gb: float, task: str) -> None:
    """Law: parts sum to the score, terms to the rating, evidence weights to 1."""
    for pick in ask(facts, gb, task).picks:
        assert sum(p.points for p in pick.parts) == pytest.approx(pick.score)
        assert sum(t.points for t in pick.quality.terms) == pytest.approx(pick.quality.rating)
        assert 0 <= pick.score <= 100
        if pick.quality.evidence:
            assert sum(row.weight for row in pick.quality.evidence) == pytest.approx(1.0)


@LAWS
@given(worlds(), CARDS, TASKS)
def test_the_guards_hold(facts: World, gb: float, task: str) -> None:
    """Law: all picks fit, none is far below the best, no model is lost."""
    answer = ask(facts, gb, task)
    best = max((pick.quality.rating for pick in answer.picks), default=0)
    for pick in answer.picks:
        assert pick.fit.estimate.total_bytes <= 0.9 * gb * GIB
        assert pick.quality.rating >= best - facts.ranking.toy_gap
    assert len(answer.picks) + len(answer.offload) + len(answer.rejections) == len(facts.models)


@LAWS
@given(worlds(), st.sampled_from((4, 6, 8, 12, 16, 24, 48)))
def test_a_larger_card_never_has_a_worse_best(facts: World, gb: float) -> None:
    """Law: what fits a card fits a larger one, in as many bits or more."""

    def best(size: float) -> float:
        return max((pick.quality.rating for pick in ask(facts, size).picks), default=float("-inf"))

    assert best(gb * 2) >= best(gb) - 1e-9


@LAWS
@given(worlds(), CARDS, st.floats(1, 30))
def test_a_better_score_never_lowers_a_model(facts: World, gb: float, gain: float) -> None:
    """Law: rating is monotone in the model's own benchmark."""
    name = next(iter(facts.models))
    ratings = []
    for score in (20.0, 20.0 + gain):
        scores = (*(s for s in facts.scores if s.model != name), a_score(name, score))
        found = {p.model.id: p.quality.rating for p in ask(replace(facts, scores=scores), gb).picks}
        ratings.append(found.get(name))
    if None not in ratings:
        assert ratings[1] >= ratings[0] - 1e-9  # type: ignore[operator]  # neither is None here


@cache
def grid_models() -> World:
    """Return one model of every size."""
    return world(*(ranked(f"p{size}/m", size) for size in SIZES))


@pytest.mark.parametrize("gb", [4, 6, 8, 12, 16, 24, 48, 80])
def test_the_card_is_used(gb: float) -> None:
    """Of models alike in all but size, no other pick is larger than the first."""
    picks = ask(grid_models(), gb).picks
    assert picks
    assert picks[0].model.parameters == max(pick.model.parameters for pick in picks)
