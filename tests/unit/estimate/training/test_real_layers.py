"""Layers that a plain Llama has not: latents, recurrent mixers, next-token layers."""

import re

import pytest

from llmfit.architectures import describe
from llmfit.errors import UsageError
from llmfit.estimate.overhead import estimate_overhead
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.bases import base_lines
from llmfit.estimate.training.saved import is_wide_norm, saved_terms
from llmfit.records.architecture import Architecture
from support.formulas import value_of
from support.loads import make_architecture, make_load
from support.ranking import built_in
from support.training import llama, load


def described(name: str) -> Architecture:
    """Return a model of the catalog."""
    return describe(built_in().models[name].architecture)


def kept(name: str, module: str) -> set[int]:
    """Return the bytes a token that an adapter's run keeps of the modules of this name."""
    training = load("lora", target_modules=("all-linear",))
    return {term.bytes for term in saved_terms(described(name), training) if term.label == module}


def test_a_norm_of_heads_is_as_wide_as_all_of_them_and_one_of_a_latent_as_the_latent() -> None:
    """RMSNorm keeps 4 bytes an element: of 32 query and 8 key heads of 128, of a latent of 512."""
    assert kept("Qwen/Qwen3-8B", "q_norm") == {4 * 32 * 128}
    assert kept("Qwen/Qwen3-8B", "k_norm") == {4 * 8 * 128}
    assert kept("deepseek-ai/DeepSeek-V2", "kv_a_layernorm") == {4 * 512}


def test_a_recurrent_mixer_keeps_both_of_its_projections() -> None:
    """In and out, twice their wider side in 16 bit."""
    model = described("state-spaces/mamba-2.8b-hf")
    shapes = {t.module: max(t.shape) for t in model.tensors if t.module in {"in_proj", "out_proj"}}
    for module, wide in shapes.items():
        assert kept("state-spaces/mamba-2.8b-hf", module) == {2 * 2 * wide}
    assert len(shapes) == 2


@pytest.mark.parametrize("name", ["deepseek-ai/DeepSeek-V3", "Qwen/Qwen3-8B", "openai/gpt-oss-20b"])
def test_a_quantised_model_is_every_parameter_once_and_no_next_token_layer(name: str) -> None:
    """Those in 4 bit and those in 16 bit are all of the model as it runs."""
    model = described(name)
    lines = base_lines(model, load("qlora"))
    counted = [
        int(match[1].replace(",", "")) for line in lines if (match := re.match(r"([\d,]+) parameters", line.formula))
    ]
    assert sum(counted) == model.parameters
    assert "× 4.127 bit / 8" in lines[0].formula
    assert value_of(lines[0].formula) == pytest.approx(lines[0].bytes, rel=1e-3)  # four figures of the bits


@pytest.mark.parametrize(("version", "old"), [("4.37", True), ("4.37.2", True), ("4.38", False), (None, False)])
def test_contexts_were_larger_up_to_torch_2_1(version: str | None, old: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Of the time of transformers 4.37."""
    part = estimate_overhead(make_architecture(), make_load("transformers", engine_version=version), explain=True)
    assert ("old context" in {line.label for line in part.lines}) is old


@pytest.mark.parametrize(
    ("model_type", "wide"),
    [
        ("gemma3", True),
        ("t5gemma", True),
        ("recurrent_gemma", True),
        ("shieldgemma2", True),
        ("olmo2", True),
        ("olmo3", True),
        ("olmo", False),
        ("llama", False),
    ],
)
def test_families_whose_norm_multiplies_in_fp32(model_type: str, wide: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Their product with a trained weight is kept in fp32."""
    assert is_wide_norm(make_architecture(model_type=model_type)) is wide


@pytest.mark.parametrize(("many", "valid"), [(0, False), (1, True), (4, True), (5, False)])
def test_as_many_layers_train_as_there_are(many: int, valid: bool) -> None:  # noqa: FBT001 - a column of the table above
    """At least one, at most all."""
    training = load("freeze", trainable_layers=many)
    if valid:
        assert estimate_training(llama(), training).total_bytes > 0
        return
    with pytest.raises(UsageError, match="has 4 layers to train"):
        estimate_training(llama(), training)
