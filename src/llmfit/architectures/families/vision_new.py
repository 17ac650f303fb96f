"""Vision-language models with towers of their own: Kimi K2.5, EXAONE 4.5, Muse Glimmer, MiniMax M3."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import DENSE, FULL, SLIDING, SPARSE, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_size
from llmfit.architectures.blocks.vit import SPLIT, add_layers, add_patches, measure
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.deepseek import V3
from llmfit.architectures.families.gemma import FOUR_NORMS
from llmfit.architectures.families.llama import FAMILIES as LLAMAS
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.families.towers import nothing, qwen2_5_vision
from llmfit.architectures.reader import Config, Pattern
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Cache, CacheKind, Role

_KIMI_NAMES = {
    "hidden_size": "vt_hidden_size",
    "intermediate_size": "vt_intermediate_size",
    "num_hidden_layers": "vt_num_hidden_layers",
    "pos_emb_height": "init_pos_emb_height",
    "pos_emb_width": "init_pos_emb_width",
}
_SPLIT_VIT = ("q_proj", "k_proj", "v_proj", "proj")


def _kimi_vision(stack: Stack) -> int:
    """Add MoonViT: a grid of learned positions, layer norms, biases everywhere."""
    config = stack.config
    measure(stack)
    h = stack.hidden
    add_patches(stack, "proj", bias=True)
    shape = (config.size("pos_emb_height", 64), config.size("pos_emb_width", 64), h)
    stack.tensor(Role.POSITION, "position_embeddings", shape)
    add_layers(stack, attention=_SPLIT_VIT, norms=("norm1", "norm2"))
    stack.norm("final_layernorm", h, bias=True)
    merge = config.items("merge_kernel_size", int) or (2, 2)
    if len(merge) != 2 or min(merge) < 1 or max(merge) > 64:
        config.invalid("merge_kernel_size", "is not two small numbers")
    return h * merge[0] * merge[1]


def _kimi_projector(stack: Stack, text: Stack, joined: int) -> None:
    width = stack.config.child("vision_config", aliases=_KIMI_NAMES).size("hidden_size")
    stack.norm("pre_norm", width, bias=True)
    stack.linear(Role.OTHER, "in_proj", (joined, joined), bias=True)
    stack.linear(Role.OTHER, "out_proj", (text.hidden, joined), bias=True)


def _muse_kinds(_: Config, n: int) -> list[str]:
    """Every fourth layer, counted from the last, sees everything."""
    return [SLIDING if (n - 1 - i) % 4 else FULL for i in range(n)]


_MUSE_TEXT = Decoder(
    mixer=attention(
        bias="attention_bias",
        out_bias="attention_bias",
        gate_proj="gate_proj",
        kinds=layer_types(_muse_kinds),
    ),
    mlp=gated(),
    norms=FOUR_NORMS,
    defaults={"num_key_value_heads": 2, "head_dim": 128, "sliding_window": 2048},
)


def _muse_vision(stack: Stack) -> int:
    """Add Muse Glimmer's tower: flat pairs of frames, a table of positions, norms before and after."""
    config = stack.config
    measure(stack)
    h = stack.hidden
    add_patches(stack, "patch_embedding", frames=config.size("patch_temporal", 2), bias=False, flat=True)
    places = config.size("pos_emb_height", 32) * config.size("pos_emb_width", 32)
    stack.tensor(Role.POSITION, "position_embedding_table", (places, h))
    stack.norm("ln_pre", h, bias=True)
    add_layers(stack, attention=_SPLIT_VIT, norms=("norm1", "norm2"))
    stack.norm("ln_post", h, bias=True)
    return h * config.size("merge_size", 2) ** 2


def _muse_projector(stack: Stack, text: Stack, joined: int) -> None:
    config = stack.config
    inner = config.size("projector_hidden_size", 4096)
    config.only("out_hidden_size", joined)
    stack.linear(Role.OTHER, "fc1", (inner, joined))
    stack.linear(Role.OTHER, "fc2", (inner, inner))
    stack.linear(Role.OTHER, "vision_projection", (text.hidden, inner))


