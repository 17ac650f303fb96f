"""What autograd keeps of one token in the layers, tensor by tensor.

The rules were read from what transformers' modules save (5.23, torch 2.13) and are checked against it by a deeper test.
b is the width of an activation: 2 bytes in 16 bit, 4 in fp32.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from llmfit.estimate.training import litgpt
from llmfit.estimate.training.linear import is_linear
from llmfit.estimate.training.precision import activation_bytes
from llmfit.estimate.training.targets import target_tensors
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.training import LORA_METHODS, Training

_INPUT = frozenset((Role.ATTN_Q, Role.ATTN_QKV, Role.ATTN_LATENT, Role.MLP_UP, Role.MLP_GATE_UP, Role.MIXER_IN))
"""Roles whose input is kept; the other projections of the same input share it."""
_RELU = frozenset(("opt",))
"""Families whose activation saves its output, which the next layer needs anyway."""
_MIXERS = frozenset((Role.MIXER_IN, Role.MIXER_OUT))


@dataclass(frozen=True, slots=True)
class Term:
    """Bytes that one token leaves in one layer."""

    label: str
    bytes: int
    layers: int
    formula: str


def saved_terms(architecture: Architecture, training: Training) -> Iterator[Term]:
    """Yield what the layers of the text model (or the encoder) save for backward, per token."""
    b = activation_bytes(training)
    weights_train = not training.is_adapter
    inputs_kept = weights_train or litgpt.keeps_inputs(training)
    biased = {(t.module, t.layers) for t in architecture.tensors if t.role is Role.BIAS}
    fused = any(t.role is Role.ATTN_QKV for t in architecture.tensors)
    for tensor in architecture.tensors:
        if not tensor.layers or tensor.section not in {Section.TEXT, Section.ENCODER}:
            continue
        if tensor.role is Role.NORM:
            is_layer_norm = (tensor.module, tensor.layers) in biased
            yield _norm(architecture, tensor, b=b, layer_norm=is_layer_norm, trained=weights_train)
        elif tensor.role is Role.ATTN_OUT and litgpt.runs(training):
            taken, formula = litgpt.attention_bytes(architecture, training, width=tensor.shape[1])
            yield Term("attention", taken, len(tensor.layers), formula)
        elif tensor.role is Role.ATTN_OUT:
            yield _attention(architecture, training, tensor, b=b, fused=fused)
        elif tensor.role in {Role.MLP_DOWN, Role.EXPERT_DOWN, Role.SHARED_EXPERT}:
            yield from _feed_forward(architecture, tensor, b, trained=inputs_kept)
        elif tensor.role in _MIXERS:
            yield _mixer(tensor, b)
        if inputs_kept and tensor.role in _INPUT:
            width = tensor.shape[1]
            yield Term(f"input of {tensor.module}", b * width, len(tensor.layers), f"{b}·{width}")
    yield from _adapters(architecture, training, b)


def norm_bytes(width: int, *, b: int, layer_norm: bool, trained: bool, wide: bool = False) -> int:
    """Return bytes that a norm of `width` elements saves.

    RMSNorm computes in fp32 and saves that copy; the product with a trained weight saves the normalised input,
    in fp32 where the family multiplies before casting back (`wide`). LayerNorm saves its input as it came.
    """
    if layer_norm:
        return b * width
    return 4 * width + ((4 if wide else b) * width if trained else 0)


def is_wide_norm(architecture: Architecture) -> bool:
    """Whether the family's RMSNorm multiplies by its weight in fp32 (Gemma, OLMo 2)."""
    return architecture.model_type.startswith(("gemma", "t5gemma", "recurrent_gemma", "shieldgemma", "olmo2", "olmo3"))


def _norm(architecture: Architecture, tensor: Tensor, *, b: int, layer_norm: bool, trained: bool) -> Term:
    width = tensor.shape[-1]
    if width == architecture.head_dim and width != architecture.hidden_size:
        heads = architecture.num_key_value_heads if tensor.module.startswith("k") else architecture.num_attention_heads
        width *= heads
    taken = norm_bytes(width, b=b, layer_norm=layer_norm, trained=trained, wide=is_wide_norm(architecture))
    return Term(tensor.module, taken, len(tensor.layers), f"{taken // max(1, width)}·{width}")


def _attention(architecture: Architecture, training: Training, out: Tensor, *, b: int, fused: bool) -> Term:
    """Query, key, value and output, and the log-sum-exp of each head; eager attention keeps its n × n matrix too.

    Behind a padding mask, SDPA repeats keys and values for every query head (a single KV head is only a view).
    The value of a fused projection is a view that keeps query and key before their rotation alive.
    """
    heads, extra = architecture.num_attention_heads, architecture.extra
    value = out.shape[1]
    if "kv_lora_rank" in extra:
        query = key = heads * (extra["qk_nope_head_dim"] + extra["qk_rope_head_dim"])
        shared = value
    else:
        query = value
        masked = training.batch_size > 1 and not training.packing
        repeats = training.attention == "eager" or (training.attention == "sdpa" and masked)
        narrow = min(value, architecture.num_key_value_heads * architecture.head_dim)
        key = shared = value if repeats and architecture.num_key_value_heads > 1 else narrow
        if fused and shared == narrow:
            shared = query + 2 * narrow
    taken = b * (query + key + shared + value) + 4 * heads
    formula = f"{b}·({query} + {key} + {shared} + {value}) + 4·{heads}"
    if training.attention == "eager":
        taken += (4 + b) * heads * training.sequence_length
        formula += f" + {4 + b}·{heads}·{training.sequence_length}"
    return Term("attention", taken, len(out.layers), formula)


