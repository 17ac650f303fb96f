"""How wide the graph of one micro-batch is at its widest moments in llama.cpp, in elements a token.

Each formula is the list of tensors that `ggml-alloc.c` keeps alive at that moment, read from the graphs of
`src/models` and checked against the allocator itself at the version in `engines.yaml`.
The allocator fills gaps best-fit and never moves a tensor: what the first layer leaves is not always used again.
Letters: h hidden · I feed-forward · q queries · u tokens of the micro-batch · S sequences.
"""

from typing import NamedTuple

from llmfit.records.architecture import Architecture, CacheKind, Role

FUSED_ROTATED = frozenset({"phi3", "phi3_v", "qwen", "chatglm"})
"""Queries are a rotated part of one product: nothing of it is left once the attention is done."""
WEIGHTED_BEFORE = frozenset({"llama4", "llama4_text"})
"""The router's weights multiply the experts' inputs, which takes a copy for each expert (`weight_before_ffn`)."""
GATED_OUTPUT = frozenset({"afmoe"})
"""A gate multiplies the attention's output, which lies behind it then."""
NO_GAP = FUSED_ROTATED | GATED_OUTPUT
SINGLE_BLOCK = frozenset({"nemotron_h"})
"""A layer is a mixer or a feed-forward, so that a mixer follows the output of a feed-forward."""
PARALLEL = frozenset({"cohere", "cohere2", "phi", "phi-msft", "gptj"})
"""Attention and feed-forward read the same input."""
QUERY_NORMS = frozenset({"q_norm", "q_layernorm"})
TURNED = 64
"""Heads of a multiple of this are turned for a quantised cache."""
ALONE = frozenset({"mamba2"})
"""No feed-forward stands between the mixers, so that one follows the gap of another."""
ROUTING = 2
"""Router outputs that live beside the experts: probabilities and their order."""
NEXT_STEP = 4
"""Copies of the hidden state that Gemma 3n predicts for the next layer (`altup_num_inputs`)."""


class Mixer(NamedTuple):
    """A recurrent mixer as the graph sees it, widths in elements a token."""

    kind: str
    """`mamba`, `mamba2`, `delta` or `conv`."""
    entry: int
    """Width of the input projection."""
    columns: int
    """Channels of the convolution."""
    inner: int
    """Width of what the mixer hands to its output projection."""
    kept: int
    """Elements of the columns that the convolution keeps of one sequence."""
    state: int
    """Elements of the recurrent state of one sequence."""
    first: bool
    """Whether the first layer is one."""


def query_width(architecture: Architecture) -> int:
    """Return the width of all queries of one layer, of the layers with the widest heads."""
    extra, heads = architecture.extra, architecture.num_attention_heads
    if "kv_lora_rank" in extra:
        return heads * extra["v_head_dim"]
    head = architecture.head_dim
    for cache in architecture.caches:
        if cache.heads and cache.key_elements > head * cache.heads and cache.kind is not CacheKind.COMPRESSED:
            head = cache.key_elements // cache.heads
    return heads * head


def recurrent_mixer(architecture: Architecture) -> Mixer | None:
    """Return the first kind of recurrent layers; None where every layer attends."""
    caches = [cache for cache in architecture.caches if cache.kind is CacheKind.STATE]
    if not caches:
        return None
    recurrent = caches[0].recurrent_elements
    entry = columns = kept = inner = 0
    modules = set()
    for tensor in architecture.tensors:
        role = tensor.role
        if role is Role.MIXER_STATE:
            modules.add(tensor.module)
        elif role is Role.MIXER_IN:
            entry = entry or tensor.shape[0]
        elif role is Role.MIXER_CONV:
            columns = tensor.shape[0]
            kept = columns * (tensor.shape[-1] - 1)
        elif role is Role.MIXER_OUT:
            inner = tensor.shape[1]
            break  # the last of a mixer
    if not recurrent:
        kind = "conv"
    elif "x_proj" in modules:
        kind = "mamba"
    else:
        kind = "mamba2" if "D" in modules else "delta"
    return Mixer(kind, entry, columns, inner, kept, recurrent, any(0 in cache.layers for cache in caches))


