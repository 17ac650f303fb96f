"""Decoders whose layers differ in width: Laguna, MiMo-V2-Flash, Nemotron-NAS, and MiMo's extra layers."""

from dataclasses import replace

from llmfit.architectures.blocks.cache import keep
from llmfit.architectures.blocks.kinds import DENSE, FULL, SLIDING, SPARSE, always, dense_first, grouped, layer_types
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_size
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.llama import QWEN2
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Cache, CacheKind, Role

_laguna_kinds = layer_types(always(FULL))


def _laguna_attention(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add attention whose number of query heads differs by layer, with a gate for each head or channel."""
    config, d, h = stack.config, stack.head_dim, stack.hidden
    stated = config.items("num_attention_heads_per_layer", int, length=stack.n) or [stack.heads] * stack.n
    bias, kv = config.flag("attention_bias"), stack.kv_heads * stack.head_dim
    gating = config.raw("gating")
    per_head = gating is None or gating is True or gating == "per-head"
    for name in sorted(set(stated)):
        if not 0 < name <= 10_000:
            config.invalid("num_attention_heads_per_layer", f"holds {name}")
        config.divided("num_attention_heads_per_layer", name, stack.kv_heads)
        members = tuple(i for i in layers if stated[i] == name)
        width = name * d
        stack.linear(Role.ATTN_Q, "q_proj", (width, h), members, bias=bias)
        stack.linear(Role.ATTN_OUT, "o_proj", (h, width), members, bias=bias)
        stack.linear(Role.ATTN_EXTRA, "g_proj", (name if per_head else width, h), members)
    stack.linear(Role.ATTN_K, "k_proj", (kv, h), layers, bias=bias)
    stack.linear(Role.ATTN_V, "v_proj", (kv, h), layers, bias=bias)
    stack.norm("q_norm", d, layers)
    stack.norm("k_norm", d, layers)
    keep(stack, layers, key=kv, value=kv, heads=stack.kv_heads, kinds=_laguna_kinds)


def _mimo_kinds(config: Config, n: int) -> list[str]:
    """Read `hybrid_layer_pattern`: 1 slides, 0 sees everything."""
    stated = config.items("hybrid_layer_pattern", int, length=n)
    if stated is None:
        return list(layer_types(always(FULL))(config, n))
    return [SLIDING if kind == 1 else FULL for kind in stated]


def _mimo_mlps(config: Config, n: int) -> list[str]:
    """Read the list in `moe_layer_freq`: 0 is dense."""
    stated = config.items("moe_layer_freq", int, length=n)
    if stated is None:
        config.invalid("moe_layer_freq", "is missing")
    return [SPARSE if kind else DENSE for kind in stated]


def _mimo_attention(prefix: str, kind: CacheKind, sinks: str) -> Block:
    """Return attention with keys wider than values, by the keys of full or sliding layers."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, h = stack.config, stack.hidden
        heads = config.size(f"{prefix}num_attention_heads")
        kv = config.size(f"{prefix}num_key_value_heads")
        d_k, d_v = config.size(f"{prefix}head_dim"), config.size(f"{prefix}v_head_dim")
        config.divided(f"{prefix}num_attention_heads", heads, kv)
        bias = config.flag("attention_bias")
        stack.linear(Role.ATTN_Q, "q_proj", (heads * d_k, h), layers, bias=bias)
        stack.linear(Role.ATTN_K, "k_proj", (kv * d_k, h), layers, bias=bias)
        stack.linear(Role.ATTN_V, "v_proj", (kv * d_v, h), layers, bias=bias)
        stack.linear(Role.ATTN_OUT, "o_proj", (h, heads * d_v), layers)
        if config.flag(sinks, kind is CacheKind.SLIDING):
            stack.tensor(Role.ATTN_EXTRA, "sinks", (heads,), layers)
        window = config.size("sliding_window") if kind is CacheKind.SLIDING else None
        stack.caches.append(Cache(kind, layers, kv * d_k, kv * d_v, kv, window))

    return block


def _nas_width(multiple: float, hidden: int) -> int:
    """Return DeciLM's MLP width: two thirds of the multiple of h, rounded up to 256."""
    width = int(2 * multiple * hidden / 3)
    return -(-width // 256) * 256


def _nas_block(block: Config, heads: int, hidden: int) -> tuple[int, int]:
    """Return one block's KV heads and MLP width."""
    attention, ffn = block.child("attention"), block.child("ffn")
    for part in (attention, ffn):
        part.only("replace_with_linear", False)
    for name in ("window_length", "num_sink_tokens"):
        attention.only(name)
    group = 0 if attention.flag("no_op") else attention.size("n_heads_in_group")
    kv = attention.divided("n_heads_in_group", heads, group) if group else 0
    if ffn.flag("no_op"):
        return kv, 0
    if ffn.raw("ffn_mult") is None:
        ffn.invalid("ffn_mult", "is missing")
    return kv, _nas_width(ffn.number("ffn_mult", 1.0), hidden)


def _nas_parts(config: Config, n: int, heads: int) -> tuple[list[int], list[int]]:
    """Return KV heads and MLP widths of each layer, 0 where a layer has none."""
    blocks = config.items("block_configs", dict, length=n)
    if blocks is None:
        config.invalid("block_configs", "is missing")
    kv_heads: list[int] = []
    widths: list[int] = []
    for index, values in enumerate(blocks):
        earlier = blocks.index(values)
        if earlier < index:
            kv_heads.append(kv_heads[earlier])
            widths.append(widths[earlier])
            continue
        kv, width = _nas_block(Config(values, path=f"block_configs[{index}]."), heads, config.size("hidden_size"))
        kv_heads.append(kv)
        widths.append(width)
    return kv_heads, widths


def _nas_layers(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add what each block of Nemotron-NAS was left with: attention or none, an MLP of any width or none."""
    h, d = stack.hidden, stack.head_dim
    kv_heads, widths = _nas_parts(stack.config, stack.n, stack.heads)
    bias = stack.config.flag("attention_bias")
    for kv, members in grouped([str(kv) for kv in kv_heads]).items():
        if kv == "0":
            continue
        width = int(kv) * d
        stack.linear(Role.ATTN_Q, "q_proj", (h, h), members, bias=bias)
        stack.linear(Role.ATTN_K, "k_proj", (width, h), members, bias=bias)
        stack.linear(Role.ATTN_V, "v_proj", (width, h), members, bias=bias)
        stack.linear(Role.ATTN_OUT, "o_proj", (h, h), members, bias=bias)
        stack.norm("input_layernorm", h, members)
        stack.caches.append(Cache(CacheKind.FULL, members, width, width, int(kv)))
    stack.kv_heads = max(*kv_heads, 1)
    for width_name, members in grouped([str(width) for width in widths]).items():
        stack.inter = int(width_name)
        if stack.inter:
            gated(bias="mlp_bias")(stack, members)
            stack.norm("post_attention_layernorm", h, members)
    stack.inter = max(widths)
    del layers


FAMILIES = {
    "laguna": Decoder(
        mixer=_laguna_attention,
        mlp={
            DENSE: gated(),
            SPARSE: moe(correction="e_score_correction_bias", shared=shared_size(default=512)),
        },
        mlp_kinds=dense_first(1),
        defaults={"num_key_value_heads": 8, "head_dim": 128, "sliding_window": 512, "num_experts_per_tok": 8},
    ),
    "mimo_v2_flash": Decoder(
        mixer={
            FULL: _mimo_attention("", CacheKind.FULL, "add_full_attention_sink_bias"),
            SLIDING: _mimo_attention("swa_", CacheKind.SLIDING, "add_swa_attention_sink_bias"),
        },
        kinds=_mimo_kinds,
        mlp={DENSE: gated(), SPARSE: moe(experts="n_routed_experts")},
        mlp_kinds=_mimo_mlps,
        check=(("n_shared_experts", (0,)),),
        defaults={"num_experts_per_tok": 8},
    ),
    "nemotron-nas": Decoder(mixer=_nas_layers, norms=()),
    "mimo": replace(QWEN2, defaults={"num_key_value_heads": 32}, mtp="num_nextn_predict_layers"),
}
