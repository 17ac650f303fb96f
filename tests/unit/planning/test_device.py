"""How far each engine and format go on one device."""

import pytest

from llmfit.planning import plan_device
from llmfit.words import device_of
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
