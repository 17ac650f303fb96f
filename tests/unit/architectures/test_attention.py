"""Softmax attention: shapes, biases, norms and caches by hand."""

import pytest

from llmfit.errors import InvalidConfigError
from llmfit.records.architecture import CacheKind, Role
from support.configs import growing, modules, shapes, tiny

H, D, HEADS, KV, LAYERS = 64, 8, 8, 2, 6


def test_grouped_query_attention_has_narrow_keys_and_values() -> None:
    """Q and output are h × h, K and V two heads of eight channels."""
    model = tiny()
    assert shapes(model, Role.ATTN_Q) == {(H, H)}
    assert shapes(model, Role.ATTN_K) == shapes(model, Role.ATTN_V) == {(KV * D, H)}
    assert shapes(model, Role.ATTN_OUT) == {(H, H)}
    (cache,) = model.caches
    assert (cache.kind, cache.key_elements, cache.value_elements, cache.heads) == (CacheKind.FULL, 16, 16, 2)
    assert cache.layers == tuple(range(LAYERS))


def test_absent_or_null_kv_heads_mean_one_for_each_head() -> None:
    """Multi-head attention is what Llama does without the key."""
    for value in (None, HEADS):
        assert tiny(num_key_value_heads=value).num_key_value_heads == HEADS
    assert growing(tiny(num_key_value_heads=None)) == LAYERS * 2 * H


def test_head_dim_is_its_own_field() -> None:
    """A stated head width is not hidden size over heads."""
    model = tiny("qwen3", head_dim=32)
    assert shapes(model, Role.ATTN_Q) == {(HEADS * 32, H)}
    assert shapes(model, Role.ATTN_OUT) == {(H, HEADS * 32)}
    assert model.head_dim == 32


@pytest.mark.parametrize(
    ("model_type", "flags", "biased"),
    [
        ("llama", {}, set()),
        ("llama", {"attention_bias": True}, {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("llama", {"mlp_bias": True}, {"gate_proj", "up_proj", "down_proj"}),
        ("qwen2", {}, {"q_proj", "k_proj", "v_proj"}),
        ("glm4", {"attention_bias": True}, {"q_proj", "k_proj", "v_proj"}),
        ("seed_oss", {}, {"q_proj", "k_proj", "v_proj"}),
        ("seed_oss", {"attention_out_bias": True}, {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("ernie4_5", {"use_bias": True}, {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
    ],
)
def test_biases_follow_the_familys_flags(model_type: str, flags: dict[str, bool], biased: set[str]) -> None:
    """Each family has its own flag, default and set of biased layers."""
    model = tiny(model_type, head_dim=8, **flags)
    assert {t.module for t in model.tensors if t.role is Role.BIAS} == biased


def test_query_norms_are_per_head_or_over_the_projection() -> None:
    """Qwen3 normalises eight channels, OLMo 2 the whole width."""
    assert modules(tiny("qwen3", head_dim=8), "q_norm") == []
    qwen = {t.module: t.shape for t in tiny("qwen3", head_dim=8).tensors if t.role is Role.NORM}
    olmo = {t.module: t.shape for t in tiny("olmo2").tensors if t.role is Role.NORM}
    assert (qwen["q_norm"], qwen["k_norm"]) == ((8,), (8,))
    assert (olmo["q_norm"], olmo["k_norm"]) == ((64,), (16,))


def test_fused_projections_stay_fused_as_in_the_checkpoint() -> None:
    """Phi-3 stores query, key and value in one matrix, gate and up in another."""
    model = tiny("phi3", sliding_window=None)
    assert shapes(model, Role.ATTN_QKV) == {(H + 2 * KV * D, H)}
    assert shapes(model, Role.MLP_GATE_UP) == {(2 * 160, H)}
    assert not shapes(model, Role.ATTN_Q)


def test_multi_query_attention_keeps_one_head() -> None:
    """StarCoder's flag leaves one key-value head; without it there are as many as heads."""
    keys = {"num_key_value_heads": None, "n_inner": 160, "intermediate_size": None}
    assert growing(tiny("gpt_bigcode", **keys)) == LAYERS * 2 * D
    assert growing(tiny("gpt_bigcode", multi_query=False, **keys)) == LAYERS * 2 * H


def test_falcon_counts_heads_by_its_three_flags() -> None:
    """The new design groups, the old one has one head or all."""
    old = {"num_key_value_heads": None}
    new = tiny("falcon", new_decoder_architecture=True, num_kv_heads=4, **old)
    assert shapes(new, Role.ATTN_QKV) == {((8 + 2 * 4) * 8, H)}
    assert {"ln_attn", "ln_mlp"} <= {t.module for t in new.tensors}
    one = tiny("falcon", num_kv_heads=8, **old)
    assert one.num_key_value_heads == 1
    all_heads = tiny("falcon", multi_query=False, parallel_attn=False, **old)
    assert all_heads.num_key_value_heads == HEADS
    assert {"input_layernorm", "post_attention_layernorm"} <= {t.module for t in all_heads.tensors}


def test_heads_that_do_not_divide_are_refused() -> None:
    """Eight heads cannot share three keys, nor can 65 channels be eight heads."""
    with pytest.raises(InvalidConfigError, match="num_attention_heads"):
        tiny(num_key_value_heads=3)
    with pytest.raises(InvalidConfigError, match="hidden_size"):
        tiny(hidden_size=65)


def test_attention_sinks_and_gates_are_tensors_of_their_own() -> None:
    """One sink for each head; AFMoE's gate is as wide as the queries."""
    oss = tiny("gpt_oss", num_local_experts=4, head_dim=8)
    assert shapes(oss, Role.ATTN_EXTRA) == {(HEADS,)}
    afmoe = tiny("afmoe", num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, head_dim=8)
    assert shapes(afmoe, Role.ATTN_EXTRA) == {(HEADS * D, H)}


def test_layers_with_their_own_number_of_heads_are_counted_apart() -> None:
    """Laguna's sliding layers may have more query heads than its full ones."""
    model = tiny(
        "laguna",
        head_dim=8,
        num_experts=4,
        num_experts_per_tok=2,
        moe_intermediate_size=32,
        shared_expert_intermediate_size=16,
        num_attention_heads_per_layer=[8, 8, 8, 4, 4, 4],
    )
    assert shapes(model, Role.ATTN_Q) == {(64, H), (32, H)}
    assert sum(len(t.layers) for t in modules(model, "q_proj")) == LAYERS
