"""Experts, routers and shared experts by hand."""

from dataclasses import replace

import pytest

from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.records.architecture import Role, Section, Tensor
from support.configs import EXPERTS, modules, shapes, tiny

H, I_MOE = 64, 32


def test_each_expert_is_a_matrix_of_its_own() -> None:
    """Eight experts of 32, two of them active, a router row for each."""
    model = tiny("qwen3_moe", head_dim=8, **EXPERTS)
    up = next(t for t in model.tensors if t.role is Role.EXPERT_UP)
    assert up == Tensor(Role.EXPERT_UP, "up_proj", (I_MOE, H), tuple(range(6)), 8, 2, Section.TEXT)
    assert shapes(model, Role.EXPERT_DOWN) == {(H, I_MOE)}
    assert shapes(model, Role.ROUTER) == {(8, H)}
    table = 0 if model.tied_embeddings else model.vocab_size * H
    assert model.parameters - model.active_parameters == 6 * 6 * 3 * H * I_MOE + table


@pytest.mark.parametrize("tied", [True, False])
def test_a_mixture_counts_the_input_table_only_where_it_is_the_head_too(tied: bool) -> None:  # noqa: FBT001 - a field of the config
    """A token reads one row of it, and is multiplied with the whole head."""
    model = tiny("qwen3_moe", head_dim=8, tie_word_embeddings=tied, **EXPERTS)
    inside = sum(t.active_parameters for t in model.tensors if t.layers or t.role is Role.NORM)
    assert model.active_parameters == inside + model.vocab_size * H


def test_a_mixture_leaves_out_what_no_token_of_an_answer_is_multiplied_with() -> None:
    """Towers, tables of positions and per layer, and next-token layers."""
    model = tiny("qwen3_moe", head_dim=8, **EXPERTS)
    beside = (
        *(
            Tensor(Role.MLP_UP, "fc1", (8, 8), section=one)
            for one in Section
            if one not in {Section.TEXT, Section.ENCODER}
        ),
        Tensor(Role.POSITION, "wpe", (8, 8)),
        Tensor(Role.PER_LAYER_EMBEDDING, "per_layer", (8, 8)),
    )
    passed = Tensor(Role.MLP_UP, "wi", (8, 8), section=Section.ENCODER)
    more = replace(model, tensors=(*model.tensors, *beside))
    assert more.active_parameters == model.active_parameters
    assert replace(more, tensors=(*more.tensors, passed)).active_parameters == model.active_parameters + 64


def test_without_experts_every_parameter_is_active() -> None:
    """As publishers say of a dense model, its input table and towers included."""
    model = tiny("qwen3", head_dim=8, tie_word_embeddings=False)
    tower = Tensor(Role.MLP_UP, "fc1", (8, 8), section=Section.VISION)
    found = replace(model, tensors=(*model.tensors, tower))
    assert found.active_parameters == found.parameters == model.parameters + 64


def test_dense_layers_stand_where_the_config_says() -> None:
    """Every second layer is sparse, but not the one in `mlp_only_layers`."""
    model = tiny("qwen3_moe", head_dim=8, decoder_sparse_step=2, mlp_only_layers=[3], **EXPERTS)
    assert next(t for t in model.tensors if t.role is Role.EXPERT_UP).layers == (1, 5)
    assert modules(model, "up_proj")[0].layers == (0, 2, 3, 4)


@pytest.mark.parametrize(
    ("keys", "sparse"),
    [
        ({}, (3, 4, 5)),
        ({"first_k_dense_replace": 1}, (1, 2, 3, 4, 5)),
        ({"first_k_dense_replace": 0, "moe_layer_freq": 2}, (0, 2, 4)),
        ({"mlp_layer_types": ["sparse", "dense"] * 3}, (0, 2, 4)),
        ({"first_k_dense_replace": 99}, ()),
    ],
)
def test_deepseek_starts_dense(keys: dict[str, object], sparse: tuple[int, ...]) -> None:
    """Three dense layers by default; lists and frequencies as stated."""
    model = tiny("deepseek_v3", **EXPERTS, **keys)
    assert {t.layers for t in model.tensors if t.role is Role.EXPERT_UP} == ({sparse} if sparse else set())


def test_shared_experts_are_as_wide_as_their_number_says() -> None:
    """Two shared experts are one MLP of twice the width; none is none."""
    two = tiny("deepseek_v3", **{**EXPERTS, "n_shared_experts": 2})
    assert shapes(two, Role.SHARED_EXPERT) == {(2 * I_MOE, H), (H, 2 * I_MOE)}
    none = tiny("dots1", head_dim=8, **{**EXPERTS, "n_shared_experts": None})
    assert not shapes(none, Role.SHARED_EXPERT)


def test_a_shared_expert_may_have_a_gate() -> None:
    """Qwen2-MoE weighs its shared expert by one number."""
    model = tiny("qwen2_moe", shared_expert_intermediate_size=48, **EXPERTS)
    assert shapes(model, Role.ROUTER) == {(8, H), (1, H)}
    assert shapes(model, Role.SHARED_EXPERT) == {(48, H), (H, 48)}


def test_gpt_oss_stores_fused_experts_with_biases() -> None:
    """Gate and up in one matrix; a bias for each expert's row."""
    model = tiny("gpt_oss", head_dim=8, num_local_experts=4, num_experts_per_tok=2)
    assert shapes(model, Role.EXPERT_GATE_UP) == {(2 * 160, H)}
    biases = [t for t in model.tensors if t.role is Role.BIAS and t.copies == 4]
    assert {t.shape for t in biases} == {(320,), (H,)}


def test_nemotron_h_has_plain_experts_in_a_latent() -> None:
    """Up and down work on the latent; two projections lead in and out."""
    model = tiny(
        "nemotron_h",
        hybrid_override_pattern="ME*-",
        mamba_num_heads=4,
        mamba_head_dim=8,
        head_dim=8,
        moe_latent_size=16,
        moe_shared_expert_intermediate_size=24,
        **EXPERTS,
    )
    assert shapes(model, Role.EXPERT_UP) == {(I_MOE, 16)}
    assert shapes(model, Role.EXPERT_DOWN) == {(16, I_MOE)}
    assert not shapes(model, Role.EXPERT_GATE)
    assert shapes(model, Role.OTHER) == {(16, H), (H, 16)}
    assert model.num_hidden_layers == 4


def test_a_correction_bias_counts_only_where_it_is_a_parameter() -> None:
    """ERNIE trains it, DeepSeek V3 keeps it as a buffer."""
    ernie = tiny("ernie4_5_moe", head_dim=8, moe_num_shared_experts=1, **EXPERTS)
    assert any(t.module == "e_score_correction_bias" for t in ernie.tensors)
    assert not any("correction" in t.module for t in tiny("deepseek_v3", **EXPERTS).tensors)


def test_more_active_experts_than_there_are_is_refused() -> None:
    """Nine of eight is no mixture."""
    with pytest.raises(InvalidConfigError, match="num_experts_per_tok"):
        tiny("qwen3_moe", head_dim=8, **{**EXPERTS, "num_experts_per_tok": 9})


def test_what_would_add_tensors_unseen_is_refused() -> None:
    """Settings of no published model have unknown shapes."""
    with pytest.raises(UnsupportedArchitectureError, match="num_shared_expert"):
        tiny("hunyuan_v1_moe", num_shared_expert=[1, 2], num_experts=4, moe_topk=2)
    with pytest.raises(UnsupportedArchitectureError, match="multi_gate"):
        tiny("bailing_moe", multi_gate=True, num_shared_experts=1, **EXPERTS)
