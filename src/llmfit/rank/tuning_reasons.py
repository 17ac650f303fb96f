"""Why a model is recommended to be fine-tuned, and what to beware of, in sentences."""

from collections.abc import Iterator

from llmfit.rank.candidate import Candidate
from llmfit.rank.reasons import basis, model_warnings, notable, size
from llmfit.rank.tuning import WHOLE
from llmfit.records.device import Device
from llmfit.records.training import ALL_LINEAR, Training
from llmfit.solve.training import largest_batch_size

_STARTS = {
    "base": "pretrained weights: nothing to unlearn, and all manners of a chat to teach",
    "instruct": "instruction-tuned weights: an adapter keeps what they already do",
    "reasoning": "it always thinks: data without thinking will weaken that",
}
_NO_BASE = "instruction-tuned weights: the catalog lacks their base, from which {} usually starts"


def tuning_reasons(candidate: Candidate, training: Training, *, device: Device) -> tuple[str, ...]:
    """Return the sentences that speak for a candidate as a start of fine-tuning."""
    return tuple(_reasons(candidate, training, device))


def _reasons(candidate: Candidate, training: Training, device: Device) -> Iterator[str]:
    model = candidate.model
    yield f"{size(candidate)}, base of {model.released:%B %Y}: {basis(candidate)}"
    if start := _start(model.kind, training):
        yield start
    batch = largest_batch_size(candidate.architecture, training, device=device)
    if batch is not None and batch > training.batch_size:
        yield f"micro-batches of up to {batch:,} sequences of {training.sequence_length:,} tokens fit"
    if words := notable(candidate.quality):
        yield words
    if candidate.license.permissive:
        yield f"permissive licence ({candidate.license.effective_id})"


def _start(kind: str, training: Training) -> str:
    """Return what the start means; encoders and embedders have one kind of weights."""
    return (
        _NO_BASE.format(training.method) if training.method in WHOLE and kind == "instruct" else _STARTS.get(kind, "")
    )


def tuning_warnings(candidate: Candidate, training: Training) -> Iterator[str]:
    """Yield what to beware of when this model is fine-tuned so."""
    yield from model_warnings(candidate)
    if candidate.model.native_format:
        yield f"published in {candidate.model.native_format} alone: unpack it to 16 bit before it can train"
    if candidate.architecture.num_experts and training.is_adapter and not training.target_experts:
        yield "its routed experts stay frozen: adapters reach attention and shared layers alone"
    if training.target_modules == (ALL_LINEAR,) and training.method != "qlora":
        yield f"PEFT has no default for {candidate.architecture.model_type}, or none was wanted: every linear layer"
    if "vision" in candidate.model.tasks:
        yield "counted for text: images add to activations"
