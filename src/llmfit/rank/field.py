"""Everybody who comes into question: from the catalog's models to scored candidates."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from llmfit.architectures import describe
from llmfit.errors import CannotAnswerError
from llmfit.estimate.speed import estimate_speed
from llmfit.rank.candidate import Candidate
from llmfit.rank.facts import Facts
from llmfit.rank.quality import Rater
from llmfit.rank.quantisation import loss_points, quantised
from llmfit.rank.room import likely_room
from llmfit.rank.score import adoption_part, context_part, quality_part, speed_part, useful_speed
from llmfit.rank.sieve import Sieve, context_limit
from llmfit.rank.variants import Chooser, Variant, file_bytes
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import PartName, Verdict
from llmfit.records.model import WRITE_NOTHING, Model
from llmfit.records.question import Question
from llmfit.records.recommendation import Quality, Rejection
from llmfit.records.speed import Speed
from llmfit.records.task import Task
from llmfit.units import in_gib

if TYPE_CHECKING:
    from llmfit.rank.tuning import TuningChooser


class Gathered:
    """Candidates in no order, and why the others are none."""

    def __init__(self) -> None:
        self.fitting: list[Candidate] = []
        self.offload: list[Candidate] = []
        self.rejections: list[Rejection] = []


class Field:
    """Gathers candidates for one question on one device."""

    def __init__(
        self,
        question: Question,
        facts: Facts,
        *,
        tasks: tuple[Task, ...],
        context: int,
        device: Device,
        weights: Mapping[str, float],
        share: float = 1.0,
    ) -> None:
        self._question = question
        self._facts = facts
        self._tasks = tasks
        self._context = context
        self.device = device
        self._weights = weights
        self._sieve = _sieve(question, facts, tasks=tasks)
        self.rater = Rater(facts, tasks=tasks, for_tuning=question.training is not None)
        images = int(any(task.uses_vision for task in tasks))
        self.chooser = Chooser(question, facts, device=device, context=context, images=images, share=share)
        self.tuning = _tuning_chooser(question, facts, device=device)
        self._choosing = self.tuning or self.chooser
        alone = share < 1 or question.training is not None
        self._reach = self.chooser.budget if alone else self.chooser.budget + self._ram()

    def _ram(self) -> int:
        return 0 if self.device.unified else int(self.device.ram_bytes or 0)

    def gather(self, models: Iterable[Model], *, gap: float | None = None) -> Gathered:
        """Sort models into those that fit, those that need RAM as well, and those that are out, with reasons.

        With a gap, models that stand further below the best one that fits are out before anything is estimated.
        """
        gathered = Gathered()
        passed: list[Model] = []
        for model in models:
            rejection = self._sieve.reject(model) or self._too_large(model)
            if rejection is None:
                passed.append(model)
            else:
                gathered.rejections.append(rejection)
        passed.sort(key=lambda model: (-self.rater.rating(model), model.id))
        best: Candidate | None = None
        for model in passed:
            rejection = self._outclassed(model, best, gap) or self._consider(model, gathered)
            if rejection is not None:
                gathered.rejections.append(rejection)
            newest = gathered.fitting[-1] if gathered.fitting else None
            if newest is not None and (best is None or newest.quality.rating > best.quality.rating):
                best = newest
        return gathered

    def _outclassed(self, model: Model, best: Candidate | None, gap: float | None) -> Rejection | None:
        """Reject what even unquantised stands too far below the best that fits."""
        rating = self.rater.rating(model)
        if best is None or gap is None or rating >= best.quality.rating - gap:
            return None
        detail = f"rating {rating:.0f}; {best.model.id} fits with {best.quality.rating:.0f}"
        return Rejection(model=model.id, reason="outclassed", detail=detail)

    def _too_large(self, model: Model) -> Rejection | None:
        """Reject by parameters and bits alone what cannot fit in any format."""
        least = self._choosing.least_bytes(model)
        if least <= self._reach:
            return None
        training = self._question.training
        what = "weights take" if training is None or training.method != "full" else "weights and gradients take"
        detail = f"{what} more than {in_gib(least, digits=1)}, {in_gib(self.chooser.budget, digits=1)} are comfortable"
        return Rejection(model=model.id, reason="too_large", detail=detail)

    def _consider(self, model: Model, gathered: Gathered) -> Rejection | None:
        try:
            architecture = describe(model.architecture)
            chosen, smallest = self._choosing.choose(model, architecture)
        except CannotAnswerError as error:
            return Rejection(model=model.id, reason="unsupported", detail=error.message)
        if chosen is not None:
            return self._accept(model, architecture, chosen, gathered)
        if smallest is None:
            return Rejection(model=model.id, reason="unsupported", detail="no engine asked for runs it so")
        limit, file = self._question.max_weight_bytes, file_bytes(smallest.fit.estimate)
        if limit is not None and file > limit:
            detail = f"the smallest file, {smallest.workload.format.id}, is {in_gib(file, digits=1)}"
            return Rejection(model=model.id, reason="download", detail=detail)
        if smallest.fit.verdict is Verdict.OFFLOAD and self._question.offload_top:
            split = smallest if self.tuning else self.chooser.with_ram(model, architecture, smallest)
            gathered.offload.append(self._candidate(model, architecture, split, speed=None))
            return None
        reason = "unknown" if smallest.fit.verdict is Verdict.UNKNOWN else "too_large"
        return Rejection(model=model.id, reason=reason, detail=self._misfit(smallest))

    def _misfit(self, variant: Variant) -> str:
        needed = in_gib(variant.fit.estimate.total_bytes, digits=1)
        words = f"{variant.workload.format.id} needs {needed} with {self._context:,} tokens"
        return f"{words}, {in_gib(self.chooser.budget, digits=1)} are comfortable"

    def _accept(self, model: Model, architecture: Architecture, variant: Variant, out: Gathered) -> Rejection | None:
        """Score a model that fits, unless it is too slow for the question."""
        if self._question.training is not None:
            out.fitting.append(self._candidate(model, architecture, variant, speed=None))
            return None
        slowest = self._question.min_tokens_per_second
        speed = None
        if model.kind not in WRITE_NOTHING:
            speed = estimate_speed(architecture, variant.workload, device=self.device, estimate=variant.fit.estimate)
        if slowest is not None and speed is not None and speed.typical < slowest:
            return Rejection(model=model.id, reason="slow", detail=f"{speed.typical:.1f} tokens/s typical")
        out.fitting.append(self._candidate(model, architecture, variant, speed=speed))
        return None

    def _candidate(
        self, model: Model, architecture: Architecture, variant: Variant, *, speed: Speed | None
    ) -> Candidate:
        ranking, quality = self._facts.ranking, self._quantised(self.rater.brief(model), model, variant)
        room = likely_room(
            variant.fit.estimate,
            context=self._context,
            sequences=variant.workload.sequences,
            budget=self.chooser.budget,
            limit=context_limit(model),
            part=PartName.KV_CACHE if self._question.training is None else PartName.ACTIVATION,
        )
        made = {
            "quality": lambda w: quality_part(quality, ranking=ranking, weight=w),
            "speed": lambda w: speed_part(speed, useful=useful_speed(self._tasks), weight=w),
            "context": lambda w: context_part(room, asked=self._context, ranking=ranking, weight=w),
            "adoption": lambda w: adoption_part(model, ranking=ranking, weight=w),
        }
        return Candidate(
            model=model,
            architecture=architecture,
            license=self._sieve.license(model),
            variant=variant,
            speed=speed,
            quality=quality,
            parts=tuple(made[name](weight) for name, weight in self._weights.items()),
        )

    def finished(self, candidate: Candidate) -> Candidate:
        """Return a candidate that was picked with all that its quality consists of."""
        whole = self.rater.rate(candidate.model)
        return replace(candidate, quality=self._quantised(whole, candidate.model, candidate.variant))

    def _quantised(self, quality: Quality, model: Model, variant: Variant) -> Quality:
        """Return a quality as it is in the variant's format; fine-tuning starts from the published weights."""
        if self._question.training is not None:
            return quality
        facts, format_ = self._facts, variant.workload.format
        loss = loss_points(
            format_, parameters=model.parameters, tasks=self._tasks, ranking=facts.ranking, formats=facts.formats
        )
        return quantised(quality, format_, loss=loss)


def _sieve(question: Question, facts: Facts, *, tasks: tuple[Task, ...]) -> Sieve:
    if question.training is None:
        return Sieve(question, facts, tasks=tasks)
    from llmfit.rank.tuning import TuningSieve

    return TuningSieve(question, facts, tasks=tasks)


def _tuning_chooser(question: Question, facts: Facts, *, device: Device) -> "TuningChooser | None":
    if question.training is None:
        return None
    from llmfit.rank.tuning import TuningChooser

    return TuningChooser(question.training, facts, device=device)
