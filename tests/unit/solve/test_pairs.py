"""Two changes together where no single one suffices, and more GPUs of the same kind."""

from dataclasses import replace
from functools import cache

import pytest

from llmfit.answers.words import architecture_of, device_of, workload_of
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import Change
from llmfit.records.device import Device
from llmfit.records.workload import Workload
from llmfit.solve.alternatives import Question
from llmfit.solve.changes import Alternatives, solve_changes
from llmfit.solve.judge import judge, with_context
from support.terminal import ask


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def architecture(model: str = "Qwen/Qwen3-8B") -> Architecture:
    """Return that of a model."""
    return describe(catalog().model(model).architecture)


def load(context: int, *, engine: str = "llama.cpp", precision: str = "fp16", sequences: int = 1) -> Workload:
    """Return a load of Qwen3-8B."""
    row = catalog().model("Qwen/Qwen3-8B")
    words = {"engine": engine, "precision": precision, "context": context, "sequences": sequences}
    return workload_of(catalog(), row, architecture_of(row), **words)  # type: ignore[arg-type]  # each of its own type


def everything(**more: object) -> Alternatives:
    """Return every format and cache format."""
    rows = {"formats": tuple(catalog().formats.values()), "kv_formats": tuple(catalog().kv_formats.values())}
    return Alternatives(**{**rows, **more})  # type: ignore[arg-type]  # fields of it


def changed(asked: Workload, change: Change) -> Workload:
    """Return the load with a change and what goes with it."""
    for one in (change, *change.also):
        if one.kind == "format":
            asked = replace(asked, format=catalog().format(str(one.value)))
        elif one.kind == "kv_format":
            asked = replace(asked, kv_format=catalog().kv_format(str(one.value)))
        elif one.kind == "context":
            asked = with_context(asked, int(one.value))
    return asked


@pytest.mark.parametrize(("vram", "context"), [(6, 16_384), (6, 32_768), (8, 32_768)])
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_pairs_run_where_neither_change_does_alone(vram: int, context: int, precision: str) -> None:
    """Both together fit, each of them alone does not, and no single change was left out."""
    device, asked = device_of(catalog(), vram=vram), load(context, precision=precision)
    found = solve_changes(architecture(), asked, device=device, alternatives=everything())
    pairs = [change for change in found if change.also]
    assert pairs
    assert all(change.kind == "context" and float(change.value) < 0.5 * context for change in found if not change.also)
    for pair in pairs:
        both = judge(architecture(), changed(asked, pair), device=device)
        assert both.runs
        assert both.tightest.margin == pair.margin_bytes
        for alone in (replace(pair, also=()), *pair.also):
            assert not judge(architecture(), changed(asked, alone), device=device).runs
        assert f", and {pair.also[0].message[:1].lower()}{pair.also[0].message[1:]}" in pair.message


def test_a_pair_keeps_at_least_half_of_the_context() -> None:
    """The context of a pair is the longest with its format."""
    device, asked = device_of(catalog(), vram=8), load(32_768)
    found = solve_changes(architecture(), asked, device=device, alternatives=everything(kv_formats=()))
    (pair,) = [change for change in found if change.also]
    assert [pair.kind, pair.also[0].kind] == ["format", "context"]
    context = int(pair.also[0].value)
    assert context >= 16_384
    one_more = with_context(changed(asked, pair), context + 1)
    assert not judge(architecture(), one_more, device=device).runs


def test_where_one_change_suffices_there_are_no_pairs() -> None:
    """A smaller cache alone is less to lose than two changes."""
    device = device_of(catalog(), vram=24)
    found = solve_changes(architecture(), load(40_960, sequences=4), device=device, alternatives=everything())
    assert found
    assert not any(change.also for change in found)


def test_where_nothing_helps_here_a_machine_and_a_format_are_a_pair() -> None:
    """A card that is larger, and still too small for the asked format."""
    devices: tuple[Device, ...] = (device_of(catalog(), vram=4), device_of(catalog(), vram=6))
    alternatives = everything(kv_formats=(), devices=devices)
    device = device_of(catalog(), vram=2)
    (only,) = solve_changes(architecture(), load(1024), device=device, alternatives=alternatives)
    assert [only.kind, only.also[0].kind, only.also[0].value] == ["format", "gpu", "6 GB GPU"]
    assert judge(architecture(), changed(load(1024), only), device=devices[1]).runs


@pytest.mark.parametrize(("engine", "count"), [("llama.cpp", 3), ("vllm", 4)])
def test_more_gpus_of_the_kind_are_a_change(engine: str, count: int) -> None:
    """The fewest among which it fits, divided as the engine can; none beyond what a machine holds."""
    device = device_of(catalog(), gpu=["RTX 4060 Ti 8GB"])
    asked = load(8192, engine=engine)
    found = solve_changes(architecture(), asked, device=device, alternatives=Alternatives(most_gpus=8))
    (more,) = [change for change in found if change.kind == "gpu"]
    assert more.message.startswith(f"Divide it among {count}x ")
    few = solve_changes(architecture(), asked, device=device, alternatives=Alternatives(most_gpus=2))
    assert not [change for change in few if change.kind == "gpu"]


def test_machines_with_one_memory_are_not_added_up() -> None:
    """Two of them are two machines."""
    device = device_of(catalog(), gpu=["Apple M4 16 GB"])
    found = solve_changes(architecture(), load(32_768), device=device, alternatives=Alternatives(most_gpus=8))
    assert not [change for change in found if change.kind == "gpu"]


def test_programs_see_both_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """The second stands in `also`; following both makes check pass."""
    words = ("check", "Qwen/Qwen3-8B", "--engine", "llama.cpp", "--vram", "6", "--context", "16k")
    first = ask(capsys, *words, "--precision", "fp16", "--json").json["results"][0]["changes"][0]
    assert first["kind"] == "format"
    (second,) = first["also"]
    assert second["kind"] == "kv_format"
    assert ask(capsys, *words, "--format", first["value"], "--kv-format", second["value"]).code == 0


@pytest.mark.parametrize(
    ("gpus", "counts"),
    [(["L4"], [2, 3, 4, 5, 6, 7, 8]), (["3x L4"], [4, 5, 6, 7, 8]), (["L4", "L40S"], [4, 6, 8]), (["8x L4"], [])],
)
def test_gpus_are_added_one_by_one(gpus: list[str], counts: list[int]) -> None:
    """The smallest number comes first; cards of several kinds are only multiplied."""
    device = device_of(catalog(), gpu=gpus)
    asked = Question(architecture=architecture(), workload=load(1024), device=device, headroom=0.0, headroom_bytes=0)
    more = list(asked.more_gpus(Alternatives(most_gpus=8)))
    assert [len(one.gpus) for one in more] == counts
    assert all({gpu.name for gpu in one.gpus} == {gpu.name for gpu in device.gpus} for one in more)
