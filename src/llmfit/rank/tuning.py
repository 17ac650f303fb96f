"""Fine-tuning instead of answering: who comes into question, from which weights to start, and what a step takes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from llmfit.errors import UnsupportedWorkloadError, UsageError
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.precision import RECIPES, frozen_bytes
from llmfit.estimate.training.sharding import shards
from llmfit.fit import COMFORTABLE, fit
from llmfit.rank.candidate import Candidate
from llmfit.rank.facts import Facts
from llmfit.rank.guards import lineage_root
from llmfit.rank.sieve import Sieve
from llmfit.rank.variants import Variant
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.format import Format
from llmfit.records.model import COPY_RELATIONS, DECODERS, Model, ModelKind
from llmfit.records.question import Question
from llmfit.records.recommendation import Rejection
from llmfit.records.task import Task
from llmfit.records.training import ALL_LINEAR, LORA_METHODS, Training, with_loss_of
from llmfit.records.workload import Workload

_SENSES = frozenset(("vision", "ocr", "audio", "speech-to-text"))
"""Tags that say what a model can perceive, which fine-tuning does not add; all others are what it is tuned for."""
_NO_STARTS = COPY_RELATIONS | {"adapter", "merge"}
"""Relations whose original is the better start."""
WHOLE = frozenset(("full", "freeze"))
"""Methods that change the weights themselves, for which the base is the usual start; adapters start from instruct."""
_ROOM = (
    "every gradient and optimizer state lies on the card: --recipe bf16, --offload-optimizer with --ram, "
    "or --training lora fits larger models"
)
_LEAST_SHARE = 0.95
"""A format takes at least this share of parameters x nominal bits."""


class TuningSieve(Sieve):
    """The tests of models to fine-tune: kinds that can learn the task, a licence that allows derivatives."""

    def _type(self, model: Model) -> Iterator[tuple[str, str]]:
        if model.base_relation in _NO_STARTS:
            yield "copy", f"{model.base_relation} of {model.base_model}: start from the original"
        for task in self._tasks[: len(self._question.tasks)]:
            kinds = kinds_to_tune(task)
            if model.kind not in kinds:
                yield "type", f"{model.kind} model; {task.id} is learnt by {' or '.join(sorted(kinds))}"
            if missing := sorted(_SENSES.intersection(task.requires).difference(model.tasks)):
                yield "task", f"has no {', '.join(missing)}, which fine-tuning does not add"
            if task.requires == ("chat",) and (made_for := self._made_for(model)):
                yield "specialist", f"made for {made_for}; {task.id} is general"

    def _made_for(self, model: Model) -> str:
        """Return what a specialist was made for; bases of coders claim completion alone."""
        return self._specialty(model) or ("code" if model.kind == "base" and "code-completion" in model.tasks else "")

    def _license(self, model: Model) -> Iterator[tuple[str, str]]:
        effective = self.license(model)
        if not effective.derivatives_allowed:
            yield "license", f"no changed version may be passed on: {effective.effective_id}"
        if effective.commercial == "unknown":
            yield "license", f"nobody knows whether changed versions are allowed: {effective.effective_id}"
        yield from super()._license(model)


def kinds_to_tune(task: Task) -> frozenset[ModelKind]:
    """Return the kinds that can learn a task: any decoder what decoders do, encoders what no decoder is asked for."""
    kinds = frozenset(task.kinds)
    if kinds & DECODERS:
        return kinds | DECODERS
    return kinds | {"encoder"} if kinds & {"embedding", "reranker"} else kinds


class TuningChooser:
    """Holds models against the device under one fine-tuning load."""

    def __init__(self, training: Training, facts: Facts, *, device: Device) -> None:
        self._training = training
        self._facts = facts
        self._device = device
        self._least_bits = _least_bits(training)
        self.budget = int(device.usable_bytes * COMFORTABLE)
        """Bytes that a comfortable fit may take on all GPUs together."""

    def least_bytes(self, model: Model) -> float:
        """Return a lower bound of the state on all GPUs together."""
        return model.parameters * self._least_bits / 8

    def load(self, architecture: Architecture) -> Training:
        """Return the load for a model: every linear layer where nothing was named and PEFT has no default."""
        training = self._training
        if training.target_modules or training.method not in LORA_METHODS or training.method == "qlora":
            return training
        row = training.facts.targets(architecture.model_type)
        return training if row is not None and row.lora else replace(training, target_modules=(ALL_LINEAR,))

    def choose(self, model: Model, architecture: Architecture) -> tuple[Variant | None, Variant]:
        """Return (the load held against the device where it fits, the same whether or not).

        Raises UnsupportedWorkloadError where the method does not suit the model, or it has no such modules.
        """
        load = with_loss_of(self.load(architecture), model.kind)
        try:
            estimated = estimate_training(architecture, load, device=self._device)
        except UsageError as error:  # a module that this model has not; another may have it
            raise UnsupportedWorkloadError(error.message, hint=error.hint) from error
        held = Variant(load_of(self._training, self._facts), fit(estimated, self._device))
        ram = self._device.ram_bytes
        enough = ram is None or self._device.unified or estimated.host_bytes <= ram
        fits = held.fit.verdict.value == "fits" and enough
        return (held if fits else None), held


def _least_bits(training: Training) -> float:
    """Return bits of GPU memory that each parameter takes at least: weights, and gradients where all of them train."""
    try:
        plan = shards(training)
    except UsageError:
        return 0.0  # every estimate will say what contradicts what
    if training.method == "qlora":
        weight = 0.0 if training.base_format is None else _LEAST_SHARE * training.base_format.nominal_bits
    else:
        weight = 8.0 * (frozen_bytes(training) if training.is_adapter else RECIPES[training.recipe].weight)
    bits = 0.0 if plan.weights_on_host else weight * training.gpus / plan.weights
    if training.method == "full" and not (plan.optimizer_on_host or training.optimizer_in_backward):
        bits += 8.0 * RECIPES[training.recipe].gradient * training.gpus / plan.gradients
    return bits


def load_of(training: Training, facts: Facts) -> Workload:
    """Return how the model is held while it is fine-tuned, as an answering load would be described."""
    return Workload(
        engine=facts.engines["transformers"],
        format=format_of(training, facts.formats),
        kv_format=facts.kv_formats["f16"],
        context=training.sequence_length,
        sequences=training.batch_size,
    )


def format_of(training: Training, formats: Mapping[str, Format]) -> Format:
    """Return the format of the model's own weights while they train or stand frozen."""
    if training.base_format is not None:
        return training.base_format
    return formats["f32" if frozen_bytes(training) == 4 else "bf16"]


