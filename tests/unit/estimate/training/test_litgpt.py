"""What litgpt and torchtune take that transformers and PEFT do not."""

from typing import Any

import pytest

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.training import estimate_training, litgpt
from llmfit.estimate.training.recipe import recipe
from llmfit.estimate.training.saved import saved_terms
from llmfit.estimate.training.trained import trained_tensors
from llmfit.records.architecture import Architecture, Role
from llmfit.records.estimate import Estimate, PartName
from support.training import llama, load

PHI = {
    "model_type": "phi3",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "vocab_size": 1000,
}
OWN = {"trainer": "litgpt", "recipe": "bf16", "adapter_dtype": "bf16", "gradient_checkpointing": "none"}
V, H = 1000, 512


def run(method: str = "lora", model: Architecture | None = None, **options: Any) -> Estimate:
    """Return the estimate of a load on litgpt."""
    return estimate_training(model or llama(), load(method, **{**OWN, **options}))


def activation(method: str = "lora", **options: Any) -> int:
    """Return what the peak takes beside the state, and the gradients with it."""
    found = run(method, **options)
    return found.part_bytes(PartName.ACTIVATION) + found.part_bytes(PartName.GRADIENTS)


def test_the_head_is_a_matrix_of_its_own() -> None:
    """A tied model has V·h parameters more."""
    tied = run(trainer="peft").part_bytes(PartName.WEIGHTS)
    assert run().part_bytes(PartName.WEIGHTS) - tied == 2 * V * H


def test_qlora_stores_the_head_in_4_bit_too() -> None:
    """Each of its weights takes half a byte and its scale, not two bytes."""
    lines = {line.label: line.bytes for part in run("qlora", base_format="nf4").parts for line in part.lines}
    norms = 2 * (9 * H)
    assert lines["embeddings, head, norms"] == 2 * V * H + norms


@pytest.mark.parametrize(("words", "count"), [(("query", "value"), 2), (("query", "key", "value", "mlp"), 6)])
def test_its_words_name_parts_of_fused_projections(words: tuple[str, ...], count: int) -> None:
    """Phi-3 stores one matrix for q, k and v and one for gate and up; litgpt adapts each part."""
    training = load("lora", **OWN, target_modules=words)
    from llmfit.architectures import describe

    found = trained_tensors(litgpt.own_model(describe(PHI)), training)
    assert len(found) == 2 * count


def test_splitting_a_fused_projection_moves_no_parameter() -> None:
    """The parts have as many as the whole, and the head comes on top where it was tied."""
    model = llama()
    assert litgpt.own_model(model).parameters == model.parameters + V * H
    assert litgpt.own_model(litgpt.own_model(model)) == litgpt.own_model(model)


def test_query_and_value_are_adapted_where_nobody_says() -> None:
    """The defaults of `--lora_query` and `--lora_value`."""
    roles = {t.role for t in litgpt.targets(llama(), load("lora", **OWN)) or ()}
    assert roles == {Role.ATTN_Q, Role.ATTN_V}
    assert litgpt.targets(llama(), load("lora", **OWN, target_modules=("q_proj",))) is None


def test_old_bitsandbytes_keeps_the_input_of_every_linear_layer() -> None:
    """Of a Llama layer: 2·h before q, k, v, 2·h before gate and up, and 2·I before down beside 6·I."""

    def kept(method: str) -> int:
        return sum(x.bytes * x.layers for x in saved_terms(litgpt.own_model(llama()), load(method, **OWN)))

    adapters = 2 * 2 * H  # without dropout an adapter reads the same tensor
    assert kept("qlora") - kept("lora") == 4 * (2 * H + 2 * H + 2 * 1024) - 4 * (adapters // 2)


def test_the_step_before_keeps_its_inputs_until_new_logits_are_there() -> None:
    """Per token: h, query, h, I in each of four layers and h before the head, 2 B each."""
    inputs = 4 * 2 * (H + H + H + 1024) + 2 * H
    assert litgpt.quantised_inputs(litgpt.own_model(llama()), load("qlora", **OWN)) == inputs
    more = activation("qlora", sequence_length=4000) - activation("qlora", sequence_length=4000, lone_batch=True)
    assert 0.8 * inputs * 4000 < more <= inputs * 4000


def test_fsdp_makes_gradients_of_frozen_weights_in_the_same_flat_parameter() -> None:
    """All of a block's, whole while they accumulate, else shared among the GPUs; embedding and head stay frozen."""
    several: dict[str, Any] = {"fsdp": True, "gpus": 4, "gradient_checkpointing": "full"}
    inside = sum(t.parameters for t in llama().tensors if t.layers)
    shared = run(**several).part_bytes(PartName.GRADIENTS)
    assert shared == 4 * -(-2 * inside // 4)
    assert run(**several, gradient_accumulation=2).part_bytes(PartName.GRADIENTS) == 4 * 2 * inside


@pytest.mark.parametrize("name", ["batch_size", "sequence_length", "lora_rank"])
@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_more_never_takes_less(method: str, name: str) -> None:
    """Of batch, length and rank."""
    sizes = [run(method, None, **{name: n}).total_bytes for n in (1, 2, 7, 64, 100)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    "options", [{"method": "dora"}, {"method": "lora", "stage": "dpo"}, {"method": "qlora", "gpus": 2}]
)
def test_what_litgpt_cannot_is_unsupported(options: dict[str, Any]) -> None:
    """Other methods and stages, and quantising on several GPUs."""
    with pytest.raises(UnsupportedWorkloadError, match="litgpt"):
        run(**options)


def test_the_recipe_is_in_litgpts_own_words() -> None:
    """Options of `litgpt finetune_lora`, which PEFT has not."""
    found = recipe(llama(), load("qlora", **OWN, base_format="nf4", target_modules=("query", "mlp")))
    assert found.trainer == "litgpt finetune_lora"
    assert found.arguments["quantize"] == "bnb.nf4"
    assert (found.arguments["lora_query"], found.arguments["lora_value"]) == (True, False)
    assert not found.peft


def test_torchtune_keeps_a_table_of_rotary_positions() -> None:
    """Sine and cosine in fp32 for each of 4096 positions: 4·4096·64 bytes."""
    plain = run(trainer="peft").part_bytes(PartName.WEIGHTS)
    assert run(trainer="torchtune").part_bytes(PartName.WEIGHTS) - plain == 4 * 4096 * 64
