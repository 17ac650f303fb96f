"""Bytes of the model's weights while they train or stand frozen under an adapter."""

from math import prod

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.training import litgpt
from llmfit.estimate.training.linear import is_linear
from llmfit.estimate.training.precision import RECIPES, frozen_bytes
from llmfit.estimate.weights import quantized
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Role
from llmfit.records.estimate import Line
from llmfit.records.training import Training


def base_lines(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    """Return the bytes of one copy of the model, before any sharding.

    Raises UnsupportedWorkloadError where QLoRA has no format to store the model in.
    """
    if training.method == "qlora":
        return _quantised_lines(architecture, training)
    width = frozen_bytes(training) if training.is_adapter else RECIPES[training.recipe].weight
    parameters = architecture.parameters
    return (Line("model", parameters * width, f"{parameters:,} parameters × {width} B"),)


def frozen_copy(architecture: Architecture, training: Training) -> tuple[int, str]:
    """Return bytes and formula of one further copy that only runs forward: a reference or reward model.

    It is held in 16 bit, in fp32 where all is, or as the base.
    """
    if training.method == "qlora":
        lines = _quantised_lines(architecture, training)
        return sum(line.bytes for line in lines), " + ".join(line.formula for line in lines)
    width, parameters = 4 if training.recipe == "fp32" else 2, architecture.parameters
    return parameters * width, f"{parameters:,} parameters × {width} B"


def _quantised_lines(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    """The layers that the format quantises, and the rest in 16 bit, or in fp32 where asked."""
    form = training.base_format
    if form is None:
        raise UnsupportedWorkloadError("qlora needs a format for the frozen model", hint="such as nf4-dq")
    packed = rest = 0
    for row in quantized.stored(architecture, form, engine="transformers", mtp=False, litgpt=litgpt.runs(training)):
        if row.layout == form.id:
            packed += row.bytes
        else:
            rest += row.bytes
    wide, quantised = 2 if training.upcast_frozen else 1, architecture.parameters - rest // 2
    bits = 8 * packed / max(1, quantised)
    experts = ", routed experts" if leaves_experts(architecture, training) else ""
    source = form.sources[0].source if form.sources else ""
    return (
        Line(f"linear layers in {form.id}", packed, f"{quantised:,} parameters × {bits:.4g} bit / 8", source),
        Line(f"embeddings, head, norms{experts}", rest * wide, f"{rest // 2:,} parameters × {2 * wide} B"),
    )


def leaves_experts(architecture: Architecture, training: Training) -> bool:
    """Whether the frozen model is quantised but for its routed experts, as bitsandbytes leaves them (`quantized`)."""
    form = training.base_format if training.method == "qlora" else None
    bitsandbytes = form is not None and form.family == "bitsandbytes"
    return bitsandbytes and bool(architecture.num_experts) and not litgpt.runs(training)


def rotary_lines(architecture: Architecture, training: Training) -> tuple[Line, ...]:
    """Return torchtune's table of rotary positions: sine and cosine in fp32 for every position of the context.

    Source: torchtune 0.6.1, `models/llama3_1/_position_embeddings.py`; all layers share one table.
    """
    if training.trainer != "torchtune" or architecture.context_length is None:
        return ()
    size = 4 * architecture.context_length * architecture.head_dim
    return (Line("rotary table", size, f"4·{architecture.context_length}·{architecture.head_dim}"),)


def unpacked(architecture: Architecture, training: Training) -> Line:
    """Return the bytes of the largest quantised matrix while a layer computes with it in 16 bit.

    bitsandbytes 0.42, on which litgpt stands, unpacks to fp16 and casts that: two copies.
    """
    label = "quantised matrix unpacked for use"
    if training.method != "qlora":
        return Line(label, 0)
    form = training.base_format
    if form is not None and form.family == "gptq":
        return _unpacked_gptq(architecture, training, label)
    experts = frozenset[Role]() if leaves_experts(architecture, training) else EXPERT_ROLES
    matrices = (t for t in architecture.tensors if t.layers and (is_linear(t) or t.role in experts))
    largest, width = max((prod(t.shape) for t in matrices), default=0), 4 if litgpt.runs(training) else 2
    return Line(label, width * largest, f"{largest:,} elements in the largest × {width} B")


def _unpacked_gptq(architecture: Architecture, training: Training, label: str) -> Line:
    """Return the bytes of a GPTQ model's matrices as AutoGPTQ multiplies with them while it trains.

    The product is torch's, which keeps each unpacked matrix for backward: those of one layer where layers are computed
    again, else of all. Unpacking one takes 32-bit integers and then 8-bit ones.
    Source: AutoGPTQ 0.7.1, `nn_modules/qlinear/qlinear_cuda_old.py`.
    """
    linear = [t for t in architecture.tensors if t.layers and is_linear(t)]
    every, largest = sum(t.parameters for t in linear), max((prod(t.shape) for t in linear), default=0)
    layers = 1 if training.gradient_checkpointing == "none" else architecture.num_hidden_layers
    share = f" / {layers} layers" if layers > 1 else ""
    return Line(label, 2 * every // layers + 5 * largest, f"2·{every:,}{share} + 5·{largest:,}")


def unpacked_head(architecture: Architecture, training: Training) -> Line:
    """Return the bytes of the output projection while litgpt, which quantises it too, computes logits with it."""
    vocabulary, hidden = architecture.vocab_size, architecture.hidden_size
    used = training.method == "qlora" and litgpt.runs(training)
    return Line("nf4 head unpacked for use", 4 * vocabulary * hidden if used else 0, f"4·{vocabulary}·{hidden}")
