"""Which machine a load needs, what it costs, and how a device is divided."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from llmfit.catalog import Catalog, load_catalog
from llmfit.checking.machines import machines_beyond
from llmfit.checking.prices import FRESH_DAYS, cheapest_price, is_fresh
from llmfit.errors import CannotAnswerError, UsageError
from llmfit.planning import Wanted, plan_device, plan_grid, plan_machines, wanted_of
from llmfit.planning.launch import launch_of
from llmfit.solve.judge import judge
from llmfit.words import device_of
from support.terminal import ask

TODAY = date(2026, 11, 21)
LATER = date(2028, 1, 1)


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def wanted(model: str = "Qwen/Qwen3-32B", **words: object) -> Wanted:
    """Return a question about a model on vLLM in int4, unless said otherwise."""
    asked = {"engines": ["vllm"], "precision": "int4", "context": 32_768, "sequences": 4, **words}
    return wanted_of(catalog(), model, **asked)  # type: ignore[arg-type]  # each is a word of its own type


def test_the_smallest_machine_runs_it_and_no_smaller_one_does() -> None:
    """Of all cards of the vendor, none with less memory than the first choice runs the load."""
    asked = wanted()
    found = plan_machines(asked, catalog(), today=TODAY).smallest
    sizes = [choice.device.usable_bytes for choice in found]
    assert sizes == sorted(sizes)
    for row in catalog().gpus.values():
        if row.vendor == "nvidia" and (row.released or 0) >= 2018:
            device = device_of(catalog(), gpu=[row.id])
            if device.usable_bytes < sizes[0]:
                assert not judge(asked.architecture, asked.workloads[0], device=device).runs, row.id


def test_the_cheapest_machine_has_a_fresh_price() -> None:
    """Prices rise over the choices, none is out of date, each names its day."""
    found = plan_machines(wanted(), catalog(), today=TODAY).cheapest
    rows = [choice.instance for choice in found]
    assert len(rows) == 3
    assert all(row is not None and is_fresh(row, today=TODAY) for row in rows)
    prices = [row.price_usd_per_hour or 0.0 for row in rows if row is not None]
    assert prices == sorted(prices)


def test_stale_prices_are_refused_unless_asked_for() -> None:
    """A year later no price counts, and the answer says so; asked for, they count."""
    late = plan_machines(wanted(), catalog(), today=LATER)
    assert late.cheapest == ()
    assert "--stale-prices" in late.prices_note
    assert all(choice.instance is None for choice in late.smallest)
    assert len(plan_machines(wanted(), catalog(), today=LATER, stale=True).cheapest) == 3


def test_several_gpus_are_taken_where_one_is_too_small() -> None:
    """A model that no single card holds gets machines with several, in a shape that the engine accepts."""
    found = plan_machines(wanted("deepseek-ai/DeepSeek-V3", context=8192, sequences=1), catalog(), today=TODAY)
    counts = {len(choice.device.gpus) for choice in found.smallest}
    assert counts <= {2, 4, 8}
    assert len(counts) == 1
    for choice in found.smallest:
        assert choice.tensor_parallel * choice.pipeline_parallel == len(choice.device.gpus)


def test_a_price_is_of_exactly_these_gpus() -> None:
    """One L4 is not priced as four; mixed cards and cards that nobody rents have no price, with the reason."""
    one = cheapest_price(device_of(catalog(), gpu=["L4"]), catalog(), today=TODAY).instance
    assert one is not None
    assert one.gpu_count == 1
    for gpu, word in (("RTX 4090", "no price is known"), ("L4", "days ago")):
        found = cheapest_price(device_of(catalog(), gpu=[gpu]), catalog(), today=LATER)
        assert found.instance is None
        assert word in found.reason
    mixed = cheapest_price(device_of(catalog(), gpu=["L4", "L40S"]), catalog(), today=TODAY)
    assert "several kinds" in mixed.reason


def test_a_price_is_fresh_for_half_a_year() -> None:
    """The last day counts, the next does not; without a day or a price nothing does."""
    row = next(row for row in catalog().clouds.values() if row.price_date == "2026-07-20" and row.price_usd_per_hour)
    day = date.fromordinal(date(2026, 7, 20).toordinal() + FRESH_DAYS)
    assert is_fresh(row, today=day)
    assert not is_fresh(row, today=date.fromordinal(day.toordinal() + 1))
    assert not is_fresh(replace(row, price_date=None), today=day)
    assert not is_fresh(replace(row, price_usd_per_hour=None), today=day)


@pytest.mark.parametrize("gpu", ["L4", "RTX 3060 12GB", "2x L4", "Radeon RX 7900 XT"])
def test_machines_to_move_to_grow(gpu: str) -> None:
    """Each has more memory than the one before, as many cards, of the same vendor."""
    device = device_of(catalog(), gpu=[gpu])
    found = machines_beyond(device, catalog())
    sizes = [device.usable_bytes, *(one.usable_bytes for one in found)]
    assert sizes == sorted(set(sizes))
    assert {len(one.gpus) for one in found} <= {len(device.gpus)}
    assert {one.gpus[0].vendor for one in found} <= {device.gpus[0].vendor}


def test_shapes_that_are_refused_are_listed() -> None:
    """Three cards hold a model in groups of layers, and the answer says why not otherwise."""
    (variant,) = plan_device(wanted(), device_of(catalog(), gpu=["3x L4"])).variants
    assert (variant.workload.options.tensor_parallel, variant.workload.options.pipeline_parallel) == (1, 3)
    assert [one.tensor_parallel for one in variant.refused] == [3]
    assert "64 attention heads" in variant.refused[0].reason


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


def test_layers_that_were_asked_for_are_kept() -> None:
    """No other split is put in the place of one that does not fit."""
    asked = wanted(engines=["llama.cpp"], context=8192, sequences=1, options={"n_gpu_layers": 60})
    (variant,) = plan_device(asked, device_of(catalog(), vram=8, ram=64)).variants
    assert (variant.longest_context, variant.in_ram) == (0, False)
    assert "these layers" in variant.reason


def test_a_grid_grows_with_context_and_shrinks_with_bits() -> None:
    """Along a row cards never get smaller; down a column of one engine they never get larger."""
    asked = wanted_of(catalog(), "Qwen/Qwen3-8B", engines=["llama.cpp"])
    cells = plan_grid(asked, catalog()).grid
    rows: dict[str, list[int]] = {}
    for cell in cells:
        rows.setdefault(cell.format, []).append(cell.card_gb or 10_000)
    assert len(rows) == 3
    for row in rows.values():
        assert row == sorted(row)
    for column in zip(*rows.values(), strict=True):
        assert list(column) == sorted(column, reverse=True)


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


def test_words_that_go_together_with_nothing_are_refused() -> None:
    """A format that the named engine lacks is usage, a model that nobody knows is no answer."""
    with pytest.raises(UsageError):
        wanted(precision=None, format_name="Q4_K_M")
    with pytest.raises(CannotAnswerError):
        wanted("nobody/nothing-8B")


WORDS = {
    "a device": (0, ("Qwen/Qwen3-8B", "--vram", "12")),
    "a device by several engines": (0, ("Qwen/Qwen3-8B", "--vram", "12", "--engine", "vllm", "--engine", "llama.cpp")),
    "a load": (0, ("Qwen/Qwen3-8B", "--context", "8k")),
    "a model": (0, ("Qwen/Qwen3-8B",)),
    "a launch": (0, ("Qwen/Qwen3-8B", "--vram", "12", "--emit", "ollama")),
    "nothing fits": (1, ("deepseek-ai/DeepSeek-V3", "--vram", "8")),
    "no launch": (1, ("Qwen/Qwen3-32B", "--vram", "8", "--emit", "vllm")),
    "no such launch": (2, ("Qwen/Qwen3-8B", "--vram", "12", "--emit", "vlm")),
    "a launch without a device": (2, ("Qwen/Qwen3-8B", "--emit", "vllm")),
    "two devices": (2, ("Qwen/Qwen3-8B", "--vram", "12", "--here")),
    "RAM without a GPU": (2, ("Qwen/Qwen3-8B", "--ram", "64")),
    "an unknown model": (3, ("nobody/nothing-8B",)),
    "an unknown GPU": (3, ("Qwen/Qwen3-8B", "--gpu", "RTX 9999")),
}


@pytest.mark.parametrize("cause", WORDS)
def test_plan_leaves_with_the_code_of_its_cause(cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where something fits, 1 where nothing does, 2 for usage, 3 without an answer."""
    code, words = WORDS[cause]
    said = ask(capsys, "plan", *words)
    assert said.code == code, said.out + said.err
    if code == 0:
        assert said.out


