"""From a question to recommendations: filter, choose variants, score, guard, explain."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llmfit.rank.bundle import companions, reserve
from llmfit.rank.candidate import Candidate
from llmfit.rank.facts import Facts
from llmfit.rank.field import Field, Gathered
from llmfit.rank.guards import one_per_lineage, reject_toys
from llmfit.rank.labels import label
from llmfit.rank.reasons import reasons, warnings
from llmfit.rank.score import weights_of
from llmfit.rank.sieve import context_limit, context_of, tasks_of
from llmfit.records.device import Device
from llmfit.records.estimate import Verdict
from llmfit.records.format import Format
from llmfit.records.question import Question
from llmfit.records.recommendation import CompanionPick, Recommendation, Recommendations, Rejection
from llmfit.records.task import Task

if TYPE_CHECKING:
    from llmfit.records.training import Training


def recommend(question: Question, facts: Facts, *, device: Device) -> Recommendations:
    """Return which models to use on the device, best first, and why the others are not there.

    The same question, facts and device give the same answer, in whatever order the facts come.

    Raises:
        UsageError: A weight or the region has no meaning.
    """
    tasks = tasks_of(question, facts.tasks)
    context = context_of(question, tasks)
    answering = question.training is None
    beside, missing = companions(question, facts, tasks=tasks if answering else (), device=device)
    left = reserve(device, sum(pick.fit.estimate.total_bytes for pick in beside))
    weights = weights_of(facts.ranking, asked=question.weights, tasks=tasks, device=device, answering=answering)
    field = Field(question, facts, tasks=tasks, context=context, device=left, weights=weights)
    gap = facts.ranking.toy_gap if all(task.useful_tokens_per_second for task in tasks) else None
    gathered = field.gather(facts.models.values(), gap=gap)
    picks = _guard(gathered, question, facts, gap=gap)
    offload = _better_with_ram(gathered, picks, question, facts)
    making = _Making(field, tasks=tasks, context=context, beside=beside)
    shown, hidden = _cut(picks, question.top)
    shown_offload, hidden_offload = _cut(offload, question.offload_top)
    gathered.rejections += [*_outranked(hidden, len(shown)), *_outranked(hidden_offload, len(shown_offload))]
    return Recommendations(
        question=question,
        context=context,
        picks=label(tuple(making.make(c, rank=i) for i, c in enumerate(shown, 1))),
        offload=tuple(making.make(c, rank=i) for i, c in enumerate(shown_offload, 1)),
        considered=len(facts.models),
        rejections=tuple(sorted(gathered.rejections, key=lambda r: r.model)),
        weights=weights,
        warnings=(*missing, *_to_train(tasks)) if answering else _advice(question),
    )


def _guard(gathered: Gathered, question: Question, facts: Facts, *, gap: float | None) -> list[Candidate]:
    """Return the fitting candidates that the guards leave, best first; no gap, no toys (embedders may be small)."""
    ranking, serious, toys = facts.ranking, gathered.fitting, list[Rejection]()
    if gap is not None:
        serious, toys = reject_toys(serious, gap=gap, ratio=ranking.toy_ratio, knee=ranking.small.knee)
    ordered = sorted(serious, key=lambda candidate: candidate.order)
    if question.training is not None:
        from llmfit.rank.tuning import prefer_starts, thinking_last

        starts, others = prefer_starts(ordered, models=facts.models, question=question)
        ordered = thinking_last(starts, tasks=[facts.tasks[name] for name in question.tasks])
        toys += others
    kept, doubles = one_per_lineage(ordered, models=facts.models, question=question, ranking=facts.ranking)
    gathered.rejections += [*toys, *doubles]
    return kept


def _advice(question: Question) -> tuple[str, ...]:
    from llmfit.rank.tuning import advice

    return advice(question.training)


def _to_train(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return what to beware of where models to fine-tune are asked for without a method of training."""
    if all(task.id != "finetune" for task in tasks):
        return ()
    return ("formats and memory are those of answering; --training qlora, lora or full counts what fine-tuning takes",)


