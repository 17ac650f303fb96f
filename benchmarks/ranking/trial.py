"""The catalog with some of its evidence taken away, as the harness asks questions of it."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import fit
import yaml

from llmfit.catalog.load import Catalog, load_catalog
from llmfit.rank.candidate import Candidate
from llmfit.rank.field import Field
from llmfit.rank.score import weights_of
from llmfit.rank.sieve import tasks_of
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import Engine
from llmfit.records.format import Format, KvFormat
from llmfit.records.license import License
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.ranking import Ranking, Scale, Shrinkage
from llmfit.records.recommendation import Rated
from llmfit.records.score import Score
from llmfit.records.task import Task

GIB = 2**30


@dataclass(frozen=True)
class Trial:
    """Facts for one trial: all but what was taken away."""

    models: dict[str, Model]
    scores: tuple[Score, ...]
    ranking: Ranking
    licenses: Mapping[str, License]
    tasks: Mapping[str, Task]
    formats: Mapping[str, Format]
    kv_formats: Mapping[str, KvFormat]
    engines: Mapping[str, Engine]

    def scores_of(self, benchmarks: Collection[str]) -> list[Score]:
        """Return the scores on these benchmarks."""
        return [score for score in self.scores if score.benchmark in benchmarks]

    def qualities_of(self, task: str) -> Mapping[str, Rated]:
        """Return nothing: no such facts were compiled."""
        del task
        return {}


def catalog() -> Catalog:
    """Return the built-in catalog without a user's rows."""
    return load_catalog(user_file=None)


def trial(
    full: Catalog, *, keep: Callable[[Score], bool], models: Sequence[str] | None = None, refit: bool = True
) -> Trial:
    """Return the facts with the kept scores alone, everything fitted again on them.

    `models` limits who may be picked.
    """
    scores = tuple(score for score in full.scores if keep(score))
    ranking = _refitted(full, scores) if refit else full.ranking
    chosen = full.models if models is None else {name: full.models[name] for name in models}
    return Trial(
        dict(chosen),
        scores,
        ranking,
        full.licenses,
        full.tasks,
        full.formats,
        full.kv_formats,
        full.engines,
    )


def _refitted(full: Catalog, scores: Sequence[Score]) -> Ranking:
    rows = [
        {
            "id": m.id,
            "kind": m.kind,
            "released": m.released,
            "architecture": m.architecture,
            "parameters": m.parameters,
            "family": m.family,
            "publisher": m.publisher,
            "tasks": m.tasks,
        }
        for m in full.models.values()
    ]
    published = [
        {
            "model": s.model,
            "benchmark": s.benchmark,
            "score": s.score,
            "date": s.date,
            "mode": s.mode,
            "evidence": s.evidence,
        }
        for s in scores
    ]
    scales, shrinkage, small, sparse = fit.refit(
        rows, published, full.ranking.prior, full.ranking.judgement.class_factors
    )
    text = yaml.safe_load(fit.render(scales, shrinkage, small, sparse, "trial"))
    return replace(
        full.ranking,
        small=small,
        sparse=sparse,
        shrinkage=Shrinkage(**text["shrinkage"]),
        scales=tuple(Scale(**row) for row in text["scales"]),
    )


def a_card(gb: float) -> Device:
    """Return a card of this size whose bandwidth nobody knows."""
    return Device(gpus=(DeviceGpu(name=f"{gb:g} GB", total_bytes=int(gb * GIB)),))


def fitting(facts: Trial, question: Question, *, gb: float, names: Collection[str] | None = None) -> list[Candidate]:
    """Return every candidate that fits a card, best first, before the guards; `names` limits who may be picked."""
    tasks = tasks_of(question, facts.tasks)
    device = a_card(gb)
    weights = weights_of(facts.ranking, asked=question.weights, tasks=tasks, device=device)
    field = Field(question, facts, tasks=tasks, context=question.context or 2048, device=device, weights=weights)
    models = facts.models.values() if names is None else [facts.models[name] for name in sorted(names)]
    found = field.gather(models).fitting
    return sorted(found, key=lambda candidate: candidate.order)
