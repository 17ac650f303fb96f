"""The machine as a whole: order of drivers, time, RAM and its limits."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from llmfit.detect import detect_device
from llmfit.detect.finding import Finding, ask, clean_name
from llmfit.detect.machine import is_wsl, system_probes
from llmfit.detect.ram import RamFigures, clamp_ram, read_ram
from llmfit.errors import NoGpuFoundError
from llmfit.records.device import Device, DeviceGpu

GIB = 1024**3
GPU = DeviceGpu(name="Card", total_bytes=8 * GIB, source="test")
RAM = RamFigures(32 * GIB, 20 * GIB, "psutil")


def ram() -> RamFigures:
    """Return a machine's RAM."""
    return RAM


def failing() -> Finding:
    """Stand for a driver that breaks."""
    raise OSError("no\nsuch \x1b[1mdriver")


def hanging() -> Finding:
    """Stand for a driver that never answers in time."""
    time.sleep(5)
    return Finding(gpus=(GPU,))


def test_the_first_driver_with_a_gpu_answers() -> None:
    """Its notes and the source of RAM are the device's."""
    probes = {
        "one": lambda: Finding(reason="nothing here"),
        "two": lambda: Finding(gpus=(GPU,), unified=True, notes=("a note",)),
        "three": failing,
    }
    device = detect_device(probes=probes, ram=ram)
    assert (device.gpus, device.ram_bytes, device.unified, device.source) == ((GPU,), 20 * GIB, True, "detected")
    assert device.notes[0] == "a note"
    assert device.notes[-1] == "RAM from psutil"


def test_no_gpu_is_an_error_that_says_who_was_asked() -> None:
    """Every driver's reason, and what to do instead."""
    with pytest.raises(NoGpuFoundError) as caught:
        detect_device(probes={"one": lambda: Finding(reason="no driver"), "two": failing}, ram=ram)
    assert caught.value.message == "No usable GPU found: no driver; two failed: no such [1mdriver"
    assert "--vram 8" in caught.value.hint


def test_no_driver_at_all_is_still_a_sentence() -> None:
    """A system without drivers to ask."""
    with pytest.raises(NoGpuFoundError, match=r"^No usable GPU found$"):
        detect_device(probes={}, ram=ram)


def test_a_hanging_driver_holds_nobody_up() -> None:
    """The next one is asked when its time is over."""
    started = time.monotonic()
    device = detect_device(probes={"slow": hanging, "good": lambda: Finding(gpus=(GPU,))}, ram=ram, seconds=0.2)
    assert device.gpus == (GPU,)
    assert time.monotonic() - started < 3  # the driver above takes 5 s


def test_time_and_failure_are_reasons() -> None:
    """Neither is raised, whatever the driver does."""
    assert ask(hanging, name="NVML", seconds=0.1).reason == "NVML did not answer within 0.1 s"
    assert ask(failing, name="NVML", seconds=1).reason == "NVML failed: no such [1mdriver"

    def silent() -> Finding:
        raise ValueError

    assert ask(silent, name="NVML", seconds=1).reason == "NVML failed: ValueError"


def test_ram_that_cannot_be_read_is_unknown() -> None:
    """The GPU's figures stay."""

    def broken() -> RamFigures:
        raise PermissionError

    device = detect_device(probes={"one": lambda: Finding(gpus=(GPU,))}, ram=broken)
    assert device.ram_bytes is None
    assert "RAM unknown: PermissionError" in device.notes


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("Linux", ["NVML", "the kernel"]),
        ("FreeBSD", ["NVML", "the kernel"]),
        ("Windows", ["NVML", "the registry"]),
        ("Darwin", ["the system"]),
    ],
)
def test_each_system_has_its_drivers(system: str, names: list[str]) -> None:
    """NVML first where it exists."""
    assert list(system_probes(system)) == names


def test_this_machine_is_detected_or_says_why_not() -> None:
    """No traceback here either, in bounded time."""
    started = time.monotonic()
    device: Device | None = None
    with contextlib.suppress(NoGpuFoundError):
        device = detect_device()
    assert device is None or (device.usable_bytes >= 0 and all(gpu.source for gpu in device.gpus))
    assert time.monotonic() - started < 20  # two drivers of at most 8 s each


def test_wsl_is_recognised(tmp_path: Path) -> None:
    """By the kernel's name."""
    version = tmp_path / "version"
    version.write_text("Linux version 6.6.87.2-microsoft-standard-WSL2")
    assert is_wsl(version)
    version.write_text("Linux version 6.8.0-generic")
    assert not is_wsl(version)
    assert not is_wsl(tmp_path / "none")


def group(root: Path, files: Mapping[str, object]) -> Path:
    """Return a root folder with these control-group files."""
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"


@pytest.mark.parametrize(
    ("files", "total", "available"),
    [
        ({}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": "max"}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 8 * GIB, f"{V2}/memory.current": 3 * GIB}, 8, 5),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                f"{V2}/a/memory.max": 8 * GIB,
                f"{V2}/a/memory.current": 3 * GIB,
                f"{V2}/a/memory.stat": f"anon {GIB}\ninactive_file {2 * GIB}",
                f"{V2}/a/b/memory.max": "max",
            },
            8,
            7,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                f"{V2}/a/memory.max": 8 * GIB,
                f"{V2}/a/b/memory.max": 4 * GIB,
                f"{V2}/a/b/memory.current": GIB,
            },
            4,
            3,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/1",
                f"{V1}/docker/1/memory.limit_in_bytes": 2 * GIB,
                f"{V1}/docker/1/memory.usage_in_bytes": GIB,
                f"{V1}/docker/1/memory.stat": f"total_inactive_file {GIB // 2}",
            },
            2,
            1.5,
        ),
        ({"proc/self/cgroup": "4:memory:/", f"{V1}/memory.limit_in_bytes": 0x7FFFFFFFFFFFF000}, 32, 20),
        ({"proc/self/cgroup": "4:memory:/gone", f"{V1}/memory.limit_in_bytes": 4 * GIB}, 4, 4),
        ({"proc/self/cgroup": "0::/../../x", f"{V2}/memory.max": 4 * GIB}, 4, 4),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 64 * GIB}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 4 * GIB, f"{V2}/memory.current": 9 * GIB}, 4, 0),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": "junk"}, 32, 20),
        ({"proc/self/cgroup": "junk\n::\n0:", f"{V2}/memory.max": "0"}, 32, 20),
    ],
)
def test_ram_stays_within_its_control_groups(
    tmp_path: Path, files: dict[str, object], total: float, available: float
) -> None:
    """The tightest limit of all parents holds, v1 or v2; cache that can be dropped is free."""
    found = clamp_ram(RAM, root=group(tmp_path, files))
    assert (found.total, found.available) == (total * GIB, available * GIB)
    assert ("control group" in found.source) is (total < 32)


def test_this_machines_ram_is_read() -> None:
    """Something, and not more than there is."""
    found = read_ram()
    assert 0 < found.available <= found.total


@pytest.mark.parametrize(
    ("name", "clean"),
    [(b"Tesla T4", "Tesla T4"), ("  a \n b ", "a b"), ("a\x1b[0m\x00b", "a [0m b"), (b"\xff", "\ufffd"), (5, "5")],
)
def test_names_become_one_printable_line(name: object, clean: str) -> None:
    """Whatever a driver returns."""
    assert clean_name(name) == clean
