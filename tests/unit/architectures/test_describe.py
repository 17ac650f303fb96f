"""What `describe` says of whole models, and how it refuses."""

from typing import Any

import pytest

from llmfit.architectures import describe, known_model_types
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.records.architecture import Role
from support.configs import LLAMA, config, modules, shapes, tiny


def test_a_small_llama_counts_as_on_paper() -> None:
    """Embedding and head, six layers of attention, MLP and two norms, and the last norm."""
    layer = 64 * 64 * 2 + 2 * 16 * 64 + 3 * 64 * 160 + 2 * 64
    assert tiny().parameters == 2 * 1000 * 64 + 6 * layer + 64
    assert tiny(tie_word_embeddings=True).parameters == 1000 * 64 + 6 * layer + 64


def test_the_record_carries_the_widths() -> None:
    """Everything that an estimate reads is filled in."""
    model = tiny()
    assert (model.hidden_size, model.num_hidden_layers, model.vocab_size) == (64, 6, 1000)
    assert (model.num_attention_heads, model.num_key_value_heads, model.head_dim) == (8, 2, 8)
    assert (model.intermediate_size, model.gated_mlp, model.tied_embeddings) == (160, True, False)
    assert (model.context_length, model.is_encoder_only, model.num_experts) == (4096, False, 0)


@pytest.mark.parametrize("model_type", [None, 5, "", ["llama"], True])
def test_a_config_must_name_its_type(model_type: object) -> None:
    """Without `model_type` nothing can be described."""
    with pytest.raises(InvalidConfigError, match="model_type"):
        describe({"model_type": model_type})


def test_an_unknown_type_is_named_with_its_neighbours() -> None:
    """The message names the type, the hint the nearest known ones."""
    with pytest.raises(UnsupportedArchitectureError, match="lama3x") as caught:
        describe({**LLAMA, "model_type": "lama3x"})
    assert "llama" in caught.value.hint
    with pytest.raises(UnsupportedArchitectureError, match=r"\\x1b"):
        describe({**LLAMA, "model_type": "\x1b[31m" + "x" * 10_000})


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_core_sizes_are_never_assumed(key: str) -> None:
    """A config that leaves one out is refused by that name, whatever the class's default is."""
    for model_type in ("llama", "qwen3", "gemma3_text", "gpt_neox", "deepseek_v3"):
        with pytest.raises(InvalidConfigError, match=key):
            describe(config(model_type, **{key: None}))


def test_known_types_are_many_and_sorted() -> None:
    """Every type that the published configs need, in order."""
    known = known_model_types()
    assert list(known) == sorted(known)
    assert len(known) >= 140
    assert {"llama", "qwen3_moe", "gemma4", "deepseek_v4", "mamba2", "t5", "bert"} <= set(known)


@pytest.mark.parametrize("model_type", known_model_types())
def test_every_family_answers_or_refuses_a_llamas_keys(model_type: str) -> None:
    """No family falls over keys that were not meant for it."""
    try:
        found = describe({**LLAMA, "model_type": model_type}).model_type
    except (InvalidConfigError, UnsupportedArchitectureError) as refusal:
        found = refusal.message
    assert found == model_type or "`" in found


def test_heads_follow_the_name_in_architectures() -> None:
    """A reward model has a score, an embedding model nothing, and neither keeps a cache."""
    score = tiny(architectures=["LlamaForSequenceClassification"], num_labels=3)
    assert [t.shape for t in modules(score, "score")] == [(3, 64)]
    labels = {"0": "no", "1": "yes", "2": "maybe", "3": "never"}
    many = tiny(architectures=["LlamaForSequenceClassification"], id2label=labels)
    assert [t.shape for t in modules(many, "score")] == [(4, 64)]
    bare = tiny(architectures=["LlamaModel"])
    assert not shapes(bare, Role.HEAD)
    for model in (score, bare):
        assert model.is_encoder_only
        assert model.caches == ()
    assert not tiny(architectures=["LlamaForCausalLM"]).is_encoder_only
    for name in ("LlamaForCausalLMEagle3", "LlamaForRewardModel"):
        with pytest.raises(UnsupportedArchitectureError, match=name):
            tiny(architectures=[name])


@pytest.mark.parametrize(
    ("model_type", "keys"),
    [("llama", {}), ("gemma2", {"head_dim": 8}), ("cohere", {}), ("gpt2", {"num_key_value_heads": None})],
)
def test_a_null_flag_unties_and_an_absent_one_follows_the_family(model_type: str, keys: dict[str, Any]) -> None:
    """Gemma, Cohere and GPT-2 tie by habit; null means no."""
    assert not describe(config(model_type, **{**keys, "tie_word_embeddings": None})).tied_embeddings
    silent = {k: v for k, v in config(model_type, **keys).items() if k != "tie_word_embeddings"}
    assert describe(silent).tied_embeddings is (model_type != "llama")


def test_families_of_remote_code_must_state_what_is_unsure() -> None:
    """Nobody can look up what an absent flag means there."""
    silent = {k: v for k, v in config("exaone").items() if k != "tie_word_embeddings"}
    with pytest.raises(InvalidConfigError, match="tie_word_embeddings"):
        describe(silent)


def test_qwen1_states_twice_its_mlp_and_chatglm_its_own_names() -> None:
    """Old names and old habits are read as they were meant."""
    qwen = tiny("qwen", kv_channels=8, no_bias=True)
    assert shapes(qwen, Role.MLP_UP) == {(80, 64)}
    glm = describe(
        {
            "model_type": "chatglm",
            "num_layers": 2,
            "hidden_size": 64,
            "num_attention_heads": 8,
            "kv_channels": 8,
            "multi_query_attention": True,
            "multi_query_group_num": 2,
            "ffn_hidden_size": 96,
            "padded_vocab_size": 100,
            "add_qkv_bias": True,
            "seq_length": 8192,
        }
    )
    assert shapes(glm, Role.ATTN_QKV) == {(64 + 2 * 16, 64)}
    assert shapes(glm, Role.MLP_GATE_UP) == {(192, 64)}
    assert (glm.vocab_size, glm.context_length) == (100, 8192)


def test_gpt2_reads_its_old_names() -> None:
    """`n_embd`, `n_layer`, `n_head`; four times the width where `n_inner` is null."""
    model = describe({"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 99, "n_inner": None})
    assert (model.hidden_size, model.num_hidden_layers, model.intermediate_size) == (64, 2, 256)
    assert shapes(model, Role.POSITION) == {(1024, 64)}
    assert model.parameters == 99 * 64 + 1024 * 64 + 2 * (12 * 64 * 64 + 13 * 64) + 2 * 64


def test_dbrx_is_read_through_its_nested_parts() -> None:
    """Heads and experts lie in `attn_config` and `ffn_config`."""
    model = describe(
        {
            "model_type": "dbrx",
            "d_model": 64,
            "n_heads": 8,
            "n_layers": 2,
            "vocab_size": 100,
            "attn_config": {"kv_n_heads": 2},
            "ffn_config": {"ffn_hidden_size": 48, "moe_num_experts": 4, "moe_top_k": 2},
        }
    )
    assert shapes(model, Role.EXPERT_UP) == {(48, 64)}
    assert (model.num_key_value_heads, model.num_experts, model.num_experts_per_tok) == (2, 4, 2)
