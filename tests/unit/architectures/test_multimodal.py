"""Towers, projectors and how a whole model takes its parts together."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.records.architecture import Architecture, CacheKind, Role, Section
from support.configs import EXPERTS, LATENT, VISION, multimodal

V, P = 32, 14


def part(model: Architecture, *sections: Section) -> int:
    """Return the parameters of these sections."""
    return sum(t.parameters for t in model.tensors if t.section in sections)


def vit(*, biases: bool) -> int:
    """Return one layer of a plain ViT of 32 channels and an MLP of 64."""
    matrices, bias = 4 * V * V + 2 * V * 64, 4 * V + 64 + V + 2 * V
    return matrices + 2 * V + (bias if biases else 0)


def test_siglip_counts_as_on_paper() -> None:
    """Patches with a bias, four positions, three layers, the last norm."""
    config = multimodal("gemma3", text={"head_dim": 8}, vision={"vision_use_head": False})
    model = describe(config)
    assert part(model, Section.VISION) == (3 * P * P * V + V) + 4 * V + 3 * vit(biases=True) + 2 * V
    assert part(model, Section.PROJECTOR) == V * 64 + V
    headed = describe({**config, "vision_config": {**VISION, "vision_use_head": True}})
    assert part(headed, Section.VISION) > part(model, Section.VISION)


def test_clip_has_a_class_token_and_two_more_norms() -> None:
    """LLaVA: patches without bias, five positions."""
    model = describe(multimodal("llava", text={"model_type": "llama"}, vision={"model_type": "clip_vision_model"}))
    assert part(model, Section.VISION) == V + 3 * P * P * V + 5 * V + 4 * V + 3 * vit(biases=True)
    assert part(model, Section.PROJECTOR) == V * 64 + 64 + 64 * 64 + 64


def test_pixtral_is_gated_and_without_biases() -> None:
    """Mistral 3 merges squares of patches before it projects."""
    model = describe(
        multimodal("mistral3", text={"model_type": "mistral"}, vision={"model_type": "pixtral"}, spatial_merge_size=2)
    )
    layer = 4 * V * V + 3 * V * 64 + 2 * V
    assert part(model, Section.VISION) == 3 * P * P * V + V + 3 * layer
    assert part(model, Section.PROJECTOR) == V + V * 4 * V + V * 64 + 64 * 64


def test_qwen3_vl_merges_at_several_depths() -> None:
    """One merger at the end and one for each deep layer."""
    shallow, deep = (
        describe(multimodal("qwen3_vl", text={"head_dim": 8}, vision={"deepstack_visual_indexes": indexes}))
        for indexes in ([], [1, 2])
    )
    joined = 4 * V
    merger = joined * joined + joined + joined * 64 + 64
    assert part(shallow, Section.PROJECTOR) == merger + 2 * V
    assert part(deep, Section.PROJECTOR) - part(shallow, Section.PROJECTOR) == 2 * (merger + 2 * joined)


def test_old_qwen2_vl_configs_hold_the_text_at_the_top() -> None:
    """The flat form means the same as the nested one."""
    nested = multimodal("qwen2_vl", text={}, vision={"embed_dim": 32, "hidden_size": 64, "mlp_ratio": 2})
    flat = {**nested["text_config"], "model_type": "qwen2_vl", "vision_config": nested["vision_config"]}
    assert describe(flat).parameters == describe(nested).parameters


def test_the_whole_models_tie_flag_wins() -> None:
    """Then the text's own, then the family's habit."""
    for top, text, tied in ((True, False, True), (False, True, False), (None, True, True), (None, None, False)):
        config = multimodal("qwen3_vl", text={"head_dim": 8, "tie_word_embeddings": text}, vision={})
        config["tie_word_embeddings"] = top
        assert describe(config).tied_embeddings is tied


@pytest.mark.parametrize("model_type", ["gemma3", "qwen3_vl", "mistral3", "llava", "lfm2_vl", "glm4v", "mllama"])
def test_a_missing_tower_is_not_invented(model_type: str) -> None:
    """Without `vision_config` there is no count."""
    config = multimodal(model_type, text={"head_dim": 8}, vision={})
    del config["vision_config"]
    with pytest.raises(InvalidConfigError, match="vision_config"):
        describe(config)


def phi3_v(**changes: Any) -> dict[str, Any]:
    """Return the sizes of Phi-3.5 vision, whose configuration names its tower."""
    return {
        "model_type": "phi3_v",
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32_064,
        "tie_word_embeddings": False,
        "img_processor": {"name": "clip_vision_model", "model_name": "openai/clip-vit-large-patch14-336"},
        "embd_layer": {"projection_cls": "mlp", "use_hd_transform": True, "with_learnable_separator": True},
        **changes,
    }


def test_phi3_vision_counts_the_tower_that_it_names() -> None:
    """All published tensors of Phi-3.5-vision: 4,146,621,440 elements; the text is that of Phi-3."""
    model = describe(phi3_v())
    text = describe({**phi3_v(), "model_type": "phi3"})
    assert model.parameters == 4_146_621_440
    assert part(model, Section.VISION) == 303_507_456  # OpenAI's CLIP ViT-L/14 at 336 pixels
    assert part(model, Section.PROJECTOR) == 4096 * 3072 + 3072 + 3072 * 3072 + 3072 + 2 * 4096
    assert model.parameters - text.parameters == part(model, Section.VISION) + part(model, Section.PROJECTOR)


@pytest.mark.parametrize(
    "changes",
    [
        {"img_processor": {"model_name": "somebody/other-tower"}},
        {"img_processor": {"image_dim_out": 768}},
        {"embd_layer": {"projection_cls": "linear"}},
        {"embd_layer": {"use_hd_transform": False}},
        {"embd_layer": {"with_learnable_separator": False}},
    ],
)
def test_phi3_vision_with_another_tower_is_refused(changes: dict[str, Any]) -> None:
    """Only the published form is known."""
    with pytest.raises(UnsupportedArchitectureError):
        describe(phi3_v(**changes))


def test_llama4_without_a_tower_says_what_was_assumed() -> None:
    """All published Llama 4 models have the same tower; the note names the assumption."""
    text: dict[str, Any] = {"num_local_experts": 4, "head_dim": 8, "intermediate_size_mlp": 96}
    config = multimodal("llama4", text=text, vision={})
    del config["vision_config"]
    model = describe(config)
    assert "vision_config is absent" in model.notes[0]
    assert part(model, Section.VISION) > 800_000_000


def test_mllama_keeps_every_patch_of_every_tile_of_an_image() -> None:
    """Four tiles of (4 / 2)² patches and a class position each: what its cross-attention sees of one image."""
    text = {"cross_attention_layers": [1, 3], "max_position_embeddings": 4096}
    vision = {"image_size": 4, "patch_size": 2, "max_num_tiles": 4, "vision_output_dim": 64, "num_global_layers": 1}
    model = describe(multimodal("mllama", text=text, vision=vision))
    (crossed,) = [cache for cache in model.caches if cache.kind is CacheKind.CROSS]
    assert (crossed.layers, crossed.window) == ((1, 3), 4 * (4 + 1))


def test_llama4_is_gated_where_every_layer_has_experts() -> None:
    """Scout has no dense layer that would say so: gate and up of its experts are one matrix."""
    text: dict[str, Any] = {"num_local_experts": 4, "head_dim": 8, "interleave_moe_layer_step": 1}
    model = describe(multimodal("llama4", text=text, vision={"intermediate_size": 128}))
    assert not any(t.role is Role.MLP_GATE for t in model.tensors if t.section is Section.TEXT)
    assert any(t.role is Role.EXPERT_GATE_UP for t in model.tensors)
    assert model.gated_mlp


def test_towers_of_another_family_are_refused() -> None:
    """A tower that the recipe does not have cannot be counted by it."""
    with pytest.raises(UnsupportedArchitectureError, match=r"vision_config\.model_type"):
        describe(multimodal("gemma3", text={"head_dim": 8}, vision={"model_type": "dinov2"}))
    with pytest.raises(UnsupportedArchitectureError, match="text_config"):
        describe(multimodal("llava", text={"model_type": "bloom"}, vision={"model_type": "clip_vision_model"}))


GEMMA4_TEXT: dict[str, Any] = {
    "head_dim": 8,
    "global_head_dim": 16,
    "hidden_size_per_layer_input": 0,
    "sliding_window": 32,
}


def test_gemma4_has_wide_global_heads_that_may_share_keys_as_values() -> None:
    """The last layer sees everything with heads of 16; its values may be its keys."""
    own = describe(multimodal("gemma4", text=GEMMA4_TEXT, vision={}))
    shared = describe(
        multimodal("gemma4", text={**GEMMA4_TEXT, "attention_k_eq_v": True, "num_global_key_value_heads": 1}, vision={})
    )
    text = {t.shape for t in own.tensors if t.role is Role.ATTN_Q and t.section is Section.TEXT}
    assert text == {(64, 64), (128, 64)}
    assert {t.layers for t in shared.tensors if t.role is Role.ATTN_V and t.section is Section.TEXT} == {
        (0, 1, 2, 3, 4)
    }
    assert [(c.layers, c.key_elements, c.value_elements) for c in shared.caches if c.window is None] == [((5,), 16, 16)]


def test_gemma4_adds_towers_only_where_they_are() -> None:
    """Null towers are none; an audio tower has a projector of its own."""
    config = multimodal("gemma4", text=GEMMA4_TEXT, vision={})
    silent = describe({**config, "vision_config": None, "audio_config": None})
    assert part(silent, Section.VISION, Section.AUDIO, Section.PROJECTOR) == 0
    heard = describe({**config, "audio_config": {"num_hidden_layers": 1}})
    assert part(heard, Section.AUDIO) > 0
    assert part(heard, Section.PROJECTOR) == 64 * 32 + 64 * 1536


def test_glm5_next_pools_its_index_keys() -> None:
    """Latent of 16, and 2 · 8 + 1 elements for the indexer, on every fourth layer."""
    text: dict[str, Any] = {**LATENT, **EXPERTS, "qk_rope_head_dim": 0, "index_head_dim": 8, "num_key_value_heads": 8}
    vision = {"projection_intermediate_size": 40}
    model = describe(multimodal("glm5_next", text=text, vision=vision))
    (latent,) = [c for c in model.caches if c.kind is CacheKind.LATENT]
    assert (latent.layers, latent.key_elements, latent.indexer_elements) == ((3,), 16, 17)
    for key, value in (("qk_rope_head_dim", 4), ("indexer_types", ["shared"] * 6)):
        with pytest.raises(UnsupportedArchitectureError, match=key):
            describe(multimodal("glm5_next", text={**text, key: value}, vision=vision))


def test_mistrals_first_vision_models_are_llava_with_pixtral() -> None:
    """The projector has biases and joins no patches."""
    model = describe(multimodal("llava", text={"model_type": "mistral"}, vision={"model_type": "pixtral"}))
    assert part(model, Section.PROJECTOR) == V * 64 + 64 + 64 * 64 + 64


def test_gemma4_unified_counts_its_text_and_says_so() -> None:
    """Its embedders are not known: where a config describes them it is refused."""
    config = {
        "model_type": "gemma4_unified",
        "text_config": multimodal("x", text=GEMMA4_TEXT, vision={})["text_config"],
    }
    assert "text only" in describe(config).notes[-1]
    with pytest.raises(UnsupportedArchitectureError, match="vision_config"):
        describe({**config, "vision_config": {"depth": 1}})
