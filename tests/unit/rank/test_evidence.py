"""Evidence: what benchmarks say together, weighed against the prior."""

from dataclasses import replace
from math import sqrt

import pytest

from llmfit.rank.evidence import Evidence, Signal, evidence_rows, signals_of
from llmfit.records.model import Model
from llmfit.records.score import Score
from support.ranking import World, a_score, built_in, ranked, world

CATALOG = built_in()
SIGNALS = {"livebench/global": Signal(0.5, 1.0), "alpacaeval2/lc-winrate": Signal(0.5, 1.0)}


def gather(facts: World, *, mode: str | None = None) -> Evidence:
    """Return the evidence of a world for two benchmarks."""
    return Evidence(facts, signals=SIGNALS, mode=mode)


def old(name: str, **changes: object) -> Model:
    """Return a model of mid-2024, inside the range of the boards of that time."""
    from datetime import date

    return ranked(name, 8, **{"released": date(2024, 4, 18), **changes})


def seen(*scores: Score, name: str = "a/b", **changes: object) -> tuple[Evidence, Model]:
    """Return the evidence of a world of one model, and that model."""
    model = old(name, **changes)
    facts = world(model, scores=scores)
    return gather(facts), model


def test_a_neighbouring_task_speaks_with_more_variance() -> None:
    """Code falls back to chat: its boards count, at double the variance."""
    found = signals_of([CATALOG.tasks["code"]], all_tasks=CATALOG.tasks, related_factor=2.0)
    assert found["livebench/coding"].factor == 1.0
    assert found["livebench/global"].factor == 2.0


def test_a_tasks_own_signal_wins_over_a_neighbours() -> None:
    """A benchmark of both counts as the task's own."""
    chat, writing = CATALOG.tasks["chat"], CATALOG.tasks["writing"]
    found = signals_of([writing, chat], all_tasks=CATALOG.tasks, related_factor=2.0)
    assert found["alpacaeval2/lc-winrate"].factor == 1.0


def test_a_circle_of_fallbacks_ends() -> None:
    """Two tasks that stand in for each other are each read once."""
    a = replace(CATALOG.tasks["chat"], id="a", fallback="b")
    b = replace(CATALOG.tasks["code"], id="b", fallback="a")
    assert signals_of([a], all_tasks={"a": a, "b": b}, related_factor=2.0)


def test_no_score_no_observation() -> None:
    """Nothing published is nothing, not a bad score."""
    evidence, model = seen()
    assert evidence.observe(model) is None


def test_a_better_score_moves_upwards() -> None:
    """More points, more deviation."""
    low, model = seen(a_score("a/b", 20.0))
    high, _ = seen(a_score("a/b", 45.0))
    first, second = low.observe(model), high.observe(model)
    assert first is not None
    assert second is not None
    assert second.points > first.points


def test_a_second_source_makes_surer() -> None:
    """Two boards that agree leave less variance than one."""
    one, model = seen(a_score("a/b", 30.0))
    two, _ = seen(a_score("a/b", 30.0), a_score("a/b", 22.0, benchmark="alpacaeval2/lc-winrate"))
    first, second = one.observe(model), two.observe(model)
    assert first is not None
    assert second is not None
    assert second.variance < first.variance


def test_a_vendors_figure_weighs_less_than_an_independent_one() -> None:
    """The classes of evidence come in their order."""
    variances = []
    for evidence_class in ("human", "independent", "llm_judge", "vendor", "self_reported"):
        evidence, model = seen(a_score("a/b", 30.0, evidence=evidence_class))
        observation = evidence.observe(model)
        assert observation is not None
        variances.append(observation.variance)
    assert variances == sorted(variances)
    assert len(set(variances)) == len(variances)


def test_modes_are_kept_apart() -> None:
    """The mode that the task wants is read, the other one left."""
    thinking, plain = a_score("a/b", 60.0, mode="thinking"), a_score("a/b", 30.0, mode="non-thinking")
    for mode, expected in (("thinking", 60.0), (None, 30.0)):
        facts = world(old("a/b"), scores=(thinking, plain))
        observation = gather(facts, mode=mode).observe(facts.models["a/b"])
        assert observation is not None
        assert [r.score.score for r in observation.readings] == [expected]


def test_boards_that_cut_thinking_off_say_nothing_of_thinkers() -> None:
    """Leaderboard v2 reads answers off likelihoods."""
    signals = {"ollv2/ifeval": Signal(1.0, 1.0)}
    score = a_score("a/b", 30.0, benchmark="ollv2/ifeval")
    for kind, known in (("instruct", True), ("reasoning", False)):
        facts = world(old("a/b", kind=kind), scores=(score,))
        evidence = Evidence(facts, signals=signals, mode=None)
        assert (evidence.observe(facts.models["a/b"]) is not None) is known


def test_relatives_lend_a_part_of_their_deviation() -> None:
    """A family that measured well lifts the member that nobody measured, by less."""
    measured, silent = old("a/b", family="F"), old("a/c", family="F")
    facts = world(measured, silent, scores=(a_score("a/b", 48.0),))
    evidence = gather(facts)
    own = evidence.observe(measured)
    points, variance = evidence.family(silent, None)
    assert own is not None
    assert 0 < points < own.points
    assert variance < facts.ranking.prior.standard_deviation**2


def test_a_model_does_not_lend_to_itself() -> None:
    """Its own scores come in once, as its own."""
    measured = old("a/b", family="F")
    evidence = gather(world(measured, scores=(a_score("a/b", 48.0),)))
    points, variance = evidence.family(measured, evidence.observe(measured))
    assert points == 0.0
    assert sqrt(variance) == pytest.approx(37.0)


def test_rows_sum_to_one_and_carry_their_source() -> None:
    """Every number has a source and a date."""
    evidence, model = seen(a_score("a/b", 30.0), a_score("a/b", 22.0, benchmark="alpacaeval2/lc-winrate"))
    observation = evidence.observe(model)
    assert observation is not None
    rows = evidence_rows(observation)
    assert sum(row.weight for row in rows) == pytest.approx(1.0)
    assert all(row.source and row.date and row.model == "a/b" for row in rows)
