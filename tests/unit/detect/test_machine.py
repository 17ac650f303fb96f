"""The machine as a whole: order of drivers, time, RAM and its limits."""

import contextlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from llmfit.detect import detect_device
from llmfit.detect.finding import Finding, ask, clean_name
from llmfit.detect.machine import is_container, is_wsl, system_probes
from llmfit.detect.ram import RamFigures
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
        ("Linux", ["the device tree", "NVML", "the kernel"]),
        ("FreeBSD", ["the device tree", "NVML", "the kernel"]),
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


@pytest.mark.parametrize(
    ("name", "clean"),
    [(b"Tesla T4", "Tesla T4"), ("  a \n b ", "a b"), ("a\x1b[0m\x00b", "a [0m b"), (b"\xff", "\ufffd"), (5, "5")],
)
def test_names_become_one_printable_line(name: object, clean: str) -> None:
    """Whatever a driver returns."""
    assert clean_name(name) == clean


def test_what_can_be_done_comes_before_naming_a_card() -> None:
    """Each driver's own advice, once."""
    probes = {
        "one": lambda: Finding(reason="broken", hint="Restart"),
        "two": lambda: Finding(reason="broken too", hint="Restart"),
        "three": lambda: Finding(reason="none"),
    }
    with pytest.raises(NoGpuFoundError) as caught:
        detect_device(probes=probes, ram=ram)
    assert caught.value.message == "No usable GPU found: broken; broken too; none"
    assert caught.value.hint.startswith("Restart. ")
    assert caught.value.hint.count("Restart") == 1
    assert caught.value.hint.endswith("Say what you have: --vram 8, or --gpu with a name that `llmfit gpus` lists")


@pytest.mark.parametrize(("inside", "place"), [("is_wsl", "/usr/lib/wsl/lib"), ("is_container", "docker run --gpus")])
def test_where_it_runs_decides_what_is_advised(inside: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under WSL the driver is that of Windows; a container sees what it was given."""
    hints = []
    for answer in (True, False):
        monkeypatch.setattr("llmfit.detect.machine.is_wsl", lambda: False)
        monkeypatch.setattr("llmfit.detect.machine.is_container", lambda: False)
        monkeypatch.setattr(f"llmfit.detect.machine.{inside}", lambda said=answer: said)
        with pytest.raises(NoGpuFoundError) as caught:
            detect_device(probes={}, ram=ram)
        hints.append(caught.value.hint)
    assert [place in hint for hint in hints] == [True, False]


def test_under_wsl_windows_uses_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note says so."""
    monkeypatch.setattr("llmfit.detect.machine.is_wsl", lambda: True)
    device = detect_device(probes={"one": lambda: Finding(gpus=(GPU,))}, ram=ram)
    assert "Under WSL, memory that Windows uses counts as used" in device.notes


@pytest.mark.parametrize("name", [".dockerenv", "run/.containerenv"])
def test_a_container_is_recognised(name: str, tmp_path: Path) -> None:
    """By the file that Docker or Podman puts there."""
    assert not is_container(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / name).touch()
    assert is_container(tmp_path)


def test_a_card_of_another_maker_is_named_and_not_counted() -> None:
    """One of the same maker is the same card, seen twice."""
    nvidia, amd = (replace(GPU, name=name, vendor=name) for name in ("nvidia", "amd"))
    probes = {
        "none": Finding,
        "first": lambda: Finding(gpus=(nvidia,), notes=("a note",)),
        "second": lambda: Finding(gpus=(nvidia, amd), notes=("of no interest",)),
    }
    device = detect_device(probes=probes, ram=ram)
    assert device.gpus == (nvidia,)
    assert device.notes[:2] == ("a note", "amd is here too, and not counted: it has another driver")
    assert len([note for note in device.notes if "here too" in note]) == 1


def test_a_driver_without_a_reason_leaves_no_gap() -> None:
    """And a note that is the reason stands once."""
    probes = {"a": Finding, "b": lambda: Finding(reason="none", notes=("none", "more")), "c": Finding}
    with pytest.raises(NoGpuFoundError, match=r"^No usable GPU found: none; more$"):
        detect_device(probes=probes, ram=ram)


def test_a_kernel_whose_version_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 hide nothing."""
    (tmp_path / "version").write_bytes(b"Linux \xff Microsoft")
    assert is_wsl(tmp_path / "version")
