"""Laws of training memory."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmfit.estimate.training import estimate_training
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import PartName
from llmfit.records.training import ADAPTER_METHODS, LOSSES, OPTIMIZERS, RECIPES, STAGES, Training
from support.training import llama, load

STATE = (PartName.WEIGHTS, PartName.GRADIENTS, PartName.OPTIMIZER, PartName.ADAPTER)


@st.composite
def models(draw: st.DrawFn) -> Architecture:
    """Draw a Llama of two to twelve layers."""
    heads = draw(st.sampled_from((4, 8, 16)))
    return llama(
        num_attention_heads=heads,
        num_key_value_heads=draw(st.sampled_from((1, 2, 4))),
        hidden_size=heads * 64,
        intermediate_size=draw(st.integers(2, 8)) * heads * 32,
        num_hidden_layers=draw(st.integers(2, 12)),
        vocab_size=draw(st.integers(100, 60_000)),
        tie_word_embeddings=draw(st.booleans()),
    )


loads = st.builds(
    load,
    st.sampled_from(("full", "freeze", *sorted(ADAPTER_METHODS))),
    stage=st.sampled_from(STAGES),
    optimizer=st.sampled_from(OPTIMIZERS),
    recipe=st.sampled_from(RECIPES),
    batch_size=st.integers(1, 16),
    sequence_length=st.integers(1, 4096),
    gradient_accumulation=st.integers(1, 4),
    gradient_checkpointing=st.sampled_from(("none", "full", "selective")),
    attention=st.sampled_from(("eager", "sdpa", "flash_attention_2")),
    loss=st.sampled_from(LOSSES),
    packing=st.booleans(),
    lora_rank=st.integers(1, 64),
    gpus=st.integers(1, 8),
)


def total(model: Architecture, training: Training, **changes: Any) -> int:
    """Return the total with these options changed."""
    return estimate_training(model, replace(training, **changes)).total_bytes


def state(model: Architecture, training: Training) -> int:
    """Return everything but activations and overhead."""
    estimate = estimate_training(model, training)
    return sum(estimate.part_bytes(name) for name in STATE)


@given(models(), loads)
def test_the_total_is_the_sum_of_its_parts_and_parts_of_their_lines(model: Architecture, training: Training) -> None:
    """∀ loads: total = Σ parts, part = Σ lines, and no part is negative."""
    estimate = estimate_training(model, training)
    assert estimate.total_bytes == sum(part.bytes for part in estimate.parts)
    for part in estimate.parts:
        assert part.bytes >= 0
        assert part.bytes == sum(line.bytes for line in part.lines)


@given(models(), loads)
def test_per_gpu_bytes_sum_to_the_total(model: Architecture, training: Training) -> None:
    """∀ loads on several GPUs: Σ ranks = total."""
    estimate = estimate_training(model, training)
    assert sum(estimate.per_gpu_bytes) in {0, estimate.total_bytes}


@given(models(), loads, st.sampled_from(("batch_size", "sequence_length", "lora_rank", "virtual_tokens")))
def test_more_never_takes_less(model: Architecture, training: Training, name: str) -> None:
    """Monotone in batch, length, rank and virtual tokens.

    A batch of one needs no padding mask, so it may only gain from a second sequence what repeating keys costs.
    """
    more = getattr(training, name) + 1
    assert total(model, training, **{name: more}) >= total(model, training)


@given(models(), loads)
def test_checkpointing_never_takes_more(model: Architecture, training: Training) -> None:
    """Full ≤ none; selective ≤ none from four layers on: below, it computes again as much as it forgets."""
    full, some, none = (total(model, training, gradient_checkpointing=word) for word in ("full", "selective", "none"))
    assert full <= none
    assert some <= none or model.num_hidden_layers < 4


@given(models(), loads.filter(lambda x: x.method in {"full", "freeze", "lora"}), st.integers(2, 8))
def test_each_zero_stage_takes_at_most_the_one_before(model: Architecture, training: Training, gpus: int) -> None:
    """ZeRO-3 ≤ ZeRO-2 ≤ ZeRO-1 ≤ DDP per GPU."""
    spread = replace(training, gpus=gpus)
    stages = [total(model, spread, zero=stage) for stage in (3, 2, 1, 0)]
    assert stages == sorted(stages)


@given(models(), loads, st.integers(1, 64))
def test_an_adapters_state_is_smaller_than_the_models(model: Architecture, training: Training, rank: int) -> None:
    """LoRA ≤ full in state, as long as the adapter is smaller than what it adapts (r·(in + out) ≤ in·out / 8)."""
    rank = min(rank, 16)
    lora = replace(training, method="lora", lora_rank=rank, target_modules=("q_proj", "v_proj"), recipe="bf16")
    assert state(model, lora) <= state(model, replace(lora, method="full"))


@given(models(), loads)
def test_qlora_never_takes_more_than_lora(model: Architecture, training: Training) -> None:
    """The same adapters on a smaller base."""
    qlora = replace(
        load("qlora"),
        stage=training.stage,
        optimizer=training.optimizer,
        batch_size=training.batch_size,
        sequence_length=training.sequence_length,
        gradient_checkpointing=training.gradient_checkpointing,
        lora_rank=training.lora_rank,
        target_modules=("q_proj", "v_proj"),
    )
    assert total(model, qlora) <= total(model, replace(qlora, method="lora"))


@given(models(), loads.filter(lambda x: x.method != "freeze"))
def test_a_chunked_loss_takes_less_than_a_full_one_where_the_head_is_frozen(
    model: Architecture, training: Training
) -> None:
    """2.5 bytes a token and word against 12."""
    adapter = replace(training, method="prompt")
    assert total(model, adapter, loss="chunked") <= total(model, adapter, loss="full")


@given(models(), loads.filter(lambda x: x.method in {"full", "freeze", "lora"}))
def test_fewer_states_never_take_more(model: Architecture, training: Training) -> None:
    """SGD ≤ momentum ≤ AdamW; 8-bit ≤ 32-bit with fp32 states."""
    wide = replace(training, recipe="fp32")
    sgd, momentum, adamw, eight = (
        total(model, wide, optimizer=word) for word in ("sgd", "sgd_momentum", "adamw", "adamw_8bit")
    )
    assert sgd <= momentum <= adamw
    assert eight <= adamw
