"""Recurrent mixers of the Mamba line and short convolutions: a state of fixed size instead of a cache.

State elements are those of one layer and sequence: the convolution keeps its whole kernel of columns.
"""

from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Cache, CacheKind, Role


def keep_state(stack: Stack, layers: tuple[int, ...], *, conv: int, recurrent: int) -> None:
    """Add the states that these layers keep, in elements of one layer."""
    stack.caches.append(Cache(CacheKind.STATE, layers, conv_elements=conv, recurrent_elements=recurrent))


def time_step_rank(config: Config, hidden: int) -> int:
    """Return Δ's rank: stated, or one sixteenth of h rounded up where `auto` or absent."""
    if config.raw("time_step_rank") in (None, "auto"):
        return -(-hidden // 16)
    return config.size("time_step_rank")


def mamba1(*, norms: bool = False, own_inner: bool = True) -> Block:
    """Mamba (arXiv 2312.00752): d_inner = expand · h, state of d_inner × d_state.

    `norms` adds Jamba's norms of Δ, B and C; `own_inner` reads d_inner from `intermediate_size` where stated.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, h = stack.config, stack.hidden
        inner = int(config.number("expand", 2) * h)
        inner = config.size("intermediate_size", inner) if own_inner else inner
        state, kernel, rank = config.size("state_size", 16), config.size("conv_kernel", 4), time_step_rank(config, h)
        bias = config.flag("use_bias")
        stack.linear(Role.MIXER_IN, "in_proj", (2 * inner, h), layers, bias=bias)
        stack.tensor(Role.MIXER_CONV, "conv1d", (inner, 1, kernel), layers)
        if config.flag("use_conv_bias", True):
            stack.tensor(Role.BIAS, "conv1d", (inner,), layers)
        stack.linear(Role.MIXER_STATE, "x_proj", (rank + 2 * state, inner), layers)
        stack.linear(Role.MIXER_STATE, "dt_proj", (inner, rank), layers, bias=True)
        stack.tensor(Role.MIXER_STATE, "A_log", (inner, state), layers)
        stack.tensor(Role.MIXER_STATE, "D", (inner,), layers)
        stack.linear(Role.MIXER_OUT, "out_proj", (h, inner), layers, bias=bias)
        if norms:
            stack.norm("dt_layernorm", rank, layers)
            stack.norm("b_layernorm", state, layers)
            stack.norm("c_layernorm", state, layers)
        keep_state(stack, layers, conv=inner * kernel, recurrent=inner * state)

    return block


def mamba2(
    *, in_bias: Flag = False, out_bias: Flag = False, gated_norm: Flag = True, inner: str = "", expands: bool = True
) -> Block:
    """Mamba 2 (arXiv 2405.21060): heads · d_head = d_inner; B and C shared by groups.

    `inner` is the key that may state d_inner; `expands` requires d_inner = expand · h otherwise.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, h = stack.config, stack.hidden
        heads, groups = config.size("mamba_n_heads"), config.size("mamba_n_groups", 1)
        state, kernel = config.size("mamba_d_state"), config.size("mamba_d_conv", 4)
        width = _inner_width(stack, heads, inner=inner, expands=expands)
        channels = width + 2 * groups * state
        bias = resolve(config, in_bias)
        stack.linear(Role.MIXER_IN, "in_proj", (width + channels + heads, h), layers, bias=bias)
        stack.tensor(Role.MIXER_CONV, "conv1d", (channels, 1, kernel), layers)
        if config.flag("mamba_conv_bias", True):
            stack.tensor(Role.BIAS, "conv1d", (channels,), layers)
        for name in ("dt_bias", "A_log", "D"):
            stack.tensor(Role.MIXER_STATE, name, (heads,), layers)
        if resolve(config, gated_norm):
            stack.norm("norm", width, layers)
        stack.linear(Role.MIXER_OUT, "out_proj", (h, width), layers, bias=resolve(config, out_bias))
        keep_state(stack, layers, conv=channels * kernel, recurrent=width * state)

    return block


def _inner_width(stack: Stack, heads: int, *, inner: str, expands: bool) -> int:
    """Return d_inner, checking that the stated sizes of heads agree with it."""
    config = stack.config
    auto = config.raw("mamba_d_head") in (None, "auto")
    if not expands:
        return heads * config.size("mamba_d_head")
    stated = config.optional(inner) if inner else None
    width = stated or int(config.number("mamba_expand", 2) * stack.hidden)
    head = config.divided("mamba_n_heads", width, heads) if auto else config.size("mamba_d_head")
    if head * heads != width:
        config.invalid("mamba_d_head", f"of {head} times {heads} heads is not {width}")
    return width


def short_conv(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add LFM2's gated short convolution: in 3h × h, kernel L over h channels, out h × h."""
    h, kernel = stack.hidden, stack.config.size("conv_L_cache", 3)
    bias = stack.config.flag("conv_bias")
    stack.linear(Role.MIXER_IN, "in_proj", (3 * h, h), layers, bias=bias)
    stack.tensor(Role.MIXER_CONV, "conv", (h, 1, kernel), layers)
    if bias:
        stack.tensor(Role.BIAS, "conv", (h,), layers)
    stack.linear(Role.MIXER_OUT, "out_proj", (h, h), layers, bias=bias)
    keep_state(stack, layers, conv=h * kernel, recurrent=0)


def rg_lru(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add RecurrentGemma's block (arXiv 2402.19427): two inputs, convolution, gated linear recurrence."""
    config, h, heads = stack.config, stack.hidden, stack.heads
    width = config.size("lru_width", h)
    kernel = config.size("conv1d_width", 4)
    block = config.divided("lru_width", width, heads)
    stack.linear(Role.MIXER_IN, "linear_y", (width, h), layers, bias=True)
    stack.linear(Role.MIXER_IN, "linear_x", (width, h), layers, bias=True)
    stack.linear(Role.MIXER_OUT, "linear_out", (h, width), layers, bias=True)
    stack.tensor(Role.MIXER_CONV, "conv_1d", (width, 1, kernel), layers)
    stack.tensor(Role.BIAS, "conv_1d", (width,), layers)
    stack.tensor(Role.MIXER_STATE, "rg_lru", (width,), layers)
    stack.tensor(Role.MIXER_STATE, "rg_lru", (heads, block, block), layers, copies=2)
    stack.tensor(Role.BIAS, "rg_lru", (heads, block), layers, copies=2)
    keep_state(stack, layers, conv=width * (kernel - 1), recurrent=width)
