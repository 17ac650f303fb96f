"""AMD, Intel, Apple and Windows, on trees and outputs of our own."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self, cast

import pytest

from llmfit.detect.apple import find_apple, run_command
from llmfit.detect.drm import find_drm
from llmfit.detect.windows import find_windows

MIB = 1024**2
GIB = 1024**3


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """Return a folder with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


DEVICE = {"vendor": "0x1002", "device": "0x73df", "mem_info_vram_total": "12868124672"}
AMD = {
    "card0/device/vendor": "0x1002",
    "card0/device/device": "0x73df",
    "card0/device/mem_info_vram_total": "12868124672",
    "card0/device/mem_info_vram_used": "1000000000",
    "card0/device/mem_info_gtt_total": "33000000000",
    "card0-DP-1/status": "connected",
    "renderD128/dev": "226:128",
}


def test_an_amd_card_is_read_from_sysfs(tmp_path: Path) -> None:
    """An RX 6700 XT: 12,272 MiB of its own; RAM that it may borrow is not counted."""
    (gpu,) = find_drm(tree(tmp_path, AMD)).gpus
    assert (gpu.name, gpu.total_bytes, gpu.used_bytes) == ("AMD GPU 73df", 12272 * MIB, 10**9)
    assert (gpu.vendor, gpu.platform, gpu.source) == ("amd", "rocm", "sysfs mem_info_vram_total")


def test_the_products_name_is_used_where_the_driver_has_it(tmp_path: Path) -> None:
    """Server cards carry one."""
    files = AMD | {"card0/device/product_name": "AMD Instinct MI300X"}
    assert find_drm(tree(tmp_path, files)).gpus[0].name == "AMD Instinct MI300X"


@pytest.mark.parametrize(
    ("files", "total", "used"),
    [
        ({"lmem_total_bytes": "8589934592", "lmem_avail_bytes": "8000000000"}, 8589934592, 589934592),
        ({"lmem_total_bytes": "8589934592"}, 8589934592, 0),
        ({"device/tile0/physical_vram_size_bytes": "12884901888"}, 12884901888, 0),
        (
            {"device/tile0/physical_vram_size_bytes": "1", "device/tile1/physical_vram_size_bytes": "12884901888"},
            12884901889,
            0,
        ),
    ],
)
def test_an_intel_card_is_read_from_i915_or_xe(tmp_path: Path, files: dict[str, str], total: int, used: int) -> None:
    """Tiles add up."""
    rows = {"card1/device/vendor": "0x8086", "card1/device/device": "0xe20b"}
    rows |= {f"card1/{name}": text for name, text in files.items()}
    (gpu,) = find_drm(tree(tmp_path, rows)).gpus
    assert (gpu.name, gpu.total_bytes, gpu.used_bytes, gpu.vendor) == ("Intel GPU e20b", total, used, "intel")


def test_a_processors_own_gpu_is_named_but_not_taken(tmp_path: Path) -> None:
    """Its carve-out of 512 MiB says nothing about what it can use."""
    found = find_drm(tree(tmp_path, AMD | {"card0/device/mem_info_vram_total": str(512 * MIB)}))
    assert found.gpus == ()
    assert "AMD GPU 73df is part of the processor" in found.reason


@pytest.mark.parametrize("text", ["", "banana", "-5", "9" * 30, "0", "\x00"])
def test_a_figure_that_is_none_is_left_out(tmp_path: Path, text: str) -> None:
    """Drivers write odd things."""
    found = find_drm(tree(tmp_path, AMD | {"card0/device/mem_info_vram_total": text}))
    assert found.gpus == ()
    assert found.reason == "no AMD or Intel GPU with memory of its own"


def test_a_machine_without_cards_says_so(tmp_path: Path) -> None:
    """Also where the folder is not there, as in containers."""
    assert find_drm(tmp_path / "none").reason == "the kernel shows no graphics cards"
    assert find_drm(tmp_path).reason == "no AMD or Intel GPU with memory of its own"