def _feed_forward(architecture: Architecture, down: Tensor, b: int, *, trained: bool) -> Iterator[Term]:
    """Gated: input and output of the activation and the other branch; plain: the activation's input; and the product.

    The product, and the output of a plain activation, is kept only where the down projection's weight trains.
    """
    if down.role is Role.SHARED_EXPERT and down.shape[0] != architecture.hidden_size:
        return
    width = down.shape[1]
    kept = (3 if architecture.gated_mlp else 1) + (1 if trained and architecture.model_type not in _RELU else 0)
    if down.role is not Role.EXPERT_DOWN:
        yield Term("feed-forward", kept * b * width, len(down.layers), f"{kept * b}·{width}")
        return
    used = down.copies if down.active_copies is None else down.active_copies
    hidden = b * down.shape[0] * (2 if trained else 1)
    taken = used * (kept * b * width + hidden) + 8 * down.copies + 48 * used
    formula = f"{used}·({kept * b}·{width} + {hidden}) + 8·{down.copies} + 48·{used}"
    yield Term("routed experts", taken, len(down.layers), formula)


def _mixer(tensor: Tensor, b: int) -> Term:
    """A recurrent mixer's projections, inputs and outputs twice over: an approximation that nobody measured."""
    taken = 2 * b * max(tensor.shape)
    return Term(tensor.module, taken, len(tensor.layers), f"{2 * b}·{max(tensor.shape)}")


def _adapters(architecture: Architecture, training: Training, b: int) -> Iterator[Term]:
    """What adapters save beside the model: LoRA its input, cast to the adapter's dtype, and A's output."""
    if training.method == "ia3":
        yield from _scales(architecture, training, b)
    if training.method not in LORA_METHODS:
        return
    a = 4 if training.adapter_dtype == "fp32" else 2
    shared: set[Role] = set()
    if litgpt.runs(training):
        for module, many, taken in litgpt.adapter_bytes(training, target_tensors(architecture, training)):
            yield Term(f"{module} LoRA", taken, many, f"{taken}")
        return
    for tensor in target_tensors(architecture, training):
        if tensor.section not in {Section.TEXT, Section.ENCODER} or not tensor.layers:
            continue
        yield _low_rank(training, tensor, a=a, b=b, shared=shared)


def _scales(architecture: Architecture, training: Training, b: int) -> Iterator[Term]:
    """IA3 saves an fp32 copy of the input it scales in feed-forward modules, the output as it came elsewhere."""
    row = training.facts.targets(architecture.model_type)
    forward = {name.rpartition(".")[2] for name in row.ia3_feedforward} if row else set()
    for tensor in target_tensors(architecture, training):
        wide, width = (4, tensor.shape[1]) if tensor.module in forward else (b, tensor.shape[0])
        yield Term(f"{tensor.module} IA3", wide * width, len(tensor.layers), f"{wide}·{width}")


def _low_rank(training: Training, tensor: Tensor, *, a: int, b: int, shared: set[Role]) -> Term:
    width, rank = tensor.shape[1], training.lora_rank
    used = tensor.copies if tensor.active_copies is None else tensor.active_copies
    inputs = a * width
    if a == b and not training.lora_dropout:
        group = _group(tensor.role)
        inputs = 0 if group in shared else a * width
        shared.add(group)
    if training.lora_dropout:
        inputs += width if a != b else width + a * width
    taken, formula = inputs + a * rank, f"{inputs} + {a}·{rank}"
    if training.method == "dora":
        taken += (b + 4) * tensor.shape[0]
        formula += f" + {b + 4}·{tensor.shape[0]}"
    return Term(f"{tensor.module} LoRA", taken * used, len(tensor.layers), f"{used}·({formula})")


def _group(role: Role) -> Role:
    """Role that stands for every projection of the same input."""
    if role in {Role.ATTN_K, Role.ATTN_V}:
        return Role.ATTN_Q
    return Role.MLP_UP if role is Role.MLP_GATE else role


def working_bytes(architecture: Architecture, b: int) -> int:
    """Bytes a token of gradients that one layer's backward holds at once: three of its widest inner width."""
    width = 0
    for tensor in architecture.tensors:
        if tensor.layers and (is_linear(tensor) or tensor.role in EXPERT_ROLES):
            used = tensor.copies if tensor.active_copies is None else tensor.active_copies
            width = max(width, used * max(tensor.shape))
    return 3 * b * max(width, architecture.hidden_size)
