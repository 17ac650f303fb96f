"""Which load of a plan is started, and why with this context."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.answers.planning import plan_device
from llmfit.answers.planning.launch import ENGINES, launch_of
from llmfit.answers.words import device_of
from llmfit.errors import UsageError
from llmfit.solve.judge import judge, with_context
from support.planning import catalog, wanted


def test_a_launch_in_ram_leaves_a_tenth_of_the_card() -> None:
    """It takes the usual format, since more bits would leave fewer layers on the GPU."""
    device = device_of(catalog(), vram=8, ram=64)
    asked = wanted(engines=["llama.cpp"], precision=None, context=None, sequences=1)
    launch = launch_of(asked, plan_device(asked, device), emit="llama.cpp")
    assert launch is not None
    assert launch.in_ram
    assert launch.workload.format.id == "Q4_K_M"
    assert launch.margin_bytes >= 0.1 * device.usable_bytes
    assert launch.basis == "the usual context, part of the model in RAM"


def test_a_launch_keeps_the_asked_context_or_says_no() -> None:
    """Where the asked context does not fit there is no launch, instead of one with another context."""
    device = device_of(catalog(), gpu=["L4"])
    asked = wanted("Qwen/Qwen3-8B", context=16_384, sequences=1)
    launch = launch_of(asked, plan_device(asked, device), emit="vllm")
    assert launch is not None
    assert launch.workload.context == 16_384
    greedy = wanted("Qwen/Qwen3-8B", context=32_768, sequences=64)
    assert launch_of(greedy, plan_device(greedy, device), emit="vllm") is None
    with pytest.raises(UsageError, match=r"is for llama\.cpp"):
        launch_of(asked, plan_device(asked, device), emit="ollama")


def test_a_launch_without_a_context_leaves_a_tenth_free() -> None:
    """The measured totals of a full card reach beyond it: the launch takes the comfortable context, and says so."""
    device = device_of(catalog(), vram=8)
    asked = wanted("Qwen/Qwen3-8B", engines=["llama.cpp"], context=None, sequences=1)
    plan = plan_device(asked, device)
    launch = launch_of(asked, plan, emit="llama.cpp")
    assert launch is not None
    assert launch.workload.context == plan.variants[0].comfortable_context < plan.variants[0].longest_context
    assert launch.margin_bytes >= 0.1 * device.usable_bytes
    assert launch.basis == "the longest context with 10 % free"


@pytest.mark.parametrize(
    ("model", "words", "vram", "basis"),
    [
        ("Qwen/Qwen3-0.6B", {"engines": ["vllm"]}, 24, "all that the model was made for, more than 10 % free"),
        ("Qwen/Qwen3-0.6B", {"headroom": 30}, 24, "all that the model was made for, more than 30 % free"),
        ("Qwen/Qwen3-8B", {"precision": "int4"}, 8, "the longest context with 10 % free"),
        ("Qwen/Qwen3-8B", {"precision": "int4", "headroom": 15}, 8, "the longest context with 15 % free"),
        ("Qwen/Qwen3-8B", {"precision": "int4", "headroom": 2}, 8, "the longest context with 10 % free"),
        ("openai/gpt-oss-20b", {"engines": ["vllm"]}, 16, "the longest context that fits, with less than 10 % free"),
        ("Qwen/Qwen3-8B", {"precision": "int4", "context": 4096}, 8, "the asked context"),
        ("Qwen/Qwen3-32B", {"precision": "int4"}, 8, "the usual context, part of the model in RAM"),
        ("microsoft/Phi-4", {"precision": "fp16", "context": 16_384}, 12, "the asked context"),
    ],
)
def test_a_launch_says_which_limit_its_context_is(model: str, words: dict[str, Any], vram: int, basis: str) -> None:
    """The model's own limit is no shortage of memory."""
    device = device_of(catalog(), vram=vram, ram=64)
    facts = {"engines": ["llama.cpp"], "precision": None, "context": None, "sequences": 1, **words}
    asked = wanted(model, **facts)
    launch = launch_of(asked, plan_device(asked, device), emit=facts["engines"][0])
    assert launch is not None
    assert launch.basis == basis
    if "more than" in basis:
        assert launch.workload.context == asked.limit
        assert launch.margin_bytes >= 0.1 * device.usable_bytes


def test_a_model_that_fills_the_card_with_all_its_context_says_so() -> None:
    """Neither is a longer context possible, nor is a tenth free."""
    asked = wanted("Qwen/Qwen3-0.6B", engines=["llama.cpp"], precision="int4", context=None, sequences=1)
    device = device_of(catalog(), vram=24)
    whole = judge(asked.architecture, with_context(asked.workloads[0], asked.limit), device=device)
    gpu = replace(device.gpus[0], total_bytes=round(whole.tightest.needed * 1.02), reserved_bytes=0)
    tight = replace(device, gpus=(gpu,))
    variant = replace(plan_device(asked, tight).variants[0], comfortable_context=0)
    assert variant.longest_context == asked.limit
    launch = launch_of(asked, asked.plan(device=tight, variants=(variant,)), emit="llama.cpp")
    assert launch is not None
    assert launch.basis == "all that the model was made for, with less than 10 % free"


