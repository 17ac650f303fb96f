"""Single changes that make a load fit: each is the least that suffices, and none is offered that cannot be made."""

from dataclasses import replace

import pytest

from llmfit.answers.words import device_of
from llmfit.records.deployment import Change
from llmfit.records.device import Device
from llmfit.records.workload import EngineOptions, Workload
from llmfit.solve.changes import Alternatives, solve_changes
from llmfit.solve.judge import judge, with_context
from support.planning import catalog, wanted

GIB = 2**30
SPLITS = {"n_gpu_layers", "n_cpu_moe"}


def changes(model: str, *, device: Device, engine: str = "llama.cpp", **words: object) -> list[Change]:
    """Return what one sequence on an engine could be changed to, with no other format, cache or machine."""
    free = {name: words.pop(name) for name in ("headroom_bytes", "share") if name in words}
    facts = {"engines": [engine], "precision": None, "context": 8192, "sequences": 1, **words}
    asked = wanted(model, **facts)
    load = asked.usual or asked.workloads[0]
    found = solve_changes(
        asked.architecture,
        load,
        device=device,
        alternatives=Alternatives(),
        headroom=float(str(free.get("share", 0))),
        headroom_bytes=int(str(free.get("headroom_bytes", 0))),
    )
    return list(found)


def split_of(found: list[Change]) -> Change | None:
    """Return the change to a split, if there is one."""
    return next((change for change in found if change.setting in SPLITS), None)


def divided(load: Workload, change: Change) -> Workload:
    """Return the load in the split."""
    return replace(load, options=EngineOptions(**{change.setting: change.value}))  # type: ignore[arg-type]  # a number


@pytest.mark.parametrize("model", ["openai/gpt-oss-20b", "Qwen/Qwen3-32B"])
@pytest.mark.parametrize(("share", "free"), [(0.0, 0), (0.05, 0), (0.0, GIB), (0.2, GIB // 4), (0.02, GIB)])
def test_a_split_leaves_what_must_stay_free(model: str, share: float, free: int) -> None:
    """The share or the bytes, whichever is more, and one layer more on the GPU would not."""
    device = device_of(catalog(), vram=8, ram=64)
    change = split_of(changes(model, device=device, share=share, headroom_bytes=free))
    assert change is not None
    asked = wanted(model, engines=["llama.cpp"], precision=None, context=8192, sequences=1)
    load = asked.usual or asked.workloads[0]
    words = {"device": device, "headroom": share, "headroom_bytes": free}
    found = judge(asked.architecture, divided(load, change), **words)  # type: ignore[arg-type]  # each of its own type
    assert found.runs
    assert found.tightest.margin == change.margin_bytes
    step = -1 if change.setting == "n_cpu_moe" else 1
    more = replace(change, value=int(change.value) + step)
    assert not judge(asked.architecture, divided(load, more), **words).runs  # type: ignore[arg-type]  # the same
    tenth = share >= 0.1 or free >= 0.1 * device.usable_bytes
    assert (change.roomy is None) == tenth


def test_more_than_the_card_can_never_stay_free() -> None:
    """No split leaves more than there is."""
    device = device_of(catalog(), vram=8, ram=64)
    assert split_of(changes("Qwen/Qwen3-32B", device=device, headroom_bytes=device.usable_bytes)) is None
    assert split_of(changes("Qwen/Qwen3-32B", device=device, headroom_bytes=9 * GIB)) is None


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_other_engines_keep_nothing_in_ram(engine: str) -> None:
    """However much of it there is."""
    assert split_of(changes("Qwen/Qwen3-32B", engine=engine, device=device_of(catalog(), vram=8, ram=64))) is None


def test_there_is_no_split_without_two_memories() -> None:
    """Not without RAM that is known, not on a machine with one memory, not without a GPU."""
    card = device_of(catalog(), vram=8)
    assert split_of(changes("Qwen/Qwen3-32B", device=card)) is None
    assert split_of(changes("Qwen/Qwen3-32B", device=replace(card, ram_bytes=12 * GIB, unified=True))) is None
    assert split_of(changes("Qwen/Qwen3-32B", device=Device(gpus=(), ram_bytes=16 * GIB))) is None
    assert split_of(changes("Qwen/Qwen3-32B", device=replace(card, ram_bytes=8 * GIB))) is None


def test_a_share_of_the_card_grows_by_hundredths() -> None:
    """The next hundredth is the answer where it suffices; without an asked share there is nothing to raise."""
    device = device_of(catalog(), gpu=["L4"])
    asked = wanted("Qwen/Qwen3-8B", context=4096, sequences=1)
    load = asked.workloads[0]

    def runs(hundredths: int) -> bool:
        options = EngineOptions(gpu_memory_utilization=hundredths / 100)
        return judge(asked.architecture, replace(load, options=options), device=device).runs

    least = next(count for count in range(1, 100) if runs(count))
    for given in (least - 1, least - 2, least - 10):
        options = EngineOptions(gpu_memory_utilization=given / 100)
        first = solve_changes(
            asked.architecture, replace(load, options=options), device=device, alternatives=Alternatives()
        )[0]
        assert (first.setting, first.value) == ("gpu_memory_utilization", least / 100)
        assert first.message == f"Raise gpu_memory_utilization to {least / 100:g}"
    options = EngineOptions(gpu_memory_utilization=0.99)
    huge = solve_changes(
        asked.architecture,
        replace(with_context(load, 32_768), sequences=64, options=options),
        device=device,
        alternatives=Alternatives(),
    )
    assert "gpu_memory_utilization" not in [change.setting for change in huge]


@pytest.mark.parametrize(("context", "sequences"), [(16_384, 2), (8192, 5)])
def test_fewer_sequences_are_the_most_that_fit(context: int, sequences: int) -> None:
    """One more would not; a single one is called so."""
    device = device_of(catalog(), vram=8)
    found = changes("Qwen/Qwen3-8B", device=device, precision="int4", context=context, sequences=sequences)
    (fewer,) = [change for change in found if change.kind == "sequences"]
    asked = wanted("Qwen/Qwen3-8B", engines=["llama.cpp"], precision="int4", context=context, sequences=1)
    load, most = asked.workloads[0], int(fewer.value)
    assert judge(asked.architecture, replace(load, sequences=most), device=device).tightest.margin == fewer.margin_bytes
    assert not judge(asked.architecture, replace(load, sequences=most + 1), device=device).runs
    assert fewer.message == f"Serve {most} {'sequence' if most == 1 else 'sequences'} at once"


def test_half_of_a_context_is_the_smallest_change_and_less_is_the_last() -> None:
    """A context of which at least half is left comes before sequences, one of less comes after everything."""

    def found(context: int) -> list[Change]:
        device = device_of(catalog(), vram=8)
        return changes("Qwen/Qwen3-8B", device=device, precision="int4", context=context, sequences=2)

    longest = next(int(change.value) for change in found(16_384) if change.kind == "context")
    assert [change.kind for change in found(2 * longest)] == ["context", "sequences"]
    assert [change.kind for change in found(2 * longest + 2)] == ["sequences", "context"]
    assert [change.kind for change in found(longest + 1)] == ["context", "sequences"]
    assert found(longest + 1)[0].value == longest
