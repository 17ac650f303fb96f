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
) -> Block:
    """Gate and up I × h (or one fused 2I × h), down h × I. `inter` names the key of I, if not the usual one."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        width = stack.config.size(inter) if inter else stack.inter
        has_bias = resolve(stack.config, bias)
        stack.gated = True
        if fused:
            stack.linear(Role.MLP_GATE_UP, fused, (2 * width, stack.hidden), layers, bias=has_bias)
        else:
            stack.linear(Role.MLP_GATE, names[0], (width, stack.hidden), layers, bias=has_bias)
            stack.linear(Role.MLP_UP, names[1], (width, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.MLP_DOWN, names[2], (stack.hidden, width), layers, bias=has_bias)

    return block


def plain(*, bias: Flag = False, names: tuple[str, str] = ("up_proj", "down_proj")) -> Block:
    """Up I × h, down h × I."""

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        has_bias = resolve(stack.config, bias)
        stack.linear(Role.MLP_UP, names[0], (stack.inter, stack.hidden), layers, bias=has_bias)
        stack.linear(Role.MLP_DOWN, names[1], (stack.hidden, stack.inter), layers, bias=has_bias)

    return block
