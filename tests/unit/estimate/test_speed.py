"""Decoding speed: three terms, a range, and silence where something is unknown."""

from dataclasses import replace

import pytest

from llmfit.catalog import load_catalog
from llmfit.estimate.speed import estimate_speed, step_seconds, why_no_speed
from llmfit.records.workload import EngineOptions
from support.speeds import ENGINE, GPU, Q4, architecture, device, estimate, workload


def test_three_terms_add_up() -> None:
    """Seconds are bytes over bandwidth, operations over compute, and launches."""
    seconds = step_seconds(architecture(), workload(format=Q4), gpu=GPU, weights_bytes=2_250_000)
    read = 2_250_000 + 800_000
    assert seconds == pytest.approx(read / (0.5 * 100e9) + 4 * 4_000_000 / 10e12 + 2 * 0.001 + 0.002)


def test_floats_need_no_unpacking() -> None:
    """A 16-bit format takes no operations, so that unknown compute does not matter."""
    unknown = replace(GPU, fp32_tflops=None)
    assert step_seconds(architecture(), workload(), gpu=unknown, weights_bytes=8_000_000) is not None
    assert step_seconds(architecture(), workload(format=Q4), gpu=unknown, weights_bytes=2_250_000) is None


def test_the_answer_is_a_range_with_a_basis() -> None:
    """Low and high are the engine's measured spread around the typical speed."""
    speed = estimate_speed(architecture(), workload(), device=device(GPU), estimate=estimate())
    assert speed is not None
    assert speed.low == pytest.approx(0.8 * speed.typical)
    assert speed.high == pytest.approx(1.25 * speed.typical)
    assert "100 GB/s" in speed.basis
    assert speed.prefill == pytest.approx(0.5 * 20e12 / (2 * 4_000_000))


def test_the_slowest_card_decides() -> None:
    """Of two cards, the one with less bandwidth sets the pace, whichever comes first."""
    slow = replace(GPU, bandwidth_gbps=50.0)
    both = estimate_speed(architecture(), workload(), device=device(GPU, slow), estimate=estimate())
    turned = estimate_speed(architecture(), workload(), device=device(slow, GPU), estimate=estimate())
    same = estimate_speed(architecture(), workload(), device=device(slow, slow), estimate=estimate())
    assert both == turned == same


def test_layers_on_several_cards_run_one_card_at_a_time() -> None:
    """llama.cpp spreads whole layers: a step takes as long as on one card, and a crossing from each to the next."""
    one = estimate_speed(architecture(), workload(), device=device(GPU), estimate=estimate())
    four = estimate_speed(architecture(), workload(), device=device(*[GPU] * 4), estimate=estimate())
    assert one is not None
    assert four is not None
    assert 1 / four.typical == pytest.approx(1 / one.typical + 3 * 0.0005)
    assert "100 GB/s of one GPU at a time" in four.basis
    assert "one GPU" not in one.basis


def test_transformers_counts_no_crossings() -> None:
    """Its steps are bound by Python's launches, in which a crossing was not seen."""
    load = workload(engine=replace(ENGINE, id="transformers"))
    one = step_seconds(architecture(), load, gpu=GPU, weights_bytes=8_000_000)
    assert step_seconds(architecture(), load, gpu=GPU, weights_bytes=8_000_000, gpus=2) == one


def test_divided_layers_are_read_by_all_cards_at_once() -> None:
    """Layers that vLLM divides: two cards read twice as fast, less what joining them costs; launches stay."""
    load = workload(engine=replace(ENGINE, id="vllm"), format=Q4)
    one = estimate_speed(architecture(), load, device=device(GPU), estimate=estimate(2_250_000))
    two = estimate_speed(architecture(), load, device=device(GPU, GPU), estimate=estimate(2_250_000))
    assert one is not None
    assert two is not None
    assert 1 / two.typical - 0.004 == pytest.approx((1 / one.typical - 0.004) / (2 * 0.6))
    assert two.basis.startswith("2 × 100 GB/s, vllm")
    assert one.prefill is not None
    assert two.prefill == pytest.approx(2 * one.prefill)


def test_cards_that_do_not_divide_the_heads_are_not_read() -> None:
    """Of three cards, vLLM uses the two that divide ten heads."""
    load = workload(engine=replace(ENGINE, id="vllm"))
    two = estimate_speed(architecture(), load, device=device(GPU, GPU), estimate=estimate())
    three = estimate_speed(architecture(), load, device=device(GPU, GPU, GPU), estimate=estimate())
    assert two is not None
    assert three is not None
    assert three.typical == two.typical


@pytest.mark.parametrize("name", ["bandwidth_share_gddr", "unpack_gguf_flops_per_weight"])
def test_a_figure_that_stands_in_is_named(name: str) -> None:
    """The basis says so where nobody measured such a run."""
    constants = tuple(replace(c, own=c.name != name) for c in ENGINE.constants)
    load = workload(engine=replace(ENGINE, constants=constants), format=Q4)
    speed = estimate_speed(architecture(), load, device=device(GPU), estimate=estimate(2_250_000))
    assert speed is not None
    assert speed.basis.endswith("nobody measured Q4_0 on such memory")
    known = estimate_speed(architecture(), workload(format=Q4), device=device(GPU), estimate=estimate(2_250_000))
    assert known is not None
    assert known.basis == "100 GB/s, llama.cpp, 1000 tokens in the cache"


def test_kernels_reach_another_share_of_stacked_memory() -> None:
    """HBM has its own share."""
    stacked = replace(GPU, memory_type="HBM3")
    fast = step_seconds(architecture(), workload(), gpu=GPU, weights_bytes=8_000_000)
    slow = step_seconds(architecture(), workload(), gpu=stacked, weights_bytes=8_000_000)
    assert fast is not None
    assert slow is not None
    assert slow > fast


