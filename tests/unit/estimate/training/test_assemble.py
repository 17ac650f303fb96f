"""The whole estimate: its parts, its stages, its GPUs."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import UnsupportedWorkloadError, UsageError
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.timeline import depth
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.estimate import Estimate, PartName
from support.training import llama, load

P = llama().parameters


def estimate(method: str = "full", **options: Any) -> Estimate:
    """Return the estimate of the small Llama."""
    return estimate_training(llama(), load(method, **options))


def part(name: PartName, method: str = "full", **options: Any) -> int:
    """Return one part's bytes."""
    return estimate(method, **options).part_bytes(name)


@pytest.mark.parametrize(
    ("recipe", "weights", "gradients", "optimizer"),
    [("bf16", 2, 2, 4), ("bf16-master", 2, 2, 12), ("bf16-amp", 4, 4, 8), ("fp16-amp", 4, 4, 8), ("fp32", 4, 4, 8)],
)
def test_state_of_full_fine_tuning_with_adamw(recipe: str, weights: int, gradients: int, optimizer: int) -> None:
    """8 bytes a parameter in pure bf16, 16 in every other recipe."""
    found = estimate(recipe=recipe)
    assert found.part_bytes(PartName.WEIGHTS) == weights * P
    assert found.part_bytes(PartName.GRADIENTS) == gradients * P
    assert found.part_bytes(PartName.OPTIMIZER) == optimizer * P


def test_an_fp32_adapter_takes_16_bytes_a_parameter_on_a_16_bit_model() -> None:
    """Weight, gradient and two states of 4 bytes each."""
    found = estimate("lora", lora_rank=8)
    adapter = 4 * 8 * (512 + 512 + 512 + 128)
    assert found.part_bytes(PartName.WEIGHTS) == 2 * P
    assert found.part_bytes(PartName.ADAPTER) == 4 * adapter
    assert found.part_bytes(PartName.GRADIENTS) == 4 * adapter
    assert found.part_bytes(PartName.OPTIMIZER) == 8 * adapter


def test_a_bf16_adapter_takes_8_bytes_a_parameter() -> None:
    """Half of everything."""
    assert part(PartName.ADAPTER, "lora", adapter_dtype="bf16") * 2 == part(PartName.ADAPTER, "lora")


def test_qlora_stores_blocks_in_4_bit_and_the_rest_in_16() -> None:
    """4.127 bits for the linear layers; the embedding of 512 000 and 9 norms of 512 stay."""
    rest = 1000 * 512 + 9 * 512
    expected = (P - rest) * (4 + 8 / 64 + 32 / (64 * 256)) / 8 + 2 * rest
    assert part(PartName.WEIGHTS, "qlora") == pytest.approx(expected, abs=100)


def test_qlora_without_double_quantisation_is_larger() -> None:
    """An fp32 scale per 64 weights: 4.5 bits."""
    rest = 1000 * 512 + 9 * 512
    assert part(PartName.WEIGHTS, "qlora", base_format="nf4") == pytest.approx((P - rest) * 4.5 / 8 + 2 * rest, abs=100)


def test_preparing_for_kbit_training_keeps_the_rest_in_fp32() -> None:
    """Embeddings, head and norms double."""
    rest = 1000 * 512 + 9 * 512
    assert part(PartName.WEIGHTS, "qlora", upcast_frozen=True) - part(PartName.WEIGHTS, "qlora") == 2 * rest


def test_qlora_without_a_format_cannot_be_answered() -> None:
    """Nobody guesses how the model is stored."""
    with pytest.raises(UnsupportedWorkloadError, match="format"):
        estimate("qlora", base_format=None)


def test_parts_sum_to_the_total_and_lines_to_their_part() -> None:
    """Nothing is hidden between them."""
    loads: tuple[dict[str, Any], ...] = (
        {},
        {"gpus": 4, "zero": 3},
        {"stage": "ppo"},
        {"gradient_checkpointing": "none"},
    )
    for options in loads:
        found = estimate(**options)
        assert found.total_bytes == sum(x.bytes for x in found.parts)
        for x in found.parts:
            assert sum(line.bytes for line in x.lines) == x.bytes


def test_gradients_grow_while_activations_shrink() -> None:
    """The peak is the larger of both, not their sum: a short sequence adds nothing to gradients."""
    tiny = estimate(recipe="bf16", sequence_length=1)
    state = (2 + 2 + 4) * P
    beyond = tiny.total_bytes - tiny.part_bytes(PartName.OVERHEAD) - state
    assert 0 <= beyond < 3 * 2 * 1000 * 512 + 100_000


