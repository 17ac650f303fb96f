"""Which tensors train: the model's own, full copies of some, or an adapter's."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from llmfit.errors import UnsupportedWorkloadError, UsageError
from llmfit.estimate.training.linear import is_linear
from llmfit.estimate.training.targets import target_tensors
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.training import LORA_METHODS, Training

_ALL_HEADS = frozenset(("falcon",))
"""Families whose config names its KV heads otherwise, so that PEFT makes a prefix for every head."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Trained tensors of one shape."""

    kind: Literal["model", "copy", "adapter"]
    label: str
    shape: tuple[int, ...]
    count: int
    """How many tensors of this shape there are."""
    role: Role = Role.OTHER

    @property
    def parameters(self) -> int:
        """Elements in all of them."""
        return prod(self.shape) * self.count


def trained_tensors(architecture: Architecture, training: Training) -> tuple[Trained, ...]:
    """Return every tensor that trains.

    Raises UnsupportedWorkloadError where the method does not suit the architecture,
    UsageError where a named module does not exist.
    """
    if training.method == "full":
        return tuple(_own(tensor) for tensor in model_tensors(architecture))
    if training.method == "freeze":
        own = _last_layers(architecture, training.trainable_layers)
    elif training.method in LORA_METHODS:
        own = tuple(_low_rank(architecture, training))
    elif training.method == "ia3":
        own = tuple(_scales(architecture, training))
    else:
        own = (_virtual(architecture, training),)
    return own + tuple(_copies(architecture, training))


def model_tensors(architecture: Architecture) -> tuple[Tensor, ...]:
    """Return the tensors of the model as run, without next-token heads."""
    return tuple(t for t in architecture.tensors if t.section is not Section.MTP)


def _own(tensor: Tensor) -> Trained:
    return Trained("model", tensor.module, tensor.shape, tensor.repeats, tensor.role)


def _last_layers(architecture: Architecture, many: int) -> tuple[Trained, ...]:
    """The tensors of the last `many` layers of the text model, nothing outside the layers."""
    first = architecture.num_hidden_layers - many
    found = []
    for tensor in model_tensors(architecture):
        layers = sum(1 for layer in tensor.layers if layer >= first)
        if layers and tensor.section is Section.TEXT:
            found.append(Trained("model", tensor.module, tensor.shape, tensor.copies * layers, tensor.role))
    return tuple(found)


def _low_rank(architecture: Architecture, training: Training) -> Iterator[Trained]:
    """LoRA's A (r × in) and B (out × r) per target; DoRA adds a magnitude of `out`."""
    rank = training.lora_rank
    for tensor in target_tensors(architecture, training):
        out, width = tensor.shape
        yield Trained("adapter", f"{tensor.module} A", (rank, width), tensor.repeats)
        yield Trained("adapter", f"{tensor.module} B", (out, rank), tensor.repeats)
        if training.method == "dora":
            yield Trained("adapter", f"{tensor.module} magnitude", (out,), tensor.repeats)


def _scales(architecture: Architecture, training: Training) -> Iterator[Trained]:
    """IA3's one vector per target: of its input in feed-forward modules, of its output elsewhere."""
    row = training.facts.targets(architecture.model_type)
    forward = {name.rpartition(".")[2] for name in row.ia3_feedforward} if row else set()
    for tensor in target_tensors(architecture, training):
        width = tensor.shape[1] if tensor.module in forward else tensor.shape[0]
        yield Trained("adapter", tensor.module, (width,), tensor.repeats)


def _virtual(architecture: Architecture, training: Training) -> Trained:
    """Prefix: keys and values of every layer for each virtual token. Prompt: one embedding for each."""
    if training.method == "prompt":
        return Trained("adapter", "prompt", (training.virtual_tokens, architecture.hidden_size), 1)
    heads = architecture.num_key_value_heads
    if architecture.model_type in _ALL_HEADS:
        heads = architecture.num_attention_heads
    width = heads * architecture.head_dim
    if not width or "kv_lora_rank" in architecture.extra:
        raise UnsupportedWorkloadError(f"{architecture.model_type} has no keys and values that a prefix could be")
    return Trained("adapter", "prefix", (training.virtual_tokens, 2 * architecture.num_hidden_layers * width), 1)


def _copies(architecture: Architecture, training: Training) -> Iterator[Trained]:
    """Full copies of the modules to save; a tied head is the embedding's matrix."""
    for name in training.modules_to_save:
        found = [t for t in model_tensors(architecture) if t.module == name]
        if not found and name in {"lm_head", "output"} and architecture.tied_embeddings:
            found = [t for t in model_tensors(architecture) if t.role is Role.EMBEDDING]
        if not found:
            known = sorted({t.module for t in model_tensors(architecture) if is_linear(t) or not t.layers})
            raise UsageError(f"{architecture.model_type} has no module {name}", hint=f"it has {', '.join(known)}")
        for tensor in found:
            yield Trained("copy", tensor.module, tensor.shape, tensor.repeats, tensor.role)
