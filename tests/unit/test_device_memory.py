"""What drivers keep of a card's memory."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.device_memory import find_rule, gpu_of_size, gpu_of_table, kept_bytes, within_rule
from llmfit.records.device import DeviceGpu, MemoryRule
from support.models import GIB, a_gpu

MIB = 1024**2


def rule(vendor: str = "nvidia", **changes: object) -> MemoryRule:
    """Return a rule of this vendor, changed as asked."""
    values = {"vendor": vendor, "low": 0.0, "high": 9e9, "source": "s", "checked": "2025", "note": "as read", **changes}
    return MemoryRule(**values)  # type: ignore[arg-type]  # the values' types are those of the record


RULES = (
    rule(up_to_bytes=12 * GIB, reserved_bytes=300 * MIB),
    rule(reserved_bytes=900 * MIB),
    rule("apple", unified_memory=True, reserved_share=0.25),
)


@pytest.mark.parametrize(
    ("vendor", "gb", "unified", "place"),
    [
        ("nvidia", 8, False, 0),
        ("nvidia", 12, False, 0),
        ("nvidia", 13, False, 1),
        ("apple", 64, True, 2),
        ("apple", 64, False, None),
        ("amd", 16, False, None),
    ],
)
def test_the_first_rule_that_covers_a_card_holds(vendor: str, gb: int, *, unified: bool, place: int | None) -> None:
    """By vendor, kind of memory and size; none where nobody read one."""
    found = find_rule(RULES, vendor=vendor, memory_bytes=gb * GIB, unified=unified)  # type: ignore[arg-type]  # parametrised words are plain strings
    assert found is (None if place is None else RULES[place])


def test_kept_bytes_are_a_figure_or_a_share() -> None:
    """Nothing without a rule."""
    assert kept_bytes(RULES[0], 8 * GIB) == 300 * MIB
    assert kept_bytes(RULES[2], 64 * GIB) == 16 * GIB
    assert kept_bytes(None, 64 * GIB) == 0


def test_a_card_with_figures_of_its_own_needs_no_rule() -> None:
    """Reported total and reserve win."""
    gpu = gpu_of_table(a_gpu("Card", 8, reported_bytes=8188 * MIB, reserved_bytes=205 * MIB), rules=RULES)
    assert (gpu.total_bytes, gpu.reserved_bytes, gpu.usable_bytes) == (8188 * MIB, 205 * MIB, 7983 * MIB)
    assert "as its driver reports it" in gpu.source


def test_what_is_not_reported_is_not_taken_twice() -> None:
    """The rule counts from the nominal size, of which a little is already missing."""
    gpu = gpu_of_table(a_gpu("Card", 24, reported_bytes=24564 * MIB), rules=RULES)
    assert gpu.usable_bytes == 24576 * MIB - 900 * MIB
    assert (gpu.total_bytes, "by rule: as read" in gpu.source) == (24564 * MIB, True)


def test_error_correction_comes_on_top_of_the_rule() -> None:
    """It takes a sixteenth, and then the driver its own."""
    gpu = gpu_of_table(a_gpu("Card", 24, reported_bytes=23040 * MIB), rules=RULES)
    assert gpu.usable_bytes == (23040 - 900) * MIB


def test_facts_of_the_card_come_along() -> None:
    """Speed, compute and platform."""
    row = a_gpu("Card", 16, vendor="amd", bandwidth_gbps=512.0, fp16_tflops=40.0, compute="gfx1100", bf16=True)
    gpu = gpu_of_table(row, rules=RULES)
    assert (gpu.platform, gpu.bandwidth_gbps, gpu.fp16_tflops, gpu.compute, gpu.bf16) == (
        "rocm",
        512.0,
        40.0,
        "gfx1100",
        True,
    )
    assert gpu_of_table(a_gpu("Card", 16, vendor="other"), rules=RULES).platform == "vulkan"


def test_a_nominal_size_is_taken_for_an_nvidia_card() -> None:
    """The commonest; a tiny one keeps half."""
    assert gpu_of_size(6 * GIB, rules=RULES).usable_bytes == 6 * GIB - 300 * MIB
    assert gpu_of_size(100 * MIB, rules=RULES).usable_bytes == 50 * MIB
    assert gpu_of_size(6 * GIB, rules=()).usable_bytes == 6 * GIB
    assert gpu_of_size(round(7.5 * GIB), rules=()).name == "7.5 GB GPU"


def test_only_a_mac_without_a_limit_follows_its_rule() -> None:
    """Other detected GPUs keep what their drivers say."""
    mac = DeviceGpu(name="Apple M3", total_bytes=64 * GIB, vendor="apple", platform="metal")
    assert within_rule(mac, rules=RULES).usable_bytes == 48 * GIB
    assert within_rule(mac, rules=()) == mac
    card = DeviceGpu(name="Card", total_bytes=64 * GIB, vendor="nvidia")
    assert within_rule(card, rules=RULES) == card
    eight = DeviceGpu(name="Radeon", total_bytes=8 * GIB, vendor="amd", platform="metal")
    assert within_rule(eight, rules=RULES) == eight


@pytest.mark.parametrize(
    "changes",
    [{"platform": "vulkan"}, {"vendor": "amd"}, {"reserved_bytes": GIB}],
)
def test_a_rule_of_shared_memory_needs_all_three(changes: dict[str, Any]) -> None:
    """Apple's GPU, by Metal, of which the system said nothing; even where a rule would cover others."""
    rules = (*RULES, rule("amd", unified_memory=True, reserved_share=0.5))
    mac = DeviceGpu(name="Apple M3", total_bytes=64 * GIB, vendor="apple", platform="metal", source="system")
    assert within_rule(mac, rules=rules).source == "system; reserve by rule: as read"
    other = replace(mac, **changes)
    assert within_rule(other, rules=rules) is other


