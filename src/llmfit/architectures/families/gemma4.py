"""Gemma 3n and Gemma 4: shared caches, per-layer embeddings, wide global heads, their towers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmfit.architectures.blocks.kinds import FULL, SLIDING, every, layer_types
from llmfit.architectures.blocks.moe import add_experts, set_sizes
from llmfit.architectures.blocks.vit import add_patches, measure, tower
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.families.gemma import FOUR_NORMS
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section

_stated = layer_types(every(6))


def _kinds(config: Config, n: int) -> Sequence[str]:
    """Every sixth layer sees everything where nothing is stated; the last one always does (Gemma 4)."""
    kinds = list(_stated(config, n))
    kinds[-1] = FULL
    return kinds


def _sharing(stack: Stack, kinds: Sequence[str]) -> int:
    """Return the first layer that uses an earlier one's keys and values."""
    shared = stack.config.count("num_kv_shared_layers")
    first = stack.n - shared
    if shared and (first < 1 or set(kinds[:first]) != set(kinds)):
        stack.config.invalid("num_kv_shared_layers", f"of {shared} leaves no cache to share")
    return first


def _add_attention(
    stack: Stack, layers: tuple[int, ...], first: int, *, head: int, kv: int, kind: str, values: bool = True
) -> None:
    """Add attention of one kind of layer; from `first` on layers have no keys and values of their own."""
    config, h = stack.config, stack.hidden
    bias, width = config.flag("attention_bias"), stack.heads * head
    config.divided("num_attention_heads", stack.heads, kv)
    own = tuple(i for i in layers if i < first)
    stack.linear(Role.ATTN_Q, "q_proj", (width, h), layers, bias=bias)
    stack.norm("q_norm", head, layers)
    if own:
        stack.linear(Role.ATTN_K, "k_proj", (kv * head, h), own, bias=bias)
        if values:
            stack.linear(Role.ATTN_V, "v_proj", (kv * head, h), own, bias=bias)
        stack.norm("k_norm", head, own)
        window = config.size("sliding_window") if kind == SLIDING else None
        cache = CacheKind.SLIDING if kind == SLIDING else CacheKind.FULL
        stack.caches.append(Cache(cache, own, kv * head, kv * head, kv, window))
    stack.linear(Role.ATTN_OUT, "o_proj", (h, width), layers, bias=bias)


