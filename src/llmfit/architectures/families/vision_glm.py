"""Vision-language models of Zhipu: GLM-4V."""

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.vit import FUSED, add_layers, add_patches, grid, measure
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.families.towers import GATED, nothing
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role, Section

_TEXT = Decoder(
    mixer=attention(bias=True),
    mlp=gated(fused="gate_up_proj"),
    norms=("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm"),
    defaults={"num_key_value_heads": 2},
)


def _glm4v_vision(stack: Stack) -> int:
    """Add GLM-4V's tower: RMS norms, gated MLPs of the output's width, a downsampling convolution, a merger."""
    config = stack.config
    measure(stack, depth="depth", inter=config.size("out_hidden_size", 4096))
    h, out = stack.hidden, stack.inter
    stack.tensor(Role.POSITION, "position_embedding", (grid(config), h))
    add_patches(stack, "proj", frames=config.size("temporal_patch_size", 2), bias=True)
    add_layers(
        stack,
        attention=FUSED,
        bias=config.flag("attention_bias"),
        out_bias=False,
        mlp=GATED,
        mlp_bias=False,
        norms=("norm1", "norm2"),
        norm_bias=False,
    )
    stack.norm("post_conv_layernorm", h)
    stack.norm("post_layernorm", h)
    merge = config.size("spatial_merge_size", 2)
    stack.section = Section.PROJECTOR
    stack.tensor(Role.OTHER, "downsample", (out, h, merge, merge))
    stack.tensor(Role.BIAS, "downsample", (out,))
    inner = config.size("intermediate_size")
    stack.linear(Role.OTHER, "proj", (out, out))
    stack.norm("post_projection_norm", out, bias=True)
    for name, shape in (("gate_proj", (inner, out)), ("up_proj", (inner, out)), ("down_proj", (out, inner))):
        stack.linear(Role.OTHER, name, shape)
    return h


FAMILIES: dict[str, Describe] = {
    "glm4v": Multimodal(
        text=_TEXT,
        vision=_glm4v_vision,
        project=nothing,
        vision_defaults={
            "depth": 24,
            "hidden_size": 1536,
            "image_size": 336,
            "patch_size": 14,
            "intermediate_size": 13696,
        },
    ),
    "glm4v_text": _TEXT,
}
