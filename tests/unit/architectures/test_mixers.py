"""Latent attention, recurrent mixers and their states by hand."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role
from support.configs import EXPERTS, LATENT, config, growing, shapes, tiny

H = 64


def state(model: Architecture) -> Cache:
    """Return the one fixed state of a model."""
    (found,) = [cache for cache in model.caches if cache.kind is CacheKind.STATE]
    return found


def test_a_latent_is_kept_once_without_doubling() -> None:
    """Rank 16 and a rotary key of 4: twenty elements a token and layer, one head."""
    model = tiny("youtu", **LATENT)
    (cache,) = model.caches
    assert (cache.kind, cache.key_elements, cache.value_elements, cache.heads) == (CacheKind.LATENT, 20, 0, 1)
    assert shapes(model, Role.ATTN_LATENT) == {(24, H), (8 * 12, 24), (20, H), (8 * 14, 16)}
    assert shapes(model, Role.ATTN_OUT) == {(H, 8 * 6)}
    assert model.extra["kv_lora_rank"] == 16


def test_a_null_rank_means_plain_queries() -> None:
    """DeepSeek V2 Lite has no low rank for its queries; silence means 1,536."""
    lite = tiny("deepseek_v2", **{**LATENT, "q_lora_rank": None}, **EXPERTS)
    assert shapes(lite, Role.ATTN_Q) == {(8 * 12, H)}
    silent = {key: value for key, value in LATENT.items() if key != "q_lora_rank"}
    assert (1536, H) in shapes(tiny("deepseek_v2", **silent, **EXPERTS), Role.ATTN_LATENT)


def test_an_indexer_keeps_keys_of_its_own() -> None:
    """Sparse attention adds 8 elements a token to the layers that own an indexer."""
    keys = {**LATENT, **EXPERTS, "index_head_dim": 8, "index_n_heads": 2}
    assert growing(tiny("deepseek_v32", **keys)) == 6 * (20 + 8)
    shared = ["full", "shared", "shared"] * 2
    assert growing(tiny("glm_moe_dsa", indexer_types=shared, **keys)) == 6 * 20 + 2 * 8
    assert growing(tiny("glm_moe_dsa", index_topk_pattern="FSSFSS", **keys)) == 6 * 20 + 2 * 8
    assert growing(tiny("glm_moe_dsa", index_topk_freq=2, index_skip_topk_offset=1, **keys)) == 6 * 20 + 3 * 8
    with pytest.raises(InvalidConfigError, match="indexer_types"):
        tiny("glm_moe_dsa", indexer_types=["half"] * 6, **keys)


def test_mamba_keeps_its_kernel_and_a_state_for_each_channel() -> None:
    """d_inner 128, kernel 4, state 16: 512 and 2,048 elements."""
    model = tiny("mamba", intermediate_size=None)
    assert (state(model).conv_elements, state(model).recurrent_elements) == (128 * 4, 128 * 16)
    assert shapes(model, Role.MIXER_IN) == {(256, H)}
    assert growing(model) == 0


def test_mamba2_shares_b_and_c_among_groups() -> None:
    """Heads of 16 make 128 channels; two groups of 32 add 128 more to the convolution."""
    keys = {"num_heads": 8, "head_dim": 16, "n_groups": 2, "state_size": 32, "intermediate_size": None}
    model = tiny("mamba2", **keys)
    channels = 128 + 2 * 2 * 32
    assert shapes(model, Role.MIXER_IN) == {(128 + channels + 8, H)}
    assert (state(model).conv_elements, state(model).recurrent_elements) == (channels * 4, 128 * 32)
    with pytest.raises(InvalidConfigError, match="mamba_d_head"):
        tiny("mamba2", **{**keys, "head_dim": 8})


def test_jamba_alternates_attention_and_mamba() -> None:
    """One of three layers attends; the state lies in the others."""
    keys = {"attn_layer_period": 3, "attn_layer_offset": 1, "num_experts": 4, "num_experts_per_tok": 2}
    model = tiny("jamba", mamba_dt_rank=5, **keys)
    assert {cache.kind: cache.layers for cache in model.caches} == {
        CacheKind.FULL: (1, 4),
        CacheKind.STATE: (0, 2, 3, 5),
    }
    assert (5 + 32, 128) in shapes(model, Role.MIXER_STATE)


def test_gated_deltanet_keeps_a_matrix_for_each_value_head() -> None:
    """Two key heads and four value heads of eight: 64 channels, 256 elements of state."""
    keys = {
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "head_dim": 8,
    }
    model = tiny("qwen3_5_text", **keys)
    assert (state(model).conv_elements, state(model).recurrent_elements) == (64 * 4, 4 * 8 * 8)
    assert state(model).layers == (0, 1, 2, 4, 5)
    assert shapes(model, Role.ATTN_Q) == {(2 * H, H)}
    fused = tiny("qwen3_next", **keys, shared_expert_intermediate_size=16, **EXPERTS)
    assert shapes(fused, Role.MIXER_IN) == {(2 * 16 + 2 * 32, H), (8, H)}


def test_kimi_linear_reads_its_nested_lists() -> None:
    """Layers count from one in `linear_attn_config`."""
    nested = {
        "head_dim": 8,
        "num_heads": 4,
        "short_conv_kernel_size": 4,
        "full_attn_layers": [3, 6],
        "kda_layers": [1, 2, 4, 5],
    }
    keys = {**LATENT, "q_lora_rank": None, **EXPERTS}
    model = tiny("kimi_linear", linear_attn_config=nested, **keys)
    assert state(model).layers == (0, 1, 3, 4)
    assert (state(model).conv_elements, state(model).recurrent_elements) == (3 * 32 * 4, 4 * 8 * 8)
    with pytest.raises(InvalidConfigError, match="linear_attn_config"):
        tiny("kimi_linear", linear_attn_config={**nested, "kda_layers": [1, 2, 4]}, **keys)


def test_lfm2_rounds_its_mlp_and_keeps_short_convolutions() -> None:
    """Two thirds of 160, times one, rounded up to 64, is 128."""
    model = tiny("lfm2", full_attn_idxs=[1], block_multiple_of=64)
    assert model.intermediate_size == 128
    assert state(model).conv_elements == H * 3
    assert state(model).layers == (0, 2, 3, 4, 5)
    assert tiny("lfm2", block_auto_adjust_ff_dim=False).intermediate_size == 160
    assert tiny("lfm2", block_ff_dim=96, block_auto_adjust_ff_dim=False).intermediate_size == 96
    assert not tiny("lfm2", tie_embedding=False).tied_embeddings


def test_nemotron_h_reads_letters_or_words() -> None:
    """The pattern and the list mean the same; neither is refused."""
    keys: dict[str, Any] = {"mamba_num_heads": 4, "mamba_head_dim": 8, "head_dim": 8}
    letters = tiny("nemotron_h", hybrid_override_pattern="M-*-", **keys)
    words = tiny("nemotron_h", layers_block_type=["mamba", "mlp", "attention", "mlp"], **keys)
    assert letters == words
    for pattern in ("", "MX", None):
        with pytest.raises(InvalidConfigError, match="hybrid_override_pattern"):
            tiny("nemotron_h", hybrid_override_pattern=pattern, **keys)


def test_deepseek_v4_compresses_two_ways() -> None:
    """A window on every layer; four or 128 tokens share one cell behind it."""
    keys: dict[str, Any] = {"q_lora_rank": 16, "o_groups": 4, "o_lora_rank": 8, "head_dim": 16, "index_head_dim": 8}
    keys |= {"intermediate_size": None}
    model = tiny("deepseek_v4", compress_ratios=[0, 4, 128, 4, 128, 4, 0], **keys, **EXPERTS)
    cells = {(c.kind, c.compression): (c.layers, c.key_elements, c.indexer_elements) for c in model.caches}
    assert cells[CacheKind.COMPRESSED, 4] == ((1, 3, 5), 16, 8)
    assert cells[CacheKind.COMPRESSED, 128] == ((2, 4), 16, 0)
    assert cells[CacheKind.SLIDING, 1] == (tuple(range(6)), 16, 0)
    with pytest.raises(UnsupportedArchitectureError, match="compress_ratios"):
        tiny("deepseek_v4", compress_ratios=[8] * 6, **keys, **EXPERTS)


def test_nemotron_nas_leaves_out_what_its_blocks_leave_out() -> None:
    """Layers without attention keep no cache; MLP widths are rounded up to 256."""
    attend = {"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 2.0}}
    skip = {"attention": {"no_op": True}, "ffn": {"no_op": True}}
    blocks = [attend, skip, attend]
    changed = {"num_hidden_layers": 3, "num_key_value_heads": None, "intermediate_size": None}
    model = tiny("nemotron-nas", block_configs=blocks, **changed)
    assert [cache.layers for cache in model.caches] == [(0, 2)]
    assert shapes(model, Role.MLP_UP) == {(256, H)}
    assert shapes(model, Role.ATTN_K) == {(16, H)}
    blocks[1] = {"attention": {"replace_with_linear": True}, "ffn": {"ffn_mult": 1.0}}
    with pytest.raises(UnsupportedArchitectureError, match="replace_with_linear"):
        describe(config("nemotron-nas", block_configs=blocks, **changed))


def test_zamba_shares_one_block_among_its_hybrid_layers() -> None:
    """The block is stored once and keeps a cache wherever it is used."""
    keys = {"num_key_value_heads": 8, "mamba_dt_rank": 4, "attn_layer_period": 2, "attn_layer_offset": 1}
    model = tiny("zamba", **keys)
    assert [t.layers for t in model.tensors if t.role is Role.ATTN_Q] == [()]
    assert {c.layers for c in model.caches if c.kind is CacheKind.FULL} == {(2, 4)}
    assert state(model).layers == tuple(range(6))
    assert "shared" in model.notes[0]
