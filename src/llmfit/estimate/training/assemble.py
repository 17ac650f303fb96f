"""The estimate of a fine-tuning load: its parts, per GPU and together."""

from dataclasses import dataclass, replace

from llmfit.errors import UsageError
from llmfit.estimate.training import litgpt
from llmfit.estimate.training.bases import base_lines, frozen_copy, leaves_experts, rotary_lines
from llmfit.estimate.training.overhead import overhead_part
from llmfit.estimate.training.precision import RECIPES
from llmfit.estimate.training.sharding import Shards, bucket_bytes, divided, gathered, shards
from llmfit.estimate.training.state import Amount, State, state_of
from llmfit.estimate.training.targets import rank_limits
from llmfit.estimate.training.timeline import GRADIENTS, Gradients, Moment, peak
from llmfit.estimate.weights.quantized import EXPERTS_LEFT
from llmfit.records.architecture import Architecture, Role
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Line, Part, PartName
from llmfit.records.training import LORA_METHODS, Training

CHUNKS = 8
"""Chunks of a chunked cross-entropy (torchtune's `CEWithChunkedOutputLoss`)."""


def estimate_training(architecture: Architecture, training: Training, *, device: Device | None = None) -> Estimate:
    """Return the bytes of one optimizer step on all GPUs together, `per_gpu_bytes` those of the worst.

    Raises UsageError for options that exclude each other or modules that do not exist,
    UnsupportedWorkloadError where the method does not suit the architecture.
    """
    _check(architecture, training)
    if litgpt.runs(training):
        litgpt.check(architecture, training)
        architecture = litgpt.own_model(architecture)
    least_rank = _least_rank(architecture, training)
    plan, state = shards(training), state_of(architecture, training)
    weights = _weights(architecture, training, plan)
    buffers = _buffers(architecture, training, plan, state=state, weights=weights)
    none = Amount()
    passing = plan.optimizer_on_host or training.optimizer_in_backward
    gradients = none if passing else state.gradients.divided(plan.gradients)
    step = none if passing else state.step.divided(plan.optimizer)
    moment = peak(architecture, training, gradients=Gradients(gradients, step), chunks=CHUNKS)
    optimizer = none if plan.optimizer_on_host else state.optimizer.divided(plan.optimizer)
    parts = [
        _part(PartName.WEIGHTS, weights.lines),
        _one(PartName.GRADIENTS, "gradients", gradients),
        _one(PartName.OPTIMIZER, training.optimizer, optimizer),
        _one(PartName.ADAPTER, "adapter", state.added.divided(plan.weights)),
        _activation(moment, gradients.bytes, buffers),
    ]
    parts.append(overhead_part(training, tensors=sum(part.bytes for part in parts), device=device))
    host = weights.host + (state.optimizer.bytes + state.gradients.bytes if plan.optimizer_on_host else 0)
    per_gpu = sum(part.bytes for part in parts)
    return Estimate(
        parts=tuple(_times(part, training.gpus) for part in parts if part.bytes),
        host_bytes=host,
        per_gpu_bytes=(per_gpu,) * training.gpus if training.gpus > 1 else (),
        assumptions=(f"peak {moment.name}", *_assumptions(training)),
        warnings=_warnings(architecture, training, least_rank=least_rank),
    )


@dataclass(frozen=True, slots=True)
class _Weights:
    lines: tuple[Line, ...]
    full: int
    """Bytes before sharding."""
    host: int

    @property
    def device(self) -> int:
        return sum(line.bytes for line in self.lines)


def _weights(architecture: Architecture, training: Training, plan: Shards) -> _Weights:
    lines = [
        *base_lines(architecture, training),
        *rotary_lines(architecture, training),
        *_further_models(architecture, training),
    ]
    full = sum(line.bytes for line in lines)
    if plan.weights_on_host:
        return _Weights((), full, full)
    if plan.weights == 1:
        return _Weights(tuple(lines), full, 0)
    kept = tuple(
        replace(line, bytes=divided(line.bytes, plan.weights), formula=f"({line.formula}) / {plan.weights} GPUs")
        for line in lines
    )
    return _Weights(kept, full, 0)


def _further_models(architecture: Architecture, training: Training) -> list[Line]:
    """DPO has a frozen reference; PPO a reference, a reward and a trained value model.

    Under an adapter, the base is its own reference.
    """
    if training.stage in {"sft", "reward"}:
        return []
    frozen, formula = frozen_copy(architecture, training)
    reference = [] if training.is_adapter else [Line("reference model", frozen, formula)]
    if training.stage == "dpo":
        return reference
    own = base_lines(architecture, training)
    value = sum(line.bytes for line in own)
    return [
        *reference,
        Line("reward model", frozen, formula),
        Line("value model", value, " + ".join(line.formula for line in own)),
    ]