def _gemma4_layers(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add both kinds of attention: global heads are wider and may use their keys as values."""
    config = stack.config
    kinds = _kinds(config, stack.n)
    first = _sharing(stack, kinds)
    same = config.flag("attention_k_eq_v")
    for kind in (SLIDING, FULL):
        members = tuple(i for i in layers if kinds[i] == kind)
        if not members:
            continue
        wide = kind == FULL
        kv = config.size("num_global_key_value_heads", stack.kv_heads) if wide and same else stack.kv_heads
        head = config.size("global_head_dim", 512) if wide else stack.head_dim
        _add_attention(stack, members, first, head=head, kv=kv, kind=kind, values=not (wide and same))
    stack.extra["global_head_dim"] = config.size("global_head_dim", 512)


def _add_mlp(stack: Stack, layers: tuple[int, ...], width: int) -> None:
    if layers:
        h = stack.hidden
        stack.linear(Role.MLP_GATE, "gate_proj", (width, h), layers)
        stack.linear(Role.MLP_UP, "up_proj", (width, h), layers)
        stack.linear(Role.MLP_DOWN, "down_proj", (h, width), layers)


def _gemma4_mlp(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add the dense MLP (twice as wide in sharing layers, where asked for) and experts beside it."""
    config, width = stack.config, stack.mlp_width()
    first = stack.n - config.count("num_kv_shared_layers")
    double = config.flag("use_double_wide_mlp")
    stack.gated = True
    _add_mlp(stack, layers[:first] if double else layers, width)
    if double and layers[first:]:
        _add_mlp(stack, layers[first:], 2 * width)
        stack.inter = 2 * width
    if config.flag("enable_moe_block"):
        set_sizes(stack, "num_experts", "top_k_experts", "moe_intermediate_size")
        stack.linear(Role.ROUTER, "proj", (stack.num_experts, stack.hidden), layers)
        stack.tensor(Role.NORM, "scale", (stack.hidden,), layers)
        stack.tensor(Role.BIAS, "per_expert_scale", (stack.num_experts,), layers)
        add_experts(stack, layers)
        for name in ("post_feedforward_layernorm_1", "post_feedforward_layernorm_2", "pre_feedforward_layernorm_2"):
            stack.norm(name, stack.hidden, layers)


def _per_layer_inputs(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add an embedding of its own for each layer, and what mixes it in."""
    config, h = stack.config, stack.hidden
    width = config.count("hidden_size_per_layer_input", 256)
    if not width:
        return
    words = config.size("vocab_size_per_layer_input", 262_144)
    stack.tensor(Role.PER_LAYER_EMBEDDING, "embed_tokens_per_layer", (words, stack.n * width))
    stack.linear(Role.OTHER, "per_layer_model_projection", (stack.n * width, h))
    stack.norm("per_layer_projection_norm", width)
    stack.linear(Role.OTHER, "per_layer_input_gate", (width, h), layers)
    stack.linear(Role.OTHER, "per_layer_projection", (h, width), layers)
    stack.norm("post_per_layer_input_norm", h, layers)
    stack.extra["hidden_size_per_layer_input"] = width


def _global_sizes(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the global heads from `per_layer_config`, as newer files state them; all must be the same."""
    layers = values.get("per_layer_config")
    if not isinstance(layers, Mapping) or not layers:
        return values
    sizes = list(layers.values())
    if any(size != sizes[0] for size in sizes) or not isinstance(sizes[0], Mapping):
        return values
    changed = {key: value for key, value in values.items() if key != "per_layer_config"}
    changed["global_head_dim"] = sizes[0].get("head_dim", values.get("head_dim"))
    changed["num_global_key_value_heads"] = sizes[0].get("num_key_value_heads")
    return changed


GEMMA4_TEXT = Decoder(
    mixer=_gemma4_layers,
    mlp=_gemma4_mlp,
    norms=FOUR_NORMS,
    tied=True,
    extras=(_per_layer_inputs,),
    defaults={"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 512},
    check=(("use_bidirectional_attention", ("vision",)),),
    rewrite=_global_sizes,
)


def _gemma4_vision(stack: Stack) -> None:
    """Add Gemma 4's tower: a table of positions by row and column, four RMS norms, norms of Q and K."""
    config = stack.config
    measure(stack)
    h, layers = stack.hidden, stack.layers
    heads, head = config.size("num_attention_heads"), config.size("head_dim", 64)
    kv = config.size("num_key_value_heads", heads)
    config.only("attention_bias", False)
    stack.tensor(Role.POSITION, "position_embedding_table", (2, config.size("position_embedding_size", 10_240), h))
    add_patches(stack, "input_proj", bias=False, flat=True)
    stack.linear(Role.ATTN_Q, "q_proj", (heads * head, h), layers)
    stack.linear(Role.ATTN_K, "k_proj", (kv * head, h), layers)
    stack.linear(Role.ATTN_V, "v_proj", (kv * head, h), layers)
    stack.linear(Role.ATTN_OUT, "o_proj", (h, heads * head), layers)
    stack.norm("q_norm", head, layers)
    stack.norm("k_norm", head, layers)
    _add_mlp(stack, layers, stack.inter)
    for name in FOUR_NORMS:
        stack.norm(name, h, layers)


def _gemma4_audio(stack: Stack) -> int:
    """Add Gemma 4's conformer: two convolutions over the spectrogram, then half-step MLPs around attention."""
    config = stack.config
    h, n = config.size("hidden_size", 1024), config.layers("num_hidden_layers", 12)
    heads, kernel = config.size("num_attention_heads", 8), config.size("conv_kernel_size", 5)
    channels = config.items("subsampling_conv_channels", int) or (128, 32)
    if len(channels) != 2 or min(channels) < 1 or h != 1024:
        config.unsupported("subsampling_conv_channels", "or `hidden_size` differs from the published towers")
    layers, out = tuple(range(n)), config.size("output_proj_dims", 1536)
    one, two = channels
    stack.tensor(Role.OTHER, "conv", (one, 1, 3, 3))
    stack.tensor(Role.NORM, "norm", (one,))
    stack.tensor(Role.OTHER, "conv", (two, one, 3, 3))
    stack.tensor(Role.NORM, "norm", (two,))
    stack.linear(Role.OTHER, "input_proj_linear", (h, 32 * two))
    stack.tensor(Role.MLP_UP, "ffw_layer_1", (4 * h, h), layers, copies=2)
    stack.tensor(Role.MLP_DOWN, "ffw_layer_2", (h, 4 * h), layers, copies=2)
    stack.tensor(Role.NORM, "layer_norm", (h,), layers, copies=9)
    stack.tensor(Role.ATTN_EXTRA, "per_dim_scale", (h // heads,), layers)
    for role, name in (
        (Role.ATTN_Q, "q_proj"),
        (Role.ATTN_K, "k_proj"),
        (Role.ATTN_V, "v_proj"),
        (Role.ATTN_OUT, "post"),
        (Role.ATTN_EXTRA, "relative_k_proj"),
    ):
        stack.linear(role, name, (h, h), layers)
    stack.linear(Role.MIXER_IN, "linear_start", (2 * h, h), layers)
    stack.linear(Role.MIXER_OUT, "linear_end", (h, h), layers)
    stack.tensor(Role.MIXER_CONV, "depthwise_conv1d", (h, 1, kernel), layers)
    stack.linear(Role.OTHER, "output_proj", (out, h), bias=True)
    return out


_VISION = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 16, "num_attention_heads": 12}


def gemma4(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe Gemma 4: text, and the towers whose configs are not null."""
    top = Config(values)
    stack = Stack(GEMMA4_TEXT.read(top.child("text_config").values, path="text_config."))
    GEMMA4_TEXT.build(stack, tied=top.flag("tie_word_embeddings", True))
    if top.raw("vision_config") is not None:
        vision = tower(stack, top.child("vision_config", defaults={**_VISION, "patch_size": 16}))
        _gemma4_vision(vision)
        vision.section = Section.PROJECTOR
        vision.linear(Role.OTHER, "embedding_projection", (stack.hidden, vision.hidden))
        stack.extra["image_tokens"] = top.size("vision_soft_tokens_per_image", 280)
    if top.raw("audio_config") is not None:
        audio = tower(stack, top.child("audio_config"), section=Section.AUDIO)
        width = _gemma4_audio(audio)
        audio.section = Section.PROJECTOR
        audio.linear(Role.OTHER, "embedding_projection", (stack.hidden, width))
    context = stack.config.tokens("max_position_embeddings")
    return stack.architecture(model_type=model_type, context=context)


def gemma4_unified(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe Gemma 4 unified, whose embedders of images and sound are not known exactly."""
    top = Config(values)
    for name in ("vision_config", "audio_config"):
        top.only(name)
    found = gemma4(model_type, values)
    return replace(found, notes=(*found.notes, "text only: the config describes no embedder of images or sound"))


def _gemma3n_widths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take the one width where a list repeats it for every layer."""
    stated, changed = values.get("intermediate_size"), dict(values)
    if isinstance(stated, list) and stated and all(width == stated[0] for width in stated):
        changed["intermediate_size"] = stated[0]
    return changed


_gemma3n_kinds = layer_types(every(5))


def _gemma3n_layers(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add attention with keys and values of the first layers only, and the MLPs."""
    kinds = _gemma3n_kinds(stack.config, stack.n)
    first = _sharing(stack, kinds)
    for kind in (SLIDING, FULL):
        members = tuple(i for i in layers if kinds[i] == kind)
        if members:
            _add_attention(stack, members, first, head=stack.head_dim, kv=stack.kv_heads, kind=kind)
    stack.gated = True
    _add_mlp(stack, layers, stack.mlp_width())


def _altup(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add alternating updates over several copies of the hidden state, and LAuReL's low-rank residual."""
    config, h = stack.config, stack.hidden
    many, rank = config.size("altup_num_inputs", 4), config.size("laurel_rank", 64)
    stack.tensor(Role.OTHER, "correct_output_scale", (h,), layers)
    stack.linear(Role.OTHER, "correction_coefs", (many, many), layers)
    stack.linear(Role.OTHER, "prediction_coefs", (many * many, many), layers)
    stack.linear(Role.OTHER, "modality_router", (many, h), layers)
    stack.norm("router_norm", h, layers)
    stack.linear(Role.OTHER, "linear_left", (rank, h), layers)
    stack.linear(Role.OTHER, "linear_right", (h, rank), layers)
    stack.norm("post_laurel_norm", h, layers)
    for name in ("altup_projections", "altup_unembed_projections"):
        if many > 1:
            stack.tensor(Role.OTHER, name, (h, h), copies=many - 1)


GEMMA3N_TEXT = Decoder(
    mixer=_gemma3n_layers,
    norms=FOUR_NORMS,
    tied=True,
    extras=(_per_layer_inputs, _altup),
    defaults={"num_key_value_heads": 2, "head_dim": 256, "sliding_window": 512, "num_kv_shared_layers": 15},
    rewrite=_gemma3n_widths,
)

FAMILIES: dict[str, Describe] = {
    "gemma4": gemma4,
    "gemma4_unified": gemma4_unified,
    "gemma4_text": GEMMA4_TEXT,
    "gemma3n_text": GEMMA3N_TEXT,
}
