"""What a check finds: each limit at its border, each sentence with its figures, each exception with its day."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llmfit.answers.checking import check_load
from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.findings import headroom_words
from llmfit.answers.words import device_of
from llmfit.records.deployment import CheckResult, Finding, Limits, Place, Waiver
from llmfit.records.device import Device
from llmfit.solve.judge import judge
from support.planning import TODAY, catalog, wanted

PLACE = Place(file="deploy.yaml", line=3)


def question(model: str = "Qwen/Qwen3-8B", *, device: Device | None = None, **words: Any) -> Asked:
    """Return a check of one sequence of 8,192 tokens on llama.cpp in int4 on an L4, unless said otherwise."""
    own = {name: words.pop(name) for name in ("limits", "waivers", "today", "place") if name in words}
    facts = {"engines": ["llama.cpp"], "context": 8192, "sequences": 1, **words}
    asked = wanted(model, **facts)
    return Asked(
        name="chat",
        model=asked.model,
        architecture=asked.architecture,
        workload=asked.workloads[0],
        device=device or device_of(catalog(), gpu=["L4"]),
        limits=own.get("limits", Limits()),
        waivers=own.get("waivers", ()),
        today=own.get("today", TODAY),
        place=own.get("place"),
    )


def checked(*words: Any, **more: Any) -> CheckResult:
    """Return what the check says."""
    return check_load(question(*words, **more), catalog())


def found(rule: str, *words: Any, **more: Any) -> list[Finding]:
    """Return what it says of one rule."""
    return [one for one in checked(*words, **more).findings if one.rule == rule]


def said(rule: str, *words: Any, **more: Any) -> str:
    """Return the only sentence about one rule."""
    (only,) = found(rule, *words, **more)
    return only.message


def test_what_does_not_fit_is_told_with_its_place() -> None:
    """One card by its name; of several the fullest; what vLLM takes of a card; RAM where there is no GPU."""
    card = device_of(catalog(), vram=4)
    needed = judge(question().architecture, question().workload, device=card).tightest
    gib = 2**30
    assert said("fit", device=card) == (
        f"needs {needed.needed / gib:.2f} GiB of {needed.usable / gib:.2f} GiB usable on 4 GB GPU: "
        f"{-needed.margin / gib:.2f} GiB too much, decided by weights"
    )
    assert " on the fullest GPU: " in said("fit", "Qwen/Qwen3-32B", device=device_of(catalog(), gpu=["2x RTX 3070"]))
    share = said("fit", "Qwen/Qwen3-32B", engines=["vllm"], options={"gpu_memory_utilization": 0.5})
    assert " that the engine takes on L4: " in share
    bare = Device(gpus=(), ram_bytes=4 * gib)
    assert " usable on RAM: " in said("fit", device=bare)
    assert said("fit", context=32_768, sequences=8).endswith("decided by KV cache")
    assert found("fit") == []


@pytest.mark.parametrize(("spare", "rules"), [(-1, ["fit"]), (0, []), (1, [])])
def test_the_last_byte_fits(spare: int, rules: list[str]) -> None:
    """A card that is filled to its last byte holds the load."""
    card = device_of(catalog(), vram=24)
    needed = judge(question().architecture, question().workload, device=card).tightest.needed
    exact = replace(card, gpus=(replace(card.gpus[0], total_bytes=needed + spare, reserved_bytes=0),))
    assert [one.rule for one in checked(device=exact).findings] == rules


def test_a_split_that_was_solved_is_promised() -> None:
    """With RAM that suffices; a split that was asked for and needs more RAM than there is says so."""
    assert said("fit", device=device_of(catalog(), vram=4, ram=16)).endswith("; it runs with part of it in RAM")
    assert "RAM" not in said("fit", device=device_of(catalog(), vram=4))
    little = device_of(catalog(), vram=8, ram=1)
    words: dict[str, Any] = {"options": {"n_gpu_layers": 5}, "device": little}
    missing = judge(question(**words).architecture, question(**words).workload, device=little)
    (only,) = found("fit", **words)
    assert only.field == "ram_gb"
    assert only.message == (
        f"needs {missing.estimate.host_bytes / 2**30:.2f} GiB of RAM, "
        f"{missing.ram_missing / 2**30:.2f} GiB more than there is"
    )


@pytest.mark.parametrize(
    ("limits", "words", "field"),
    [
        ({"min_headroom_percent": 90}, "90 %", "limits.min_headroom_percent"),
        ({"min_headroom_gb": 20.5}, "20.5 GiB", "limits.min_headroom_gb"),
        ({"min_headroom_percent": 1, "min_headroom_gb": 20}, "1 % and 20 GiB", "limits.min_headroom_percent"),
    ],
)
def test_what_must_stay_free_is_told_in_the_words_that_asked_for_it(
    limits: dict[str, float], words: str, field: str
) -> None:
    """Beside what does stay free."""
    result = checked(limits=Limits(**limits))  # type: ignore[arg-type]  # numbers
    (only,) = [one for one in result.findings if one.rule == "headroom"]
    assert only.message == (
        f"{(result.margin_bytes or 0) / 2**30:.2f} GiB ({result.margin_percent} %) stays free, "
        f"less than the {words} asked for"
    )
    assert (only.field, only.level, result.status) == (field, "error", "fail")
    assert result.headroom == words == headroom_words(Limits(**limits))  # type: ignore[arg-type]  # the same


def test_headroom_counts_from_its_last_byte() -> None:
    """As much as stays free may be asked for, not a byte more; what does not fit at all is told once."""
    left = checked().margin_bytes or 0
    assert found("headroom", limits=Limits(min_headroom_gb=left / 2**30)) == []
    assert found("headroom", limits=Limits(min_headroom_gb=(left + 1) / 2**30)) != []
    assert found("headroom", limits=Limits(min_headroom_percent=0, min_headroom_gb=0)) == []
    assert headroom_words(Limits(min_headroom_percent=0, min_headroom_gb=0)) == ""
    large = checked("Qwen/Qwen3-32B", device=device_of(catalog(), vram=8), limits=Limits(min_headroom_percent=10))
    assert [one.rule for one in large.findings] == ["fit"]


def test_a_speed_is_held_to_its_range() -> None:
    """The typical figure decides, the low end warns; on a card without bandwidth nothing is known."""
    sizing = checked().sizing
    assert sizing is not None
    assert sizing.speed is not None
    low, typical = sizing.speed.low, sizing.speed.typical
    assert found("speed", limits=Limits(min_tokens_per_second=low)) == []
    (warning,) = found("speed", limits=Limits(min_tokens_per_second=(low + typical) / 2))
    assert (warning.level, warning.field) == ("warning", "limits.min_tokens_per_second")
    assert f"{low:.3g} to " in warning.message
    assert [one.level for one in found("speed", limits=Limits(min_tokens_per_second=typical))] == ["warning"]
    (error,) = found("speed", limits=Limits(min_tokens_per_second=typical * 1.01))
    assert error.level == "error"
    assert error.message.startswith(f"about {typical:.3g} tokens/s ({low:.3g} to ")
    (unknown,) = found("speed", limits=Limits(min_tokens_per_second=1), device=device_of(catalog(), vram=24))
    assert unknown.level == "unknown"
    huge = {"device": device_of(catalog(), vram=4), "limits": Limits(min_tokens_per_second=1e6)}
    assert found("speed", **huge) == []


def test_a_price_is_held_to_its_limit() -> None:
    """The limit itself is allowed, and told; without a limit nobody asks."""
    (note,) = found("price", limits=Limits(max_usd_per_hour=1000))
    assert note.level == "note"
    cost = float(note.message.partition(": ")[2].partition(" USD/h")[0])
    assert [one.level for one in found("price", limits=Limits(max_usd_per_hour=cost))] == ["note"]
    (error,) = found("price", limits=Limits(max_usd_per_hour=cost * 0.99))
    assert (error.level, error.field) == ("error", "limits.max_usd_per_hour")
    assert error.message.endswith(f", above {cost * 0.99:g}")
    assert found("price") == []


@pytest.mark.parametrize(
    ("model", "limits", "expected"),
    [
        ("Qwen/Qwen3-8B", {"licenses": ("mit",)}, [("license", "error", "limits.licenses")]),
        ("Qwen/Qwen3-8B", {"licenses": ("mit", "apache-2.0"), "commercial": True, "regions": ("kr", "eu")}, []),
        ("lmsys/vicuna-7b-v1.3", {"commercial": True}, [("commercial", "error", "limits.commercial")]),
        ("lmsys/vicuna-7b-v1.3", {"commercial": False}, []),
        (
            "meta-llama/Llama-3.2-11B-Vision-Instruct",
            {"regions": ("kr", "eu"), "commercial": True},
            [("region", "error", "limits.regions")],
        ),
    ],
)
def test_licences_are_held_to_what_is_allowed(
    model: str, limits: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    """Each rule by itself, at its field."""
    words = {"engines": ["transformers"], "precision": "fp16", "context": 2048, "device": device_of(catalog(), vram=80)}
    result = checked(model, **words, limits=Limits(**limits))
    rules = {"license", "commercial", "region"}
    assert [(one.rule, one.level, one.field) for one in result.findings if one.rule in rules] == expected


def test_a_licence_that_nobody_knows_decides_nothing() -> None:
    """Neither that it may be used, nor where, nor that it is one of those allowed."""
    limits = Limits(commercial=True, licenses=("mit",), regions=("kr",))
    asked = question(limits=limits)
    asked = replace(asked, model=replace(asked.model, license="unknown"))
    levels = {one.rule: one.level for one in check_load(asked, catalog()).findings}
    assert levels == {"commercial": "unknown", "license": "unknown", "region": "unknown"}
    assert check_load(asked, catalog()).status == "undecided"


def waiver(rule: str, *, until: date) -> Waiver:
    """Return an exception."""
    return Waiver(deployment="chat", rule=rule, reason="agreed", expires=until)  # type: ignore[arg-type]  # a rule


def test_an_exception_excuses_its_own_rule_until_its_last_day() -> None:
    """Afterwards it is a warning, and one that nothing needs is told."""
    limits, day = Limits(licenses=("mit",)), date(2026, 12, 31)
    words = {"limits": limits, "waivers": (waiver("license", until=day),), "place": PLACE}
    result = checked(**words, today=day)
    assert [(one.rule, one.excused) for one in result.findings] == [("license", "agreed (until 2026-12-31)")]
    assert result.status == "pass"
    late = checked(**words, today=date(2027, 1, 1))
    assert [(one.rule, one.level, one.excused) for one in late.findings] == [
        ("license", "error", ""),
        ("exception", "warning", ""),
    ]
    assert late.findings[1].message == "the exception for license ended on 2026-12-31: agreed"
    assert all(one.place == PLACE for one in late.findings)
    other = checked(limits=limits, waivers=(waiver("price", until=day), waiver("license", until=day)))
    assert [(one.rule, bool(one.excused)) for one in other.findings] == [("license", True), ("exception", False)]
    assert other.findings[1].message == "the exception for price excuses nothing: remove it"
    wrong = checked(limits=limits, waivers=(waiver("price", until=day),))
    assert [(one.rule, one.excused) for one in wrong.findings] == [("license", ""), ("exception", "")]
    assert wrong.status == "fail"
    noted = checked(limits=Limits(max_usd_per_hour=1000), waivers=(waiver("price", until=day),))
    assert [(one.rule, one.level, one.excused) for one in noted.findings] == [
        ("price", "note", ""),
        ("exception", "warning", ""),
    ]


def test_vllm_is_told_what_it_would_not_do_itself() -> None:
    """A share that is free, and sequences that wait; nothing where its defaults do, or where they were asked for."""
    small, load = device_of(catalog(), vram=6), {"engines": ["vllm"], "context": 1024}
    (share,) = found("engine", "Qwen/Qwen3-0.6B", device=small, **load)
    assert share.level == "warning"
    assert "start vLLM with --gpu-memory-utilization 0.8" in share.message
    assert found("engine", "Qwen/Qwen3-0.6B", device=small, **load, options={"gpu_memory_utilization": 0.5}) == []
    assert found("engine", "Qwen/Qwen3-0.6B", **load) == []
    assert found("engine", "Qwen/Qwen3-0.6B", **load, sequences=256) == []
    (waits,) = found("engine", "Qwen/Qwen3-0.6B", **load, sequences=260)
    assert waits.message == "vLLM runs 256 sequences at once (max_num_seqs): the other 4 wait"
    assert waits.field == "sequences"
    assert found("engine", sequences=300, context=64) == []


@pytest.mark.parametrize("limits", [Limits(min_headroom_percent=10), Limits(min_headroom_gb=2)])
def test_headroom_is_judged_on_what_vllm_takes(limits: Limits) -> None:
    """What is printed as free is what is compared with the limit: a share of the card, and not the card."""
    result = checked(engines=["vllm"], precision="bf16", context=15_904, limits=limits)
    assert result.sizing is not None
    assert result.sizing.fit is not None
    usable = result.sizing.fit.device.usable_bytes
    assert result.margin_bytes == usable - result.sizing.estimate.total_bytes
    assert result.margin_percent == round(100 * result.margin_bytes / usable, 1)
    assert result.margin_bytes < min(usable / 10, 2 * 2**30)
    assert [one.rule for one in result.findings if one.level == "error"] == ["headroom"]
    assert result.status == "fail"


def test_a_result_says_which_machine_and_part_decide() -> None:
    """Bytes and percent of the fullest GPU, and what a lock file needs."""
    result = checked(device=device_of(catalog(), gpu=["2x L4"]), engines=["transformers"])
    asked = question(device=device_of(catalog(), gpu=["2x L4"]), engines=["transformers"])
    room = judge(asked.architecture, asked.workload, device=asked.device).tightest
    assert result.margin_bytes == room.margin
    assert result.margin_percent == round(100 * room.margin / room.usable, 1)
    assert (result.changes, result.headroom, result.error_code) == ((), "", "")
    assert result.facts["total_bytes"] == result.sizing.estimate.total_bytes if result.sizing else False
    assert (result.facts["context"], result.facts["sequences"], result.facts["engine"]) == (8192, 1, "transformers")
