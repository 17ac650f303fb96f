"""What a load leaves on the fullest GPU, and which part decides."""

from functools import cache

import pytest

from llmfit.answers.words import device_of
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.fit import ROOMY, fit, shares
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import PartName, Verdict
from llmfit.records.workload import EngineOptions, Workload
from llmfit.solve.changes import Alternatives, smaller_formats, solve_changes
from llmfit.solve.judge import judge, with_context
from llmfit.solve.share import utilization

GIB = 2**30


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


@cache
def architecture() -> Architecture:
    """Return that of Qwen3-8B."""
    return describe(catalog().model("Qwen/Qwen3-8B").architecture)


def load(engine: str = "llama.cpp", format_: str = "Q4_K_M", *, context: int = 8192, **options: object) -> Workload:
    """Return a load of one sequence."""
    known = catalog()
    return Workload(
        engine=known.engines[engine],
        format=known.format(format_),
        kv_format=known.kv_format("f16"),
        context=context,
        options=EngineOptions(**options),  # type: ignore[arg-type]  # each is an option of its own type
    )


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers"])
@pytest.mark.parametrize("vram", [4, 6, 8, 12, 24])
def test_it_runs_where_the_verdict_says_so(engine: str, vram: int) -> None:
    """Without a headroom and an engine's own limit, the margin and the verdict agree."""
    format_ = "Q4_K_M" if engine == "llama.cpp" else "nf4"
    device = device_of(catalog(), vram=vram)
    found = judge(architecture(), load(engine, format_), device=device)
    verdict = fit(found.estimate, device).verdict
    assert found.runs == (verdict in {Verdict.FITS, Verdict.TIGHT})
    needed, usable = shares(found.estimate, device)[0]
    assert found.tightest.margin == usable - needed


def test_headroom_is_taken_from_what_is_usable() -> None:
    """A tenth of the card less, or a number of bytes, whichever is more."""
    device = device_of(catalog(), vram=12)
    plain = judge(architecture(), load(), device=device).tightest
    tenth = judge(architecture(), load(), device=device, headroom=0.1).tightest
    fixed = judge(architecture(), load(), device=device, headroom=0.1, headroom_bytes=3 * GIB).tightest
    assert plain.margin - tenth.margin == pytest.approx(plain.usable / 10, abs=1)
    assert plain.margin - fixed.margin == 3 * GIB


def test_vllm_is_held_to_its_share_of_the_card() -> None:
    """Half of the card leaves half of it, beside what CUDA and its graphs take."""
    device = device_of(catalog(), gpu=["L4"])
    half = judge(architecture(), load("vllm", "awq-int4", gpu_memory_utilization=0.5), device=device)
    engine = catalog().engines["vllm"]
    beside = sum(round(engine.constant(name, "cuda").value) for name in ("context_bytes", "graph_bytes"))
    assert half.tightest.allowed == int(0.5 * device.gpus[0].total_bytes) + beside
    assert half.utilization == 0.5


@pytest.mark.parametrize(("engine", "format_"), [("llama.cpp", "f16"), ("transformers", "bf16"), ("vllm", "bf16")])
def test_a_tenth_of_headroom_is_the_verdict_that_it_fits(engine: str, format_: str) -> None:
    """Both take the tenth of what the engine can use: of vLLM's share, and not of the card."""
    device = device_of(catalog(), gpu=["L4"])
    verdicts = set()
    for context in range(2048, 65_537, 2048):
        found = judge(architecture(), load(engine, format_, context=context), device=device, headroom=ROOMY)
        assert found.runs is (found.fit.verdict is Verdict.FITS)
        assert (found.tightest.usable < found.tightest.card) is (engine == "vllm")
        verdicts.add(found.fit.verdict)
    assert {Verdict.FITS, Verdict.TIGHT} < verdicts


def test_a_small_card_has_less_than_the_default_share_free() -> None:
    """The share is the default where that is free at start, else as many hundredths as are."""
    small, large = device_of(catalog(), vram=6).gpus[0], device_of(catalog(), gpu=["A100 SXM4 80GB"]).gpus[0]
    assert utilization(load("vllm", "awq-int4"), large) == 0.92
    share = utilization(load("vllm", "awq-int4"), small)
    assert 0.7 < share < 0.92
    assert round(share * 100) == pytest.approx(share * 100)


