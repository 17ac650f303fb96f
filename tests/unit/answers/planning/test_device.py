"""How far each engine and format go on one device."""

from dataclasses import replace

import pytest

from llmfit.answers.planning import Wanted, plan_device
from llmfit.answers.words import device_of
from llmfit.records.device import Device
from llmfit.records.plan import Variant
from llmfit.records.workload import EngineOptions
from llmfit.solve.judge import judge, with_context
from support.planning import catalog, wanted
from support.terminal import ask


def test_shapes_that_are_refused_are_listed() -> None:
    """Three cards hold a model in groups of layers, and the answer says why not otherwise."""
    (variant,) = plan_device(wanted(), device_of(catalog(), gpu=["3x L4"])).variants
    assert (variant.workload.options.tensor_parallel, variant.workload.options.pipeline_parallel) == (1, 3)
    assert [one.tensor_parallel for one in variant.refused] == [3]
    assert "64 attention heads" in variant.refused[0].reason


def test_plan_says_which_limit_binds(capsys: pytest.CaptureFixture[str]) -> None:
    """A large card ends at what the model can do, a small one at its memory; no row is beyond the model."""
    large = ask(capsys, "plan", "Qwen/Qwen3-8B", "--vram", "80", "--engine", "llama.cpp")
    assert "128k with RoPE scaling" in large.out
    assert "limit: the model" in large.out
    assert "limit: memory" not in large.out
    assert "limit: memory" in ask(capsys, "plan", "Qwen/Qwen3-8B", "--vram", "8", "--engine", "llama.cpp").out


def missing(variant: Variant, asked: Wanted, context: int, *, card: Device, fewest: bool = False) -> int:
    """Return what a context lacks on the card, with one sequence in a step of vLLM or with its default."""
    load = with_context(variant.workload, context)
    load = replace(load, options=EngineOptions(max_num_seqs=1)) if fewest else load
    return -judge(asked.architecture, load, device=card).tightest.margin


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
def test_what_is_missing_is_counted(engine: str) -> None:
    """For the asked context, or for one token where none was asked for; 0 where it fits."""
    card = device_of(catalog(), vram=8)
    words = {"engines": [engine], "sequences": 1}
    (far,) = plan_device(wanted("Qwen/Qwen3-8B", context=30_000, **words), card).variants
    asked = wanted("Qwen/Qwen3-8B", context=30_000, **words)
    assert 0 < far.longest_context < 30_000
    assert far.missing_bytes == missing(far, asked, 30_000, card=card, fewest=engine == "vllm") > 0
    (near,) = plan_device(wanted("Qwen/Qwen3-8B", context=1000, **words), card).variants
    assert near.missing_bytes == 0
    (none,) = plan_device(wanted("Qwen/Qwen3-32B", context=None, **words), card).variants
    assert none.longest_context == 0
    bare = wanted("Qwen/Qwen3-32B", context=None, **words)
    assert none.missing_bytes == missing(none, bare, 1, card=card, fewest=engine == "vllm") > 0
    (free,) = plan_device(wanted("Qwen/Qwen3-8B", context=None, **words), card).variants
    assert (free.longest_context > 0, free.missing_bytes) == (True, 0)


def test_fewer_sequences_in_a_step_are_taken_where_the_default_takes_too_much() -> None:
    """The most with which the asked context fits, else the longest context that any number leaves."""
    card, words = device_of(catalog(), vram=8), {"engines": ["vllm"], "precision": "int4", "sequences": 1}
    found = {
        context: plan_device(wanted("Qwen/Qwen3-8B", context=context, **words), card).variants[0]
        for context in (None, 1024, 4096, 5264, 5265)
    }
    assert {one.longest_context for one in found.values()} >= {5264}
    assert found[5265].longest_context == found[5264].longest_context == 5264
    steps = [found[context].max_num_seqs or 256 for context in (1024, 4096, 5264)]
    assert steps == sorted(steps, reverse=True)
    assert found[1024].missing_bytes == 0
    assert found[5265].missing_bytes > 0
    assert found[None].max_num_seqs is not None
    given = wanted("Qwen/Qwen3-8B", context=4096, options={"max_num_seqs": 256}, **words)
    assert plan_device(given, card).variants[0].longest_context == 0
    assert plan_device(given, card).variants[0].max_num_seqs is None
    roomy = plan_device(wanted("Qwen/Qwen3-8B", context=4096, **words), device_of(catalog(), vram=24)).variants[0]
    assert roomy.max_num_seqs is None


