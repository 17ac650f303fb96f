"""Vision towers and projectors that several families share: SigLIP, CLIP, Pixtral, Qwen-VL."""

from llmfit.architectures.blocks.vit import FUSED, add_layers, add_patches, grid, measure
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role, Section

GATED = ("gate_proj", "up_proj", "down_proj")


def siglip(stack: Stack) -> int:
    """Add SigLIP: patches with a bias, one position each, a norm at the end, maybe a pooling head."""
    measure(stack)
    add_patches(stack, "patch_embedding", bias=True)
    stack.tensor(Role.POSITION, "position_embedding", (grid(stack.config), stack.hidden))
    _siglip_layers(stack)
    return stack.hidden


def siglip2(stack: Stack) -> int:
    """Add SigLIP 2 (NaFlex): flat patches and `num_patches` positions."""
    measure(stack)
    add_patches(stack, "patch_embedding", bias=True, flat=True)
    stack.tensor(Role.POSITION, "position_embedding", (stack.config.size("num_patches", 256), stack.hidden))
    _siglip_layers(stack)
    return stack.hidden


def _siglip_layers(stack: Stack) -> None:
    h = stack.hidden
    add_layers(stack)
    stack.norm("post_layernorm", h, bias=True)
    if stack.config.flag("vision_use_head", True):
        stack.tensor(Role.OTHER, "probe", (1, 1, h))
        stack.linear(Role.OTHER, "in_proj", (3 * h, h), bias=True)
        stack.linear(Role.OTHER, "out_proj", (h, h), bias=True)
        stack.norm("layernorm", h, bias=True)
        stack.linear(Role.OTHER, "fc1", (stack.inter, h), bias=True)
        stack.linear(Role.OTHER, "fc2", (h, stack.inter), bias=True)


def clip(stack: Stack) -> int:
    """Add CLIP: a class token, patches without bias, norms before and after."""
    measure(stack)
    h = stack.hidden
    stack.tensor(Role.POSITION, "class_embedding", (h,))
    add_patches(stack, "patch_embedding", bias=False)
    stack.tensor(Role.POSITION, "position_embedding", (grid(stack.config) + 1, h))
    stack.norm("pre_layrnorm", h, bias=True)
    add_layers(stack)
    stack.norm("post_layernorm", h, bias=True)
    return h


