"""Figures that the project started from: they must come out."""

import pytest

from llmfit.architectures import describe
from llmfit.estimate import estimate
from llmfit.estimate.kv_cache import estimate_kv_cache
from llmfit.fit import fit
from llmfit.records.architecture import Architecture, Role, Tensor
from llmfit.records.estimate import PartName, Verdict
from support.loads import GIB, make_architecture, make_device, make_load

GB = 10**9
LLAMA_7B = describe(
    {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": False,
    }
)
T4 = make_device(15.0, compute="sm_75")
A10G = make_device(22.5, compute="sm_86")


def of_size(billions: float) -> Architecture:
    """Return a model whose parameters are all in linear layers."""
    rows = round(billions * 1e9 / 4096)
    layers = (0, 1, 2, 3)
    return make_architecture(
        vocab_size=1, tensors=(Tensor(Role.MLP_UP, "up_proj", (rows // 4, 4096), layers),), hidden_size=4096
    )


@pytest.mark.parametrize(("format_name", "gigabytes"), [("f32", 4.0), ("bf16", 2.0), ("int8", 1.0)])
def test_a_billion_parameters(format_name: str, gigabytes: float) -> None:
    """4 GB in fp32, 2 in fp16, 1 in int8 and its scales."""
    found = estimate(of_size(1), make_load("transformers", format_name, context=1))
    assert found.part_bytes(PartName.WEIGHTS) / GB == pytest.approx(gigabytes, rel=0.01)


@pytest.mark.parametrize(("format_name", "billions"), [("f32", 1.5), ("bf16", 3.0), ("int8", 6.0)])
def test_weights_that_fill_an_rtx_2060(format_name: str, billions: float) -> None:
    """6 GB hold the weights of 1.5 B, 3 B and 6 B parameters: and nothing beside them."""
    weights = estimate(of_size(billions), make_load("transformers", format_name, context=1)).part_bytes(
        PartName.WEIGHTS
    )
    assert 0.9 * 6 * GIB < weights < 6 * GIB


@pytest.mark.parametrize(("format_name", "billions"), [("f32", 1.5), ("bf16", 3.0), ("int8", 6.0)])
def test_less_fits_once_the_context_has_its_share(format_name: str, billions: float) -> None:
    """With CUDA's context the same models are no longer said to fit."""
    found = estimate(of_size(billions), make_load("transformers", format_name, context=512))
    assert fit(found, make_device(6)).verdict is not Verdict.FITS
    smaller = estimate(of_size(billions * 0.75), make_load("transformers", format_name, context=512))
    assert fit(smaller, make_device(6)).verdict in (Verdict.FITS, Verdict.TIGHT)


def test_a_7b_takes_about_14_gb() -> None:
    """6.7 B parameters in 16 bit, with a short context."""
    found = estimate(LLAMA_7B, make_load("transformers", "f16", context=512), device=T4)
    assert LLAMA_7B.parameters == 6_738_415_616
    assert found.part_bytes(PartName.WEIGHTS) / GB == pytest.approx(13.5, abs=0.1)
    assert found.total_bytes / GB == pytest.approx(14.5, abs=0.3)


def test_a_7b_runs_on_a_t4_with_a_short_context() -> None:
    """16 GB of the box are 15.0 GiB: tight, not too large."""
    found = estimate(LLAMA_7B, make_load("transformers", "f16", context=512), device=T4)
    assert fit(found, T4).verdict in (Verdict.FITS, Verdict.TIGHT)


def test_long_sequences_at_once_stop_a_7b_on_a_t4() -> None:
    """Four sequences of 2,048 tokens need 4 GiB of cache more."""
    found = estimate(LLAMA_7B, make_load("transformers", "f16", context=2048, sequences=4), device=T4)
    assert fit(found, T4).verdict is Verdict.TOO_LARGE


def test_an_a10g_is_comfortable() -> None:
    """24 GB of the box: the same model fits with 2,048 tokens and two sequences."""
    found = estimate(LLAMA_7B, make_load("transformers", "f16", context=2048, sequences=2), device=A10G)
    assert fit(found, A10G).verdict is Verdict.FITS


@pytest.mark.parametrize("kv_heads", [8, 4, 2, 1])
def test_shared_heads_shrink_the_cache(kv_heads: int) -> None:
    """GQA by heads / KV heads, MQA to one head."""
    load = make_load("transformers", context=1000)
    full, shared = (
        estimate_kv_cache(make_architecture(num_key_value_heads=heads), load).bytes for heads in (8, kv_heads)
    )
    assert full == shared * 8 // kv_heads


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_returned_sequences_multiply_the_cache(count: int) -> None:
    """`num_return_sequences` is as many caches."""
    one, many = (
        estimate_kv_cache(LLAMA_7B, make_load("transformers", context=700, sequences=n)).bytes for n in (1, count)
    )
    assert many == count * one