def test_the_share_that_stays_free_counts_for_the_steps_too() -> None:
    """With more to be left free, fewer sequences go into a step."""
    card, words = device_of(catalog(), vram=16), {"engines": ["vllm"], "precision": None, "sequences": 1}
    steps = [
        plan_device(wanted("openai/gpt-oss-20b", context=1024, headroom=share, **words), card).variants[0].max_num_seqs
        for share in (0, 2, 4)
    ]
    assert None not in steps
    assert steps == sorted(steps, key=lambda count: -(count or 0))
    assert steps[0] != steps[-1]


@pytest.mark.parametrize(("engine", "gpus"), [("llama.cpp", "3x L4"), ("transformers", "3x L4"), ("vllm", "L4")])
def test_shapes_are_tried_on_vllm_with_several_gpus_alone(engine: str, gpus: str) -> None:
    """Nothing is divided, so nothing is refused."""
    asked = wanted("Qwen/Qwen3-8B", engines=[engine], context=4096, sequences=1)
    (variant,) = plan_device(asked, device_of(catalog(), gpu=[gpus])).variants
    options = variant.workload.options
    assert (options.tensor_parallel, options.pipeline_parallel, variant.refused) == (1, 1, ())
    assert variant.longest_context >= 4096


def test_a_shape_that_was_asked_for_is_kept() -> None:
    """No other one is tried in its place, and none is listed as refused."""
    asked = wanted("Qwen/Qwen3-8B", context=4096, options={"pipeline_parallel": 3})
    (variant,) = plan_device(asked, device_of(catalog(), gpu=["3x L4"])).variants
    assert (variant.workload.options.tensor_parallel, variant.workload.options.pipeline_parallel) == (1, 3)
    assert variant.refused == ()
    (free,) = plan_device(wanted("Qwen/Qwen3-8B", context=4096), device_of(catalog(), gpu=["3x L4"])).variants
    assert free.refused != ()


def test_where_no_shape_takes_all_gpus_fewer_are_taken() -> None:
    """The shapes of all of them are listed as refused."""
    asked = wanted("Qwen/Qwen3-0.6B", context=None, sequences=1)
    (odd,) = plan_device(asked, device_of(catalog(), gpu=["29x L4"])).variants
    options = odd.workload.options
    assert odd.longest_context > 0
    assert options.tensor_parallel * options.pipeline_parallel == 28
    assert odd.limited_by_model
    assert {(one.tensor_parallel, one.pipeline_parallel) for one in odd.refused} == {(29, 1), (1, 29)}


def test_what_fits_in_no_shape_says_what_it_lacks() -> None:
    """No shape is refused: none of them has the room."""
    asked = wanted("Qwen/Qwen3-32B", precision="fp16", context=None, sequences=1)
    (none,) = plan_device(asked, device_of(catalog(), gpu=["2x L4"])).variants
    assert none.longest_context == 0
    assert none.missing_bytes > 0
    assert none.refused == ()


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_only_llamacpp_is_told_of_ram(engine: str) -> None:
    """The others keep nothing there, and on a machine with one memory there is none beside it."""
    (variant,) = plan_device(wanted(engines=[engine], context=None), device_of(catalog(), vram=8, ram=64)).variants
    assert variant.reason == "not even one token fits"
    apple = device_of(catalog(), gpu=["Apple M4 16 GB"])
    (variant,) = plan_device(wanted(engines=["llama.cpp"], context=None), apple).variants
    assert variant.reason == "not even one token fits"
    bare = Device(gpus=(), ram_bytes=2**33)
    (variant,) = plan_device(wanted(engines=["llama.cpp"], context=None), bare).variants
    assert variant.reason == "not even one token fits"


def test_a_variant_has_the_bytes_of_its_longest_context() -> None:
    """What it takes, what it leaves, and the longest context with a tenth left free."""
    card, asked = (
        device_of(catalog(), vram=8),
        wanted("Qwen/Qwen3-8B", engines=["llama.cpp"], context=None, sequences=1),
    )
    (variant,) = plan_device(asked, card).variants
    found = judge(asked.architecture, with_context(variant.workload, variant.longest_context), device=card)
    assert variant.estimate is not None
    assert variant.estimate.total_bytes == found.estimate.total_bytes
    assert variant.margin_bytes == found.tightest.margin
    assert (variant.utilization, variant.limited_by_model) == (None, False)
    assert variant.frontier[0].context == variant.longest_context
    for tokens, fits in ((variant.comfortable_context, True), (variant.comfortable_context + 1, False)):
        assert judge(asked.architecture, with_context(variant.workload, tokens), device=card, headroom=0.1).runs == fits
    (kept,) = plan_device(wanted("Qwen/Qwen3-8B", engines=["llama.cpp"], headroom=20, context=None), card).variants
    assert kept.comfortable_context == kept.longest_context < variant.comfortable_context
