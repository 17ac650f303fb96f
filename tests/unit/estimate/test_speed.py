"""Decoding speed: three terms, a range, and silence where something is unknown."""

from dataclasses import replace

import pytest

from llmfit.catalog import load_catalog
from llmfit.estimate.speed import estimate_speed, read_per_step, step_seconds, why_no_speed
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section, Tensor
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import Constant, Engine
from llmfit.records.estimate import Estimate, Part, PartName
from llmfit.records.format import BlockLayout, Format, KvFormat
from llmfit.records.workload import EngineOptions, Workload

GIB = 1024**3
LAYERS = (0, 1)


def constant(name: str, value: float) -> Constant:
    """Make a constant of which only the value matters."""
    return Constant(
        name=name, engine="llama.cpp", value=value, low=value, high=value, version="1", source="made up", checked="2026"
    )


ENGINE = Engine(
    id="llama.cpp",
    version="1",
    constants=(
        constant("bandwidth_share_gddr", 0.5),
        constant("bandwidth_share_hbm", 0.25),
        constant("unpack_gguf_flops_per_weight", 4.0),
        constant("launch_seconds_per_layer", 0.001),
        constant("step_seconds", 0.002),
        constant("speed_range_low_ratio", 0.8),
        constant("speed_range_high_ratio", 1.25),
        constant("prefill_compute_share", 0.5),
        constant("crossing_seconds", 0.0005),
        constant("parallel_share", 0.6),
    ),
)
F16 = Format(id="f16", family="float", precision="fp16", engines=("llama.cpp",), nominal_bits=16.0)
Q4 = Format(
    id="Q4_0",
    family="gguf",
    precision="int4",
    engines=("llama.cpp",),
    nominal_bits=4.5,
    layouts=(BlockLayout(name="Q4_0", block_size=32, block_bytes=18),),
)
KV_F16 = KvFormat(id="f16", block_size=1, block_bytes=2, engines=("llama.cpp",))
GPU = DeviceGpu(
    name="card", total_bytes=8 * GIB, bandwidth_gbps=100.0, memory_type="GDDR6", fp32_tflops=10.0, fp16_tflops=20.0
)


def architecture(**changes: object) -> Architecture:
    """Make a model of 5 M weights: an untied table of 1 M, a head of 1 M, and 3 M in two layers."""
    made = Architecture(
        model_type="made-up",
        hidden_size=1000,
        num_hidden_layers=2,
        vocab_size=1000,
        num_attention_heads=10,
        num_key_value_heads=10,
        head_dim=100,
        intermediate_size=1500,
        gated_mlp=False,
        tied_embeddings=False,
        context_length=4096,
        tensors=(
            Tensor(Role.EMBEDDING, "embed_tokens", (1000, 1000)),
            Tensor(Role.MLP_UP, "up_proj", (1500, 1000), layers=LAYERS),
            Tensor(Role.HEAD, "lm_head", (1000, 1000)),
        ),
        caches=(Cache(CacheKind.FULL, LAYERS, key_elements=100, value_elements=100, heads=10),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields by keyword


def workload(**changes: object) -> Workload:
    """Make a load whose context is half filled with 1,000 tokens."""
    made = Workload(engine=ENGINE, format=F16, kv_format=KV_F16, context=2000)
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields by keyword


def device(*gpus: DeviceGpu) -> Device:
    """Make a machine of these cards."""
    return Device(gpus=gpus)


def estimate(weights: int = 8_000_000) -> Estimate:
    """Make an estimate of which only the weights matter."""
    return Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=weights),))


def test_reads_weights_and_cache_but_not_the_input_table() -> None:
    """One step reads the layers, the head, and the cache of half the context."""
    read, touched = read_per_step(architecture(), workload(), 8_000_000)
    assert touched == 4_000_000
    assert read == 8_000_000 + 2 * 200 * 1000 * 2


def test_an_encoder_is_not_read_to_decode() -> None:
    """A token of the answer passes the decoder alone, though the encoder lies beside it."""
    encoder = Tensor(Role.MLP_UP, "wi", (2000, 1000), layers=LAYERS, section=Section.ENCODER)
    model = architecture(tensors=(*architecture().tensors, encoder), is_encoder_decoder=True, caches=())
    read, touched = read_per_step(model, workload(), 16_000_000)
    assert (read, touched) == (8_000_000, 4_000_000)


@pytest.mark.parametrize(("images", "weights"), [(0, 8_000_000), (1, 12_000_000)])
def test_a_vision_tower_is_never_read_to_decode(images: int, weights: int) -> None:
    """llama.cpp loads it for images alone; either way a step reads the language model."""
    tower = Tensor(Role.MLP_UP, "fc1", (2000, 1000), section=Section.VISION)
    model = architecture(tensors=(*architecture().tensors, tower), caches=())
    assert read_per_step(model, workload(images=images), weights) == (8_000_000, 4_000_000)


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


def test_a_sliding_window_is_read_only_as_far_as_it_reaches() -> None:
    """A window of 100 tokens reads 100, however long the context."""
    window = Cache(CacheKind.SLIDING, LAYERS, key_elements=100, value_elements=100, heads=10, window=100)
    read, _ = read_per_step(architecture(caches=(window,)), workload(), 0)
    assert read == 2 * 200 * 100 * 2


def test_a_state_is_read_and_written() -> None:
    """A recurrent state costs twice its size, independent of the context."""
    state = Cache(CacheKind.STATE, LAYERS, conv_elements=10, recurrent_elements=100)
    read, _ = read_per_step(architecture(caches=(state,)), workload(), 0)
    assert read == 2 * (10 * 2 + 100 * 4) * 2


def test_several_sequences_wake_more_experts() -> None:
    """Two sequences read fewer than twice the experts of one, since some coincide."""
    experts = Tensor(Role.EXPERT_UP, "experts.up_proj", (100, 100), layers=LAYERS, copies=8, active_copies=2)
    model = architecture(tensors=(experts,), num_experts=8, num_experts_per_tok=2, tied_embeddings=True)
    _, one = read_per_step(model, workload(), 0)
    _, two = read_per_step(model, workload(sequences=2), 0)
    _, many = read_per_step(model, workload(sequences=200), 0)
    assert one == experts.active_parameters
    assert one < two < 2 * one
    assert many == experts.parameters


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
