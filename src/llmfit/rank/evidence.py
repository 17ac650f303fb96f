"""Gathers what benchmarks say of models at a task, and weighs it against the prior."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import sqrt

from llmfit.rank.facts import Facts
from llmfit.rank.guards import series
from llmfit.rank.prior import Size, rate_by_size_and_age, size_of
from llmfit.rank.relatives import Relatives, Seen
from llmfit.rank.scales import deviation, implied_rating
from llmfit.records.frozen import dataclass
from llmfit.records.model import CHAT_KINDS, DECODERS, Model
from llmfit.records.ranking import Scale
from llmfit.records.recommendation import EvidenceRow
from llmfit.records.score import Score
from llmfit.records.task import Task


@dataclass(frozen=True, slots=True)
class Signal:
    """One benchmark, whatever its version, as it speaks for a question."""

    weight: float
    factor: float
    """What the variance is multiplied with: more for a neighbouring task."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One score as a deviation from what size, age and thinking let expect."""

    score: Score
    scale: Scale
    points: float
    signal: Signal


@dataclass(frozen=True, slots=True)
class Observation:
    """What all sources say of one model together."""

    points: float
    """Deviation from what size, age, thinking and specialty let expect, in rating points, not yet shrunk."""
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

    def __init__(
        self,
        facts: Facts,
        *,
        signals: Mapping[str, Signal],
        mode: str | None,
        special: Callable[[Model], float] | None = None,
    ) -> None:
        """Note where the scores are; `special` says what a model gains at the question by what it was made for."""
        self.models = facts.models
        self.ranking = facts.ranking
        self.signals = signals
        self.mode = mode or "thinking"
        self._special = special
        self._sizes: dict[str, Size] = {}
        self._observed: dict[str, Observation | None] = {}
        self._relatives: dict[tuple[str, str], Relatives | None] = {}
        self._scales = {scale.benchmark: scale for scale in self.ranking.scales if scale.signal in signals}
        self._scores_of = facts.scores_of
        self._top_weight = max((s.weight for s in signals.values()), default=1.0)

    @cached_property
    def _by_model(self) -> dict[str, list[Score]]:
        """Model → its scores on the benchmarks that speak for the question."""
        found: dict[str, list[Score]] = {}
        for score in self._scores_of(self._scales) if self._scales else ():
            found.setdefault(score.model, []).append(score)
        return found

    def size(self, model: Model) -> Size:
        """Return the model's size as the prior reads it, worked out once."""
        size = self._sizes.get(model.id)
        if size is None:
            size = self._sizes[model.id] = size_of(model)
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
        special = self._special(model) if self._special else 0.0
        readings = []
        for score in _of_one_mode(scores, mode=self.mode):
            scale, signal = self._scales[score.benchmark], self.signals[self._scales[score.benchmark].signal]
            blind = scale.source in ranking.judgement.blind_sources
            if blind and model.kind == "reasoning":
                continue
            thought = score.mode == "thinking" or (score.mode is None and not blind and thinks(model))
            expected = prior + ranking.shrinkage.thinking.get(scale.skill, 0.0) * thought
            points = deviation(scale, score.score, expected=expected, judgement=ranking.judgement)
            if points is not None:
                readings.append(Reading(score, scale, points - special * (signal.factor == 1), signal))
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
        mean = sum(w * row.points for w, row in zip(weights, rows, strict=True)) / total
        noise = shrinkage.noise.get(rows[0].scale.source, shrinkage.common_noise)
        noise *= max(judgement.class_factors[row.score.evidence] for row in rows)
        noise /= sqrt(min(1.0, total / self._top_weight))
        elsewhere = sum(w for w, row in zip(weights, rows, strict=True) if row.signal.factor > 1) / total
        return mean, noise + shrinkage.related * elsewhere**2

    @cached_property
    def _measured(self) -> dict[tuple[str, str], list[Model]]:
        """Series → its models that somebody scored."""
        found: dict[tuple[str, str], list[Model]] = {}
        for model_id in self._by_model:
            model = self.models.get(model_id)
            if model is not None and _lends(model):
                found.setdefault(series(model), []).append(model)
        return found

    def relatives(self, model: Model, own: Observation | None) -> tuple[float, float]:
        """Return (points, variance) that the other measured models of the series let expect of a model."""
        name = series(model)
        if name not in self._relatives:
            seen = [(m, self.observe(m)) for m in self._measured.get(name, ())]
            rows = [Seen(m, o.points, o.variance) for m, o in seen if o is not None]
            shrinkage, mean = self.ranking.shrinkage, self._usual(model)
            self._relatives[name] = Relatives(rows, shrinkage=shrinkage, mean=mean) if rows else None
        known = self._relatives[name]
        if known is None:
            return self._usual(model), self.ranking.shrinkage.shared
        mine = None if own is None or not _lends(model) else Seen(model, own.points, own.variance)
        return known.expect(model, own=mine)

    def _usual(self, model: Model) -> float:
        """Return what a series that nobody measured deviates by: fitted on models that write, for tasks with boards."""
        return self.ranking.shrinkage.series_mean if self._by_model and model.kind in DECODERS else 0.0

    def has_relatives(self, model: Model) -> bool:
        """Whether somebody scored another model of the series."""
        return any(other.id != model.id for other in self._measured.get(series(model), ()))


def thinks(model: Model) -> bool:
    """Whether a model thinks before it answers, always or unless told not to."""
    return model.kind == "reasoning" or "reasoning" in model.tasks


def _lends(model: Model) -> bool:
    return model.official and model.kind in CHAT_KINDS


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
