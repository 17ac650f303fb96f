"""Evidence: what benchmarks say together, weighed against the prior."""

from dataclasses import replace

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
    """The mode that the task wants is read, the other one left; where it wants none, thinking, as by default."""
    thinking, plain = a_score("a/b", 60.0, mode="thinking"), a_score("a/b", 30.0, mode="non-thinking")
    for mode, expected in (("thinking", 60.0), ("non-thinking", 30.0), (None, 60.0)):
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


def test_a_score_with_thinking_is_expected_to_be_higher() -> None:
    """The same score says less of a model that thought for it."""
    plain = a_score("a/b", 30.0, mode="non-thinking")
    found = []
    for score in (plain, replace(plain, mode="thinking")):
        evidence, model = seen(score)
        observation = evidence.observe(model)
        assert observation is not None
        found.append(observation.points)
    gain = CATALOG.ranking.shrinkage.thinking["general"]
    assert gain > 0
    assert found[0] - found[1] == pytest.approx(gain)


def test_what_a_specialist_gains_is_not_counted_twice() -> None:
    """A score at its own task is held against what it was made for."""
    facts = world(old("a/b"), scores=(a_score("a/b", 30.0),))
    plain = Evidence(facts, signals=SIGNALS, mode=None).observe(facts.models["a/b"])
    special = Evidence(facts, signals=SIGNALS, mode=None, special=lambda _: 25.0).observe(facts.models["a/b"])
    assert plain is not None
    assert special is not None
    assert plain.points - special.points == pytest.approx(25.0)


def test_boards_of_a_neighbouring_task_leave_a_floor() -> None:
    """However many of them agree, what they tell of another skill is not sure."""
    signals = {name: replace(signal, factor=2.0) for name, signal in SIGNALS.items()}
    facts = world(old("a/b"), scores=(a_score("a/b", 30.0),))
    own, other = gather(facts), Evidence(facts, signals=signals, mode=None)
    first, second = own.observe(facts.models["a/b"]), other.observe(facts.models["a/b"])
    assert first is not None
    assert second is not None
    assert second.variance >= first.variance + facts.ranking.shrinkage.related


def test_relatives_lend_a_part_of_their_deviation() -> None:
    """A series that measured well lifts the member that nobody measured, by less."""
    measured, silent = old("a/b", family="F"), old("a/c", family="F 2")
    facts = world(measured, silent, scores=(a_score("a/b", 48.0),))
    evidence = gather(facts)
    own = evidence.observe(measured)
    points, variance = evidence.relatives(silent, None)
    assert evidence.has_relatives(silent)
    assert own is not None
    assert 0 < points < own.points
    assert variance < facts.ranking.shrinkage.shared


def test_other_publishers_are_no_relatives() -> None:
    """A fine-tune by others with the family's name lends nothing to the family."""
    measured, silent = old("a/b", family="F"), old("z/c", family="F", publisher="z")
    evidence = gather(world(measured, silent, scores=(a_score("a/b", 48.0),)))
    shrinkage = CATALOG.ranking.shrinkage
    assert evidence.relatives(silent, None) == (shrinkage.series_mean, shrinkage.shared)
    assert not evidence.has_relatives(silent)
    assert not evidence.has_relatives(measured)


def test_what_an_unmeasured_series_lacks_holds_for_models_that_write() -> None:
    """It was fitted on them: embedders are held by size and age alone, and so is all where no board is known."""
    embedder, writer, measured = old("a/e", kind="embedding"), old("b/w"), old("c/m")
    evidence = gather(world(embedder, writer, measured, scores=(a_score("c/m", 30.0),)))
    assert evidence.relatives(embedder, None)[0] == 0.0
    assert evidence.relatives(writer, None)[0] == CATALOG.ranking.shrinkage.series_mean < 0
    assert gather(world(writer)).relatives(writer, None)[0] == 0.0


def test_a_model_does_not_lend_to_itself() -> None:
    """Its own scores come in once, as its own."""
    measured = old("a/b", family="F")
    evidence = gather(world(measured, scores=(a_score("a/b", 48.0),)))
    points, variance = evidence.relatives(measured, evidence.observe(measured))
    assert points == pytest.approx(CATALOG.ranking.shrinkage.series_mean)
    assert variance == pytest.approx(CATALOG.ranking.shrinkage.shared)


def test_rows_sum_to_one_and_carry_their_source() -> None:
    """Every number has a source and a date."""
    evidence, model = seen(a_score("a/b", 30.0), a_score("a/b", 22.0, benchmark="alpacaeval2/lc-winrate"))
    observation = evidence.observe(model)
    assert observation is not None
    rows = evidence_rows(observation)
    assert sum(row.weight for row in rows) == pytest.approx(1.0)
    assert all(row.source and row.date and row.model == "a/b" for row in rows)
