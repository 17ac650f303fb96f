"""Zamba: Mamba layers, and one transformer block that several of them share."""

from collections.abc import Sequence

from llmfit.architectures.blocks.kinds import LINEAR, layer_types
from llmfit.architectures.blocks.recurrent import keep_state, time_step_rank
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Cache, CacheKind, Role

HYBRID = "hybrid"


def _pattern(config: Config, n: int) -> Sequence[str]:
    """The third layer is hybrid, then one of every period."""
    period, offset = config.size("attn_layer_period", 6), config.count("attn_layer_offset", 4)
    later = [HYBRID if i % period == offset else LINEAR for i in range(max(n - 3, 0))]
    return [LINEAR, LINEAR, HYBRID, *later][:n]


_kinds = layer_types(_pattern, known=(LINEAR, HYBRID), key="layers_block_type")


def _mamba(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add Mamba with several heads, each with a projection of its own for Δ, B and C."""
    config, h = stack.config, stack.hidden
    heads, inner = config.size("n_mamba_heads", 2), h * config.size("mamba_expand", 2)
    state, kernel = config.size("mamba_d_state", 16), config.size("mamba_d_conv", 4)
    rank, part = time_step_rank(config, h), config.divided("n_mamba_heads", inner, heads)
    bias = config.flag("mamba_proj_bias")
    stack.linear(Role.MIXER_IN, "in_proj", (2 * inner, h), layers, bias=bias)
    stack.tensor(Role.MIXER_CONV, "conv1d", (inner, 1, kernel), layers)
    if config.flag("mamba_conv_bias", True):
        stack.tensor(Role.BIAS, "conv1d", (inner,), layers)
    stack.tensor(Role.MIXER_STATE, "x_proj_weight", (heads, rank + 2 * state, part), layers)
    stack.tensor(Role.MIXER_STATE, "dt_proj_weight", (heads, part, rank), layers)
    stack.tensor(Role.BIAS, "dt_proj_bias", (heads, part), layers)
    stack.tensor(Role.MIXER_STATE, "A_log", (heads, part, state), layers)
    stack.tensor(Role.MIXER_STATE, "D", (heads, part), layers)
    stack.linear(Role.MIXER_OUT, "out_proj", (h, inner), layers, bias=bias)
    stack.norm("input_layernorm", h, layers)
    keep_state(stack, layers, conv=inner * kernel, recurrent=inner * state)


def _shared_block(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add the block that hybrid layers share, once, and the linear layer that each has of its own."""
    config, h = stack.config, stack.hidden
    hybrid = tuple(i for i, kind in enumerate(_kinds(config, stack.n)) if kind == HYBRID)
    if not hybrid:
        return
    wide = config.size("attention_hidden_size", 2 * h)
    head = config.size("attention_head_dim", 2 * h // stack.heads)
    width, kv, inner = stack.heads * head, stack.kv_heads * head, stack.mlp_width()
    for role, name, shape in (
        (Role.ATTN_Q, "q_proj", (width, wide)),
        (Role.ATTN_K, "k_proj", (kv, wide)),
        (Role.ATTN_V, "v_proj", (kv, wide)),
        (Role.ATTN_OUT, "o_proj", (h, width)),
        (Role.MLP_GATE, "gate_proj", (inner, h)),
        (Role.MLP_UP, "up_proj", (inner, h)),
        (Role.MLP_DOWN, "down_proj", (h, inner)),
    ):
        stack.linear(role, name, shape)
    stack.norm("input_layernorm", wide)
    stack.norm("pre_ff_layernorm", h)
    stack.linear(Role.OTHER, "linear", (h, h), hybrid)
    stack.caches.append(Cache(CacheKind.FULL, hybrid, kv, kv, stack.kv_heads))
    stack.gated = True
    stack.notes.append("one transformer block is shared by all hybrid layers: speed follows its uses, memory does not")
    del layers


FAMILIES: dict[str, Describe] = {
    "zamba": Decoder(
        mixer=_mamba,
        extras=(_shared_block,),
        norms=(),
        final_norm="final_layernorm",
        tied=True,
        reads_head_dim=False,
        even_heads=False,
        aliases={"time_step_rank": "mamba_dt_rank"},
        defaults={"num_key_value_heads": 16},
    ),
}