def _buffers(
    architecture: Architecture, training: Training, plan: Shards, *, state: State, weights: _Weights
) -> tuple[Line, ...]:
    bucket = int(training.facts.constant("reduce_bucket_elements").value)
    if litgpt.runs(training) and training.fsdp:
        return _flat_buffers(architecture, training)
    exchange = bucket_bytes(
        training, gradients=state.gradients.bytes, width=state.gradient_width, bucket_elements=bucket
    )
    whole = exchange == state.gradients.bytes
    found = [
        Line(
            "gradient buckets",
            exchange,
            state.gradients.formula if whole else f"{bucket:,} elements × {state.gradient_width} B",
        )
    ]
    if plan.weights > 1 or plan.weights_on_host:
        found.append(gathered(architecture, weights=weights.full, on_device=weights.device))
    return tuple(found)


def _flat_buffers(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    """FSDP 1 gathers what lies outside the blocks for a whole step, and two blocks; gradients are made in pieces first.

    The pieces and the flat gradient that is put together from them live at once (torch, `FlatParamHandle`).
    """
    width = RECIPES[training.recipe].weight
    block, root = litgpt.block_parameters(architecture), litgpt.root_parameters(architecture)
    widest = block if training.is_adapter else max(block, root)
    return (
        Line("gathered weights", width * (root + 2 * block), f"{width}·({root:,} + 2·{block:,})"),
        Line("gradients in pieces and flat", 2 * width * widest, f"2·{width}·{widest:,}"),
    )


def _activation(moment: Moment, gradients: int, buffers: tuple[Line, ...]) -> Part:
    """What the peak takes beside the gradients, which have a part of their own."""
    total = max(0, moment.bytes - gradients) + sum(line.bytes for line in buffers)
    there = sum(line.bytes for line in moment.lines if line.label == GRADIENTS)
    lines = [line for line in (*moment.lines, *buffers) if line.bytes and line.label != GRADIENTS]
    rest = total - sum(line.bytes for line in lines)
    if rest:
        missing = f"{there:,} - {gradients:,} B" if rest == there - gradients else f"0 - {-rest:,} B"
        lines.append(Line("gradients counted above that are not there yet", rest, missing))
    return Part(name=PartName.ACTIVATION, bytes=total, lines=tuple(lines))


def _one(name: PartName, label: str, amount: Amount) -> Part:
    return _part(name, (Line(label, amount.bytes, amount.formula),))


def _part(name: PartName, lines: tuple[Line, ...]) -> Part:
    return Part(name=name, bytes=sum(line.bytes for line in lines), lines=lines)


def _times(part: Part, gpus: int) -> Part:
    if gpus == 1:
        return part
    lines = tuple(replace(x, bytes=x.bytes * gpus, formula=f"({x.formula}) × {gpus} GPUs") for x in part.lines)
    low, high = (None if x is None else x * gpus for x in (part.low, part.high))
    return replace(part, bytes=part.bytes * gpus, lines=lines, low=low, high=high)


def _check(architecture: Architecture, training: Training) -> None:
    for name in ("batch_size", "sequence_length", "gradient_accumulation", "gpus", "lora_rank", "virtual_tokens"):
        if getattr(training, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1")
    if training.optimizer_in_backward and training.gradient_accumulation > 1:
        raise UsageError("an optimizer that steps in backward cannot accumulate gradients")
    if training.method == "freeze" and not 0 < training.trainable_layers <= architecture.num_hidden_layers:
        raise UsageError(f"this model has {architecture.num_hidden_layers} layers to train")


def _least_rank(architecture: Architecture, training: Training) -> int:
    """Return the rank that every adapted matrix has; that of the load where the method has none.

    Raises UsageError for a rank that no adapted matrix has.
    """
    if training.method not in LORA_METHODS:
        return training.lora_rank
    least, largest = rank_limits(architecture, training)
    if training.lora_rank > largest:
        raise UsageError(
            f"--lora-rank {training.lora_rank} is more than any of the adapted matrices has",
            hint=f"at most {largest}; train the weights themselves with --training full",
        )
    return least


def _assumptions(training: Training) -> tuple[str, ...]:
    found = ["cached kernels, no torch.compile"]
    if training.stage in {"dpo", "ppo"} and training.is_adapter:
        found.append("the reference is the model with its adapter switched off")
    if training.stage == "ppo":
        found.append("reward and value model are as large as the policy; rollouts are generated before the step")
    if training.optimizer.startswith("paged"):
        found.append("the paged optimizer is counted on the GPU; it moves to RAM when the GPU is full")
    return tuple(found)


def _warnings(architecture: Architecture, training: Training, *, least_rank: int) -> tuple[str, ...]:
    found = []
    if leaves_experts(architecture, training):
        found.append(EXPERTS_LEFT)
    if training.lora_rank > least_rank:
        found.append(f"rank {training.lora_rank} is more than the smallest adapted matrix has, {least_rank}")
    if any(t.role is Role.MIXER_IN for t in architecture.tensors):
        found.append("activations of recurrent mixers are an approximation that nobody measured")
    limit = architecture.context_length
    if limit is not None and training.sequence_length > limit:
        found.append(f"the model was made for {limit} tokens")
    return tuple(found)
