"""Devices from names and gigabytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from llmfit.catalog import Catalog, load_catalog
from llmfit.catalog.devices import complete_device, device_from_names, device_from_vram, gigabytes
from llmfit.errors import AmbiguousGpuError, UnknownGpuError, UsageError
from llmfit.records.device import Device, DeviceGpu, Gpu
from support.models import GIB, a_gpu

CATALOG = load_catalog(user_file=None)
MIB = 1024**2


@pytest.mark.parametrize(
    ("said", "size"),
    [("6", 6.0), (6, 6.0), (" 6GB ", 6.0), ("6 GiB", 6.0), ("6g", 6.0), ("7.5", 7.5), (".5", 0.5), ("1e2", 100.0)],
)
def test_gigabytes_are_gibibytes_of_the_box(said: str | float, size: float) -> None:
    """With or without unit."""
    assert gigabytes(said, option="--vram") == size * GIB


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("banana", "not a number"),
        ("", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
        ("6 TB", "not a number"),
        ("0x6", "not a number"),
        ("6,5", "not a number"),
        ("1_0", "not a number"),
        ("٦", "not a number"),
        ("0", "more than 0"),
        ("-6", "more than 0"),
        ("-0.0", "more than 0"),
        ("1e9", "more than any machine"),
        ("1e999", "more than any machine"),
        ("1e-300", "too little"),
        ("\x1b[31m6", "not a number"),
    ],
)
def test_a_size_that_makes_no_sense_is_a_usage_error(said: str | float, message: str) -> None:
    """The message names the option and what was written."""
    with pytest.raises(UsageError, match=message) as caught:
        gigabytes(said, option="--vram")
    assert caught.value.message.startswith("--vram")
    assert caught.value.hint


def test_a_nominal_card_loses_what_drivers_keep() -> None:
    """6 GB are 6 GiB on the box, and less for a program; the note says how much."""
    device = device_from_vram("6", catalog=CATALOG, ram="16")
    (gpu,) = device.gpus
    assert (gpu.total_bytes, gpu.reserved_bytes, device.ram_bytes) == (6 * GIB, 383 * MIB, 16 * GIB)
    assert device.usable_bytes == 6 * GIB - 383 * MIB
    assert "383 MiB" in device.notes[0]


def test_the_smallest_card_keeps_something() -> None:
    """The rule of real cards never takes more than half of a made-up one."""
    assert device_from_vram(0.1, catalog=CATALOG).usable_bytes > 0


def test_a_bigger_card_never_gets_less() -> None:
    """The reserve jumps between sizes by less than the sizes do."""
    usable = [device_from_vram(gb, catalog=CATALOG).usable_bytes for gb in (4, 6, 8, 12, 13, 16, 32, 33, 80, 192)]
    assert usable == sorted(usable)


def test_a_named_card_has_the_figures_of_its_driver() -> None:
    """Where the driver's reserve was read, it is used; bandwidth comes along."""
    (gpu,) = device_from_names(["RTX 3090"], catalog=CATALOG).gpus
    assert (gpu.total_bytes, gpu.reserved_bytes, gpu.bandwidth_gbps) == (24576 * MIB, 316 * MIB, 936.2)
    assert "rtx-3090" in gpu.source


@pytest.mark.parametrize(
    ("names", "count"), [(["2x L4"], 2), (["L4", "L4"], 2), (["2 x L4", "L4"], 3), (["4X l4"], 4), (["3× L4"], 3)]
)
def test_cards_are_counted(names: list[str], count: int) -> None:
    """A prefix, or the option again."""
    device = device_from_names(names, catalog=CATALOG)
    assert [gpu.name for gpu in device.gpus] == ["L4"] * count
    assert device.usable_bytes == count * device.gpus[0].usable_bytes


@pytest.mark.parametrize("names", [[], ["0x L4"], ["99999x L4"], ["1000x L4", "1000x L4"]])
def test_a_count_that_makes_no_sense_is_a_usage_error(names: list[str]) -> None:
    """None, or more than a machine has."""
    with pytest.raises(UsageError):
        device_from_names(names, catalog=CATALOG)


def test_unknown_and_ambiguous_names_stay_errors() -> None:
    """The table's own errors come through."""
    with pytest.raises(UnknownGpuError):
        device_from_names(["2x banana"], catalog=CATALOG)
    with pytest.raises(AmbiguousGpuError):
        device_from_names(["RTX 3060"], catalog=CATALOG)


def test_a_mac_shares_its_memory() -> None:
    """A GPU may take two thirds of 16 GB, and three quarters of 64."""
    small = device_from_names(["Apple M1 16GB"], catalog=CATALOG)
    large = device_from_names(["m4 max 64gb"], catalog=CATALOG)
    assert small.unified
    assert (small.ram_bytes, small.gpus[0].platform) == (16 * GIB, "metal")
    assert small.usable_bytes == pytest.approx(10922 * MIB, rel=0.01)  # Metal's own figure on such a Mac
    assert large.usable_bytes == 48 * GIB