@pytest.mark.parametrize(
    ("lacking", "reserved"),
    [(0, 900 * MIB), (1, 900 * MIB - 1), (900 * MIB, 0), (900 * MIB + 1, 900 * MIB), (-1, 900 * MIB)],
)
def test_what_the_driver_does_not_report_counts_up_to_what_it_keeps(lacking: int, reserved: int) -> None:
    """To the byte: what lacks more than the rule counts, or nothing, has another cause."""
    card = a_gpu("Card 24", 24, reported_bytes=24 * GIB - lacking)
    assert gpu_of_table(card, rules=RULES).reserved_bytes == reserved
    assert gpu_of_table(card, rules=()).reserved_bytes == 0


def test_a_card_keeps_nothing_less_than_nothing() -> None:
    """Where the rule counts a share, which what is not reported may exceed."""
    rules = (rule(reserved_bytes=2 * GIB, reserved_share=0.0),)
    assert gpu_of_table(a_gpu("Card", 24, reported_bytes=22 * GIB), rules=rules).reserved_bytes == 0
    assert gpu_of_table(a_gpu("Card", 24), rules=rules).reserved_bytes == 2 * GIB


@pytest.mark.parametrize(
    ("vendor", "platform"),
    [("nvidia", "cuda"), ("amd", "rocm"), ("apple", "metal"), ("intel", "vulkan"), ("other", "vulkan")],
)
def test_each_vendor_has_its_platform(vendor: Any, platform: str) -> None:
    """Vulkan where no other is known."""
    assert gpu_of_table(a_gpu("Card", 24, vendor=vendor), rules=()).platform == platform


def test_where_the_reserve_comes_from_is_said() -> None:
    """The driver, a rule, or nobody."""
    assert gpu_of_table(a_gpu("Card", 24), rules=RULES).source == "GPU table: card, reserve by rule: as read"
    assert gpu_of_table(a_gpu("Card", 24), rules=()).source == "GPU table: card, reserve unknown"
    own = gpu_of_table(a_gpu("Card", 24, reserved_bytes=GIB), rules=RULES)
    assert own.source == "GPU table: card, reserve as its driver reports it"
    assert gpu_of_size(6 * GIB, rules=RULES).source == "nominal size; the driver keeps 300 MiB"
    assert gpu_of_size(6 * GIB, rules=()).source == "nominal size"