def mac(answers: Mapping[str, str]) -> Any:
    """Return a stand-in for the system's commands, by their last word or the report's name."""

    def run(command: Sequence[str]) -> str:
        return next((text for word, text in answers.items() if word in command), "")

    return run


def test_an_apple_chip_shares_all_memory() -> None:
    """What Metal hands out is a rule of the catalog's."""
    found = find_apple(mac({"machdep.cpu.brand_string": "Apple M3 Max", "hw.memsize": str(64 * GIB)}))
    (gpu,) = found.gpus
    assert found.unified
    assert (gpu.name, gpu.total_bytes, gpu.reserved_bytes, gpu.platform) == ("Apple M3 Max", 64 * GIB, 0, "metal")


@pytest.mark.parametrize(("limit", "usable"), [("57344", 56), ("0", 64), ("", 64), ("junk", 64), ("999999", 64)])
def test_a_limit_that_the_owner_set_holds(limit: str, usable: int) -> None:
    """`iogpu.wired_limit_mb`; 0 is the system's own choice."""
    answers = {"machdep.cpu.brand_string": "Apple M3 Max", "hw.memsize": str(64 * GIB), "iogpu.wired_limit_mb": limit}
    assert find_apple(mac(answers)).gpus[0].usable_bytes == usable * GIB


@pytest.mark.parametrize(
    ("rows", "totals"),
    [
        ([{"sppci_model": "AMD Radeon Pro 5500M", "spdisplays_vram": "8 GB"}], [8 * GIB]),
        ([{"sppci_model": "Intel UHD", "spdisplays_vram_shared": "1536 MB"}], []),
        ([{"sppci_model": "X", "_spdisplays_vram": "4096 MB"}], [4 * GIB]),
        ([5, {"spdisplays_vram": None}], []),
        ({"a": 1}, []),
    ],
)
def test_an_intel_mac_has_its_cards_memory(rows: Any, totals: list[int]) -> None:
    """Shared memory is no card's."""
    report = json.dumps({"SPDisplaysDataType": rows})
    found = find_apple(mac({"machdep.cpu.brand_string": "Intel(R) Core(TM) i9", "SPDisplaysDataType": report}))
    assert [gpu.total_bytes for gpu in found.gpus] == totals
    assert bool(found.reason) is not bool(totals)


@pytest.mark.parametrize("report", ["", "no json", "[]", "{}", "[" * 100_000])
def test_a_broken_report_is_no_gpu(report: str) -> None:
    """Nothing is raised."""
    assert find_apple(mac({"SPDisplaysDataType": report})).gpus == ()


