"""How far llama.cpp goes with part of the model in RAM."""

import pytest

from llmfit.answers.planning import plan_device
from llmfit.answers.words import device_of
from llmfit.solve.offload import longest_offloaded
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


def test_what_just_fits_needs_no_ram_and_no_other_steps() -> None:
    """The asked context is the longest one, or a default one is longer than what fits: the GPU holds it alone."""
    card = device_of(catalog(), vram=6, ram=64)
    words = {"engines": ["llama.cpp"], "precision": "int4", "sequences": 1}
    (free,) = plan_device(wanted("Qwen/Qwen3-8B", context=None, **words), card).variants
    assert 0 < free.longest_context < 8192
    assert not free.in_ram
    (exact,) = plan_device(wanted("Qwen/Qwen3-8B", context=free.longest_context, **words), card).variants
    assert (exact.in_ram, exact.longest_context) == (False, free.longest_context)
    (beyond,) = plan_device(wanted("Qwen/Qwen3-8B", context=free.longest_context + 1, **words), card).variants
    assert beyond.in_ram
    large, words = device_of(catalog(), vram=12), {**words, "engines": ["vllm"]}
    (plain,) = plan_device(wanted("Qwen/Qwen3-8B", context=None, **words), large).variants
    assert plain.max_num_seqs is None
    (exact,) = plan_device(wanted("Qwen/Qwen3-8B", context=plain.longest_context, **words), large).variants
    assert (exact.max_num_seqs, exact.longest_context) == (None, plain.longest_context)
    (more,) = plan_device(wanted("Qwen/Qwen3-8B", context=plain.longest_context + 1, **words), large).variants
    assert more.max_num_seqs is not None


@pytest.mark.parametrize("options", [{"n_gpu_layers": 48}, {"n_cpu_moe": 1}, {"n_gpu_layers": 30, "n_cpu_moe": 1}])
def test_no_split_is_put_in_the_place_of_an_asked_one(options: dict[str, int]) -> None:
    """Layers and experts alike; without them the split is solved."""
    card = device_of(catalog(), vram=4, ram=64)
    words = {"engines": ["llama.cpp"], "precision": None, "context": 1024, "sequences": 1}
    (variant,) = plan_device(wanted("Qwen/Qwen3-30B-A3B", options=options, **words), card).variants[-1:]
    assert (variant.longest_context, variant.in_ram) == (0, False)
    assert variant.reason == "not even one token fits with these layers on the GPU"
    assert plan_device(wanted("Qwen/Qwen3-30B-A3B", **words), card).variants[-1].in_ram


def test_a_row_in_ram_has_the_bytes_of_the_asked_context() -> None:
    """As far as it runs, in a split that leaves a tenth of the card free; the asked context stays in the row."""
    card = device_of(catalog(), vram=8, ram=13)
    words = {"engines": ["llama.cpp"], "precision": "int4", "sequences": 1}
    (variant,) = plan_device(wanted("Qwen/Qwen3-32B", context=None, **words), card).variants
    assert variant.workload.context == 8192 > variant.longest_context
    assert [split.context for split in variant.splits] == [variant.longest_context]
    assert variant.estimate is not None
    assert variant.margin_bytes == card.usable_bytes - variant.estimate.total_bytes
    assert variant.n_gpu_layers == variant.splits[0].n_gpu_layers
    assert variant.n_cpu_moe == variant.splits[0].n_cpu_moe == 0
    assert (variant.limited_by_model, variant.missing_bytes) == (False, 0)
    (whole,) = plan_device(
        wanted("Qwen/Qwen3-32B", context=None, **words), device_of(catalog(), vram=8, ram=64)
    ).variants
    assert whole.limited_by_model
    assert whole.longest_context == 32_768
    (none,) = plan_device(wanted("Qwen/Qwen3-32B", context=None, **words), device_of(catalog(), vram=8, ram=8)).variants
    assert none.reason == "not even with part of it in RAM"
    assert none.missing_bytes > 0


def test_ram_that_does_not_suffice_either_changes_nothing() -> None:
    """The longest context that RAM makes possible lies partly there, one token more is what the GPU holds alone."""
    card = device_of(catalog(), vram=6, ram=2)
    words = {"engines": ["llama.cpp"], "precision": "int4", "sequences": 1}
    asked = wanted("Qwen/Qwen3-8B", context=100_000, **words)
    most = longest_offloaded(asked.architecture, asked.workloads[0], device=card, limit=100_000)
    (shared,) = plan_device(wanted("Qwen/Qwen3-8B", context=most, **words), card).variants
    assert (shared.in_ram, shared.longest_context) == (True, most)
    (alone,) = plan_device(wanted("Qwen/Qwen3-8B", context=most + 1, **words), card).variants
    assert (alone.in_ram, alone.longest_context < most) == (False, True)
    assert alone.missing_bytes > 0
    assert not alone.limited_by_model


@pytest.mark.parametrize("share", [0, 5, 25])
def test_a_tenth_or_more_stays_free_where_part_lies_in_ram(share: int) -> None:
    """Of the comfortable context: what was asked to stay free, and a tenth at least."""
    card = device_of(catalog(), vram=8, ram=13)
    asked = wanted("Qwen/Qwen3-32B", engines=["llama.cpp"], context=None, sequences=1, headroom=share)
    (variant,) = plan_device(asked, card).variants
    facts = {"device": card, "limit": asked.limit, "headroom": max(0.1, share / 100)}
    comfortable = longest_offloaded(asked.architecture, variant.workload, **facts)  # type: ignore[arg-type]  # its words
    assert variant.comfortable_context == comfortable
    assert (variant.comfortable_context < variant.longest_context) == (share < 10)