def starts_from_base(question: Question) -> bool:
    """Whether the base is the usual start: for methods that change every weight, and where bases were asked for."""
    return question.training is not None and (question.include_base or question.training.method in WHOLE)


def prefer_starts(
    candidates: Iterable[Candidate], *, models: Mapping[str, Model], question: Question
) -> tuple[list[Candidate], list[Rejection]]:
    """Keep of each lineage the weights that the method usually starts from, where they are among the candidates."""
    lineages: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        lineages.setdefault(lineage_root(candidate.model, models), []).append(candidate)
    kept: list[Candidate] = []
    left: list[Rejection] = []
    for relatives in lineages.values():
        wanted = [] if question.all_variants else _starts(relatives, base=starts_from_base(question))
        for candidate in relatives:
            if not wanted or candidate in wanted:
                kept.append(candidate)
            else:
                left.append(_left(candidate, wanted[0], question))
    return sorted(kept, key=lambda candidate: candidate.order), left


def _starts(relatives: list[Candidate], *, base: bool) -> list[Candidate]:
    """Return the bases of a lineage, or its instruction-tuned models; who always thinks is the last resort."""
    for kinds in ({"base"}, {"instruct"}) if base else ({"instruct"}, {"base"}):
        if found := [one for one in relatives if one.model.kind in kinds]:
            return found
    return []


def thinking_last(ordered: Iterable[Candidate], *, tasks: Iterable[Task]) -> list[Candidate]:
    """Move models that always think behind the others, unless a task is to be thought about: data seldom think."""
    if any(task.mode == "thinking" for task in tasks):
        return list(ordered)
    return sorted(ordered, key=lambda candidate: candidate.model.kind == "reasoning")


def advice(training: Training | None) -> tuple[str, ...]:
    """Return what makes room for larger models, where every weight trains with all its states on the card."""
    if training is None or training.method != "full" or training.offload_optimizer or training.recipe == "bf16":
        return ()
    return (_ROOM,)


def _left(candidate: Candidate, start: Candidate, question: Question) -> Rejection:
    method = question.training.method if question.training else ""
    detail = f"{method} usually starts from its close relative {start.model.id} ({start.model.kind})"
    return Rejection(model=candidate.model.id, reason="lineage", detail=detail)
