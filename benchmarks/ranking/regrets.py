"""Regret of the first picks against benchmarks that the recommender may not see, beside three baselines."""

import random
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from regress import source_of
from trial import Trial, fitting, trial

from llmfit.catalog.load import Catalog
from llmfit.rank.candidate import Candidate
from llmfit.rank.prior import rate_by_size_and_age, size_of
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.score import Score
from oracles import LEAST_MODELS, ORACLES, Oracle, verdicts

CARDS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96)
ROUNDS = 200
LEAST_POOL = 4
LEAST_CARDS = 3
BASELINES = ("newest", "largest", "prior")
DEPTHS = (1, 3)
Gains = dict[tuple[str, int], float]
"""Baseline and depth → what it loses more than llmfit, in standard deviations of the oracle."""


@dataclass(frozen=True)
class Judged:
    """One oracle with the orders that it judges: card → way to choose → models, best first."""

    oracle: Oracle
    known: dict[str, float]
    orders: tuple[dict[str, list[str]], ...]
    ratings: dict[str, tuple[float, float]]
    """Model → (rating, prior alone)."""

    @property
    def spread(self) -> float:
        """Standard deviation of the oracle's scores."""
        return pstdev(self.known.values())


def without(source: str, score: Score) -> bool:
    """Whether a score comes from another source."""
    return source_of(score.benchmark) != source


def judge(full: Catalog, oracles: Iterable[Oracle] = ORACLES) -> list[Judged]:
    """Return every oracle with its orders; what its source said is left out, and all is fitted again without it."""
    found = []
    wanted = [(oracle, verdicts(full, oracle)) for oracle in oracles]
    wanted = [(oracle, known) for oracle, known in wanted if len(known) >= LEAST_MODELS]
    for source in dict.fromkeys(oracle.source for oracle, _ in wanted):
        facts = trial(full, keep=partial(without, source))
        mine = [(oracle, known) for oracle, known in wanted if oracle.source == source]
        for task in dict.fromkeys(oracle.task for oracle, _ in mine):
            judging = [(oracle, known) for oracle, known in mine if oracle.task == task]
            names = {model for _, known in judging for model in known}
            pools = [pool(facts, task, names, gb=gb) for gb in CARDS]
            found += [_judged(facts, oracle, known, pools) for oracle, known in judging]
    return [one for one in found if len(one.orders) >= LEAST_CARDS]


def pool(facts: Trial, task: str, names: Collection[str], *, gb: float) -> list[Candidate]:
    """Return the models that fit a card, best first; the tags and language of the task keep nobody out."""
    tasks = {**facts.tasks, task: replace(facts.tasks[task], language=None, min_context=0, requires=())}
    asked = Question(tasks=(task,), context=2048, all_variants=True)
    return fitting(replace(facts, tasks=tasks), asked, gb=gb, names=names)


def _judged(facts: Trial, oracle: Oracle, known: dict[str, float], pools: Sequence[Sequence[Candidate]]) -> Judged:
    orders, ratings = [], {}
    for fits in pools:
        candidates = [c for c in fits if c.model.id in known]
        if len(candidates) >= LEAST_POOL:
            orders.append({"llmfit": [c.model.id for c in candidates], **baselines(facts, candidates)})
    for candidate in pools[-1]:
        if candidate.model.id in known:
            terms = sum(t.points for t in candidate.quality.terms if t.label != candidate.variant.workload.format.id)
            ratings[candidate.model.id] = (terms, published(facts, candidate.model))
    return Judged(oracle, known, tuple(orders), ratings)


def published(facts: Trial, m: Model) -> float:
    """Return the rating by size and age as published, without bends."""
    small = replace(facts.ranking.small, per_doubling=0.0, per_doubling_year=0.0)
    sparse = replace(facts.ranking.sparse, per_doubling=0.0)
    size = size_of(m)
    return rate_by_size_and_age(facts.ranking.prior, small, sparse, size=size, released=m.released)


def baselines(facts: Trial, candidates: Sequence[Candidate]) -> dict[str, list[str]]:
    """Return the models ordered by release, by parameters and by the prior as published."""
    models = sorted((c.model for c in candidates), key=lambda m: m.id)
    keys: dict[str, Callable[[Model], Any]] = {
        "newest": lambda m: (m.released, m.parameters),
        "largest": lambda m: (m.parameters, m.released),
        "prior": partial(published, facts),
    }
    return {name: [m.id for m in sorted(models, key=key, reverse=True)] for name, key in keys.items()}


def regrets(one: Judged, among: set[str] | None = None) -> dict[tuple[str, int], float] | None:
    """Return the mean regret over the cards of every way and depth, the pool limited to some models."""
    rows: list[dict[tuple[str, int], float]] = []
    for orders in one.orders:
        row = {}
        for way, order in orders.items():
            values = [one.known[m] for m in order if among is None or m in among]
            if len(values) < LEAST_POOL:
                break
            best = max(values)
            for first in DEPTHS:
                row[way, first] = best - max(values[:first])
        else:
            rows.append(row)
    return {key: mean(row[key] for row in rows) for key in rows[0]} if rows else None


def gains(one: Judged, among: set[str] | None = None) -> Gains | None:
    """Return what each baseline loses more than llmfit, in standard deviations of the oracle."""
    found = regrets(one, among)
    if found is None:
        return None
    return {
        (way, first): (found[way, first] - found["llmfit", first]) / one.spread for way in BASELINES for first in DEPTHS
    }


def draws(judged: Sequence[Judged]) -> list[list[Gains | None]]:
    """Return the gains of every oracle for each resampling of the models, the same models for all oracles."""
    rng = random.Random(0)  # noqa: S311 - resampling needs no secrets, but the same draws
    names = sorted({name for one in judged for name in one.known})
    return [
        [gains(one, drawn) for one in judged] for drawn in ({rng.choice(names) for _ in names} for _ in range(ROUNDS))
    ]


def pooled(found: Sequence[Gains | None], key: tuple[str, int], groups: Sequence[Sequence[int]]) -> float | None:
    """Return the mean gain over groups of oracles, each group counted once; None where no group has any."""
    means = []
    for places in groups:
        values = [gain[key] for place in places if (gain := found[place]) is not None]
        if values:
            means.append(mean(values))
    return mean(means) if means else None
