"""How good each model is at a question's tasks: prior, family, benchmarks, caps."""

from collections.abc import Mapping
from math import sqrt

from llmfit.rank.evidence import Evidence, Observation, Signal, evidence_rows, signals_of, thinks
from llmfit.rank.facts import Facts
from llmfit.rank.prior import prior_points, prior_terms
from llmfit.records.frozen import dataclass
from llmfit.records.model import CHAT_KINDS, COPY_RELATIONS, Model
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Badge, Quality, Rated, RatingTerm
from llmfit.records.task import Task

_CHECKED = frozenset({"human", "independent", "llm_judge"})
"""Classes of evidence in which somebody else than the publisher ran the model."""
_DIGITS = 6
"""Decimals of a rating: compiled ratings are the same whatever the last bits of a Python's sums and logarithms."""
_LEAST_SERIES = 0.05
"""Points below which a term is not worth its line."""
_OF_THEIR_OWN = frozenset({"embedding", "reranker"})
_GENERAL = frozenset({"writing", "summarize", "vision"})
"""Tasks that a specialist for code or mathematics does not claim."""


class Rater:
    """Rates models for one question, before quantisation."""

    def __init__(self, facts: Facts, *, tasks: tuple[Task, ...], for_tuning: bool = False) -> None:
        """Read the scores; `for_tuning` rates a base by the publisher's own models made of it as well."""
        self._models: Mapping[str, Model] = facts.models
        self._ranking: Ranking = facts.ranking
        self._tasks = tasks
        factor = self._ranking.judgement.related_factor
        signals: dict[str, Signal] = signals_of(tasks, all_tasks=facts.tasks, related_factor=factor)
        mode = next((task.mode for task in tasks if task.mode), None)
        self._evidence = Evidence(facts, signals=signals, mode=mode, special=self._specialist)
        self._known: dict[str, _Weighing] = {}
        compiled = len(tasks) == 1 and not for_tuning
        self._compiled: Mapping[str, Rated] = facts.qualities_of(tasks[0].id) if compiled else {}
        self._for_tuning = for_tuning
        self._made_of = _made_of(self._models) if for_tuning else {}

    def rating(self, model: Model) -> float:
        """Return the rating of the unquantised model, worked out once and without the words that explain it."""
        known = self._compiled.get(model.id)
        return self._weigh(model).rating if known is None else known[0]

    def brief(self, model: Model) -> Quality:
        """Return the quality of the unquantised model; without its terms where it was compiled."""
        known = self._compiled.get(model.id)
        if known is None:
            return self.rate(model)
        rating, error, badge = known
        return Quality(rating=rating, standard_error=error, badge=badge, terms=(), evidence=())

    def rate(self, model: Model) -> Quality:
        """Return the quality of the unquantised model, with the terms of which it consists."""
        found, ranking = self._weigh(model), self._ranking
        size = self._evidence.size(model)
        terms = list(prior_terms(ranking.prior, ranking.small, ranking.sparse, size=size, model=model))
        if found.special:
            terms.append(RatingTerm(label="specialist", points=found.special, detail="made for one kind of task"))
        if found.thinking:
            terms.append(RatingTerm(label="thinking", points=found.thinking, detail="it thinks before it answers"))
        related = self._evidence.has_relatives(model)
        if found.series:
            detail = f"how other {model.publisher} models measured, the nearest in time most"
            detail = detail if related else "no other model of the series was measured"
            terms.append(RatingTerm(label="series", points=found.series, detail=detail))
        if found.seen is not None:
            count = len(found.seen.readings)
            whose = "" if found.own else f", of {found.seen.readings[0].score.model}"
            detail = f"{count} score{'s' * (count != 1)}, counted to {found.share:.0%}{whose}"
            terms.append(RatingTerm(label="benchmarks", points=found.benchmarks, detail=detail))
        if found.cap:
            detail = f"not above {model.base_model} without others' evidence"
            terms.append(RatingTerm(label="cap", points=found.cap, detail=detail))
        unseen = max(0.0, ranking.prior.standard_deviation**2 - ranking.shrinkage.shared)
        return Quality(
            rating=found.rating,
            standard_error=round(sqrt(found.variance + unseen), _DIGITS),
            badge=_badge(found.own, None if found.own else found.seen, related=related),
            terms=tuple(terms),
            evidence=evidence_rows(found.seen, factor=self._factor(found.own)) if found.seen else (),
        )

    def _weigh(self, model: Model) -> "_Weighing":
        known = self._known.get(model.id)
        if known is None:
            known = self._known[model.id] = self._weighing(model)
        return known

    def _weighing(self, model: Model) -> "_Weighing":
        ranking, own = self._ranking, self._evidence.observe(model)
        seen = own or self._inherit(model)
        expected, variance = self._evidence.relatives(model, own)
        series = expected if abs(expected) >= _LEAST_SERIES else 0.0
        share = benchmarks = 0.0
        if seen is not None:
            share = variance / (variance + seen.variance * self._factor(own))
            benchmarks = share * (seen.points - expected)
        special, thinking = self._specialist(model), self._thinking(model)
        size = self._evidence.size(model)
        prior = prior_points(ranking.prior, ranking.small, ranking.sparse, size=size, released=model.released)
        rating = sum((*prior.values(), special, thinking, series, benchmarks))
        cap = self._cap(model, own, rating)
        return _Weighing(
            own=own,
            seen=seen,
            special=special,
            thinking=thinking,
            series=series,
            share=share,
            benchmarks=benchmarks,
            cap=cap,
            variance=variance * (1 - share),
            rating=round(rating + cap, _DIGITS),
        )

    def _factor(self, own: Observation | None) -> float:
        """Return how much more variance evidence has that is another model's."""
        return 1.0 if own else self._ranking.judgement.related_factor

    def _inherit(self, model: Model) -> Observation | None:
        """Return what benchmarks say of the nearest instruct-tuned ancestor, or of what was made of the base."""
        tuned = (self._evidence.observe(one) for one in self._made_of.get(model.id, ()))
        known = min((found for found in tuned if found), key=lambda found: found.variance, default=None)
        if known is not None:
            return known
        base = self._models.get(model.base_model) if model.base_model else None
        if base is None or base.kind not in CHAT_KINDS or base.id == model.id:
            return None
        return self._evidence.observe(base)

    def _specialist(self, model: Model) -> float:
        points = self._ranking.shrinkage.specialist_points
        for specialty, tasks in self._ranking.specialties.items():
            if is_specialist(model, specialty):
                return points if any(task.id in tasks for task in self._tasks) else -points
        return 0.0

    def _thinking(self, model: Model) -> float:
        if self._for_tuning or not self._tasks or not thinks(model):
            return 0.0
        return max(self._ranking.shrinkage.thinking.get(task.skill, 0.0) for task in self._tasks)

    def _cap(self, model: Model, own: Observation | None, rating: float) -> float:
        """Return the points that hold a derivative by others at or below its base, unless somebody measured it."""
        base = self._models.get(model.base_model) if model.base_model else None
        if base is None or base.id == model.id or base.publisher == model.publisher or _made_otherwise(model, base):
            return 0.0
        copied = model.base_relation in COPY_RELATIONS
        if not copied and own is not None and any(r.score.evidence in _CHECKED for r in own.readings):
            return 0.0
        limit = self.rating(base) - (0 if copied else self._ranking.judgement.finetune_points)
        return min(0.0, limit - rating)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighing:
    """What a rating consists of, in points, before words are made of it."""

    own: Observation | None
    seen: Observation | None
    """What benchmarks say of the model, or else of its base."""
    special: float
    thinking: float
    series: float
    share: float
    """How far `seen` is believed, 0 to 1."""
    benchmarks: float
    cap: float
    variance: float
    rating: float


def _made_of(models: Mapping[str, Model]) -> dict[str, list[Model]]:
    """Return, by base, the publisher's own instruction-tuned models of it."""
    found: dict[str, list[Model]] = {}
    for model in sorted(models.values(), key=lambda one: one.id):
        base = models.get(model.base_model) if model.base_model else None
        if base is not None and base.kind == "base" and base.publisher == model.publisher and model.kind in CHAT_KINDS:
            found.setdefault(base.id, []).append(model)
    return found


def is_specialist(model: Model, specialty: str) -> bool:
    """Whether a model was made for one kind of task, by the tasks that it claims; who reasons is made for many."""
    return specialty in model.tasks and model.kind != "reasoning" and not _GENERAL.intersection(model.tasks)


def _made_otherwise(model: Model, base: Model) -> bool:
    """Whether a model does what its base cannot: an embedder made of an encoder, or of a model that writes."""
    return model.kind in _OF_THEIR_OWN and base.kind != model.kind


def _badge(own: Observation | None, inherited: Observation | None, *, related: bool) -> Badge:
    if own is not None and any(reading.signal.factor == 1 for reading in own.readings):
        return "measured"
    return "related" if own is not None or inherited is not None or related else "estimated"
