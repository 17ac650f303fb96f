"""Which tensors train, and how many parameters that is."""

import pytest

from llmfit.architectures import describe
from llmfit.errors import UnsupportedWorkloadError, UsageError
from llmfit.estimate.training.trained import trained_tensors
from llmfit.records.training import Training
from support.training import llama, load

H, INTER, Q, KV, LAYERS, VOCAB = 512, 1024, 512, 128, 4, 1000


def count(training: Training) -> int:
    """Return the trained parameters of the small Llama."""
    return sum(tensor.parameters for tensor in trained_tensors(llama(), training))


def test_full_trains_every_parameter_of_the_model() -> None:
    """Full fine-tuning leaves nothing out."""
    assert count(load("full")) == llama().parameters


def test_freeze_trains_the_last_layers_alone() -> None:
    """Two of four layers train; embedding and final norm do not."""
    layer = H * Q * 2 + H * KV * 2 + 3 * H * INTER + 2 * H
    assert count(load("freeze", trainable_layers=2)) == 2 * layer


def test_lora_without_names_adapts_pefts_default_modules() -> None:
    """Llama's default is query and value: r·(in + out) for each, in every layer."""
    rank = 8
    assert count(load("lora", lora_rank=rank)) == LAYERS * rank * ((H + Q) + (H + KV))


def test_all_linear_adapts_attention_and_feed_forward_but_not_the_head() -> None:
    """Seven modules a layer."""
    rank = 4
    one = (H + Q) * 2 + (H + KV) * 2 + (H + INTER) * 3
    assert count(load("lora", lora_rank=rank, target_modules=("all-linear",))) == LAYERS * rank * one


@pytest.mark.parametrize("method", ["rslora", "qlora"])
def test_rslora_and_qlora_count_as_lora_does(method: str) -> None:
    """Scaling and the base's format change no shape."""
    options = {"lora_rank": 8, "target_modules": ("q_proj",)}
    assert count(load(method, **options)) == count(load("lora", **options))


def test_dora_adds_one_magnitude_per_output() -> None:
    """DoRA has a vector of `out` beside the two matrices."""
    options = {"lora_rank": 8, "target_modules": ("down_proj",)}
    assert count(load("dora", **options)) - count(load("lora", **options)) == LAYERS * H


def test_qlora_without_names_adapts_every_linear_layer() -> None:
    """The QLoRA paper adapts all of them, whatever PEFT's default is."""
    assert count(load("qlora")) == count(load("lora", target_modules=("all-linear",)))


def test_ia3_scales_outputs_of_attention_and_inputs_of_the_feed_forward() -> None:
    """Key and value by their outputs, the down projection by its input."""
    assert count(load("ia3")) == LAYERS * (KV + KV + INTER)


def test_prefix_stands_for_keys_and_values_of_every_layer() -> None:
    """One key and one value of all KV heads for each virtual token and layer."""
    assert count(load("prefix", virtual_tokens=10)) == 10 * LAYERS * 2 * KV


def test_prompt_tuning_trains_one_embedding_per_virtual_token() -> None:
    """Each is as wide as the hidden state."""
    assert count(load("prompt", virtual_tokens=10)) == 10 * H


def test_a_saved_tied_head_is_the_embeddings_matrix() -> None:
    """A copy of the head counts the whole vocabulary, even where the model has no head of its own."""
    with_head = count(load("lora", modules_to_save=("lm_head",)))
    assert with_head - count(load("lora")) == VOCAB * H


def test_an_embedding_can_be_a_target() -> None:
    """LoRA on the embedding is r·(V + h)."""
    assert count(load("lora", lora_rank=2, target_modules=("embed_tokens",))) == 2 * (VOCAB + H)


def test_an_unknown_module_is_named_with_those_that_exist() -> None:
    """A typing error is no silent zero."""
    with pytest.raises(UsageError, match="q_prj") as caught:
        count(load("lora", target_modules=("q_prj",)))
    assert "q_proj" in caught.value.hint


def test_an_unknown_module_to_save_is_an_error_too() -> None:
    """The hint lists what can be saved."""
    with pytest.raises(UsageError, match="score"):
        count(load("lora", modules_to_save=("score",)))


def test_an_architecture_without_default_targets_asks_for_names() -> None:
    """PEFT knows no default for Phi-3, so neither does the estimate."""
    phi3 = describe(
        {
            "model_type": "phi3",
            "hidden_size": 512,
            "intermediate_size": 1024,
            "num_hidden_layers": 2,
            "num_attention_heads": 8,
            "vocab_size": 1000,
        }
    )
    with pytest.raises(UnsupportedWorkloadError, match="phi3"):
        trained_tensors(phi3, load("lora"))
    assert trained_tensors(phi3, load("lora", target_modules=("all-linear",)))


def mixtral() -> dict[str, object]:
    """Return the config of a small Mixtral."""
    return {
        "model_type": "mixtral",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 2,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
    }


def test_routed_experts_are_adapted_only_when_asked() -> None:
    """Experts are no linear layers to PEFT unless they are named as parameters."""
    model = describe(mixtral())
    plain = trained_tensors(model, load("lora", target_modules=("all-linear",)))
    experts = trained_tensors(model, load("lora", target_modules=("all-linear",), target_experts=True))
    attention = 2 * 16 * ((512 + 512) * 2 + (512 + 128) * 2)
    assert sum(t.parameters for t in plain) == attention
    assert sum(t.parameters for t in experts) == attention + 2 * 4 * 16 * 3 * (512 + 1024)


def test_default_targets_that_a_model_lacks_are_skipped() -> None:
    """PEFT's default for Mixtral names `w2`, which fused experts no longer have."""
    found = trained_tensors(describe(mixtral()), load("ia3"))
    assert {tensor.label for tensor in found} == {"k_proj", "v_proj"}


def test_gpt2s_two_projections_of_one_name_are_told_apart() -> None:
    """`mlp.c_proj` scales the feed-forward alone, not the attention's `c_proj`."""
    gpt2 = describe({"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 100})
    found = trained_tensors(gpt2, load("ia3"))
    assert sum(t.parameters for t in found) == 2 * (3 * 64 + 4 * 64)
