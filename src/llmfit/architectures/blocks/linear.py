"""Linear attention with a matrix state per head: gated DeltaNet, Kimi delta attention, lightning."""

from llmfit.architectures.blocks.recurrent import keep_state
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Role


def _delta_sizes(stack: Stack) -> tuple[int, int, int, int, int]:
    """Return key heads, value heads, key width, value width and kernel.

    Heads that are not stated are those of the attention, and their keys three quarters as wide (OLMo hybrid).
    """
    config = stack.config
    keys = config.size("linear_num_key_heads", stack.heads)
    values = config.size("linear_num_value_heads", stack.heads)
    config.divided("linear_num_value_heads", values, keys)
    d_k = config.size("linear_key_head_dim", max(1, 3 * stack.hidden // (4 * keys)))
    d_v = config.size("linear_value_head_dim", 2 * d_k)
    return keys, values, d_k, d_v, config.size("linear_conv_kernel_dim", 4)


def _add_delta_state(stack: Stack, layers: tuple[int, ...]) -> None:
    keys, values, d_k, d_v, kernel = _delta_sizes(stack)
    channels = 2 * keys * d_k + values * d_v
    stack.tensor(Role.MIXER_CONV, "conv1d", (channels, 1, kernel), layers)
    stack.tensor(Role.MIXER_STATE, "dt_bias", (values,), layers)
    stack.tensor(Role.MIXER_STATE, "A_log", (values,), layers)
    keep_state(stack, layers, conv=channels * kernel, recurrent=values * d_k * d_v)


def gated_delta(*, fused: bool) -> Block:
    """Gated DeltaNet (arXiv 2412.06464) of Qwen3-Next (`fused`: qkvz and ba) and Qwen3.5 (qkv, z, b, a)."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        keys, values, d_k, d_v, _ = _delta_sizes(stack)
        h, key_width, value_width = stack.hidden, keys * d_k, values * d_v
        if fused:
            stack.linear(Role.MIXER_IN, "in_proj_qkvz", (2 * key_width + 2 * value_width, h), layers)
            stack.linear(Role.MIXER_IN, "in_proj_ba", (2 * values, h), layers)
        else:
            stack.linear(Role.MIXER_IN, "in_proj_qkv", (2 * key_width + value_width, h), layers)
            stack.linear(Role.MIXER_IN, "in_proj_z", (value_width, h), layers)
            stack.linear(Role.MIXER_IN, "in_proj_b", (values, h), layers)
            stack.linear(Role.MIXER_IN, "in_proj_a", (values, h), layers)
        _add_delta_state(stack, layers)
        stack.norm("norm", d_v, layers)
        stack.linear(Role.MIXER_OUT, "out_proj", (h, value_width), layers)

    return block


def delta_separate(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add gated DeltaNet with a projection each for query, key, value, gate, a and b (OLMo hybrid)."""
    keys, values, d_k, d_v, _ = _delta_sizes(stack)
    h = stack.hidden
    for name, width in (
        ("q_proj", keys * d_k),
        ("k_proj", keys * d_k),
        ("v_proj", values * d_v),
        ("g_proj", values * d_v),
        ("a_proj", values),
        ("b_proj", values),
    ):
        stack.linear(Role.MIXER_IN, name, (width, h), layers)
    _add_delta_state(stack, layers)
    stack.norm("o_norm", d_v, layers)
    stack.linear(Role.MIXER_OUT, "o_proj", (h, values * d_v), layers)


def kimi_delta(*, full_rank: bool = False) -> Block:
    """Kimi delta attention (arXiv 2510.26692): a forget gate for every channel.

    The forget gate and the output gate go through one head's width, or directly where `full_rank`.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        config, h = stack.config, stack.hidden
        heads, d = config.size("linear_num_heads"), config.size("linear_head_dim")
        kernel, width = config.size("linear_conv_kernel_dim", 4), heads * d
        for name in ("q_proj", "k_proj", "v_proj"):
            stack.linear(Role.MIXER_IN, name, (width, h), layers)
        stack.tensor(Role.MIXER_CONV, "conv1d", (3 * width, 1, kernel), layers)
        stack.tensor(Role.MIXER_STATE, "A_log", (heads,), layers)
        stack.tensor(Role.MIXER_STATE, "dt_bias", (width,), layers)
        for gate in ("f", "g"):
            if full_rank:
                stack.linear(Role.MIXER_IN, f"{gate}_proj", (width, h), layers)
            else:
                stack.linear(Role.MIXER_IN, f"{gate}_a_proj", (d, h), layers)
                stack.linear(Role.MIXER_IN, f"{gate}_b_proj", (width, d), layers)
        stack.linear(Role.MIXER_IN, "b_proj", (heads, h), layers)
        stack.norm("o_norm", d, layers)
        stack.linear(Role.MIXER_OUT, "o_proj", (h, width), layers)
        keep_state(stack, layers, conv=3 * width * kernel, recurrent=heads * d * d)

    return block


def lightning(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add lightning attention (MiniMax-01, arXiv 2501.08313): a d × d state for each head."""
    h, width = stack.hidden, stack.heads * stack.head_dim
    stack.linear(Role.MIXER_IN, "qkv_proj", (3 * width, h), layers)
    stack.linear(Role.MIXER_IN, "output_gate", (width, h), layers)
    stack.norm("norm", width, layers)
    stack.linear(Role.MIXER_OUT, "out_proj", (h, width), layers)
    keep_state(stack, layers, conv=0, recurrent=width * stack.head_dim)