def test_gradient_accumulation_makes_them_add_up() -> None:
    """From the second micro-batch on, gradients lie beside the activations at their peak."""
    options: dict[str, Any] = {"recipe": "bf16", "sequence_length": 4096, "gradient_checkpointing": "none"}
    once, many = estimate(**options), estimate(gradient_accumulation=8, **options)
    lone = {x.name: x.bytes for x in once.parts}
    more = {x.name: x.bytes for x in many.parts}
    assert more[PartName.ACTIVATION] - lone[PartName.ACTIVATION] == lone[PartName.GRADIENTS]


def test_checkpointing_keeps_inputs_of_layers_instead_of_their_insides() -> None:
    """2·L·h bytes a token, and logits."""
    found = estimate_training(llama(vocab_size=8000), load("lora", sequence_length=4000))
    lines = {line.label: line.bytes for x in found.parts for line in x.lines}
    assert lines["inputs of the layers"] == 2 * 4 * 512 * 4000
    assert lines["logits and loss"] == 12 * 8000 * 4000


def test_selective_checkpointing_lies_between() -> None:
    """Every second layer."""
    full, some, none = (
        part(PartName.ACTIVATION, "lora", sequence_length=4000, gradient_checkpointing=word)
        for word in ("full", "selective", "none")
    )
    assert full < some < none


def test_autocast_keeps_16_bit_copies_of_the_weights() -> None:
    """Mixed precision over fp32 weights pays for both."""
    found = estimate(recipe="bf16-amp", sequence_length=4096, batch_size=8)
    lines = {line.label: line.bytes for x in found.parts for line in x.lines}
    assert lines["16-bit copies of the weights that autocast keeps"] == 2 * (P - 1000 * 512 - 9 * 512)


def test_an_optimizer_in_backward_needs_no_gradients() -> None:
    """And so cannot accumulate them."""
    assert part(PartName.GRADIENTS, optimizer_in_backward=True) == 0
    with pytest.raises(UsageError, match="accumulate"):
        estimate(optimizer_in_backward=True, gradient_accumulation=2)


def test_offloaded_activations_leave_the_gpu() -> None:
    """Only the loss and one layer at a time stay."""
    options = {"sequence_length": 4000, "gradient_checkpointing": "none"}
    assert part(PartName.ACTIVATION, "lora", offload_activations=True, **options) < part(
        PartName.ACTIVATION, "lora", **options
    )


def test_dpo_has_a_frozen_reference_unless_an_adapter_can_be_switched_off() -> None:
    """2 bytes a parameter more for full fine-tuning, nothing for LoRA."""
    assert part(PartName.WEIGHTS, stage="dpo") - part(PartName.WEIGHTS) == 2 * P
    assert part(PartName.WEIGHTS, "lora", stage="dpo") == part(PartName.WEIGHTS, "lora")
    assert "the reference is the model with its adapter switched off" in estimate("lora", stage="dpo").assumptions


def test_dpo_passes_chosen_and_rejected_answers_together() -> None:
    """A batch of one is two sequences."""
    lone = part(PartName.ACTIVATION, "lora", stage="sft", batch_size=2, packing=True, sequence_length=4000)
    pair = part(PartName.ACTIVATION, "lora", stage="dpo", batch_size=1, packing=True, sequence_length=4000)
    assert pair == lone


def test_ppo_has_four_models_of_which_two_train() -> None:
    """Policy and value with their state; reference and reward frozen."""
    found = estimate(stage="ppo", recipe="bf16")
    assert found.part_bytes(PartName.WEIGHTS) == 4 * 2 * P
    assert found.part_bytes(PartName.OPTIMIZER) == 2 * 4 * P


def test_reward_modelling_has_one_model_and_no_logits() -> None:
    """Only the hidden state remains."""
    assert part(PartName.WEIGHTS, stage="reward") == part(PartName.WEIGHTS)
    labels = [line.label for x in estimate("lora", stage="reward").parts for line in x.lines]
    assert "logits and loss" not in labels


def test_paged_optimizers_say_where_they_are_counted() -> None:
    """They may move to RAM; the estimate does not count on it."""
    assert any("paged" in words for words in estimate(optimizer="paged_adamw").assumptions)


def test_a_sequence_beyond_the_models_context_is_warned_of() -> None:
    """4096 is what the small Llama was made for."""
    assert estimate(sequence_length=5000).warnings == ("the model was made for 4096 tokens",)
    assert estimate(sequence_length=4096).warnings == ()


@pytest.mark.parametrize("name", ["batch_size", "sequence_length", "gpus", "lora_rank"])
def test_nothing_can_be_less_than_one(name: str) -> None:
    """The option is named as the user typed it."""
    with pytest.raises(UsageError, match=name.replace("_", "-")):
        estimate("lora", **{name: 0})


