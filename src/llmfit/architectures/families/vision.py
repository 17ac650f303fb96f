"""Vision-language models made of a known decoder, a shared tower and a projector."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.kinds import DENSE, FULL, LINEAR, SPARSE
from llmfit.architectures.blocks.linear import gated_delta
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.blocks.moe import moe, shared_size
from llmfit.architectures.decoder import Decoder, Describe
from llmfit.architectures.families import convolution, delta, llama, sparse
from llmfit.architectures.families.gemma import GEMMA3_TEXT
from llmfit.architectures.families.multimodal import Multimodal
from llmfit.architectures.families.towers import (
    clip,
    gemma3_projector,
    lfm2_projector,
    merged_pixtral,
    nothing,
    pixtral,
    qwen2_5_vision,
    qwen2_vision,
    qwen3_vision,
    siglip,
    siglip2,
    two_linear,
)
from llmfit.records.architecture import Architecture

_QWEN2_VL_TEXT = Decoder(
    mixer=attention(bias=True, kinds=llama.qwen_windows),
    mlp=gated(),
    defaults={"num_key_value_heads": 8, "sliding_window": 4096},
)
_QWEN3_VL_TEXT = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head"),
    mlp=gated(),
    defaults={"num_key_value_heads": 32, "head_dim": 128},
)
_QWEN3_VL_MOE_TEXT = Decoder(
    mixer=attention(bias="attention_bias", out_bias="attention_bias", qk_norm="head"),
    mlp={DENSE: gated(), SPARSE: moe()},
    mlp_kinds=sparse.sparse_steps,
    aliases={"num_experts": "num_local_experts"},
    defaults={"num_key_value_heads": 16, "num_experts_per_tok": 4, "num_experts": 60, "moe_intermediate_size": 1408},
)
QWEN3_5_TEXT = Decoder(
    mtp="mtp_num_hidden_layers",
    mixer={FULL: delta.GATED_ATTENTION, LINEAR: gated_delta(fused=False)},
    kinds=delta.qwen_kinds,
    mlp=gated(),
    defaults={**delta.QWEN_DELTA, "num_key_value_heads": 4},
)
QWEN3_5_MOE_TEXT = Decoder(
    mtp="mtp_num_hidden_layers",
    mixer={FULL: delta.GATED_ATTENTION, LINEAR: gated_delta(fused=False)},
    kinds=delta.qwen_kinds,
    mlp=moe(shared=shared_size(default=512), shared_gate="shared_expert_gate"),
    defaults={**delta.QWEN_DELTA, "num_experts_per_tok": 8, "num_experts": 256, "moe_intermediate_size": 512},
)
_CHANNELS = {"in_channels": "in_chans"}
_CLIP = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "image_size": 224,
    "patch_size": 32,
}
_PIXTRAL = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 1024,
    "patch_size": 16,
}
_QWEN3_VISION = {
    "depth": 27,
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_heads": 16,
    "patch_size": 16,
    "out_hidden_size": 3584,
}
_TEXTS = {
    "llama": llama.LLAMA,
    "mistral": llama.MISTRAL,
    "qwen2": llama.QWEN2,
    "qwen3": llama.QWEN3,
}
_MISTRALS = {
    "mistral": llama.MISTRAL,
    "ministral3": llama.MINISTRAL3,
}


def _ministral3(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Some repositories give the whole model the `model_type` of its text."""
    whole = isinstance(values.get("text_config"), Mapping)
    return (_MISTRAL3 if whole else _MISTRALS["ministral3"])(model_type, values)


def _llava(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """LLaVA joins a CLIP tower, and in Mistral's first models a Pixtral one."""
    vision = values.get("vision_config")
    by_pixtral = isinstance(vision, Mapping) and vision.get("model_type") == "pixtral"
    return (_LLAVA_PIXTRAL if by_pixtral else _LLAVA)(model_type, values)


_LLAVA = Multimodal(
    text=_TEXTS,
    vision=clip,
    project=two_linear,
    vision_types=("clip_vision_model",),
    vision_defaults=_CLIP,
)
_LLAVA_PIXTRAL = Multimodal(
    text=_TEXTS,
    vision=pixtral,
    project=two_linear,
    vision_types=("pixtral",),
    vision_defaults=_PIXTRAL,
)
_MISTRAL3 = Multimodal(
    text=_MISTRALS,
    vision=pixtral,
    project=merged_pixtral,
    vision_types=("pixtral",),
    vision_defaults=_PIXTRAL,
)

FAMILIES: dict[str, Describe] = {
    "qwen2_vl": Multimodal(
        text=_QWEN2_VL_TEXT,
        vision=qwen2_vision,
        project=nothing,
        vision_aliases=_CHANNELS,
        vision_defaults={"patch_size": 14, "depth": 32},
    ),
    "qwen2_5_vl": Multimodal(
        text=_QWEN2_VL_TEXT,
        vision=qwen2_5_vision,
        project=nothing,
        vision_aliases=_CHANNELS,
        vision_defaults={"patch_size": 14, "depth": 32, "hidden_size": 3584, "intermediate_size": 3420},
    ),
    "qwen3_vl": Multimodal(
        text=_QWEN3_VL_TEXT,
        vision=qwen3_vision,
        project=nothing,
        vision_defaults={**_QWEN3_VISION, "deepstack_visual_indexes": [8, 16, 24]},
    ),
    "qwen3_vl_moe": Multimodal(
        text=_QWEN3_VL_MOE_TEXT,
        vision=qwen3_vision,
        project=nothing,
        vision_defaults={**_QWEN3_VISION, "deepstack_visual_indexes": [8, 16, 24]},
    ),
    "qwen3_5": Multimodal(text=QWEN3_5_TEXT, vision=qwen3_vision, project=nothing, vision_defaults=_QWEN3_VISION),
    "qwen3_5_moe": Multimodal(
        text=QWEN3_5_MOE_TEXT, vision=qwen3_vision, project=nothing, vision_defaults=_QWEN3_VISION
    ),
    "qwen3_5_text": QWEN3_5_TEXT,
    "qwen3_5_moe_text": QWEN3_5_MOE_TEXT,
    "qwen3_vl_text": _QWEN3_VL_TEXT,
    "qwen3_vl_moe_text": _QWEN3_VL_MOE_TEXT,
    "gemma3": Multimodal(
        text=GEMMA3_TEXT,
        vision=siglip,
        project=gemma3_projector,
        tied=True,
        vision_types=("siglip_vision_model",),
        vision_defaults={**_CLIP, "patch_size": 16},
    ),
    "llava": _llava,
    "mistral3": _MISTRAL3,
    "ministral3": _ministral3,
    "lfm2_vl": Multimodal(
        text=convolution.FAMILIES["lfm2"],
        vision=siglip2,
        project=lfm2_projector,
        tied=True,
        vision_types=("siglip2_vision_model",),
        vision_defaults={**_CLIP, "patch_size": 16},
    ),
}
