"""How far llama.cpp goes with part of the model in RAM."""

import pytest

from llmfit.planning import plan_device
from llmfit.words import device_of
from support.planning import catalog, wanted
from support.terminal import ask


def test_without_ram_nothing_is_offloaded() -> None:
    """Where the RAM is unknown the answer says how to tell it."""
    asked = wanted(engines=["llama.cpp"], context=8192)
    (variant,) = plan_device(asked, device_of(catalog(), vram=8)).variants
    assert variant.longest_context == 0
    assert "--ram" in variant.reason
    (variant,) = plan_device(asked, device_of(catalog(), vram=8, ram=64)).variants
    assert variant.in_ram
    assert not variant.runs
    assert variant.estimate is not None
    assert variant.estimate.total_bytes <= device_of(catalog(), vram=8).usable_bytes


@pytest.mark.parametrize(("model", "ram"), [("Qwen/Qwen3-32B", 24), ("openai/gpt-oss-20b", 14)])
def test_in_ram_the_longest_context_is_solved_too(model: str, ram: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The split of the longest context passes check, that of the asked one leaves a tenth free; the row has both."""
    words = (model, "--vram", "8", "--ram", str(ram), "--engine", "llama.cpp")
    plan = ask(capsys, "plan", *words, "--precision", "int4", "--json").json
    (variant,) = plan["variants"]
    asked, longest = variant["splits"][0], variant["splits"][-1]
    assert variant["in_ram"]
    assert (asked["context"], longest["context"]) == (8192, variant["longest_context"])
    assert variant["comfortable_context"] <= variant["longest_context"]
    assert variant["memory"]["total_bytes"] <= 0.9 * plan["device"]["usable_bytes"]
    for split in (asked, longest):
        setting = "n_cpu_moe" if split["n_gpu_layers"] is None else "n_gpu_layers"
        load = ("--option", f"{setting}={split[setting]}", "--context", str(split["context"]), "--precision", "int4")
        assert ask(capsys, "check", *words, *load).code == 0
    text = ask(capsys, "plan", *words, "--precision", "int4").out
    assert f"{variant['longest_context']:,}" in text
    assert f"for 8k, {'all layers' if longest['n_gpu_layers'] is None else '-ngl'}" in " ".join(text.split())


def test_an_asked_context_beyond_the_gpu_lies_partly_in_ram() -> None:
    """Where the card holds fewer tokens than were asked for, RAM takes the rest; a default context asks for nothing."""
    device = device_of(catalog(), vram=8, ram=64)
    words = {"engines": ["llama.cpp"], "precision": "int4", "sequences": 1}
    (alone,) = plan_device(wanted("Qwen/Qwen3-8B", context=None, **words), device).variants
    assert not alone.in_ram
    (shared,) = plan_device(wanted("Qwen/Qwen3-8B", context=100_000, **words), device).variants
    assert shared.in_ram
    assert alone.longest_context < 100_000 <= shared.longest_context
    (stuck,) = plan_device(wanted("Qwen/Qwen3-8B", context=100_000, **words), device_of(catalog(), vram=8)).variants
    assert stuck.longest_context == alone.longest_context


def test_layers_that_were_asked_for_are_kept() -> None:
    """No other split is put in the place of one that does not fit."""
    asked = wanted(engines=["llama.cpp"], context=8192, sequences=1, options={"n_gpu_layers": 60})
    (variant,) = plan_device(asked, device_of(catalog(), vram=8, ram=64)).variants
    assert (variant.longest_context, variant.in_ram) == (0, False)
    assert "these layers" in variant.reason