def gap(architecture: Architecture, mixer: Mixer | None, *, quantised: bool = False) -> int:
    """Return what the first layer's mixer leaves free between its input and its output.

    That is the place of the last tensor before the output projection: q for attention, d_inner for Mamba 2;
    none where that tensor lay elsewhere. A quantised cache turns the queries once more (`attn_rot` of
    `llama-kv-cache.cpp`), so that the output lies where the turned ones were.
    """
    if architecture.is_encoder_only or architecture.model_type in NO_GAP:
        return 0
    if mixer is not None and mixer.first:
        return mixer.inner if mixer.kind == "mamba2" else 0
    width = query_width(architecture)
    if quantised and width == architecture.hidden_size and _turned_last(architecture):
        return 0
    return width


def _turned_last(architecture: Architecture) -> bool:
    """Whether queries of a product of their own are rotated, not normed, and a dense block follows."""
    if architecture.model_type in PARALLEL or architecture.head_dim % TURNED or architecture.num_experts:
        return False
    modules = {tensor.module for tensor in architecture.tensors if tensor.role in {Role.ATTN_Q, Role.NORM}}
    return "q_proj" in modules and not modules & QUERY_NORMS and "self_attn_layer_norm" not in modules


def feed_forward(architecture: Architecture, *, free: int) -> int:
    """Return 2h + gap + 3I: residual, normed input, gate, up and their product; I alone without a gate.

    A tensor that fits into the gap goes there.
    """
    h, wide = architecture.hidden_size, architecture.intermediate_size
    per_layer = architecture.extra.get("hidden_size_per_layer_input", 0) * architecture.num_hidden_layers
    if per_layer:
        return _with_inputs_of_layers(architecture, per_layer, free)
    return 2 * h + free + _gated(wide, wide, free=free, gated=architecture.gated_mlp)


