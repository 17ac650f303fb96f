"""Sparse feed-forward layers: a router, routed experts, shared experts."""

from collections.abc import Callable

from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Role, Tensor

Width = Callable[[Stack], int]
"""Width of the shared expert; 0 where there is none."""
GATED = ("gate_proj", "up_proj", "down_proj")


def shared_count(key: str = "n_shared_experts", default: int = 0) -> Width:
    """As many experts' widths as the key says."""
    return lambda stack: stack.config.count(key, default) * stack.moe_inter


def shared_size(key: str = "shared_expert_intermediate_size", default: int = 0) -> Width:
    """The width that the key states."""
    return lambda stack: stack.config.count(key, default)


def set_sizes(stack: Stack, experts: str, per_tok: str, inter: str) -> None:
    """Read how many experts there are, how many a token uses and how wide they are."""
    config = stack.config
    stack.num_experts = config.size(experts)
    stack.experts_per_tok = config.size(per_tok)
    if stack.experts_per_tok > stack.num_experts:
        config.invalid(per_tok, f"is {stack.experts_per_tok}, more than the {stack.num_experts} experts")
    stack.moe_inter = stack.mlp_width(inter)


def add_experts(
    stack: Stack,
    layers: tuple[int, ...],
    *,
    names: tuple[str, ...] = GATED,
    bias: bool = False,
    width_in: int = 0,
) -> None:
    """Add the routed experts, one (out, in) matrix per expert and projection.

    Three names are gate, up and down; two are a plain up and down, or a fused gate and up where the
    first name says `gate_up`. `width_in` replaces the hidden size where experts work in a latent.
    """
    h, inter = width_in or stack.hidden, stack.moe_inter
    if len(names) == 3:
        rows = [(Role.EXPERT_GATE, names[0], inter), (Role.EXPERT_UP, names[1], inter)]
    elif "gate_up" in names[0] or names[0] == "input_linear":
        rows = [(Role.EXPERT_GATE_UP, names[0], 2 * inter)]
    else:
        rows = [(Role.EXPERT_UP, names[0], inter)]
    shapes = [(role, name, (out, h)) for role, name, out in rows]
    shapes.append((Role.EXPERT_DOWN, names[-1], (h, inter)))
    for role, name, shape in shapes:
        many, active = stack.num_experts, stack.experts_per_tok
        stack.tensors.append(Tensor(role, name, shape, layers, many, active, stack.section))
        if bias:
            stack.tensors.append(Tensor(Role.BIAS, name, shape[:1], layers, many, active, stack.section))


def moe(
    *,
    experts: str = "num_experts",
    per_tok: str = "num_experts_per_tok",
    inter: str = "moe_intermediate_size",
    names: tuple[str, ...] = GATED,
    bias: Flag = False,
    router: str = "gate",
    router_bias: Flag = False,
    correction: str = "",
    shared: Width | None = None,
    shared_names: tuple[str, ...] = GATED,
    shared_gate: str = "",
    shared_bias: Flag = False,
    extra_norm: str = "",
) -> Block:
    """Router E × h, experts of I_moe, and a shared expert that every token passes.

    `correction` names a per-expert vector that is a parameter of the router (a buffer is none).
    """

    def block(stack: Stack, layers: tuple[int, ...]) -> None:
        set_sizes(stack, experts, per_tok, inter)
        stack.gated = len(names) == 3 or "gate" in names[0] or names[0] == "input_linear"
        stack.linear(
            Role.ROUTER, router, (stack.num_experts, stack.hidden), layers, bias=resolve(stack.config, router_bias)
        )
        if correction:
            stack.tensor(Role.BIAS, correction, (stack.num_experts,), layers)
        add_experts(stack, layers, names=names, bias=resolve(stack.config, bias))
        if extra_norm:
            stack.norm(extra_norm, stack.hidden, layers)
        width = shared(stack) if shared else 0
        if not width:
            return
        add_shared(stack, layers, width, names=shared_names, bias=resolve(stack.config, shared_bias))
        if shared_gate:
            stack.linear(Role.ROUTER, shared_gate, (1, stack.hidden), layers)

    return block


def add_shared(
    stack: Stack,
    layers: tuple[int, ...],
    width: int,
    *,
    names: tuple[str, ...] = GATED,
    bias: bool = False,
) -> None:
    """Add the shared expert: all names but the last go up (doubled where fused), the last goes down."""
    for name in names[:-1]:
        fused = "gate_up" in name or name == "input_linear"
        stack.linear(Role.SHARED_EXPERT, name, ((2 if fused else 1) * width, stack.hidden), layers, bias=bias)
    stack.linear(Role.SHARED_EXPERT, names[-1], (stack.hidden, width), layers, bias=bias)
