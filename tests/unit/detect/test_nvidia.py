"""NVIDIA GPUs, through a driver of our own that misbehaves as real ones do.

Figures are those of captured nvidia-smi outputs (nvidia_gpu_exporter, telegraf, nvitop issue 208), in MiB.
"""

from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from llmfit.detect.finding import Finding
from llmfit.detect.nvidia import find_nvidia
from llmfit.detect.ram import RamFigures

MIB = 1024**2
RAM = RamFigures(127_600_748 * 1024, 100 * 1024 * MIB, "test")


class FakeError(Exception):
    """Stands for NVMLError, with its code."""

    def __init__(self, value: int, text: str = "") -> None:
        super().__init__(text)
        self.value = value


class _Driver:
    """A driver with cards as dictionaries: name, total, reserved, used (MiB), and what it refuses."""

    NVMLError = FakeError
    NVML_ERROR_LIBRARY_NOT_FOUND = 12
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_NOT_SUPPORTED = 3
    nvmlMemory_v2 = 2  # noqa: N815 - as the real driver spells it

    def __init__(self, *cards: dict[str, Any], init: Exception | None = None) -> None:
        self.cards = cards
        self.init = init
        self.closed = 0

    def nvmlInit(self) -> None:  # noqa: N802 - as the real driver spells it
        if self.init is not None:
            raise self.init

    def nvmlShutdown(self) -> None:  # noqa: N802 - as the real driver spells it
        self.closed += 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - as the real driver spells it
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:  # noqa: N802 - as the real driver spells it
        card = self.cards[index]
        if card.get("lost"):
            raise FakeError(15, "GPU is lost")
        return card

    def nvmlDeviceGetName(self, card: dict[str, Any]) -> Any:  # noqa: N802 - as the real driver spells it
        return card["name"]

    def nvmlDeviceGetUUID(self, card: dict[str, Any]) -> Any:  # noqa: N802 - as the real driver spells it
        return card.get("uuid", "GPU-0000")

    def nvmlDeviceGetMemoryInfo(self, card: dict[str, Any], version: int = 1) -> Any:  # noqa: N802 - as the real driver spells it
        if "total" not in card or (version == 2 and card.get("old")):
            raise FakeError(self.NVML_ERROR_NOT_SUPPORTED, "Not Supported")
        total, reserved, used = (card.get(key, 0) * MIB for key in ("total", "reserved", "used"))
        if version == 2:
            return SimpleNamespace(total=total, reserved=reserved, used=used, free=total - reserved - used)
        return SimpleNamespace(total=total, used=reserved + used, free=total - reserved - used)

    def nvmlDeviceGetMigMode(self, card: dict[str, Any]) -> list[int]:  # noqa: N802 - as the real driver spells it
        if "slices" not in card:
            raise FakeError(self.NVML_ERROR_NOT_SUPPORTED, "Not Supported")
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, card: dict[str, Any]) -> int:  # noqa: N802 - as the real driver spells it
        return 7 if card["slices"] else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: dict[str, Any], index: int) -> Any:  # noqa: N802 - as the real driver spells it
        if index >= len(card["slices"]):
            raise FakeError(6, "Not Found")
        return card["slices"][index]

    def nvmlDeviceGetCudaComputeCapability(self, card: dict[str, Any]) -> tuple[int, int]:  # noqa: N802 - as the real driver spells it
        if "compute" not in card:
            raise FakeError(self.NVML_ERROR_NOT_SUPPORTED, "Not Supported")
        return cast("tuple[int, int]", card["compute"])


def find(driver: _Driver, *, visible: str | None = None) -> Finding:
    """Return what this driver shows; every card is visible unless said otherwise."""
    every = ",".join(map(str, range(len(driver.cards))))
    return find_nvidia(cast("ModuleType", driver), visible=every if visible is None else visible, ram=RAM)


@pytest.mark.parametrize(
    ("name", "total", "reserved", "used", "compute"),
    [
        ("NVIDIA H100 80GB HBM3", 81559, 479, 0, (9, 0)),
        ("NVIDIA H200", 143771, 614, 0, (9, 0)),
        ("NVIDIA L40S", 46068, 609, 40000, (8, 9)),
        ("NVIDIA GeForce RTX 2080 SUPER", 8192, 408, 214, (7, 5)),
        ("NVIDIA GeForce RTX 4080 SUPER", 16376, 434, 596, (8, 9)),
        ("Tesla T4", 15360, 388, 0, (7, 5)),
    ],
)
def test_memory_is_the_drivers(name: str, total: int, reserved: int, used: int, compute: tuple[int, int]) -> None:
    """Total, reserve and what others use, byte by byte."""
    driver = _Driver({"name": name, "total": total, "reserved": reserved, "used": used, "compute": compute})
    (gpu,) = find(driver).gpus
    assert (gpu.name, gpu.source, gpu.platform, gpu.vendor) == (name, "NVML", "cuda", "nvidia")
    assert gpu.usable_bytes == (total - reserved - used) * MIB
    assert (gpu.compute, gpu.bf16) == (f"sm_{compute[0]}{compute[1]}", compute[0] >= 8)
    assert driver.closed == 1