def _better_with_ram(
    gathered: Gathered, picks: Sequence[Candidate], question: Question, facts: Facts
) -> list[Candidate]:
    """Return the candidates that need RAM and are better than all that fit, best first."""
    best = max((pick.quality.rating for pick in picks), default=float("-inf"))
    better = [c for c in gathered.offload if c.quality.rating > best]
    for candidate in gathered.offload:
        if candidate.quality.rating <= best:
            detail = f"{candidate.variant.fit.reason}, and no better than what fits"
            gathered.rejections.append(Rejection(model=candidate.model.id, reason="too_large", detail=detail))
    ordered = sorted(better, key=lambda candidate: candidate.order)
    kept, doubles = one_per_lineage(ordered, models=facts.models, question=question, ranking=facts.ranking)
    gathered.rejections += doubles
    return kept


def _cut(candidates: list[Candidate], top: int | None) -> tuple[list[Candidate], list[Candidate]]:
    return (candidates, []) if top is None else (candidates[:top], candidates[top:])


def _outranked(hidden: Sequence[Candidate], shown: int) -> list[Rejection]:
    return [
        Rejection(model=c.model.id, reason="outranked", detail=f"place {place} with {c.score:.1f} of 100")
        for place, c in enumerate(hidden, shown + 1)
    ]


class _Making:
    """Makes recommendations of candidates: longest context, reasons, warnings."""

    def __init__(
        self, field: Field, *, tasks: tuple[Task, ...], context: int, beside: tuple[CompanionPick, ...]
    ) -> None:
        self._finished = field.finished
        self._chooser = field.chooser
        self._tuning = field.tuning
        self._device = field.device
        self._tasks = tasks
        self._context = context
        self._beside = beside

    def make(self, candidate: Candidate, *, rank: int) -> Recommendation:
        """Return the finished recommendation of a candidate."""
        candidate = self._finished(candidate)
        training = None if self._tuning is None else self._tuning.load(candidate.architecture)
        return Recommendation(
            rank=rank,
            model=candidate.model,
            active_parameters=candidate.architecture.active_parameters,
            license=candidate.license,
            workload=candidate.variant.workload,
            fit=candidate.variant.fit,
            max_context=self._longest(candidate, training),
            speed=candidate.speed,
            quality=candidate.quality,
            parts=candidate.parts,
            reasons=self._reasons(candidate, training),
            warnings=tuple(dict.fromkeys(self._warnings(candidate, training))),
            companions=self._beside,
            training=training,
        )

    def _reasons(self, candidate: Candidate, training: "Training | None") -> tuple[str, ...]:
        if training is None:
            return reasons(candidate, better=self._next_up(candidate))
        from llmfit.rank.tuning_reasons import tuning_reasons

        return tuning_reasons(candidate, training, device=self._device)

    def _warnings(self, candidate: Candidate, training: "Training | None") -> Iterable[str]:
        if training is None:
            return warnings(candidate, self._tasks)
        from llmfit.rank.tuning_reasons import tuning_warnings

        return tuning_warnings(candidate, training)

    def _longest(self, candidate: Candidate, training: "Training | None") -> int | None:
        if training is not None:
            from llmfit.solve.training import longest_sequence

            known = candidate.model.context_certainty != "unknown"
            limit = candidate.model.context_length if known else candidate.architecture.context_length
            return longest_sequence(candidate.architecture, training, device=self._device, limit=limit)
        if candidate.variant.fit.verdict is not Verdict.FITS:
            return None
        made_for = candidate.model.context_length
        limit = made_for if candidate.variant.workload.context <= made_for else context_limit(candidate.model)
        return self._chooser.longest_context(candidate.model, candidate.architecture, candidate.variant, limit=limit)

    def _next_up(self, candidate: Candidate) -> Format | None:
        """Return the ladder's next better format, where there was one that did not fit."""
        load = candidate.variant.workload
        better = [f for engine, f in self._chooser.formats(candidate.model) if engine is load.engine]
        place = better.index(load.format)
        return better[place - 1] if place else None
