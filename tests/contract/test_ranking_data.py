"""The ranking's figures are what their script fits, and mean something."""

import subprocess
import sys
from pathlib import Path

import pytest

from llmfit.rank.quality import Rater
from support.ranking import built_in

ROOT = Path(__file__).parents[2]
CATALOG = built_in()
RANKING = CATALOG.ranking


@pytest.mark.parametrize("script", ["fit.py", "grid.py"])
def test_generated_files_are_current(script: str) -> None:
    """Figures and grid follow from the facts; a changed fact needs both scripts run again."""
    path = ROOT / "benchmarks" / "ranking" / script
    done = subprocess.run([sys.executable, str(path), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_format_that_may_be_chosen_exists_and_was_measured() -> None:
    """Ladder, retentions, formats and engines speak of the same things."""
    measured = {row.format for row in RANKING.retentions}
    for rung in RANKING.ladder:
        assert rung.engine in CATALOG.formats[rung.format].engines
        assert rung.format in measured
    assert measured <= set(CATALOG.formats)
    assert set(RANKING.engines) <= set(CATALOG.engines)


def test_each_engines_ladder_goes_down() -> None:
    """From the best format to the worst."""
    for engine in CATALOG.engines:
        bits = [CATALOG.formats[rung.format].nominal_bits for rung in RANKING.ladder if rung.engine == engine]
        assert bits == sorted(bits, reverse=True)


def test_shares_are_shares() -> None:
    """Retention lies between none and all, and grows with the model."""
    for row in RANKING.retentions:
        tiers = [row.tiny, row.small, row.medium, row.large]
        assert all(0 <= share <= 1 for share in tiers)
        assert tiers == sorted(tiers)
        assert row.basis


def test_weights_sum_to_one() -> None:
    """Quality about three quarters."""
    assert sum(RANKING.weights.values()) == pytest.approx(1.0)
    assert 0.7 <= RANKING.weights["quality"] <= 0.8


def test_no_scale_mixes_models_that_embed_and_models_that_write() -> None:
    """They are fitted apart; a board that both are on would tie the one's slope to the other's."""
    kinds: dict[str, set[bool]] = {}
    for score in CATALOG.scores:
        kinds.setdefault(score.benchmark, set()).add(CATALOG.models[score.model].kind == "embedding")
    scales = {scale.benchmark for scale in RANKING.scales}
    assert {name for name in scales if len(kinds[name]) > 1} == set()
    embedding = {name for name in scales if kinds[name] == {True}}
    assert {"mteb-en-56/retrieval", "mteb-multilingual/retrieval"} <= embedding


def test_newer_and_larger_embedders_come_first_and_old_english_ones_last() -> None:
    """What the boards say of retrieval: Qwen3 and Gemma 2 before small new ones, BGE-M3 and E5 of 2023 behind."""
    rater = Rater(CATALOG, tasks=(CATALOG.tasks["embed"],))
    order = [
        "Qwen/Qwen3-Embedding-8B",
        "Qwen/Qwen3-Embedding-4B",
        "Qwen/Qwen3-Embedding-0.6B",
        "google/embeddinggemma-300m",
        "BAAI/bge-m3",
        "intfloat/multilingual-e5-large",
        "intfloat/multilingual-e5-base",
        "intfloat/multilingual-e5-small",
        "sentence-transformers/all-MiniLM-L6-v2",
    ]
    ratings = [rater.rating(CATALOG.models[name]) for name in order]
    assert ratings == sorted(ratings, reverse=True)
    assert rater.rating(CATALOG.models["jinaai/jina-embeddings-v3-hf"]) > rater.rating(CATALOG.models["BAAI/bge-m3"])


def test_tasks_name_known_signals_and_words() -> None:
    """Sensitivities, specialties, fallbacks and companions are tasks; each task with signals has one that is mapped."""
    assert set(RANKING.sensitivity) <= set(CATALOG.tasks)
    for specialty, tasks in RANKING.specialties.items():
        assert {specialty, *tasks} <= set(CATALOG.tasks)
    for task in CATALOG.tasks.values():
        assert set(task.companions) <= set(CATALOG.tasks)
        assert task.default_context >= task.min_context


def test_each_score_lies_on_its_board() -> None:
    """Between nothing and everything, and dated."""
    maximum = {scale.benchmark: scale.maximum for scale in RANKING.scales}
    for score in CATALOG.scores:
        assert 0 <= score.score <= maximum.get(score.benchmark, 100.0)
        assert score.source


def test_no_score_is_told_twice() -> None:
    """One row for a model, a benchmark and a mode."""
    keys = [(score.model, score.benchmark, score.mode) for score in CATALOG.scores]
    assert len(keys) == len(set(keys))


def test_versions_of_a_benchmark_are_scales_of_their_own() -> None:
    """LiveBench renews its questions: every release is regressed alone."""
    versions = [scale.benchmark for scale in RANKING.scales if scale.signal == "livebench/global"]
    assert len(versions) >= 5
    assert len(versions) == len(set(versions))