def pixtral(stack: Stack) -> int:
    """Add Pixtral: RMS norms, gated MLPs and no biases, rotary positions."""
    measure(stack)
    config = stack.config
    stack.heads = config.size("num_attention_heads", 16)
    head = config.size("head_dim", stack.hidden // stack.heads)
    if head * stack.heads != stack.hidden:
        config.unsupported("head_dim", f"of {head} times {stack.heads} heads is not {stack.hidden}")
    add_patches(stack, "patch_conv", bias=False)
    stack.norm("ln_pre", stack.hidden)
    add_layers(
        stack,
        attention=("q_proj", "k_proj", "v_proj", "o_proj"),
        bias=False,
        mlp=GATED,
        mlp_bias=False,
        norms=("attention_norm", "ffn_norm"),
        norm_bias=False,
    )
    return stack.hidden


def two_linear(stack: Stack, text: Stack, width: int) -> None:
    """Add LLaVA's projector: width → h → h."""
    config = stack.config
    bias = config.flag("multimodal_projector_bias", True)
    layers = config.raw("vision_feature_layer")
    if isinstance(layers, list):
        config.unsupported("vision_feature_layer", "joins several layers")
    stack.linear(Role.OTHER, "linear_1", (text.hidden, width), bias=bias)
    stack.linear(Role.OTHER, "linear_2", (text.hidden, text.hidden), bias=bias)


def merged_pixtral(stack: Stack, text: Stack, width: int) -> None:
    """Add Mistral 3's projector: norm, patches merged by squares, width → h → h."""
    config = stack.config
    merge, bias = config.size("spatial_merge_size", 2), config.flag("multimodal_projector_bias")
    if isinstance(config.raw("vision_feature_layer"), list):
        config.unsupported("vision_feature_layer", "joins several layers")
    stack.norm("norm", width)
    stack.linear(Role.OTHER, "merging_layer", (width, width * merge * merge))
    stack.linear(Role.OTHER, "linear_1", (text.hidden, width), bias=bias)
    stack.linear(Role.OTHER, "linear_2", (text.hidden, text.hidden), bias=bias)


def gemma3_projector(stack: Stack, text: Stack, width: int) -> None:
    """Add Gemma 3's projector: one matrix and a norm of the tower's width."""
    stack.tensor(Role.OTHER, "mm_input_projection_weight", (width, text.hidden))
    stack.norm("mm_soft_emb_norm", width)
    stack.extra["image_tokens"] = stack.config.size("mm_tokens_per_image", 256)


def lfm2_projector(stack: Stack, text: Stack, width: int) -> None:
    """Add LFM2's projector: squares of patches joined, maybe a norm, width → hidden → h."""
    config = stack.config
    factor, hidden = config.size("downsample_factor", 2), config.size("projector_hidden_size", 2560)
    bias, joined = config.flag("projector_bias", True), width * factor * factor
    if config.flag("projector_use_layernorm", True):
        stack.norm("layer_norm", joined, bias=True)
    stack.linear(Role.OTHER, "linear_1", (hidden, joined), bias=bias)
    stack.linear(Role.OTHER, "linear_2", (text.hidden, hidden), bias=bias)


def nothing(_: Stack, __: Stack, ___: int) -> None:
    """Add no projector: the tower has its own merger."""


def qwen2_vision(stack: Stack) -> int:
    """Add Qwen2-VL's tower: frames in pairs, layer norms, plain MLPs of `mlp_ratio` · width."""
    config = stack.config
    stack.hidden, stack.n = config.size("embed_dim", 1280), config.layers("depth", 32)
    stack.layers = tuple(range(stack.n))
    stack.inter = int(config.number("mlp_ratio", 4) * stack.hidden)
    add_patches(stack, "proj", frames=config.size("temporal_patch_size", 2), bias=False)
    add_layers(stack, attention=FUSED, norms=("norm1", "norm2"))
    _qwen2_merger(stack, config.size("hidden_size", 3584), norm_bias=True)
    return stack.hidden


def qwen2_5_vision(stack: Stack) -> int:
    """Add Qwen2.5-VL's tower: RMS norms, gated MLPs with biases; EXAONE 4.5 groups its keys."""
    config = stack.config
    measure(stack, depth="depth")
    heads = config.size("num_heads", 16)
    kv = config.size("num_key_value_heads", heads)
    add_patches(stack, "proj", frames=config.size("temporal_patch_size", 2), bias=False)
    width = config.divided("hidden_size", stack.hidden, heads) * kv
    add_layers(stack, attention=FUSED, mlp=GATED, norms=("norm1", "norm2"), norm_bias=False, kv_width=width)
    _qwen2_merger(stack, config.size("out_hidden_size", 3584), norm_bias=False)
    return stack.hidden


def _qwen2_merger(stack: Stack, out: int, *, norm_bias: bool) -> None:
    merge = stack.config.size("spatial_merge_size", 2)
    joined = stack.hidden * merge * merge
    stack.section = Section.PROJECTOR
    stack.norm("ln_q", stack.hidden, bias=norm_bias)
    stack.linear(Role.OTHER, "mlp", (joined, joined), bias=True)
    stack.linear(Role.OTHER, "mlp", (out, joined), bias=True)


def qwen3_vision(stack: Stack) -> int:
    """Add Qwen3-VL's tower: learned positions, layer norms, plain MLPs, mergers at several depths."""
    config = stack.config
    measure(stack, depth="depth")
    add_patches(stack, "proj", frames=config.size("temporal_patch_size", 2), bias=True)
    stack.tensor(Role.POSITION, "pos_embed", (config.size("num_position_embeddings", 2304), stack.hidden))
    add_layers(stack, attention=FUSED, mlp=("linear_fc1", "linear_fc2"), norms=("norm1", "norm2"))
    merge, out = config.size("spatial_merge_size", 2), config.size("out_hidden_size", 3584)
    joined = stack.hidden * merge * merge
    deep = len(config.items("deepstack_visual_indexes", int) or ())
    stack.section = Section.PROJECTOR
    for copies, width in ((1, stack.hidden), (deep, joined)):
        if copies:
            _qwen3_merger(stack, joined=joined, out=out, norm=width, copies=copies)
    return stack.hidden


def _qwen3_merger(stack: Stack, *, joined: int, out: int, norm: int, copies: int) -> None:
    stack.tensor(Role.NORM, "norm", (norm,), copies=copies)
    stack.tensor(Role.BIAS, "norm", (norm,), copies=copies)
    for name, rows in (("linear_fc1", joined), ("linear_fc2", out)):
        stack.tensor(Role.OTHER, name, (rows, joined), copies=copies)
        stack.tensor(Role.BIAS, name, (rows,), copies=copies)
