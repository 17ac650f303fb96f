"""What autograd keeps of one token."""

from dataclasses import replace

from llmfit.architectures import describe
from llmfit.estimate.training.saved import norm_bytes, saved_terms, working_bytes
from llmfit.records.architecture import Architecture
from llmfit.records.training import Training
from support.training import llama, load

H, INTER, Q, KV, HEADS = 512, 1024, 512, 128, 8


def per_token(architecture: Architecture, training: Training) -> float:
    """Return the bytes of one token in one layer."""
    total = sum(term.bytes * term.layers for term in saved_terms(architecture, training))
    return total / architecture.num_hidden_layers


def test_a_llama_layer_that_trains_keeps_what_its_modules_save() -> None:
    """Two norms of 6h, two inputs of 2h, query, key, value, output, log-sum-exp, and 8I."""
    expected = 2 * 6 * H + 2 * 2 * H + 2 * (Q + KV + KV + Q) + 4 * HEADS + 8 * INTER
    assert per_token(llama(), load("full")) == expected


def test_multi_head_attention_reproduces_the_folk_formula() -> None:
    """24h + 8I a token and layer where keys are as wide as queries."""
    model = llama(num_key_value_heads=8)
    assert per_token(model, load("full")) == 24 * H + 8 * INTER + 4 * HEADS


def test_frozen_weights_need_neither_their_inputs_nor_the_product() -> None:
    """Under prompt tuning a layer keeps norms of 4h, attention and 6I."""
    expected = 2 * 4 * H + 2 * (Q + KV + KV + Q) + 4 * HEADS + 6 * INTER
    assert per_token(llama(), load("prompt")) == expected


def test_lora_keeps_an_fp32_copy_of_each_targets_input() -> None:
    """PEFT casts the input to the adapter's dtype: 4·in, and 4·r of the first product."""
    extra = per_token(llama(), load("lora", lora_rank=8)) - per_token(llama(), load("prompt"))
    assert extra == 2 * (4 * H + 4 * 8)


def test_a_bf16_adapter_shares_one_input_among_its_projections() -> None:
    """Query and value read the same tensor, so it is kept once."""
    training = load("lora", lora_rank=8, adapter_dtype="bf16")
    extra = per_token(llama(), training) - per_token(llama(), load("prompt"))
    assert extra == 2 * H + 2 * 2 * 8


def test_dropout_keeps_a_mask_per_target() -> None:
    """One byte an element beside the fp32 copy."""
    dry = per_token(llama(), load("lora"))
    assert per_token(llama(), load("lora", lora_dropout=0.1)) - dry == 2 * H


def test_ia3_keeps_outputs_of_attention_and_an_fp32_input_of_the_feed_forward() -> None:
    """Key and value in 16 bit, the down projection's input in fp32."""
    extra = per_token(llama(), load("ia3")) - per_token(llama(), load("prompt"))
    assert extra == 2 * KV + 2 * KV + 4 * INTER


def test_a_padding_mask_makes_sdpa_repeat_keys_and_values() -> None:
    """Two sequences at once, not packed: keys and values as wide as queries."""
    lone, padded = load("full"), load("full", batch_size=2)
    assert per_token(llama(), padded) - per_token(llama(), lone) == 2 * 2 * (Q - KV)
    packed = replace(padded, packing=True)
    flash = replace(padded, attention="flash_attention_2")
    assert per_token(llama(), packed) == per_token(llama(), flash) == per_token(llama(), lone)


def test_one_kv_head_is_never_copied() -> None:
    """Multi-query keys are expanded as a view."""
    model = llama(num_key_value_heads=1)
    assert per_token(model, load("full", batch_size=2)) == per_token(model, load("full"))


def test_eager_attention_keeps_its_matrix() -> None:
    """The softmax in fp32 and its 16-bit copy, for every head and pair of tokens."""
    short, long = (
        load("full", attention="eager", sequence_length=1),
        load("full", attention="eager", sequence_length=101),
    )
    assert per_token(llama(), long) - per_token(llama(), short) == 6 * HEADS * 100


def test_fp32_doubles_all_but_the_norms_own_copy() -> None:
    """The norm's fp32 input is the tensor itself."""
    expected = 2 * 8 * H + 2 * 4 * H + 4 * (Q + KV + KV + Q) + 4 * HEADS + 16 * INTER
    assert per_token(llama(), load("full", recipe="fp32")) == expected


def test_layer_norm_keeps_its_input_as_it_came() -> None:
    """RMSNorm computes in fp32; LayerNorm does not copy."""
    assert norm_bytes(10, b=2, layer_norm=True, trained=True) == 20
    assert norm_bytes(10, b=2, layer_norm=False, trained=True) == 60
    assert norm_bytes(10, b=2, layer_norm=False, trained=False) == 40
    assert norm_bytes(10, b=2, layer_norm=False, trained=True, wide=True) == 80


def test_experts_count_by_how_many_a_token_uses() -> None:
    """More experts cost only the router's few bytes; more experts per token cost whole feed-forwards."""

    def moe(experts: int, used: int) -> float:
        config = {
            "model_type": "mixtral",
            "hidden_size": 512,
            "intermediate_size": 1024,
            "num_hidden_layers": 2,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "vocab_size": 1000,
            "num_local_experts": experts,
            "num_experts_per_tok": used,
        }
        return per_token(describe(config), load("full"))

    assert moe(16, 2) - moe(8, 2) == 8 * 8
    assert moe(8, 3) - moe(8, 2) == 8 * 1024 + 4 * 512 + 48


def test_backward_works_on_the_widest_matrix_of_a_layer() -> None:
    """Three gradients of the feed-forward's width at once."""
    assert working_bytes(llama(), 2) == 3 * 2 * INTER
