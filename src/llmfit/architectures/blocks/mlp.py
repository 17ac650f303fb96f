"""Dense feed-forward layers: gated, fused-gated and plain."""

from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Role


def gated(
    *,
    bias: Flag = False,
    inter: str = "",
    names: tuple[str, str, str] = ("gate_proj", "up_proj", "down_proj"),
    fused: str = "",
    sub_norm: str = "",
) -> Block:
    """Gate and up I × h (or one fused 2I × h), down h × I, maybe a norm of I before it.

    `inter` names the key of I, if not the usual one.
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        width = stack.mlp_width(inter)
        has_bias = resolve(stack.config, bias)
        stack.gated = True
        if fused:
            stack.linear(Role.MLP_GATE_UP, fused, (2 * width, stack.hidden), layers, bias=has_bias)
        else:
            stack.linear(Role.MLP_GATE, names[0], (width, stack.hidden), layers, bias=has_bias)
            stack.linear(Role.MLP_UP, names[1], (width, stack.hidden), layers, bias=has_bias)
        if sub_norm:
            stack.norm(sub_norm, width, layers)
        stack.linear(Role.MLP_DOWN, names[2], (stack.hidden, width), layers, bias=has_bias)

    return block


def plain(
    *, bias: Flag = False, names: tuple[str, str] = ("up_proj", "down_proj"), learned_activation: int = 0
) -> Block:
    """Up I × h, down h × I, and so many scalars of a learned activation."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        width, has_bias = stack.mlp_width(), resolve(stack.config, bias)
        stack.linear(Role.MLP_UP, names[0], (width, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.MLP_DOWN, names[1], (stack.hidden, width), layers, bias=has_bias)
        if learned_activation:
            stack.tensor(Role.OTHER, "act_fn", (1,), layers, copies=learned_activation)

    return block