def _gated(wide: int, outer: int, *, free: int, gated: bool) -> int:
    """Return gate, up, product and output, which takes the place of gate and up where it fits."""
    if not gated:
        return (0 if wide <= free else wide) + (outer if outer > wide else 0)
    placed = min(free // wide, 2) if wide else 0
    return (3 - placed) * wide + (outer if outer > (2 - placed) * wide and outer > wide else 0)


def _with_inputs_of_layers(architecture: Architecture, width: int, free: int) -> int:
    """Return the feed-forward beside the inputs of every layer, p elements in all (Gemma 3n and 4).

    Gemma 4 keeps them as they came and transposed; what fits goes into the place of the first.
    Gemma 3n keeps one, and 4h of the states that it predicts for the next layer.
    """
    h, wide = architecture.hidden_size, architecture.intermediate_size
    if architecture.model_type.startswith("gemma3n"):
        return width + (4 + NEXT_STEP) * h + free + 3 * wide
    if wide > width:
        return 2 * width + 2 * h + 3 * wide
    return 2 * width + 3 * h + free + 2 * wide


def experts(architecture: Architecture, *, free: int, mixer: Mixer | None) -> int:
    """Return 2h + gap + 3·k·I, and k·h more where the experts' outputs do not fit where gate and up lay.

    Beside a linear mixer the input of the shared expert finds no gap and takes h more.
    """
    h, k = architecture.hidden_size, architecture.num_experts_per_tok
    inner = k * (architecture.moe_intermediate_size or architecture.intermediate_size)
    free_now = max(0, free - ROUTING * architecture.num_experts)
    outer = k * architecture.extra.get("moe_latent_size", h)
    wide = _gated(inner, outer, free=free_now, gated=True) if architecture.gated_mlp else inner + outer
    extra = k * h if architecture.model_type in WEIGHTED_BEFORE else 0
    if mixer is not None and mixer.kind == "delta":
        extra += h
    return 2 * h + free + wide + extra


def latent_gap(architecture: Architecture) -> int:
    """Return what the parts of the joined queries leave: H · (nope + rope + rank + rope)."""
    extra = architecture.extra
    rank, rope, nope = extra["kv_lora_rank"], extra["qk_rope_head_dim"], extra["qk_nope_head_dim"]
    return architecture.num_attention_heads * (nope + rope + rank + rope)


def latent_attention(architecture: Architecture, *, cells: int) -> int:
    """Return the moment at which the absorbed queries are joined: 3h + H · (nope + rope + 2 · (rank + rope)).

    Sparse attention has two masks of its own, and keeps `index_topk` elements a layer for the whole graph; where
    those masks take more than the plain queries left, the output follows the joined ones: 2h + 3·H·rank.
    """
    extra, heads, h = architecture.extra, architecture.num_attention_heads, architecture.hidden_size
    rank, rope, nope = extra["kv_lora_rank"], extra["qk_rope_head_dim"], extra["qk_nope_head_dim"]
    joined = 3 * h + heads * (nope + rope + 2 * (rank + rope))
    chosen = extra.get("index_topk", 0)
    if not chosen:
        return joined
    if cells > heads * (nope + rope):
        joined = max(joined, 2 * h + cells + 3 * heads * rank)
    return joined + min(chosen, cells) * architecture.num_hidden_layers


def scored_attention(architecture: Architecture, mixer: Mixer | None) -> int:
    """Return what lives beside the scores where flash attention is off: 2h + 2q, h + q where q is part of one product.

    Gated attention beside linear layers has 3q, and h more beside experts.
    A shared expert's sum lies behind the experts, so that the scores cannot take their place.
    """
    h, q = architecture.hidden_size, query_width(architecture)
    if architecture.model_type in FUSED_ROTATED:
        return h + q
    if mixer is not None and mixer.kind == "delta":
        return 2 * h + 3 * q + (h if architecture.num_experts else 0)
    behind = 0
    if (
        mixer is None
        and architecture.num_experts
        and any(tensor.role is Role.SHARED_EXPERT for tensor in architecture.tensors)
    ):
        behind = architecture.num_experts_per_tok * architecture.moe_intermediate_size
    return 2 * h + 2 * q + behind


def scan(mixer: Mixer, architecture: Architecture, *, u: int, sequences: int) -> int:
    """Return elements of u tokens while a recurrent mixer reads its state, which the graph makes anew.

    Mamba: 2h + in + x, dt and output (3·d). Mamba 2: 2h + gap + in, and the convolution's input and output;
    the output with its state takes the place of that input where it fits. Where layers are a mixer alone, a copy of
    the gate finds no gap either.
    Gated DeltaNet: 2h and the convolution three times; the state waits where its product lay.
    """
    h, kept, state = architecture.hidden_size, mixer.kept * sequences, mixer.state * sequences
    if mixer.kind == "mamba":
        return u * (2 * h + mixer.entry + 3 * mixer.inner) + state
    channels = u * mixer.columns
    if mixer.kind == "mamba2":
        beside = u * (2 * h + _beside_first(architecture, mixer) + mixer.entry)
        output = u * mixer.inner + state
        found = beside + 2 * channels + kept + (output if output > channels + kept else state)
        if architecture.model_type in SINGLE_BLOCK:
            return max(found, beside + channels + u * mixer.inner + output)
        return found
    return 2 * u * h + 2 * channels + 2 * kept + max(channels, state)


def _beside_first(architecture: Architecture, mixer: Mixer) -> int:
    """Return what lies before Mamba 2: attention's output at its side, or what the layer before it left."""
    if any(cache.key_elements and 0 in cache.layers for cache in architecture.caches):
        return query_width(architecture)
    if architecture.model_type in SINGLE_BLOCK:
        return architecture.hidden_size
    return mixer.inner if architecture.model_type in ALONE else 0
