"""Meta's vision-language models: Llama 3.2 Vision (cross-attention) and Llama 4 (early fusion)."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import CHUNKED, DENSE, FULL, SPARSE, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import add_experts, add_shared, set_sizes
from llmfit.architectures.blocks.vit import add_layers, add_patches, grid, measure, tower
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section


def _llama4_kinds(config: Config, n: int) -> list[str]:
    """Layers with RoPE attend within a chunk; every fourth has none and sees everything."""
    rope = config.items("no_rope_layers", int)
    if rope:
        if len(rope) != n:
            config.invalid("no_rope_layers", f"has {len(rope)} entries for {n} layers")
        return [CHUNKED if has else FULL for has in rope]
    interval = config.size("no_rope_layer_interval", 4)
    return [CHUNKED if (i + 1) % interval else FULL for i in range(n)]


def _llama4_mlps(config: Config, n: int) -> list[str]:
    """Read `moe_layers`, or take every `interleave_moe_layer_step`-th."""
    stated = config.items("moe_layers", int)
    if stated is None:
        step = config.size("interleave_moe_layer_step", 1)
        return [DENSE if (i + 1) % step else SPARSE for i in range(n)]
    wanted = set(stated)
    return [SPARSE if i in wanted else DENSE for i in range(n)]


def _llama4_experts(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add experts as Llama 4 stores them, gate and up in one, and the shared expert of the same width."""
    set_sizes(stack, "num_local_experts", "num_experts_per_tok", "intermediate_size")
    stack.gated = True
    stack.linear(Role.ROUTER, "router", (stack.num_experts, stack.hidden), layers)
    add_experts(stack, layers, names=("gate_up_proj", "down_proj"))
    add_shared(stack, layers, stack.moe_inter)


def _llama4_dense(stack: Stack, layers: tuple[int, ...]) -> None:
    gated(inter="intermediate_size_mlp")(stack, layers)
    if layers:
        stack.inter = stack.config.size("intermediate_size_mlp")


_llama4_layers = layer_types(_llama4_kinds, known=(FULL, CHUNKED))
LLAMA4_TEXT = Decoder(
    mixer=attention(
        bias="attention_bias", out_bias="attention_bias", kinds=_llama4_layers, window="attention_chunk_size"
    ),
    mlp={DENSE: _llama4_dense, SPARSE: _llama4_experts},
    mlp_kinds=_llama4_mlps,
    defaults={
        "num_key_value_heads": 8,
        "head_dim": 128,
        "attention_chunk_size": 8192,
        "intermediate_size_mlp": 16384,
        "num_local_experts": 16,
        "num_experts_per_tok": 1,
    },
)