def test_a_command_is_bounded() -> None:
    """Missing, failing and hanging ones print nothing."""
    assert run_command(["/no/such/command"]) == ""
    assert run_command([sys.executable, "-c", "raise SystemExit(3)"]) == ""
    assert run_command([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.2) == ""
    assert run_command([sys.executable, "-c", "print('\\xff ok')"]).endswith("ok")


class _Registry:
    """winreg with adapters as dictionaries."""

    HKEY_LOCAL_MACHINE = 0

    def __init__(self, *adapters: dict[str, Any]) -> None:
        self.adapters = adapters

    def OpenKey(self, root: int, path: str) -> Any:  # noqa: N802 - as the real winreg spells it
        index = int(path.rpartition("\\")[2])
        if root != 0 or index >= len(self.adapters):
            raise FileNotFoundError(path)
        return _Key(self.adapters[index])

    def QueryValueEx(self, key: Any, name: str) -> tuple[Any, int]:  # noqa: N802 - as the real winreg spells it
        if name not in key.values:
            raise FileNotFoundError(name)
        return key.values[name], 11


class _Key(SimpleNamespace):
    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values=values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def adapter(name: Any, size: Any) -> dict[str, Any]:
    """Return one registered adapter."""
    return {"DriverDesc": name, "HardwareInformation.qwMemorySize": size}


def test_windows_cards_come_from_the_registry() -> None:
    """64-bit sizes, numbers or bytes; one card registered twice counts once."""
    registry = _Registry(
        adapter("AMD Radeon RX 7900 XTX", 24 * GIB),
        adapter("AMD Radeon RX 7900 XTX", 24 * GIB),
        adapter("Intel(R) Arc(TM) A770 Graphics", (16 * GIB).to_bytes(8, "little")),
        adapter("NVIDIA GeForce RTX 3060", 12 * GIB),
        adapter("Something else", 8 * GIB),
        adapter("AMD Radeon(TM) Graphics", 512 * MIB),
        {"DriverDesc": "Remote display"},
        adapter("Odd", "text"),
    )
    found = find_windows(cast("ModuleType", registry))
    assert [(gpu.name, gpu.total_bytes // GIB, gpu.vendor, gpu.platform) for gpu in found.gpus] == [
        ("AMD Radeon RX 7900 XTX", 24, "amd", "vulkan"),
        ("Intel(R) Arc(TM) A770 Graphics", 16, "intel", "vulkan"),
        ("NVIDIA GeForce RTX 3060", 12, "nvidia", "cuda"),
        ("Something else", 8, "other", "vulkan"),
    ]
    assert found.notes == ("AMD Radeon(TM) Graphics is part of the processor: say with --vram how much RAM it may use",)
    assert find_windows(cast("ModuleType", _Registry())).reason == "no graphics card is registered"


def test_an_nvidia_card_without_its_driver_is_named(tmp_path: Path) -> None:
    """The kernel shows it, NVML does not."""
    found = find_drm(tree(tmp_path, {"card0/device/vendor": "0x10de", "card0/device/device": "0x2684"}))
    assert found.reason == "an NVIDIA card is there, its driver is not"
    assert "NVIDIA's driver" in found.hint
    both = tree(tmp_path, {f"card1/{name.partition('/')[2]}": text for name, text in AMD.items() if "card0/" in name})
    assert find_drm(both).reason == ""


def test_what_a_processors_gpu_may_borrow_is_said(tmp_path: Path) -> None:
    """The driver knows how much RAM it lends."""
    found = find_drm(tree(tmp_path, AMD | {"card0/device/mem_info_vram_total": str(512 * MIB)}))
    assert found.notes[0].endswith("how much RAM it may use; its driver lends it up to 30.7 GiB")


def test_cards_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """The tenth comes after the second."""
    files = {f"card{n}/device/{key}": text for n in (10, 2) for key, text in DEVICE.items()}
    files |= {f"card{n}/device/product_name": str(n) for n in (10, 2)}
    gpus = find_drm(tree(tmp_path, files)).gpus
    assert [(gpu.name, gpu.used_bytes) for gpu in gpus] == [("2", 0), ("10", 0)]


@pytest.mark.parametrize("name", ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"])
def test_a_choice_that_is_not_read_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where there are cards to choose from."""
    monkeypatch.setenv(name, "0")
    assert find_drm(tree(tmp_path, AMD)).notes == (f"{name} is set and not read: every card is counted",)
    assert find_drm(tmp_path / "none").notes == ()


@pytest.mark.parametrize(("size", "taken"), [(2 * GIB, False), (2 * GIB + 1, True)])
def test_a_small_share_of_ram_is_a_processors(size: int, *, taken: bool, tmp_path: Path) -> None:
    """Up to 2 GiB."""
    found = find_drm(tree(tmp_path, AMD | {"card0/device/mem_info_vram_total": str(size)}))
    assert bool(found.gpus) is taken


def test_a_driver_that_does_not_say_what_it_lends_says_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with a processor's own GPU alone there is no card to leave out."""
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "0")
    files = {f"card0/device/{name}": text for name, text in DEVICE.items()}
    found = find_drm(tree(tmp_path, files | {"card0/device/mem_info_vram_total": str(512 * MIB)}))
    said = "AMD GPU 73df is part of the processor: say with --vram how much RAM it may use"
    assert (found.notes, found.reason) == ((said,), said)