def test_a_launch_in_ram_that_has_all_of_its_context_says_so() -> None:
    """A model whose own context is the usual one is not cut short by RAM."""
    asked = wanted("Qwen/Qwen3-32B", engines=["llama.cpp"], precision="int4", context=None, sequences=1)
    short = replace(asked, model=replace(asked.model, context_length=8192))
    launch = launch_of(short, plan_device(short, device_of(catalog(), vram=8, ram=64)), emit="llama.cpp")
    assert launch is not None
    assert launch.basis == "all that the model was made for, part of the model in RAM"
    little = plan_device(asked, device_of(catalog(), vram=8, ram=13))
    cut = launch_of(asked, little, emit="llama.cpp")
    assert cut is not None
    assert cut.workload.context < 8192
    assert cut.basis == "the longest context that runs, part of the model in RAM"


def test_a_launch_keeps_the_steps_of_vllm_where_a_format_allows_it() -> None:
    """Nobody asked for fewer sequences at once; where the format was asked for, fewer are taken, and told."""
    device = device_of(catalog(), vram=12)
    asked = wanted("Qwen/Qwen3-8B", precision=None, context=4096, sequences=1)
    fewer = [one.max_num_seqs is not None for one in plan_device(asked, device).variants if one.longest_context]
    assert fewer[0]
    assert not fewer[-1]
    launch = launch_of(asked, plan_device(asked, device), emit="vllm")
    assert launch is not None
    assert launch.workload.format.id == "awq-int4"
    assert launch.workload.options.max_num_seqs == 256
    exact = wanted("Qwen/Qwen3-8B", precision="fp8", context=4096, sequences=1)
    launch = launch_of(exact, plan_device(exact, device), emit="vllm")
    assert launch is not None
    assert launch.workload.options.max_num_seqs is not None
    assert launch.workload.options.max_num_seqs < 256


@pytest.mark.parametrize(("engine", "kinds"), [("vllm", "ollama"), ("transformers", "compose")])
def test_a_launch_is_of_an_engine_that_it_can_start(engine: str, kinds: str) -> None:
    """The sentence names those that it is for; without a device there is nothing to start on."""
    asked = wanted("Qwen/Qwen3-8B", engines=[engine])
    with pytest.raises(UsageError) as caught:
        launch_of(asked, plan_device(asked, device_of(catalog(), vram=24)), emit=kinds)
    assert caught.value.message == f"--emit {kinds} is for {' or '.join(ENGINES[kinds])}"
    assert all(name in caught.value.hint for name in ENGINES[kinds])
    with pytest.raises(UsageError, match="needs a device"):
        launch_of(asked, asked.plan(), emit="vllm")


@pytest.mark.parametrize(("vram", "context", "format_"), [(24, None, "f16"), (12, None, "Q8_0"), (6, None, "Q4_K_M")])
def test_a_launch_takes_the_most_bits_that_leave_a_tenth_free(vram: int, context: int | None, format_: str) -> None:
    """Whatever the usual format is; a card that holds fewer tokens than the default starts with as many as it holds."""
    device = device_of(catalog(), vram=vram, ram=64)
    asked = wanted("Qwen/Qwen3-8B", engines=["llama.cpp"], precision=None, context=context, sequences=1)
    plan = plan_device(asked, device)
    launch = launch_of(asked, plan, emit="llama.cpp")
    assert launch is not None
    assert (launch.workload.format.id, launch.in_ram) == (format_, False)
    chosen = next(one for one in plan.variants if one.workload.format.id == format_)
    assert launch.workload.context == chosen.comfortable_context
    found = judge(asked.architecture, with_context(chosen.workload, chosen.comfortable_context), device=device)
    assert (launch.total_bytes, launch.margin_bytes) == (found.estimate.total_bytes, found.tightest.margin)
    assert launch.utilization is None


def test_a_fuller_card_is_taken_where_the_context_was_asked_for() -> None:
    """Who asks for a context gets the most bits that hold it; who does not gets a tenth of the card free."""
    device = device_of(catalog(), vram=10)
    words = {"engines": ["llama.cpp"], "precision": None, "sequences": 1}
    free = wanted("Qwen/Qwen3-8B", context=None, **words)
    plan = plan_device(free, device)
    eight = next(one for one in plan.variants if one.workload.format.id == "Q8_0")
    assert 0 < eight.comfortable_context < eight.longest_context
    tight = tuple(replace(one, comfortable_context=0) if one is eight else one for one in plan.variants)
    launch = launch_of(free, replace(plan, variants=tight), emit="llama.cpp")
    assert launch is not None
    assert launch.workload.format.id == "Q4_K_M"
    asked = wanted("Qwen/Qwen3-8B", context=eight.longest_context, **words)
    launch = launch_of(asked, plan_device(asked, device), emit="llama.cpp")
    assert launch is not None
    assert (launch.workload.format.id, launch.workload.context) == ("Q8_0", eight.longest_context)