def test_more_layers_than_the_model_has_cannot_be_trained() -> None:
    """The message says how many there are."""
    with pytest.raises(UsageError, match="4 layers"):
        estimate("freeze", trainable_layers=5)


def test_a_mac_has_no_cuda_context() -> None:
    """Only the allocator's reserve remains."""
    metal = Device(gpus=(DeviceGpu(name="M4", total_bytes=2**34, platform="metal"),), unified=True)
    training = load("lora")
    on_mac = estimate_training(llama(), training, device=metal).part_bytes(PartName.OVERHEAD)
    on_cuda = estimate_training(llama(), training).part_bytes(PartName.OVERHEAD)
    context = training.facts.constant("cuda_context_bytes").value
    assert on_cuda - on_mac == context


def test_a_processor_has_no_context_of_a_gpu() -> None:
    """Without a GPU only the allocator keeps more than the tensors."""
    on_gpu, on_cpu = (
        estimate_training(llama(), load("lora"), device=device).part_bytes(PartName.OVERHEAD)
        for device in (None, Device(gpus=(), ram_bytes=2**35))
    )
    assert on_gpu - on_cpu == int(load("lora").facts.constant("cuda_context_bytes").value)


def test_the_overhead_has_a_range() -> None:
    """Older stacks take more for their kernels."""
    found = next(x for x in estimate().parts if x.name is PartName.OVERHEAD)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.bytes < found.high


def test_a_line_spells_its_formula_with_numbers() -> None:
    """What `--explain` prints."""
    lines = {line.label: line.formula for x in estimate("lora", lora_rank=8).parts for line in x.lines}
    assert lines["model"] == f"{P:,} parameters × 2 B"
    assert lines["adapter"] == "(4·8·512 + 4·512·8 + 4·8·512 + 4·128·8) × 4 B"
    assert lines["gradients"] == "53,248 trained parameters × 4 B"


def test_a_rank_that_no_matrix_has_is_refused_and_one_that_some_lack_is_told() -> None:
    """v_proj is 128 × 512 and q_proj 512 × 512."""
    with pytest.raises(UsageError, match="lora-rank 513") as caught:
        estimate("lora", lora_rank=513)
    assert "512" in caught.value.hint
    assert any("128" in warning for warning in estimate("lora", lora_rank=129).warnings)
    assert not estimate("lora", lora_rank=128).warnings


def test_gptq_matrices_are_unpacked_and_kept_while_a_layer_trains() -> None:
    """One layer's in 16 bit where layers are computed again, those of all layers where not."""
    options = {"base_format": "gptq-int4", "sequence_length": 1, "optimizer": "sgd"}
    linear = 4 * (2 * 512 * 512 + 2 * 128 * 512 + 3 * 512 * 1024)
    again = part(PartName.ACTIVATION, "qlora", gradient_checkpointing="full", **options)
    whole = part(PartName.ACTIVATION, "qlora", gradient_checkpointing="none", **options)
    assert whole - again == pytest.approx(2 * linear * 3 / 4, rel=0.02)


T5 = {"model_type": "t5", "d_model": 512, "d_ff": 1024, "d_kv": 64, "num_heads": 8, "num_layers": 3, "vocab_size": 1000}


def test_an_encoders_layers_are_passed_before_its_decoders() -> None:
    """Each keeps its input: three of the encoder and five of the decoder."""
    model = describe({**T5, "num_decoder_layers": 5, "vocab_size": 50_000})
    assert depth(model) == 3 + 5
    found = estimate_training(model, load("lora", sequence_length=100))
    lines = {line.label: line.bytes for x in found.parts for line in x.lines}
    assert lines["inputs of the layers"] == 2 * 512 * 8 * 100
    assert depth(llama()) == 4


def test_autocast_copies_no_more_than_what_is_gathered() -> None:
    """Of sharded weights two blocks are whole at once, so that no more of them has a 16-bit copy."""
    label = "16-bit copies of the weights that autocast keeps"

    def copies(gpus: int = 1, **options: Any) -> int:
        found = estimate(recipe="bf16-amp", batch_size=64, gpus=gpus, **options)
        return sum(line.bytes // gpus for x in found.parts for line in x.lines if line.label == label)

    block = 2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024
    assert copies() == 2 * 4 * block
    assert copies(gpus=4) == 2 * 4 * block
    assert copies(gpus=4, fsdp=True) == 2 * 2 * (block + 2 * 512)
    assert copies(gpus=4, zero=3) == copies(gpus=4, fsdp=True)
