"""Layers of vision towers: attention and MLP of a ViT, and how patches and positions enter."""

from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role, Section

SPLIT = ("q_proj", "k_proj", "v_proj", "out_proj")
FUSED = ("qkv", "proj")


def tower(parent: Stack, config: Config, *, section: Section = Section.VISION) -> Stack:
    """Return the stack of a tower that writes to the model's lists."""
    return Stack(config, parent=parent, section=section)


def add_patches(stack: Stack, module: str, *, frames: int = 0, bias: bool, flat: bool = False) -> None:
    """Add the patch embedding: a convolution over p × p (and frames), or a linear layer over a flat patch."""
    config, h = stack.config, stack.hidden
    p = config.size("patch_size")
    channels = config.size("in_channels", config.size("num_channels", 3))
    if flat:
        shape: tuple[int, ...] = (h, channels * p * p * max(1, frames))
    else:
        shape = (h, channels, frames, p, p) if frames else (h, channels, p, p)
    stack.tensor(Role.OTHER, module, shape)
    if bias:
        stack.tensor(Role.BIAS, module, (h,))


def add_layers(
    stack: Stack,
    *,
    attention: tuple[str, ...] = SPLIT,
    bias: bool = True,
    out_bias: bool | None = None,
    mlp: tuple[str, ...] = ("fc1", "fc2"),
    mlp_bias: bool = True,
    norms: tuple[str, ...] = ("layer_norm1", "layer_norm2"),
    norm_bias: bool = True,
    kv_width: int = 0,
) -> None:
    """Add the tower's layers: two names of attention are fused and output, three of MLP are gate, up and down."""
    h, layers = stack.hidden, stack.layers
    ends = bias if out_bias is None else out_bias
    kv = kv_width or h
    if len(attention) == 2:
        stack.linear(Role.ATTN_QKV, attention[0], (h + 2 * kv, h), layers, bias=bias)
    else:
        for role, name, width in zip((Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V), attention[:3], (h, kv, kv), strict=True):
            stack.linear(role, name, (width, h), layers, bias=bias)
    stack.linear(Role.ATTN_OUT, attention[-1], (h, h), layers, bias=ends)
    roles = (Role.MLP_GATE, Role.MLP_UP) if len(mlp) == 3 else (Role.MLP_UP,)
    for role, name in zip(roles, mlp[:-1], strict=True):
        stack.linear(role, name, (stack.inter, h), layers, bias=mlp_bias)
    stack.linear(Role.MLP_DOWN, mlp[-1], (h, stack.inter), layers, bias=mlp_bias)
    for name in norms:
        stack.norm(name, h, layers, bias=norm_bias)


def measure(stack: Stack, *, depth: str = "num_hidden_layers", inter: int = 0) -> None:
    """Read the tower's width, depth and MLP width."""
    config = stack.config
    stack.hidden, stack.n = config.size("hidden_size"), config.layers(depth)
    stack.layers = tuple(range(stack.n))
    stack.inter = inter or config.size("intermediate_size")


def grid(config: Config) -> int:
    """Return how many patches a square image has."""
    side, patch = config.size("image_size"), config.size("patch_size")
    if side < patch:
        config.invalid("patch_size", f"of {patch} is larger than the image of {side}")
    return (side // patch) ** 2
