"""Phi-3 vision: Phi-3, OpenAI's large CLIP named by its repository, and an MLP over four patches joined.

Its configuration names the tower, whose sizes are those of the named repository's own configuration.
"""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import fused_attention
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.families.towers import clip
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Architecture, Role

JOINED = 4
"""Patches of a square of two by two that go through the projector as one."""
_TOWER = "openai/clip-vit-large-patch14-336"
_SIZES = {
    "model_type": "clip_vision_model",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
}
"""`vision_config` of the named repository's config.json."""


def _project(stack: Stack, text: Stack, width: int) -> None:
    """Add the MLP and the two separators that are learned: between rows, and between picture and crops."""
    joined = JOINED * width
    stack.linear(Role.OTHER, "img_projection.0", (text.hidden, joined), bias=True)
    stack.linear(Role.OTHER, "img_projection.2", (text.hidden, text.hidden), bias=True)
    for name in ("glb_GN", "sub_GN"):
        stack.tensor(Role.OTHER, name, (joined,))


_TEXT = Decoder(mixer=fused_attention(), mlp=gated(fused="gate_up_proj"))
"""Phi-3 whose window is longer than its context: the code of the repository keeps every token."""
_RECIPE = Multimodal(text=_TEXT, vision=clip, project=_project)


def describe_phi3_v(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe text, tower and projector; another tower or projector than the published ones is refused."""
    config = Config(values)
    tower = config.child("img_processor")
    tower.only("model_name", _TOWER)
    tower.only("image_dim_out", _SIZES["hidden_size"])
    between = config.child("embd_layer")
    between.only("projection_cls", "mlp")
    between.only("use_hd_transform", True)
    between.only("with_learnable_separator", True)
    return _RECIPE(model_type, {**values, "vision_config": _SIZES})


FAMILIES = {"phi3_v": describe_phi3_v}