def _minimax_flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lift what MiniMax M3 keeps in `sparse_attention_config`."""
    nested, flat = values.get("sparse_attention_config"), dict(values)
    if isinstance(nested, Mapping):
        for name in ("sparse_attention_freq", "sparse_num_index_heads", "sparse_index_dim", "use_sparse_attention"):
            if name in nested:
                flat[name] = nested[name]
    return flat


def _by_list(key: str, one: str, zero: str) -> Pattern:
    """Read a list of ones and zeros, one for each layer."""

    def pattern(config: Config, n: int) -> list[str]:
        stated = config.items(key, int, length=n)
        if stated is None:
            config.invalid(key, "is missing")
        return [one if kind else zero for kind in stated]

    return pattern


def _minimax_attention(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add grouped-query attention, and the indexer of the layers that attend sparsely."""
    config, h, d = stack.config, stack.hidden, stack.head_dim
    config.only("attention_output_gate", False)
    config.only("use_qk_norm", True)
    config.only("qk_norm_type", "per_head")
    freq = config.items("sparse_attention_freq", int, length=stack.n)
    if freq is None or config.raw("use_sparse_attention") is not True:
        config.invalid("sparse_attention_config", "does not say which layers are sparse")
    plain = len(stack.caches)
    attention(qk_norm="head")(stack, layers)
    del stack.caches[plain:]
    kv = stack.kv_heads * d
    dense = tuple(i for i in layers if not freq[i])
    sparse = tuple(i for i in layers if freq[i])
    if dense:
        stack.caches.append(Cache(CacheKind.FULL, dense, kv, kv, stack.kv_heads))
    if sparse:
        heads, width = config.size("sparse_num_index_heads", 4), config.size("sparse_index_dim", 128)
        stack.linear(Role.ATTN_INDEXER, "q_proj", (heads * width, h), sparse)
        stack.linear(Role.ATTN_INDEXER, "k_proj", (width, h), sparse)
        stack.norm("q_norm", width, sparse)
        stack.norm("k_norm", width, sparse)
        stack.caches.append(Cache(CacheKind.FULL, sparse, kv, kv, stack.kv_heads, indexer_elements=width))


_MINIMAX_TEXT = Decoder(
    mixer=_minimax_attention,
    mlp={
        DENSE: gated(inter="dense_intermediate_size", fused="gate_up_proj"),
        SPARSE: moe(
            experts="num_local_experts",
            inter="",
            names=("w1", "w3", "w2"),
            shared=shared_size("shared_intermediate_size"),
            shared_names=("gate_up_proj", "down_proj"),
        ),
    },
    mlp_kinds=_by_list("moe_layer_freq", SPARSE, DENSE),
    check=(("n_shared_experts", (1,)), ("tie_word_embeddings", (False,))),
    rewrite=_minimax_flat,
)


def _minimax_vision(stack: Stack) -> int:
    """Add MiniMax M3's tower: CLIP without positions of its own, pairs of frames."""
    config = stack.config
    measure(stack)
    config.only("position_embedding_type", "rope")
    nested = config.child("img_token_compression_config")
    frames, merge = nested.size("temporal_patch_size", 2), nested.size("spatial_merge_size", 2)
    stack.extra["vision_merge"] = merge
    add_patches(stack, "proj", frames=frames, bias=False)
    stack.norm("pre_layrnorm", stack.hidden, bias=True)
    add_layers(stack, attention=SPLIT)
    return stack.hidden


def _minimax_projector(stack: Stack, text: Stack, width: int) -> None:
    """Add two linear layers, and two more that join squares of patches."""
    config, h = stack.config, text.hidden
    merge = stack.extra["vision_merge"]
    hidden = config.size("projector_hidden_size", h)
    config.only("multimodal_projector_bias", True)
    for name, shape in (
        ("linear_1", (hidden, width)),
        ("linear_2", (h, hidden)),
        ("merge_linear_1", (hidden, h * merge * merge)),
        ("merge_linear_2", (h, hidden)),
    ):
        stack.linear(Role.OTHER, name, shape, bias=True)


FAMILIES = {
    "kimi_k25": Multimodal(
        text={"deepseek_v3": V3, "kimi_k2": V3},
        vision=_kimi_vision,
        project=_kimi_projector,
        vision_aliases=_KIMI_NAMES,
        vision_defaults={"patch_size": 14},
    ),
    "exaone4_5": Multimodal(
        text=replace(LLAMAS["exaone4"], defaults={"num_key_value_heads": 8, "sliding_window": 4096}),
        vision=qwen2_5_vision,
        project=nothing,
    ),
    "muse_glimmer": Multimodal(
        text=_MUSE_TEXT, vision=_muse_vision, project=_muse_projector, vision_defaults={"patch_size": 14}
    ),
    "minimax_m3_vl": Multimodal(
        text=_MINIMAX_TEXT,
        vision=_minimax_vision,
        project=_minimax_projector,
        vision_types=("clip_vision_model", "minimax_m3_vl_vision"),
    ),
}
