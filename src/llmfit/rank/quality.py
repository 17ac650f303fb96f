"""How good each model is at a question's tasks: prior, family, benchmarks, caps."""

from collections.abc import Mapping
from math import sqrt

from llmfit.rank.evidence import Evidence, Observation, Signal, evidence_rows, signals_of, thinks
from llmfit.rank.facts import Facts
from llmfit.rank.prior import prior_terms
from llmfit.records.model import Model
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Badge, Quality, RatingTerm
from llmfit.records.task import Task

_CHECKED = frozenset({"human", "independent", "llm_judge"})
"""Classes of evidence in which somebody else than the publisher ran the model."""
_LEAST_SERIES = 0.05
"""Points below which a term is not worth its line."""
_TUNED = frozenset({"instruct", "reasoning"})
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
        self._known: dict[str, Quality] = {}
        self._for_tuning = for_tuning
        self._made_of = _made_of(self._models) if for_tuning else {}

    def rate(self, model: Model) -> Quality:
        """Return the quality of the unquantised model."""
        known = self._known.get(model.id)
        if known is None:
            known = self._known[model.id] = self._rate(model)
        return known

    def _rate(self, model: Model) -> Quality:
        own = self._evidence.observe(model)
        inherited = None if own else self._inherit(model)
        seen, factor = (own, 1.0) if own else (inherited, self._ranking.judgement.related_factor)
        series, variance = self._evidence.relatives(model, own)
        special, thinking = self._specialist(model), self._thinking(model)
        ranking, size = self._ranking, self._evidence.size(model)
        terms = list(prior_terms(ranking.prior, ranking.small, ranking.sparse, size=size, model=model))
        if special:
            terms.append(RatingTerm(label="specialist", points=special, detail="made for one kind of task"))
        if thinking:
            terms.append(RatingTerm(label="thinking", points=thinking, detail="it thinks before it answers"))
        if abs(series) >= _LEAST_SERIES:
            detail = f"how other {model.publisher} models measured, the nearest in time most"
            detail = detail if self._evidence.has_relatives(model) else "no other model of the series was measured"
            terms.append(RatingTerm(label="series", points=series, detail=detail))
        if seen is not None:
            noise = seen.variance * factor
            share = variance / (variance + noise)
            variance *= 1 - share
            count = len(seen.readings)
            detail = f"{count} score{'s' * (count != 1)}, counted to {share:.0%}{'' if own else ', of its base'}"
            terms.append(RatingTerm(label="benchmarks", points=share * (seen.points - series), detail=detail))
        unseen = max(0.0, ranking.prior.standard_deviation**2 - ranking.shrinkage.shared)
        rating = sum(term.points for term in terms)
        terms += self._cap(model, own, rating)
        return Quality(
            rating=sum(term.points for term in terms),
            standard_error=sqrt(variance + unseen),
            badge=_badge(own, inherited, related=self._evidence.has_relatives(model)),
            terms=tuple(terms),
            evidence=evidence_rows(seen, factor=factor) if seen else (),
        )

    def _inherit(self, model: Model) -> Observation | None:
        """Return what benchmarks say of the nearest instruct-tuned ancestor, or of what was made of the base."""
        tuned = (self._evidence.observe(one) for one in self._made_of.get(model.id, ()))
        known = min((found for found in tuned if found), key=lambda found: found.variance, default=None)
        if known is not None:
            return known
        base = self._models.get(model.base_model) if model.base_model else None
        if base is None or base.kind not in {"instruct", "reasoning"} or base.id == model.id:
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

    def _cap(self, model: Model, own: Observation | None, rating: float) -> list[RatingTerm]:
        """Hold a derivative by others at or below its base, unless somebody measured it."""
        base = self._models.get(model.base_model) if model.base_model else None
        if base is None or base.id == model.id or base.publisher == model.publisher:
            return []
        copied = model.base_relation in {"quantized", "repack"}
        if not copied and own is not None and any(r.score.evidence in _CHECKED for r in own.readings):
            return []
        limit = self.rate(base).rating - (0 if copied else self._ranking.judgement.finetune_points)
        if rating <= limit:
            return []
        return [RatingTerm(label="cap", points=limit - rating, detail=f"not above {base.id} without others' evidence")]


def _made_of(models: Mapping[str, Model]) -> dict[str, list[Model]]:
    """Return, by base, the publisher's own instruction-tuned models of it."""
    found: dict[str, list[Model]] = {}
    for model in sorted(models.values(), key=lambda one: one.id):
        base = models.get(model.base_model) if model.base_model else None
        if base is not None and base.kind == "base" and base.publisher == model.publisher and model.kind in _TUNED:
            found.setdefault(base.id, []).append(model)
    return found


def is_specialist(model: Model, specialty: str) -> bool:
    """Whether a model was made for one kind of task, by the tasks that it claims; who reasons is made for many."""
    return specialty in model.tasks and model.kind != "reasoning" and not _GENERAL.intersection(model.tasks)


def _badge(own: Observation | None, inherited: Observation | None, *, related: bool) -> Badge:
    if own is not None and any(reading.signal.factor == 1 for reading in own.readings):
        return "measured"
    return "related" if own is not None or inherited is not None or related else "estimated"
