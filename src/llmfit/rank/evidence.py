"""Gathers what benchmarks say of models at a task, and weighs it against the prior."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import sqrt

from llmfit.rank.facts import Facts
from llmfit.rank.prior import Size, rate_by_size_and_age, size_of
from llmfit.rank.scales import deviation, implied_rating
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.ranking import Scale
from llmfit.records.recommendation import EvidenceRow
from llmfit.records.score import Score
from llmfit.records.task import Task

_CHAT_KINDS = frozenset({"instruct", "reasoning"})
_LEAST_NOISE = 0.1
"""Share of the models' variance that even the best source is wrong by."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One benchmark, whatever its version, as it speaks for a question."""

    weight: float
    factor: float
    """What the variance is multiplied with: more for a neighbouring task."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One score as a deviation from the prior."""

    score: Score
    scale: Scale
    spreads: float
    signal: Signal


@dataclass(frozen=True, slots=True)
class Observation:
    """What all sources say of one model together."""

    points: float
    """Deviation from the prior, in rating points, not yet shrunk."""
    variance: float
    """Its variance, in points squared."""
    readings: tuple[Reading, ...]


def signals_of(tasks: Iterable[Task], *, all_tasks: Mapping[str, Task], related_factor: float) -> dict[str, Signal]:
    """Return the benchmarks that speak for the tasks, and, with more variance, for those they fall back to."""
    found: dict[str, Signal] = {}
    for task in tasks:
        step: Task | None = task
        factor, seen = 1.0, set[str]()
        while step is not None and step.id not in seen:
            seen.add(step.id)
            for signal in step.signals:
                old = found.get(signal.benchmark)
                if old is None or factor < old.factor:
                    found[signal.benchmark] = Signal(signal.weight, factor)
            step = all_tasks.get(step.fallback) if step.fallback else None
            factor *= related_factor
    return found