@pytest.mark.parametrize(
    "unknown",
    [
        {"device": device(replace(GPU, bandwidth_gbps=None))},
        {"device": device()},
        {"architecture": architecture(is_encoder_only=True)},
        {"workload": workload(engine=replace(ENGINE, constants=()))},
        {"workload": workload(options=EngineOptions(n_gpu_layers=1))},
        {"workload": workload(options=EngineOptions(n_cpu_moe=1))},
        {"workload": workload(engine=replace(ENGINE, id="transformers")), "architecture": architecture(num_experts=8)},
    ],
    ids=["no bandwidth", "no card", "encoder", "no constants", "layers in RAM", "experts in RAM", "looped experts"],
)
def test_unknown_speed_is_absent(unknown: dict[str, object]) -> None:
    """No bandwidth, no constants, or part of the model in RAM: there is no speed, rather than a guess."""
    known: dict[str, object] = {"architecture": architecture(), "workload": workload(), "device": device(GPU)}
    asked = known | unknown
    speed = estimate_speed(
        asked["architecture"],  # type: ignore[arg-type]  # chosen by name above
        asked["workload"],  # type: ignore[arg-type]  # chosen by name above
        device=asked["device"],  # type: ignore[arg-type]  # chosen by name above
        estimate=estimate(),
    )
    assert speed is None


def test_prefill_is_absent_where_compute_is_unknown() -> None:
    """Decoding needs bandwidth alone; prefill needs the 16-bit rate."""
    speed = estimate_speed(
        architecture(), workload(), device=device(replace(GPU, fp16_tflops=None)), estimate=estimate()
    )
    assert speed is not None
    assert speed.prefill is None


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ({"device": device()}, "there is no GPU"),
        ({"architecture": architecture(is_encoder_only=True)}, "such a model writes no tokens"),
        ({"workload": workload(options=EngineOptions(n_gpu_layers=1))}, "part of the model in RAM"),
        ({"workload": workload(options=EngineOptions(n_cpu_moe=1))}, "part of the model in RAM"),
        (
            {
                "workload": workload(engine=replace(ENGINE, id="transformers")),
                "architecture": architecture(num_experts=8),
            },
            "transformers runs experts",
        ),
        ({"device": device(replace(GPU, bandwidth_gbps=None))}, "no bandwidth is known of card"),
        ({"workload": workload(engine=replace(ENGINE, constants=()))}, "nobody measured llama.cpp with f16 on cuda"),
        (
            {"workload": workload(format=Q4), "device": device(replace(GPU, fp32_tflops=None))},
            "no compute rate is known of card",
        ),
        ({}, ""),
    ],
    ids=["no card", "encoder", "layers", "experts in RAM", "looped", "bandwidth", "constants", "compute", "known"],
)
def test_a_missing_speed_has_its_reason(unknown: dict[str, object], why: str) -> None:
    """Wherever there is no speed there is a reason, and none where there is one."""
    known: dict[str, object] = {"architecture": architecture(), "workload": workload(), "device": device(GPU)}
    asked = known | unknown
    reason = why_no_speed(
        asked["architecture"],  # type: ignore[arg-type]  # chosen by name above
        asked["workload"],  # type: ignore[arg-type]  # chosen by name above
        device=asked["device"],  # type: ignore[arg-type]  # chosen by name above
    )
    assert why in reason
    assert bool(reason) is bool(why)


def test_an_embedder_has_no_speed_whatever_it_is_built_of() -> None:
    """Even a decoder that answers with a vector writes nothing."""
    reason = why_no_speed(architecture(), workload(), device=device(GPU), writes=False)
    assert reason == "such a model writes no tokens"


def test_a_mixture_on_vllm_is_named_as_unmeasured() -> None:
    """All of its rows are of dense models; llama.cpp's are of both."""
    mixture = architecture(num_experts=8)
    for engine, said in ((replace(ENGINE, id="vllm"), True), (ENGINE, False)):
        load = workload(engine=engine)
        speed = estimate_speed(mixture, load, device=device(GPU), estimate=estimate())
        assert speed is not None
        assert ("nobody measured mixtures" in speed.basis) is said


def test_every_format_of_vllm_has_a_speed_on_its_platform() -> None:
    """On CUDA there is a figure for each family that vLLM runs, own or standing in."""
    catalog = load_catalog(user_file=None)
    engine, heads = catalog.engine("vllm"), architecture()
    for form in catalog.formats.values():
        if "vllm" in form.engines:
            load = workload(engine=engine, format=form)
            assert why_no_speed(heads, load, device=device(GPU)) == "", form.id


def test_all_layers_are_on_the_card_from_one_more_than_there_are() -> None:
    """llama.cpp counts the output as the last layer: of two layers and it, two leave one in RAM."""
    for wanted, on_card in ((0, False), (2, False), (3, True), (99, True), (-1, True)):
        load = workload(options=EngineOptions(n_gpu_layers=wanted))
        found = estimate_speed(architecture(), load, device=device(GPU), estimate=estimate())
        assert (found is not None) is on_card, wanted


def test_the_card_without_a_bandwidth_decides_among_several() -> None:
    """One unknown card leaves the speed of all unknown, wherever it stands."""
    unknown = replace(GPU, name="other", bandwidth_gbps=None)
    for cards in ((GPU, unknown), (unknown, GPU)):
        assert estimate_speed(architecture(), workload(), device=device(*cards), estimate=estimate()) is None
        reason = why_no_speed(architecture(), workload(), device=device(*cards))
        assert reason == "no bandwidth is known of other; name the card with --gpu"