def test_an_open_disagreement_reaches_the_user() -> None:
    """The device's notes carry it."""
    assert any("Wikipedia" in note for note in device_from_names(["RTX 5050"], catalog=CATALOG).notes)


def test_a_detected_card_learns_its_speed() -> None:
    """Memory stays what the driver says; what the table lacks stays unknown."""
    known = DeviceGpu(name="NVIDIA L4", total_bytes=23034 * MIB, reserved_bytes=5, used_bytes=7, source="NVML")
    odd = DeviceGpu(name="Graphics Device", total_bytes=5912 * MIB, source="NVML")
    device = complete_device(Device(gpus=(known, odd), ram_bytes=9), catalog=CATALOG)
    assert (device.gpus[0].usable_bytes, device.gpus[0].bandwidth_gbps) == (23034 * MIB - 12, 300.1)
    assert device.gpus[0].source == "NVML; speed from GPU table: l4"
    assert (device.gpus[1], device.ram_bytes) == (odd, 9)
    assert complete_device(device, catalog=CATALOG, ram="32").ram_bytes == 32 * GIB


def test_a_detected_mac_follows_the_rule_unless_its_owner_set_a_limit() -> None:
    """Metal's share is the catalog's; a set limit is the machine's."""
    mac = DeviceGpu(name="Apple M1", total_bytes=16 * GIB, vendor="apple", platform="metal")
    (gpu,) = complete_device(Device(gpus=(mac,), unified=True), catalog=CATALOG).gpus
    assert gpu.usable_bytes == pytest.approx(10922 * MIB, rel=0.01)  # Metal's own figure on such a Mac
    own = replace(mac, reserved_bytes=GIB)
    (gpu,) = complete_device(Device(gpus=(own,), unified=True), catalog=CATALOG).gpus
    assert gpu.usable_bytes == 15 * GIB


def test_a_card_without_rule_keeps_its_nominal_size() -> None:
    """Nothing is taken that nobody measured."""

    class Bare:
        memory_rules = ()
        gpus: Mapping[str, Gpu] = {}

        def gpu(self, name: str) -> object:
            return a_gpu(name, 8)

    (gpu,) = device_from_names(["Card"], catalog=cast("Catalog", Bare())).gpus
    assert (gpu.usable_bytes, "unknown" in gpu.source) == (8 * GIB, True)


@pytest.mark.parametrize("names", [["2x m4 max 64gb"], ["m4 max 64gb", "RTX 4090"], ["GB10", "GB10"]])
def test_machines_with_one_memory_are_no_pool(names: list[str]) -> None:
    """Two of them, or a card beside one, are two machines: nothing can be added up."""
    with pytest.raises(UsageError, match="its own machine"):
        device_from_names(names, catalog=CATALOG)


def test_a_name_without_its_form_says_how_it_was_read() -> None:
    """The card of most machines is meant, and what to write for the other one is a note."""
    device = device_from_names(["8x H200", "a100 80gb"], catalog=CATALOG)
    assert device.name == "8x H200 SXM 141 GB + A100 SXM4 80 GB"
    assert device.readings == (
        "H200 is read as H200 SXM 141 GB; write H200 NVL 141 GB if that is meant",
        "a100 80gb is read as A100 SXM4 80 GB; write A100 PCIe 80 GB if that is meant",
    )
    assert device.notes[:2] == device.readings


@pytest.mark.parametrize(
    "name", ["H100 PCIe 80 GB", "h100-sxm5-80gb", "H100 SXM 80GB", "H100 80GB HBM3", "L4", "RTX 4090"]
)
def test_a_name_that_means_one_card_says_nothing(name: str) -> None:
    """With its form, its id, or where there is only one."""
    assert device_from_names([name], catalog=CATALOG).readings == ()


def test_what_was_read_is_said_once() -> None:
    """However often the card is named."""
    assert len(device_from_names(["H200", "H200"], catalog=CATALOG).readings) == 1


@pytest.mark.parametrize(
    ("name", "gpu_id"),
    [
        ("H100 80 GB", "h100-sxm5-80gb"),
        ("H100 94 GB", "h100-nvl-94gb"),
        ("A100 40 GB", "a100-sxm4-40gb"),
        ("V100 16GB", "tesla-v100-sxm2-16gb"),
        ("P100 16 GB", "tesla-p100-pcie-16gb"),
        ("H100 96 GB", "h100-sxm5-96gb"),
    ],
)
def test_the_form_of_most_machines_for_rent_is_meant(name: str, gpu_id: str) -> None:
    """Where the catalog's machines show one; else the slowest of those whose speed is known."""
    assert CATALOG.gpu(name).id == gpu_id


@pytest.mark.parametrize("name", ["2xL4", "2×L4", "L4 x2", "L4 x 2", "L4 *2", "2 x L4", "+2x L4"])
def test_a_count_stands_before_or_behind(name: str) -> None:
    """With a blank or without one before the name."""
    if name.startswith("+"):
        with pytest.raises(UsageError, match="make no sense"):
            device_from_names([name], catalog=CATALOG)
    else:
        assert [gpu.name for gpu in device_from_names([name], catalog=CATALOG).gpus] == ["L4", "L4"]