class Evidence:
    """The scores of a catalog, read for one question."""

    def __init__(self, facts: Facts, *, signals: Mapping[str, Signal], mode: str | None) -> None:
        self.models = facts.models
        self.ranking = facts.ranking
        self.signals = signals
        self.mode = mode or "non-thinking"
        self._sizes: dict[str, Size] = {}
        self._observed: dict[str, Observation | None] = {}
        self._families: dict[str, tuple[float, float]] = {}
        self._scales = {scale.benchmark: scale for scale in self.ranking.scales if scale.signal in signals}
        self._by_model: dict[str, list[Score]] = {}
        for score in facts.scores_of(self._scales) if self._scales else ():
            self._by_model.setdefault(score.model, []).append(score)
        self._top_weight = max((s.weight for s in signals.values()), default=1.0)

    def size(self, model: Model) -> Size:
        """Return the model's size as the prior reads it, worked out once."""
        size = self._sizes.get(model.id)
        if size is None:
            size = self._sizes[model.id] = size_of(model.architecture, model.parameters, kind=model.kind)
        return size

    def observe(self, model: Model) -> Observation | None:
        """Return what benchmarks say of this very model, worked out once; None where nothing does."""
        if model.id not in self._by_model:
            return None
        if model.id not in self._observed:
            self._observed[model.id] = self._observe(model, self._by_model[model.id])
        return self._observed[model.id]

    def _observe(self, model: Model, scores: Sequence[Score]) -> Observation | None:
        ranking = self.ranking
        prior = rate_by_size_and_age(
            ranking.prior, ranking.small, ranking.sparse, size=self.size(model), released=model.released
        )
        readings = []
        for score in _of_one_mode(scores, mode=self.mode):
            scale = self._scales[score.benchmark]
            if model.kind == "reasoning" and scale.source in ranking.judgement.blind_sources:
                continue
            spreads = deviation(scale, score.score, prior=prior, judgement=self.ranking.judgement)
            if spreads is not None:
                readings.append(Reading(score, scale, spreads, self.signals[scale.signal]))
        return self._combine(readings)

    def _combine(self, readings: Sequence[Reading]) -> Observation | None:
        """Weigh sources by precision; benchmarks of one source share their errors."""
        by_source: dict[str, list[Reading]] = {}
        for reading in readings:
            by_source.setdefault(reading.scale.source, []).append(reading)
        precision = total = 0.0
        for rows in by_source.values():
            points, variance = self._source(rows)
            precision += 1 / variance
            total += points / variance
        return Observation(total / precision, 1 / precision, tuple(readings)) if precision else None

    def _source(self, rows: Sequence[Reading]) -> tuple[float, float]:
        """Return (points, variance) of one source's rows about one model."""
        shrinkage, judgement = self.ranking.shrinkage, self.ranking.judgement
        weights = [row.signal.weight / row.signal.factor for row in rows]
        total = sum(weights)
        mean = sum(w * row.spreads for w, row in zip(weights, rows, strict=True)) / total
        spread = shrinkage.row_agreement + (1 - shrinkage.row_agreement) * sum(w * w for w in weights) / total**2
        loading = shrinkage.loadings.get(rows[0].scale.source) or sqrt(shrinkage.agreement)
        noise = max((spread - loading**2) / loading**2, _LEAST_NOISE)
        noise *= max(judgement.class_factors[row.score.evidence] for row in rows)
        noise *= sum(w * row.signal.factor for w, row in zip(weights, rows, strict=True)) / total
        noise /= min(1.0, total / self._top_weight)
        sd = self.ranking.prior.standard_deviation
        return mean / loading * sd, noise * sd**2

    @cached_property
    def _measured(self) -> dict[str, list[Model]]:
        """Family → its models that somebody scored."""
        found: dict[str, list[Model]] = {}
        for model_id in self._by_model:
            model = self.models.get(model_id)
            if model is not None and model.kind in _CHAT_KINDS and model.official:
                found.setdefault(model.family, []).append(model)
        return found

    def _pooled(self, family: str) -> tuple[float, float]:
        """Return (precision, precision x points) of what a family's measured models say, worked out once."""
        pooled = self._families.get(family)
        if pooled is not None:
            return pooled
        own = (1 - self.ranking.shrinkage.family_share) * self.ranking.prior.standard_deviation**2
        precision = total = 0.0
        for model in sorted(self._measured.get(family, ()), key=lambda m: m.id):
            observation = self.observe(model)
            if observation is not None:
                share = 1 / (observation.variance + own)
                precision, total = precision + share, total + share * observation.points
        self._families[family] = precision, total
        return precision, total

    def family(self, model: Model, own: Observation | None) -> tuple[float, float]:
        """Return (points, variance) that the rest of the family suggests for a model."""
        shrinkage, variance = self.ranking.shrinkage, self.ranking.prior.standard_deviation**2
        between, within = shrinkage.family_share * variance, (1 - shrinkage.family_share) * variance
        precision, total = self._pooled(model.family)
        if own is not None and model.official and model.kind in _CHAT_KINDS and precision:
            share = 1 / (own.variance + within)
            precision, total = max(0.0, precision - share), total - share * own.points
        if precision < 1e-12 or between == 0:
            return 0.0, variance
        posterior = precision + 1 / between
        return total / posterior, 1 / posterior + within


def _of_one_mode(scores: Sequence[Score], *, mode: str) -> list[Score]:
    """Keep one mode of each benchmark: the wanted one, else the mode-less one, else the other."""
    best: dict[str, Score] = {}
    for score in scores:
        old = best.get(score.benchmark)
        if old is None or _mode_order(score, mode) < _mode_order(old, mode):
            best[score.benchmark] = score
    return list(best.values())


def _mode_order(score: Score, mode: str) -> int:
    return 0 if score.mode == mode else 1 if score.mode is None else 2


def evidence_rows(observation: Observation, *, factor: float = 1.0) -> tuple[EvidenceRow, ...]:
    """Return an observation's scores for `--explain`, heaviest first; `factor` is that of an inherited one."""
    weights = [r.signal.weight / (r.signal.factor * factor) for r in observation.readings]
    total = sum(weights)
    rows = [
        EvidenceRow(
            benchmark=r.score.benchmark,
            score=r.score.score,
            rating=implied_rating(r.scale, r.score.score),
            weight=weight / total,
            evidence=r.score.evidence,
            model=r.score.model,
            date=r.score.date,
            source=r.score.source,
            mode=r.score.mode,
        )
        for r, weight in zip(observation.readings, weights, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.weight, row.benchmark)))
