"""What lives at each moment of a step, term by term."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.estimate.training.precision import activation_bytes, frozen_bytes, residual_bytes
from llmfit.estimate.training.saved import saved_terms, working_bytes
from llmfit.estimate.training.state import Amount
from llmfit.estimate.training.timeline import Gradients, Moment, moments
from llmfit.records.architecture import Architecture
from support.training import llama, load

H, INNER, LAYERS, V = 512, 1024, 4, 1000
N = 100
"""Tokens of a step."""
GRADIENTS, STEP = 7000, 900


def step(architecture: Architecture | None = None, method: str = "full", **options: Any) -> dict[str, Moment]:
    """Return the moments by name, of a step with these gradients."""
    training = load(method, **{"sequence_length": N, **options})
    gradients = Gradients(Amount(GRADIENTS, "7·1000"), Amount(STEP, "9·100"))
    found = moments(architecture or llama(), training, gradients=gradients, chunks=8)
    return {moment.name: moment for moment in found}


def lines(moment: Moment) -> dict[str, int]:
    """Return a moment's terms by label."""
    return {line.label: line.bytes for line in moment.lines}


@pytest.mark.parametrize("options", [{}, {"keep_outputs": True, "use_cache": True}, {"gradient_accumulation": 2}])
def test_a_moment_is_the_sum_of_its_terms(options: dict[str, Any]) -> None:
    """Terms that take nothing are left out."""
    for moment in step(**options).values():
        assert moment.bytes == sum(line.bytes for line in moment.lines)
        assert all(line.bytes for line in moment.lines)


def test_at_the_end_lie_gradients_and_those_of_a_tied_head_twice() -> None:
    """Embedding and head have a gradient each before they are summed; an untied head has one of its own anyway."""
    tied, untied = step(), step(llama(tie_word_embeddings=False))
    label = "embedding and head gradients before they are summed"
    assert lines(tied["at the end of backward"]) == {"gradients": GRADIENTS, label: 2 * 2 * V * H}
    assert lines(untied["at the end of backward"]) == {"gradients": GRADIENTS}
    assert lines(step(method="lora")["at the end of backward"]) == {"gradients": GRADIENTS}


def test_in_the_step_lie_gradients_and_its_temporaries() -> None:
    """And what the loop holds."""
    assert lines(step()["in the optimizer's step"]) == {"gradients": GRADIENTS, "temporaries of the step": STEP}


def test_a_layer_in_backward_holds_gradients_three_times_its_widest_width() -> None:
    """Of every token, beside the layer that was computed again."""
    found = lines(step(method="lora")["in the first layer's backward"])
    assert found["gradients inside a layer"] == working_bytes(llama(), 2) * N == 3 * 2 * INNER * N
    training = load("lora", sequence_length=N)
    saved = sum(term.bytes * term.layers for term in saved_terms(llama(), training))
    assert found["one layer, computed again"] == saved // LAYERS * N


def test_every_second_layer_keeps_all_and_the_others_their_input() -> None:
    """Half of both sums."""
    found = lines(step(method="lora", gradient_checkpointing="selective")["at the loss"])
    training = load("lora", sequence_length=N, gradient_checkpointing="selective")
    saved = sum(term.bytes * term.layers for term in saved_terms(llama(), training)) * N
    assert found["every second layer, inputs of the others"] == (saved + 2 * H * LAYERS * N) // 2


def test_a_loop_that_names_the_output_holds_logits_and_cache() -> None:
    """At the loss the cache alone comes on top, since the logits are counted there; elsewhere both do."""
    kept: dict[str, Any] = {"keep_outputs": True, "use_cache": True, "gradient_checkpointing": "none"}
    row, logits = LAYERS * 2 * 128, 2 * V * N
    found = step(method="lora", **kept)
    assert lines(found["at the loss"])["cache that the loop holds"] == 2 * row * N
    assert lines(found["in the optimizer's step"])["outputs that the loop holds"] == logits + 2 * row * N
    without = step(method="lora", keep_outputs=True)
    assert "cache that the loop holds" not in lines(without["at the loss"])
    assert "cache that the loop holds" not in lines(step(method="lora")["at the loss"])


@pytest.mark.parametrize(("many", "held"), [(1, 0), (2, GRADIENTS)])
def test_gradients_of_earlier_micro_batches_lie_there_all_the_time(many: int, held: int) -> None:
    """From the second on; in a layer's backward the larger of them and the head's counts."""
    label = "gradients of earlier micro-batches"
    found = step(method="lora", gradient_accumulation=many)
    assert lines(found["at the loss"]).get(label, 0) == held
    assert lines(found["in the last layer's backward"]).get(label, 0) == held
    full = lines(step(gradient_accumulation=many)["in the last layer's backward"])
    assert full["gradient of the head"] == 2 * V * H
    assert label not in full


GPT2 = {"model_type": "gpt2", "n_embd": 512, "n_layer": 2, "n_head": 8, "vocab_size": 1000, "n_positions": 1024}


@pytest.mark.parametrize(
    ("architecture", "method", "recipe", "each"),
    [
        (llama(), "full", "bf16", 4 * H + 2 * H + 2 * H),
        (llama(), "full", "fp32", 4 * H + 4 * H + 4 * H),
        (llama(), "lora", "bf16", 4 * H),
        (describe(GPT2), "full", "bf16", 2 * H + 2 * H),
        (describe(GPT2), "lora", "bf16", 2 * H),
    ],
    ids=["RMSNorm", "RMSNorm in fp32", "RMSNorm frozen", "LayerNorm", "LayerNorm frozen"],
)
def test_the_last_norm_keeps_its_input_and_the_head_the_output(
    architecture: Architecture, method: str, recipe: str, each: int
) -> None:
    """RMSNorm an fp32 copy, and its product where the weight trains; LayerNorm its input; a trained head its input."""
    options: dict[str, Any] = {"recipe": recipe}
    if architecture.model_type == "gpt2":
        options["target_modules"] = ("c_attn",) if method == "lora" else ()
    found = lines(step(architecture, method, **options)["at the loss"])
    assert found["last norm and input of the head"] == each * N


@pytest.mark.parametrize(
    ("method", "recipe", "frozen", "activation", "residual"),
    [
        ("lora", "bf16", 2, 2, 2),
        ("lora", "bf16-master", 2, 2, 2),
        ("lora", "bf16-amp", 4, 2, 4),
        ("lora", "fp16-amp", 4, 2, 4),
        ("lora", "fp32", 4, 4, 4),
        ("qlora", "bf16", 2, 2, 2),
        ("qlora", "bf16-amp", 2, 2, 2),
        ("qlora", "fp32", 2, 4, 2),
    ],
)
def test_widths_follow_from_recipe_and_method(
    method: str, recipe: str, frozen: int, activation: int, residual: int
) -> None:
    """A 4-bit model's rest is in 16 bit whatever the recipe; autocast keeps the hidden state in fp32."""
    training = load(method, recipe=recipe)
    assert (frozen_bytes(training), activation_bytes(training), residual_bytes(training)) == (
        frozen,
        activation,
        residual,
    )