def test_an_old_driver_counts_its_reserve_as_used() -> None:
    """What is usable is the same; the source says how it was counted."""
    (gpu,) = find(_Driver({"name": "RTX 3060", "total": 12288, "reserved": 368, "used": 100, "old": True})).gpus
    assert gpu.usable_bytes == (12288 - 468) * MIB
    assert (gpu.reserved_bytes, gpu.used_bytes) == (0, 468 * MIB)
    assert "reserve as used" in gpu.source


def test_a_divided_card_is_its_largest_slice() -> None:
    """A program gets one; the whole card's memory is nobody's."""
    slices = [
        {"name": "NVIDIA H100 80GB HBM3 MIG 3g.40gb", "total": 40448},
        {"name": "NVIDIA H100 80GB HBM3 MIG 2g.20gb", "total": 20096},
        {"name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "total": 9984},
        {"name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "total": 9984},
    ]
    found = find(_Driver({"name": "NVIDIA H100 80GB HBM3", "total": 81559, "slices": slices}))
    assert [gpu.total_bytes for gpu in found.gpus] == [40448 * MIB]
    assert found.notes == ("4 MIG slices: a program gets one, the largest is taken",)


def test_a_slice_is_visible_by_its_own_uuid() -> None:
    """CUDA_VISIBLE_DEVICES names a slice, not the card that it is cut from."""
    slices = [
        {"name": "3g.40gb", "total": 40448, "uuid": "MIG-11aa22bb"},
        {"name": "2g.20gb", "total": 20096, "uuid": "MIG-33cc44dd"},
    ]
    driver = _Driver({"name": "H100", "total": 81559, "slices": slices, "uuid": "GPU-55ee66ff"})
    seen = {word: [gpu.name for gpu in find(driver, visible=word).gpus] for word in ("MIG-33cc44dd", "GPU-55ee66ff")}
    assert seen == {"MIG-33cc44dd": ["2g.20gb"], "GPU-55ee66ff": ["3g.40gb"]}
    assert find(driver, visible="MIG-00000000").gpus == ()


def test_a_whole_card_beside_a_divided_one_is_taken() -> None:
    """CUDA shows either; the undivided one is the machine's."""
    divided = {"name": "A", "total": 81559, "slices": [{"name": "A MIG", "total": 9984}]}
    assert [gpu.name for gpu in find(_Driver(divided, {"name": "B", "total": 81559})).gpus] == ["B"]


def test_a_card_in_mig_mode_without_slices_is_whole() -> None:
    """The mode is on, nothing was cut."""
    assert [gpu.name for gpu in find(_Driver({"name": "A", "total": 81559, "slices": []})).gpus] == ["A"]


def test_a_gpu_that_shares_ram_has_the_machines_memory() -> None:
    """GB10: NVML supports neither question; /proc/meminfo says 127,600,748 kB."""
    found = find(_Driver({"name": "NVIDIA GB10", "compute": (12, 1)}))
    (gpu,) = found.gpus
    assert found.unified
    assert (gpu.total_bytes, gpu.usable_bytes) == (RAM.total, RAM.available)
    assert "shares" in gpu.source


def test_a_card_without_memory_figures_is_a_note() -> None:
    """Nothing is guessed."""
    found = find(_Driver({"name": "Odd"}, {"name": "L4", "total": 23034}))
    assert [gpu.name for gpu in found.gpus] == ["L4"]
    assert found.notes == ("Odd: the driver reports no memory",)


def test_a_lost_card_does_not_hide_the_others() -> None:
    """Its error is a note."""
    found = find(_Driver({"name": "A", "lost": True}, {"name": "B", "total": 24564}))
    assert [gpu.name for gpu in found.gpus] == ["B"]
    assert found.notes == ("GPU 0 does not answer: GPU is lost",)


@pytest.mark.parametrize(
    ("visible", "names"),
    [("0", "A"), ("1", "B"), ("1,0", "AB"), ("GPU-bbbb", "B"), ("", ""), ("-1", ""), ("7", ""), ("GPU-", "")],
)
def test_cuda_visible_devices_is_respected(visible: str, names: str) -> None:
    """By index, by the beginning of a UUID, or none at all."""
    cards = [{"name": n, "total": 1000, "uuid": f"GPU-{n.lower() * 8}"} for n in "AB"]
    found = find(_Driver(*cards), visible=visible)
    assert "".join(gpu.name for gpu in found.gpus) == names
    assert bool(found.reason) is not bool(names)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FakeError(12), "no NVIDIA driver"),
        (FakeError(9), "the NVIDIA driver is installed but not loaded"),
        (FakeError(18, "RM has detected a version mismatch"), "reports an error: RM has detected a version mismatch"),
        (FakeError(999, "Unknown\x1b[31m Error"), "reports an error: Unknown [31m Error"),
    ],
)
def test_no_driver_is_a_reason(error: Exception, reason: str) -> None:
    """The driver's own words, printable; nothing is closed that was not opened."""
    driver = _Driver(init=error)
    found = find(driver)
    assert found.gpus == ()
    assert reason in found.reason
    assert driver.closed == 0


def test_names_may_be_bytes_or_hostile() -> None:
    """Old bindings return bytes; escapes are not printed."""
    found = find(_Driver({"name": b"Tesla T4", "total": 1}, {"name": "x\x1b]0;y\x07\nz" * 99, "total": 1}))
    assert found.gpus[0].name == "Tesla T4"
    assert found.gpus[1].name.isprintable()
    assert len(found.gpus[1].name) <= 120