@pytest.mark.parametrize("output", ["plain", "json", "jsonl", "csv", "markdown"])
def test_every_output_has_the_longest_context(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the form, the figure is the same."""
    words = ("plan", "Qwen/Qwen3-8B", "--gpu", "L4", "--engine", "llama.cpp", "--precision", "int4")
    longest = ask(capsys, *words, "--json").json["variants"][0]["longest_context"]
    text = ask(capsys, *words, "--output", output).out.replace(",", "")
    assert str(longest) in text


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


def test_plan_says_which_limit_binds(capsys: pytest.CaptureFixture[str]) -> None:
    """A large card ends at what the model can do, a small one at its memory; no row is beyond the model."""
    large = ask(capsys, "plan", "Qwen/Qwen3-8B", "--vram", "80", "--engine", "llama.cpp")
    assert "128k with RoPE scaling" in large.out
    assert "limit: the model" in large.out
    assert "limit: memory" not in large.out
    assert "limit: memory" in ask(capsys, "plan", "Qwen/Qwen3-8B", "--vram", "8", "--engine", "llama.cpp").out


def test_check_warns_of_a_context_beyond_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """From the context that the publisher states, not from the configuration's 40,960; estimate says the same."""
    for command in ("check", "estimate"):
        words = (command, "Qwen/Qwen3-8B", "--vram", "48", "--context")
        beyond = "warning: The context of 32769 tokens is longer than the model's 32768"
        assert beyond in ask(capsys, *words, "32769").out
        assert "warning" not in ask(capsys, *words, "32768").out


@pytest.mark.parametrize(
    ("model", "setting"), [("openai/gpt-oss-20b", "n_cpu_moe"), ("Qwen/Qwen3-32B", "n_gpu_layers")]
)
def test_check_offers_to_keep_part_in_ram(model: str, setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the RAM is known, the split that runs is offered, and it passes check; without RAM it is not."""
    words = ("check", model, "--engine", "llama.cpp", "--vram", "8")
    changes = ask(capsys, *words, "--ram", "64", "--json").json["results"][0]["changes"]
    (split,) = [one for one in changes if one["setting"] == setting]
    assert ask(capsys, *words, "--ram", "64", "--option", f"{setting}={split['value']}").code == 0
    bare = ask(capsys, *words, "--json").json["results"][0]["changes"]
    assert setting not in [one["setting"] for one in bare]


def test_check_says_that_ram_helps_only_where_a_split_was_solved(capsys: pytest.CaptureFixture[str]) -> None:
    """Where bytes would suffice but no whole layers do, the verdict is too large and no words promise anything."""
    words = ("check", "Qwen/Qwen3-32B", "--engine", "llama.cpp", "--vram", "8")
    helped = ask(capsys, *words, "--ram", "64", "--json").json["results"][0]
    assert helped["estimate"]["verdict"] == "offload"
    assert helped["estimate"]["offload"]["ram_bytes"] > 0
    assert "runs with part of it in RAM" in helped["findings"][0]["message"]
    need = helped["estimate"]["memory"]["total_bytes"] - helped["device"]["usable_bytes"]
    least = (need + helped["estimate"]["ram_bytes"]) / 1024**3 + 0.01
    stuck = ask(capsys, *words, "--ram", f"{least:.3f}", "--json").json["results"][0]
    assert stuck["estimate"]["verdict"] == "too_large"
    assert "offload" not in stuck["estimate"]
    assert "RAM" not in stuck["findings"][0]["message"]
    assert not [one for one in stuck["changes"] if one["kind"] == "options"]


def test_machines_to_move_to_are_sold_as_cards() -> None:
    """No GPU of a laptop, and no part of a card, is advice."""
    rows = {row.name: row for row in catalog().gpus.values()}
    for device in machines_beyond(device_of(catalog(), vram=8), catalog()):
        row = rows[device.gpus[0].name]
        assert row.form_factor in {"desktop", "workstation", "datacenter"}, row.name
        assert "(per GPU)" not in row.name