def _llama4_vision(stack: Stack) -> int:
    """Add Llama 4's tower: flat patches, a class token, layer norms, and the pixel shuffle's MLP."""
    config = stack.config
    measure(stack)
    h = stack.hidden
    stack.tensor(Role.POSITION, "class_embedding", (h,))
    stack.tensor(Role.POSITION, "positional_embedding_vlm", (grid(config) + 1, h))
    add_patches(stack, "linear", bias=False, flat=True)
    add_layers(
        stack,
        attention=("q_proj", "k_proj", "v_proj", "o_proj"),
        norms=("input_layernorm", "post_attention_layernorm"),
    )
    for name in ("layernorm_pre", "layernorm_post"):
        stack.norm(name, h, bias=True)
    inside, outside = config.size("projector_input_dim", 4096), config.size("projector_output_dim", 4096)
    shuffled = int(h // config.number("pixel_shuffle_ratio", 0.5) ** 2)
    if shuffled != stack.inter:
        config.unsupported("pixel_shuffle_ratio", f"makes {shuffled} of {h}, not {stack.inter}")
    stack.linear(Role.OTHER, "fc1", (inside, stack.inter))
    stack.linear(Role.OTHER, "fc2", (outside, outside))
    return config.size("vision_output_dim", 4096)


def _one_linear(stack: Stack, text: Stack, width: int) -> None:
    stack.linear(Role.OTHER, "linear_1", (text.hidden, width))


def _mllama_text(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add self-attention, or cross-attention to the image at `cross_attention_layers`."""
    config, d, h = stack.config, stack.head_dim, stack.hidden
    crossed = set(config.items("cross_attention_layers", int) or (3, 8, 13, 18, 23, 28, 33, 38))
    own = tuple(i for i in layers if i not in crossed)
    cross = tuple(i for i in layers if i in crossed)
    width, kv = stack.heads * d, stack.kv_heads * d
    if own:
        attention()(stack, own)
    if not cross:
        return
    shapes = (("q_proj", (width, h)), ("k_proj", (kv, h)), ("v_proj", (kv, h)), ("o_proj", (h, width)))
    for name, shape in shapes:
        stack.linear(Role.CROSS_ATTN, name, shape, cross)
    for name in ("q_norm", "k_norm"):
        stack.norm(name, d, cross)
    for name in ("cross_attn_attn_gate", "cross_attn_mlp_gate"):
        stack.tensor(Role.ATTN_EXTRA, name, (1,), cross)
    stack.caches.append(Cache(CacheKind.CROSS, cross, kv, kv, stack.kv_heads))


_MLLAMA_TEXT = Decoder(
    mixer=_mllama_text,
    mlp=gated(),
    reads_head_dim=False,
    defaults={"num_key_value_heads": 8},
)
_MLLAMA_VISION = {
    "hidden_size": 1280,
    "num_hidden_layers": 32,
    "num_global_layers": 8,
    "intermediate_size": 5120,
    "vision_output_dim": 7680,
    "image_size": 448,
    "patch_size": 14,
    "max_num_tiles": 4,
}


def mllama(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe Llama 3.2 Vision; eight more embeddings than words stand for images."""
    top = Config(values)
    stack = Stack(_MLLAMA_TEXT.read(top.child("text_config").values, path="text_config."))
    _MLLAMA_TEXT.build(stack, tied=False)
    embedding = stack.tensors[0]
    stack.tensors[0] = type(embedding)(Role.EMBEDDING, embedding.module, (stack.vocab + 8, stack.hidden))
    vision = tower(stack, top.child("vision_config", defaults=_MLLAMA_VISION))
    if not vision.config.values:
        top.invalid("vision_config", "is missing")
    _mllama_vision(vision)
    seen = vision.config.size("max_num_tiles") * (grid(vision.config) + 1)
    stack.caches[:] = [_seeing(cache, seen) if cache.kind is CacheKind.CROSS else cache for cache in stack.caches]
    vision.section = Section.PROJECTOR
    shape = (stack.hidden, vision.config.size("vision_output_dim"))
    vision.linear(Role.OTHER, "multi_modal_projector", shape, bias=True)
    return stack.architecture(model_type=model_type, context=stack.config.tokens("max_position_embeddings"))


def _seeing(cache: Cache, positions: int) -> Cache:
    """Return the cache of a cross-attention that sees so many positions of each image: every patch of every tile."""
    return Cache(cache.kind, cache.layers, cache.key_elements, cache.value_elements, cache.heads, window=positions)


def _mllama_vision(stack: Stack) -> None:
    """Add both runs of layers, and positions of patches, tiles and aspect ratios."""
    config = stack.config
    measure(stack)
    h, tiles = stack.hidden, config.size("max_num_tiles")
    ratios = len(config.items("supported_aspect_ratios", list) or range(8)) + 1
    places = grid(config) + 1
    stack.tensor(Role.POSITION, "class_embedding", (h,))
    add_patches(stack, "patch_embedding", bias=False)
    stack.tensor(Role.POSITION, "gated_positional_embedding", (places, h))
    stack.tensor(Role.POSITION, "tile_embedding", (ratios, tiles * places * h))
    for name in ("pre_tile_positional_embedding", "post_tile_positional_embedding"):
        stack.tensor(Role.POSITION, name, (ratios, tiles * h))
    stack.tensor(Role.OTHER, "gate", (1,), copies=3)
    for name in ("layernorm_pre", "layernorm_post"):
        stack.norm(name, h, bias=True)
    for many in (stack.n, config.count("num_global_layers")):
        stack.layers = tuple(range(many))
        if many:
            add_layers(
                stack,
                attention=("q_proj", "k_proj", "v_proj", "o_proj"),
                bias=False,
                norms=("input_layernorm", "post_attention_layernorm"),
            )
    if stack.layers:
        stack.tensor(Role.OTHER, "gate_attn", (1,), stack.layers)
        stack.tensor(Role.OTHER, "gate_ffn", (1,), stack.layers)


FAMILIES: dict[str, Describe] = {
    "llama4": Multimodal(
        text=LLAMA4_TEXT,
        vision=_llama4_vision,
        project=_one_linear,
        vision_required=False,
        vision_defaults={
            "hidden_size": 1408,
            "num_hidden_layers": 34,
            "intermediate_size": 5632,
            "image_size": 336,
            "patch_size": 14,
        },
    ),
    "llama4_text": LLAMA4_TEXT,
    "mllama": mllama,
}
