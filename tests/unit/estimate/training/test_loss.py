"""Logits and loss."""

from llmfit.estimate.training.loss import head_gradient, kept_outputs, loss_term, rollout_bytes
from support.training import llama, load

V, H = 1000, 512


def loss(**options: object) -> int:
    """Return the loss term of the small Llama over 100 tokens."""
    return loss_term(llama(), load("full", sequence_length=100, recipe="bf16", **options), chunks=8).bytes


def test_a_full_cross_entropy_takes_12_bytes_a_token_and_word() -> None:
    """Log-softmax, its gradient and the logits' gradient, all fp32."""
    assert loss() == 12 * V * 100


def test_a_loop_that_holds_the_logits_pays_for_them() -> None:
    """16-bit logits on top: 14 bytes."""
    assert loss(keep_outputs=True) == 14 * V * 100


def test_chunks_upcast_an_eighth_of_the_logits() -> None:
    """2 + 4/8 bytes, and the head's gradient twice while it is summed."""
    assert loss(loss="chunked") == 2.5 * V * 100 + 2 * 2 * V * H


def test_a_fused_loss_is_as_small_as_the_hidden_state() -> None:
    """No vocabulary times tokens; only the head's gradient."""
    assert loss(loss="fused") == 12 * H * 100 + 2 * V * H


def test_a_frozen_head_has_no_gradient() -> None:
    """Unless it is saved beside the adapter."""
    assert head_gradient(llama(), load("lora")).bytes == 0
    assert head_gradient(llama(), load("lora", modules_to_save=("embed_tokens",))).bytes == 2 * V * H
    assert head_gradient(llama(), load("full", recipe="fp32")).bytes == 4 * V * H


def test_a_reward_model_has_no_logits() -> None:
    """One score a sequence."""
    assert loss_term(llama(), load("full", stage="reward"), chunks=8).bytes == 0


def test_kept_outputs_are_logits_and_the_returned_cache() -> None:
    """KV cache of 4 layers, 2 · 128 elements; nothing where the loop lets go."""
    tokens, cache = 100, 4 * 2 * 128
    held = load("lora", sequence_length=tokens, gradient_checkpointing="none", keep_outputs=True, use_cache=True)
    assert kept_outputs(llama(), held).bytes == 2 * (V + cache) * tokens
    assert kept_outputs(llama(), load("lora")).bytes == 0


def test_checkpointing_returns_no_cache() -> None:
    """Transformers switches it off."""
    held = load("lora", sequence_length=100, keep_outputs=True, use_cache=True)
    assert kept_outputs(llama(), held).bytes == 2 * V * 100


def test_a_prefix_lies_in_the_returned_cache_too() -> None:
    """Ten virtual tokens of keys and values on top."""
    options = {"sequence_length": 100, "gradient_checkpointing": "none", "keep_outputs": True, "use_cache": True}
    prefix = kept_outputs(llama(), load("prefix", virtual_tokens=10, **options)).bytes
    assert prefix - kept_outputs(llama(), load("lora", **options)).bytes == 2 * 4 * 2 * 128 * 10


def test_an_embedder_makes_no_logits() -> None:
    """A contrastive loss compares vectors."""
    assert loss(loss="contrastive") == 0


def test_pairs_are_scored_without_an_upcast() -> None:
    """DPO: 5 bytes a token and word of both answers, and one sequence's log-softmax."""
    assert loss(stage="dpo") == (5 * 200 + 2 * 100) * V
    assert loss(stage="dpo", loss="chunked") > 0


def test_the_entropy_of_ppo_takes_two_more_copies() -> None:
    """Logits, log-softmax, softmax and product in 16 bit."""
    assert loss(stage="ppo") == 8 * V * 100


def test_rollouts_hold_scores_twice_and_a_cache() -> None:
    """8·V bytes a token and 2·2·128 B of cache in each of four layers; nothing in other stages."""
    training = load("full", stage="ppo", sequence_length=100, batch_size=2, gradient_accumulation=3, recipe="bf16")
    assert rollout_bytes(llama(), training).bytes == (8 * V + 4 * 2 * 2 * 128) * 600
    assert rollout_bytes(llama(), load("full")).bytes == 0


def test_pairs_in_fp32_take_logits_their_gradient_and_a_copy() -> None:
    """10·V a token and one sequence's log-sum-exp, against 5·V in 16 bit."""
    tokens, length = 2 * 3 * 100, 100
    for recipe, wide, b in (("fp32", 10, 4), ("bf16", 5, 2)):
        training = load("full", stage="dpo", recipe=recipe, batch_size=3, sequence_length=length)
        assert loss_term(llama(), training, chunks=8).bytes == (wide * tokens + b * length) * V
