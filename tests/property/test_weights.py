"""Laws of the account of weights."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmfit.estimate.weights import estimate_weights, stored_bytes, weights_by_layer
from llmfit.estimate.weights.gguf_rules import SCHEMES
from llmfit.records.architecture import Architecture
from support.formats import load_formats, make_workload
from support.weights import make_decoder

RUNS = [(f.id, engine) for f in load_formats().values() for engine in f.engines if f.family not in ("mxfp4", "awq")]
RUNS = [run for run in RUNS if run[0] != "MXFP4_MOE"]


@st.composite
def decoders(draw: st.DrawFn, *, plain: bool = False) -> Architecture:
    """A Llama or a Mixtral of any width that a format can divide.

    A plain one has no experts and no rows that fall back to another type.
    """
    heads = draw(st.sampled_from([2, 4, 8]))
    values: dict[str, Any] = {
        "h": draw(st.sampled_from([256, 512, 1024] if plain else [128, 256, 512, 896, 1024])),
        "inter": draw(st.sampled_from([256, 1024, 4864] if plain else [256, 384, 1024])),
        "vocab": draw(st.integers(1, 4000)),
        "n": draw(st.integers(1, 90)),
        "heads": heads,
        "kv_heads": draw(st.sampled_from([1, 2, heads])),
        "tied": draw(st.booleans()),
        "experts": 0 if plain else draw(st.sampled_from([0, 8, 16])),
    }
    return make_decoder(model_type="mixtral" if values["experts"] else "llama", **values)


@settings(max_examples=40, deadline=None)
@given(decoders(), st.sampled_from(RUNS))
def test_the_whole_is_the_sum_of_its_lines(model: Architecture, run: tuple[str, str]) -> None:
    """The part is the sum of its lines, and of its layers and the rest."""
    workload = make_workload(*run)
    part, host = estimate_weights(model, workload)
    by_layer = weights_by_layer(model, workload)
    assert part.bytes == sum(line.bytes for line in part.lines) == by_layer.total
    assert host == by_layer.input


@settings(max_examples=40, deadline=None)
@given(decoders(), st.sampled_from(sorted(SCHEMES)))
def test_every_weight_is_stored_once(model: Architecture, scheme: str) -> None:
    """A file takes between one bit and 32 bits a parameter, and is no larger than its 16-bit form."""
    if scheme == "MXFP4_MOE":
        return
    size = stored_bytes(model, make_workload(scheme))
    assert model.parameters < 8 * size <= 32 * model.parameters
    if scheme not in ("F32", "F16", "BF16"):
        assert size <= stored_bytes(model, make_workload("F16"))


@settings(max_examples=40, deadline=None)
@given(decoders(plain=True))
def test_more_bits_take_more_bytes(model: Architecture) -> None:
    """Schemes of one kind grow with their bits, in models without exceptions."""
    for ladder in (
        ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "F32"),
        ("Q3_K_S", "Q3_K_M", "Q3_K_L"),
        ("Q4_K_S", "Q4_K_M"),
        ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M"),
    ):
        sizes = [stored_bytes(model, make_workload(scheme)) for scheme in ladder]
        assert sizes == sorted(sizes)


@settings(max_examples=40, deadline=None)
@given(decoders(), st.sampled_from(["Q4_K_M", "Q8_0", "IQ2_XS"]), st.integers(0, 100), st.integers(0, 100))
def test_offloading_moves_bytes_and_loses_none(model: Architecture, scheme: str, ngl: int, moe: int) -> None:
    """Device and RAM hold the file together, a tied head on the device twice; more layers never take less."""
    workload = make_workload(scheme, n_gpu_layers=ngl, n_cpu_moe=moe)
    part, host = estimate_weights(model, workload)
    tied = weights_by_layer(model, workload).tied if ngl else 0
    assert part.bytes + host == stored_bytes(model, workload) + tied
    more, _ = estimate_weights(model, make_workload(scheme, n_gpu_layers=ngl + 1, n_cpu_moe=moe))
    assert more.bytes >= part.bytes
    fewer, _ = estimate_weights(model, make_workload(scheme, n_gpu_layers=ngl, n_cpu_moe=moe + 1))
    assert fewer.bytes <= part.bytes


@settings(max_examples=40, deadline=None)
@given(decoders(), st.sampled_from(RUNS), st.integers(1, 10_000))
def test_context_and_sequences_do_not_matter(model: Architecture, run: tuple[str, str], context: int) -> None:
    """Weights are the same however much is asked of them."""
    assert estimate_weights(model, make_workload(*run, context=context)) == estimate_weights(model, make_workload(*run))
