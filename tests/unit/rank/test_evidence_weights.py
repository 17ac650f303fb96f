"""Evidence: how one source's scores are weighed together, which mode is read, and who speaks for a series."""

from datetime import date
from itertools import permutations
from math import sqrt

import pytest

from llmfit.rank.evidence import Evidence, Observation, Signal, evidence_rows, signals_of
from llmfit.records.model import Model
from llmfit.records.score import Score
from support.ranking import a_score, built_in, ranked, world

CATALOG = built_in()
SHRINKAGE, JUDGEMENT = CATALOG.ranking.shrinkage, CATALOG.ranking.judgement
OVERALL, LANGUAGE = "livebench-2024-06-24/global", "livebench-2024-06-24/language"


def old(name: str, **changes: object) -> Model:
    """Return a model of April 2024, inside the range of the boards of that time."""
    return ranked(name, 8, **{"released": date(2024, 4, 18), **changes})


def observed(*scores: Score, signals: dict[str, Signal], mode: str | None = None) -> Observation:
    """Return what the scores say of one model."""
    facts = world(old("a/b"), scores=scores)
    found = Evidence(facts, signals=signals, mode=mode).observe(facts.models["a/b"])
    assert found is not None
    return found


def alone(score: Score, signal: Signal) -> Observation:
    """Return what one score says by itself."""
    board = "livebench/" + score.benchmark.partition("/")[2]
    return observed(score, signals={board: signal})


def test_boards_of_one_source_are_averaged_by_weight_and_share_their_errors() -> None:
    """By hand: 0.5 for its own task, 0.25 / 2 for a neighbour's; the worst class counts, and one fifth is elsewhere."""
    own, near = Signal(0.5, 1.0), Signal(0.25, 2.0)
    first, second = a_score("a/b", 30.0), a_score("a/b", 45.0, benchmark=LANGUAGE, evidence="vendor")
    found = observed(first, second, signals={"livebench/global": own, "livebench/language": near})
    points = [alone(first, own).points, alone(second, near).points]
    assert points[0] != pytest.approx(points[1], abs=5)
    assert found.points == pytest.approx((0.5 * points[0] + 0.125 * points[1]) / 0.625)
    noise = SHRINKAGE.noise["livebench"] * JUDGEMENT.class_factors["vendor"]
    assert JUDGEMENT.class_factors["vendor"] > JUDGEMENT.class_factors["independent"] == 1
    assert found.variance == pytest.approx(noise + SHRINKAGE.related * 0.2**2)


def test_a_board_that_weighs_little_is_noisier() -> None:
    """A quarter of the heaviest signal's weight doubles the noise; more than the heaviest does not lessen it."""
    signals = {"livebench/global": Signal(0.15, 1.0), "alpacaeval2/lc-winrate": Signal(0.6, 1.0)}
    assert observed(a_score("a/b", 30.0), signals=signals).variance == pytest.approx(
        SHRINKAGE.noise["livebench"] / sqrt(0.25)
    )
    both = {"livebench/global": Signal(0.6, 1.0), "livebench/language": Signal(0.6, 1.0)}
    scores = (a_score("a/b", 30.0), a_score("a/b", 30.0, benchmark=LANGUAGE))
    assert observed(*scores, signals=both).variance == pytest.approx(SHRINKAGE.noise["livebench"])


@pytest.mark.parametrize(
    ("modes", "wanted", "read"),
    [
        (("thinking", None, "non-thinking"), "thinking", "thinking"),
        (("thinking", None, "non-thinking"), "non-thinking", "non-thinking"),
        ((None, "non-thinking"), "thinking", None),
        (("thinking", None), "non-thinking", None),
        (("non-thinking",), "thinking", "non-thinking"),
    ],
)
def test_the_wanted_mode_is_read_then_none_then_the_other(
    modes: tuple[str | None, ...], wanted: str, read: str | None
) -> None:
    """In whatever order the scores come."""
    signals = {"livebench/global": Signal(1.0, 1.0)}
    for some in permutations(modes):
        scores = tuple(a_score("a/b", 30.0, mode=mode) for mode in some)
        assert [r.score.mode for r in observed(*scores, signals=signals, mode=wanted).readings] == [read]


def test_of_two_scores_of_one_mode_the_first_is_read() -> None:
    """A benchmark speaks once."""
    scores = (a_score("a/b", 30.0, source="first"), a_score("a/b", 40.0, source="second"))
    found = observed(*scores, signals={"livebench/global": Signal(1.0, 1.0)})
    assert [r.score.source for r in found.readings] == ["first"]


def test_the_first_task_that_names_a_signal_weighs_it() -> None:
    """Where two tasks ask for the same board in their own right."""
    chat, writing = CATALOG.tasks["chat"], CATALOG.tasks["writing"]
    for order in ((chat, writing), (writing, chat)):
        found = signals_of(order, all_tasks=CATALOG.tasks, related_factor=2.0)
        for signal in order[0].signals:
            assert found[signal.benchmark] == Signal(signal.weight, 1.0)


def test_rows_are_shown_heaviest_first_by_their_weights() -> None:
    """A neighbour's board by half of its weight."""
    scores = (a_score("a/b", 30.0, benchmark=LANGUAGE), a_score("a/b", 30.0))
    signals = {"livebench/global": Signal(0.5, 1.0), "livebench/language": Signal(0.6, 2.0)}
    rows = evidence_rows(observed(*scores, signals=signals))
    assert [row.benchmark for row in rows] == [OVERALL, LANGUAGE]
    assert [row.weight for row in rows] == pytest.approx([0.5 / 0.8, 0.3 / 0.8])


@pytest.mark.parametrize("changes", [{"official": False}, {"kind": "embedding"}, {"kind": "base"}])
def test_only_official_models_that_talk_speak_for_their_series(changes: dict[str, object]) -> None:
    """A copy, an embedder or a base lends the next chat model nothing."""
    lender, silent = old("a/lender", family="F", **changes), old("a/silent", family="F 2")
    facts = world(lender, silent, scores=(a_score("a/lender", 60.0),))
    evidence = Evidence(facts, signals={"livebench/global": Signal(1.0, 1.0)}, mode=None)
    assert not evidence.has_relatives(silent)
    assert evidence.relatives(silent, None) == (SHRINKAGE.series_mean, SHRINKAGE.shared)