@pytest.mark.parametrize("name", ["-1x L4", "2.5x L4", "1,5 x L4", "0xL4", "L4 x0", "1025x L4", "L4 x 1025"])
def test_a_count_that_is_none_is_a_usage_error(name: str) -> None:
    """Negative, broken, zero, or more than a machine has."""
    with pytest.raises(UsageError, match="GPUs make no sense"):
        device_from_names([name], catalog=CATALOG)


@pytest.mark.parametrize(
    ("name", "gpu"), [("7900 XTX", "Radeon RX 7900 XTX"), ("7900XTX", "Radeon RX 7900 XTX"), ("1024x L4", "L4")]
)
def test_a_number_with_x_in_a_name_is_no_count(name: str, gpu: str) -> None:
    """A count before a name without a blank has three digits at most."""
    assert device_from_names([name], catalog=CATALOG).gpus[0].name == gpu


@pytest.mark.parametrize(
    ("value", "fault", "hint"),
    [
        ("8192MB", "8192MB: not a number of gigabytes", "The unit is GB: write 8"),
        ("8,5", "8,5: not a number of gigabytes", "Write 8.5"),
        ("", "'': not a number of gigabytes", "Write for example --vram 8"),
        ("a,b", "a,b: not a number of gigabytes", "Write for example --vram 8"),
        ("0", "0: memory must be more than 0 GB", "Write for example --vram 8"),
        ("16385", "16385: more than any machine has", "The unit is GB: 24 means 24 GB"),
        ("0.06", "0.06: too little for any model", "The unit is GB: 0.5 means 512 MB"),
    ],
)
def test_what_is_wrong_with_a_size_is_said(value: str, fault: str, hint: str) -> None:
    """And what to write instead."""
    with pytest.raises(UsageError) as caught:
        gigabytes(value, option="--vram")
    assert (caught.value.message, caught.value.hint) == (f"--vram {fault}", hint)


def test_no_ram_is_left_out() -> None:
    """Zero is no size of RAM either."""
    with pytest.raises(UsageError) as caught:
        device_from_vram(8, catalog=CATALOG, ram="0")
    assert caught.value.hint == "Leave it out where there is none"


def test_the_smallest_and_the_largest_size() -> None:
    """64 MB, and what the largest machine has."""
    assert gigabytes("0.0625", option="--vram") == GIB // 16
    assert gigabytes("16384", option="--vram") == 16_384 * GIB


OWN: dict[str, Any] = {
    "compute": "sm_1",
    "bandwidth_gbps": 1.5,
    "memory_type": "odd",
    "fp32_tflops": 2.5,
    "fp16_tflops": 3.5,
    "bf16": False,
}
"""Figures that no row of the table has."""


@pytest.mark.parametrize("field", OWN)
def test_the_table_fills_what_the_driver_does_not_tell(field: str) -> None:
    """And replaces nothing that it does."""
    bare = DeviceGpu(name="NVIDIA L4", total_bytes=23034 * MIB)
    (filled,) = complete_device(Device(gpus=(bare,)), catalog=CATALOG).gpus
    assert getattr(filled, field) == getattr(CATALOG.gpus["l4"], field)
    assert getattr(filled, field) not in (None, OWN[field])
    (kept,) = complete_device(Device(gpus=(replace(bare, **{field: OWN[field]}),)), catalog=CATALOG).gpus
    assert getattr(kept, field) == OWN[field]


def test_what_nobody_tells_of_a_named_card_is_not_there() -> None:
    """No RAM, no notes; the device says how it was named."""
    card = device_from_names(["L4"], catalog=CATALOG)
    assert (card.ram_bytes, card.notes, card.source, card.unified) == (None, (), "--gpu", False)
    assert device_from_names(["L4"], catalog=CATALOG, ram="8").ram_bytes == 8 * GIB
    assert device_from_names(["m4 max 64gb"], catalog=CATALOG, ram="32").ram_bytes == 32 * GIB
    size = device_from_vram(6, catalog=CATALOG)
    assert (size.ram_bytes, size.source, size.unified) == (None, "--vram", False)


@pytest.mark.parametrize("name", ["٢x L4", "²x L4"])
def test_a_count_is_written_in_plain_digits(name: str) -> None:
    """Those of other scripts are no count, and no name either."""
    with pytest.raises((UsageError, UnknownGpuError)):
        device_from_names([name], catalog=CATALOG)


def test_the_most_ram_is_that_of_the_largest_machine() -> None:
    """64 TB pass, more do not."""
    assert device_from_vram(8, catalog=CATALOG, ram="65536").ram_bytes == 65_536 * GIB
    with pytest.raises(UsageError, match="more than any machine has"):
        device_from_vram(8, catalog=CATALOG, ram="65536.5")
