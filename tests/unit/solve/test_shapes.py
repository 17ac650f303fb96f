"""Which ways of dividing a model vLLM accepts."""

from dataclasses import replace
from functools import cache

import pytest

from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.records.architecture import Architecture
from llmfit.records.workload import Workload
from llmfit.solve.shapes import divided, refusals, shape_problems, shaped, shapes
from llmfit.words import device_of


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def architecture(name: str = "Qwen/Qwen3-8B") -> Architecture:
    """Return a model's architecture: 32 heads, 8 KV heads, 12,288 columns unless another is named."""
    return describe(catalog().model(name).architecture)


def load(format_: str = "bf16") -> Workload:
    """Return a load on vLLM."""
    known = catalog()
    return Workload(
        engine=known.engines["vllm"], format=known.format(format_), kv_format=known.kv_format("f16"), context=4096
    )


def reasons(tensor: int, *, format_: str = "bf16", pipeline: int = 1, **changes: int) -> str:
    """Return every refusal in one text."""
    changed = replace(architecture(), **changes)  # type: ignore[arg-type]  # each is a number of the architecture
    return "; ".join(one.message for one in refusals(changed, catalog().format(format_), tensor, pipeline))


@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_divisors_of_the_heads_are_accepted(tensor: int) -> None:
    """Powers of two divide everything in a usual model."""
    assert reasons(tensor) == ""
    assert reasons(tensor, format_="awq-int4") == ""


def test_heads_have_to_divide() -> None:
    """Three GPUs cannot share 32 heads."""
    assert "32 attention heads cannot be divided among 3 GPUs" in reasons(3)


def test_kv_heads_divide_or_repeat() -> None:
    """More GPUs than KV heads copy them; numbers that do neither are refused."""
    assert reasons(16) == ""
    assert "6 KV heads can be neither divided among 4 GPUs nor copied" in reasons(4, num_key_value_heads=6)


def test_a_latent_has_no_heads_to_divide() -> None:
    """Multi-head latent attention is not refused for its KV heads."""
    latent = replace(architecture(), num_key_value_heads=6, extra={"kv_lora_rank": 512})
    assert list(refusals(latent, catalog().format("bf16"), 4, 1)) == []


def test_the_vocabulary_is_padded_to_64() -> None:
    """50,257 rows become 50,304, which 2 divides and 256 does not."""
    assert reasons(2, vocab_size=50_257) == ""
    assert "50304 rows" in reasons(256, vocab_size=50_257, num_attention_heads=256)


def test_groups_of_a_quantised_format_stay_whole() -> None:
    """11,008 columns in 4 parts of 2,752 cut groups of 128; the same in 16 bit is fine."""
    assert "cut groups of 128 weights" in reasons(4, format_="gptq-int4", intermediate_size=11_008)
    assert reasons(4, intermediate_size=11_008) == ""


def test_layers_have_to_go_round() -> None:
    """There are no more groups of GPUs than layers."""
    assert "36 layers cannot be divided among 40" in reasons(1, pipeline=40)


def test_shapes_use_exactly_the_gpus_there_are() -> None:
    """Six GPUs: 6x1, 3x2, 2x3 and 1x6, each with its refusals."""
    found = shapes(architecture(), load(), gpus=6)
    assert [(one.tensor_parallel, one.pipeline_parallel) for one in found] == [(6, 1), (3, 2), (2, 3), (1, 6)]
    assert [bool(one.problems) for one in found] == [True, True, False, False]
    assert {one.gpus for one in found} == {6}


def test_a_load_is_divided_in_the_first_accepted_shape() -> None:
    """Three GPUs hold a model in three groups of layers; a load that says how is left alone."""
    device = device_of(catalog(), gpu=["3x L4"])
    options = divided(architecture(), load(), device).options
    assert (options.tensor_parallel, options.pipeline_parallel) == (1, 3)
    asked = shaped(load(), shapes(architecture(), load(), gpus=2)[0])
    assert divided(architecture(), asked, device) == asked


def test_problems_name_what_is_missing() -> None:
    """More GPUs than there are, and a card without bf16, are problems of the load on this device."""
    one = device_of(catalog(), gpu=["Tesla T4"])
    two = shaped(load(), shapes(architecture(), load(), gpus=2)[0])
    messages = [problem.message for problem in shape_problems(architecture(), two, one)]
    assert messages[0].endswith("needs 2 GPUs, there are 1")
    assert any("has no bf16" in message for message in messages)
    assert shape_problems(architecture(), load("f16"), one) == ()
