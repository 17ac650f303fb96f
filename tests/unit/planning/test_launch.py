"""Which load of a plan is started, and why with this context."""

import pytest

from llmfit.errors import UsageError
from llmfit.planning import plan_device
from llmfit.planning.launch import launch_of
from llmfit.words import device_of
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
