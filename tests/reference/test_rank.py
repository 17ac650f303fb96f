"""The ranking of the real catalog, held against what users of other tools complained about."""

import csv
from itertools import product
from pathlib import Path

import pytest

from llmfit.answers.finetuning import to_finetune
from llmfit.licensing import allows
from llmfit.rank import recommend
from llmfit.rank.guards import lineage_root
from llmfit.records.device import Device
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import built_in, card

CARDS = (4, 6, 8, 12, 16, 24, 48, 80, 192)
TASKS = ("chat", "code", "reasoning", "embed", "korean", "vision")
SEEN_CASES = 10


def ask(gb: float, *tasks: str, device: Device | None = None, **asked: object) -> Recommendations:
    """Return the built-in catalog's answer."""
    question = Question(tasks=tasks or ("chat",), **asked)  # type: ignore[arg-type]  # a table of options
    return recommend(question, built_in(), device=device or card(gb))


def places(answer: Recommendations) -> dict[str, int]:
    """Return the rank of each pick by id."""
    return {pick.model.id: pick.rank for pick in answer.picks}


def test_every_complaint_has_its_test_here(shared: Path) -> None:
    """A new row in the list of complaints needs a look at this file."""
    with (shared / "facts" / "bad_recommendations.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == SEEN_CASES


def test_a_very_large_card_is_offered_large_models() -> None:
    """192 GB: 70 B or a large mixture among the first five (complaint of 2026-05-13)."""
    assert any(pick.model.parameters >= 70e9 for pick in ask(192).picks)


def test_36_gb_is_offered_a_30_b_model() -> None:
    """Not nothing above 14 B (complaint of 2026-02-17)."""
    assert ask(36).picks[0].model.parameters >= 25e9


def test_24_gb_is_judged_by_video_memory() -> None:
    """64 GB of RAM make no 70 B model fit a 24 GB card; such models stand apart (complaint of 2026-02-17)."""
    answer = ask(24, device=card(24, ram=64))
    assert all(pick.fit.verdict == "fits" for pick in answer.picks)
    assert all(pick.model.parameters < 60e9 for pick in answer.picks)


def test_a_newer_generation_wins() -> None:
    """Qwen3.6-35B-A3B before Qwen2-72B on 128 GB (complaint of 2026-05-16)."""
    found = places(ask(128, top=None, all_variants=True))
    assert found["Qwen/Qwen3.6-35B-A3B"] < found.get("Qwen/Qwen2-72B-Instruct", 10**6)


def test_6_gb_is_offered_current_models() -> None:
    """No old 1.5 B repack for code on 6 GB: all picks of 2025 or later, none below 2 B (complaint of 2026)."""
    for pick in ask(6, "code", top=3).picks:
        assert pick.model.released.year >= 2025
        assert pick.model.parameters > 2e9


def test_a_missing_benchmark_is_not_bad() -> None:
    """Qwen3-VL-32B before Qwen2-VL-7B on 80 GB, whoever was measured (complaint of 2026-05)."""
    found = places(ask(80, "vision", top=None, all_variants=True))
    assert found["Qwen/Qwen3-VL-32B-Instruct"] < found.get("Qwen/Qwen2-VL-7B-Instruct", 10**6)


def test_embedders_do_not_chat() -> None:
    """Gte and e5 are no chat models (complaint of 2024-10-27)."""
    for gb in CARDS:
        assert {pick.model.kind for pick in ask(gb, top=None).picks} <= {"instruct", "reasoning"}


def test_tasks_have_different_winners() -> None:
    """Not one list for every use (complaint of 2024-12): one generalist may lead several, what follows differs."""
    for gb, least in ((24, 4), (80, 3)):
        picks = [tuple(pick.model.id for pick in ask(gb, task, top=3).picks) for task in TASKS]
        assert len(set(picks)) >= least
    assert len({ask(80, task).picks[0].model.id for task in TASKS}) >= 3


def test_code_is_not_judged_by_general_knowledge() -> None:
    """Boards of code speak for code (complaint of 2026-02-09)."""
    signals = [signal.benchmark for signal in built_in().tasks["code"].signals]
    assert signals
    assert not any("mmlu" in name for name in signals)


def test_score_and_fit_are_explained_apart() -> None:
    """No word for the score that could be taken for the fit (complaint of 2026-04-08)."""
    for pick in ask(16).picks:
        assert {part.name for part in pick.parts}.isdisjoint({"fit", "memory", "headroom"})


@pytest.mark.parametrize(("gb", "least"), [(8, 4e9), (12, 7e9), (16, 9e9), (24, 20e9), (48, 25e9), (80, 25e9)])
def test_the_first_pick_for_chat_uses_the_card(gb: int, least: float) -> None:
    """Not a 1 B model for 8 GB, nor a 4 B one for 48."""
    assert ask(gb).picks[0].model.parameters >= least


@pytest.mark.parametrize("task", TASKS)
def test_no_guard_breaks_over_the_grid(task: str) -> None:
    """Cards x licences x languages: picks fit, may be used, speak the language; one per lineage; none far below."""
    for gb, license_, language in product(CARDS, ((), ("commercial",), ("permissive",)), ((), ("ko",))):
        answer = ask(gb, task, licenses=license_, languages=language)
        roots = [pick.model.base_model or pick.model.id for pick in answer.picks]
        assert len(roots) == len(set(roots))
        best = max((pick.quality.rating for pick in answer.picks), default=0.0)
        for pick in answer.picks:
            assert pick.fit.verdict == "fits"
            assert allows(pick.license, commercial="commercial" in license_, permissive="permissive" in license_)[0]
            assert set(language) <= set(pick.model.languages)
            assert task == "embed" or pick.quality.rating >= best - built_in().ranking.toy_gap
            assert pick.model.kind in built_in().tasks[task].kinds


def test_figures_of_evidence_have_source_and_date() -> None:
    """Every row of every pick."""
    for gb in CARDS:
        for pick in ask(gb).picks:
            for row in pick.quality.evidence:
                assert row.source
                assert row.date[:2] == "20"


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_no_guard_breaks_where_models_are_fine_tuned(method: str) -> None:
    """Over cards: what fits, one of a lineage, a licence that allows derivatives, the start that the method wants."""
    models = built_in().models
    bases = {m.id for m in models.values() if m.kind == "base"}
    for gb, task in product((8, 24, 80), ("chat", "code", "korean")):
        question, device = to_finetune(built_in(), Question(tasks=(task,), top=None), device=card(gb), training=method)
        answer = recommend(question, built_in(), device=device)
        roots = [lineage_root(pick.model, models) for pick in answer.picks]
        assert len(roots) == len(set(roots))
        for pick in answer.picks:
            assert pick.fit.estimate.total_bytes <= 0.9 * gb * 2**30
            assert pick.license.derivatives_allowed
            assert pick.license.commercial != "unknown"
            assert pick.model.kind in {"base", "instruct", "reasoning"}
            tuned_from_known_base = pick.model.kind == "instruct" and pick.model.base_model in bases
            if method == "full" and tuned_from_known_base:
                rejection = answer.why_not(str(pick.model.base_model))
                assert rejection is not None
                assert rejection.reason != "lineage"


def test_the_figures_for_fine_tuning_in_24_gb() -> None:
    """QLoRA in 24 GB reaches beyond 10 B, LoRA to about 8 B, full fine-tuning to about 1 B."""
    largest = []
    for method in ("qlora", "lora", "full"):
        question, device = to_finetune(built_in(), Question(top=None), device=card(24), training=method)
        picks = recommend(question, built_in(), device=device).picks
        largest.append(max(pick.model.parameters for pick in picks) / 1e9)
    assert largest[0] > 20
    assert 6 < largest[1] < 13
    assert 0.4 < largest[2] < 2