def test_the_part_that_decides_is_the_one_that_passes_the_limit() -> None:
    """On 4 GB the weights decide, on 8 GB with a long context the cache; where it fits, the largest part."""
    long = load(context=32_768)
    assert judge(architecture(), long, device=device_of(catalog(), vram=4)).deciding_part is PartName.WEIGHTS
    assert judge(architecture(), long, device=device_of(catalog(), vram=8)).deciding_part is PartName.KV_CACHE
    assert judge(architecture(), load(), device=device_of(catalog(), vram=24)).deciding_part is PartName.WEIGHTS


def test_too_little_ram_is_no_way_out() -> None:
    """A load with layers in RAM does not run where the RAM cannot hold them."""
    half = load(n_gpu_layers=5)
    assert judge(architecture(), half, device=device_of(catalog(), vram=8, ram=32)).runs
    found = judge(architecture(), half, device=device_of(catalog(), vram=8, ram=2))
    assert not found.runs
    assert found.ram_missing == found.estimate.host_bytes - 2 * GIB


def test_mixed_cards_are_judged_one_by_one() -> None:
    """A large card does not help a small one: the one with the least left decides."""
    device = device_of(catalog(), gpu=["RTX 4090", "RTX 3060 12GB"])
    found = judge(architecture(), load("transformers", "bf16"), device=device)
    margins = [usable - needed for needed, usable in shares(found.estimate, device)]
    assert len(margins) == 2
    assert found.tightest.margin == min(margins)


def test_a_prompt_stays_within_its_context() -> None:
    """A shorter context shortens the prompt with it."""
    known = load()
    asked = Workload(
        engine=known.engine, format=known.format, kv_format=known.kv_format, context=8192, prompt_tokens=6000
    )
    assert with_context(asked, 4096).prompt_tokens == 4096
    assert with_context(asked, 7000).prompt_tokens == 6000
    assert with_context(known, 10).prompt_tokens is None


def test_changes_come_in_the_order_of_what_is_lost() -> None:
    """On 12 GB with eight sequences: context, cache, weights, sequences, card; each says what stays free."""
    known = catalog()
    asked = Workload(
        engine=known.engines["llama.cpp"],
        format=known.format("Q8_0"),
        kv_format=known.kv_format("f16"),
        context=4096,
        sequences=8,
    )
    alternatives = Alternatives(
        formats=tuple(known.formats.values()),
        kv_formats=tuple(known.kv_formats.values()),
        devices=(device_of(known, vram=10), device_of(known, vram=16)),
    )
    changes = solve_changes(architecture(), asked, device=device_of(known, vram=12), alternatives=alternatives)
    kinds = [change.kind for change in changes]
    assert kinds == [kind for kind in ("context", "kv_format", "format", "sequences", "gpu") if kind in kinds]
    assert changes[-1].value == "16 GB GPU"
    assert len(kinds) >= 4, kinds
    assert all(change.margin_bytes >= 0 for change in changes)


def test_what_fits_nowhere_has_no_change() -> None:
    """Without alternatives a model whose weights are too large gets no advice."""
    device = device_of(catalog(), vram=4)
    assert solve_changes(architecture(), load(), device=device, alternatives=Alternatives()) == ()


def test_a_larger_share_is_the_first_way_out() -> None:
    """Where vLLM was told to take too little of the card, the advice is to raise it, and no more than needed."""
    asked = load("vllm", "awq-int4", gpu_memory_utilization=0.3)
    device = device_of(catalog(), gpu=["L4"])
    first = solve_changes(architecture(), asked, device=device, alternatives=Alternatives())[0]
    assert first.setting == "gpu_memory_utilization"
    share = float(first.value)
    assert judge(architecture(), load("vllm", "awq-int4", gpu_memory_utilization=share), device=device).runs
    below = judge(architecture(), load("vllm", "awq-int4", gpu_memory_utilization=share - 0.01), device=device)
    assert not below.runs


def test_advice_stops_where_quality_would() -> None:
    """No format below 3.9 bits is advised, none of another engine, none that needs training."""
    found = smaller_formats(catalog().format("Q8_0"), tuple(catalog().formats.values()), engine="llama.cpp")
    assert found[0].nominal_bits == max(one.nominal_bits for one in found)
    assert min(one.nominal_bits for one in found) >= 3.9
    assert all("llama.cpp" in one.engines and not one.requires_qat for one in found)
