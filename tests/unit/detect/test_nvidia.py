"""NVIDIA GPUs, through a driver of our own that misbehaves as real ones do.

Figures are those of captured nvidia-smi outputs (nvidia_gpu_exporter, telegraf, nvitop issue 208), in MiB.
"""

from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from llmfit.detect.finding import Finding
from llmfit.detect.nvidia import _FAULTS, find_nvidia
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
    NVML_ERROR_NO_PERMISSION = 4
    NVML_ERROR_FUNCTION_NOT_FOUND = 13
    NVML_ERROR_GPU_IS_LOST = 15
    NVML_ERROR_RESET_REQUIRED = 16
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18
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


def test_a_card_in_mig_mode_without_slices_runs_nothing() -> None:
    """The mode is on, nothing was cut; a whole card beside it is taken."""
    empty = {"name": "A", "total": 81559, "slices": []}
    found = find(_Driver(empty))
    assert (found.gpus, found.reason) == ((), "NVML shows no GPU that a program may use")
    assert found.notes == ("A is in MIG mode and has no slice: no program can use it",)
    assert "nvidia-smi mig -cgi" in found.hint
    assert [gpu.name for gpu in find(_Driver(empty, {"name": "B", "total": 81559})).gpus] == ["B"]


def test_a_card_whose_mig_mode_is_off_is_whole() -> None:
    """Cards that could be divided say so."""

    class Off(_Driver):
        def nvmlDeviceGetMigMode(self, card: dict[str, Any]) -> list[int]:  # noqa: N802 - as the real driver spells it
            return [0, 1 if card else 0]

    assert [gpu.name for gpu in find(Off({"name": "A", "total": 81559, "slices": []})).gpus] == ["A"]


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
        (FakeError(18), "its library and its kernel module differ"),
        (FakeError(4), "does not answer this user"),
        (FakeError(15), "has lost its GPU"),
        (FakeError(16), "must be reset"),
        (FakeError(13), "too old to be asked"),
        (FakeError(11, ""), "reports an error: 11"),
        (FakeError(999, "Unknown\x1b[31m Error"), "reports an error: Unknown [31m Error"),
    ],
)
def test_no_driver_is_a_reason(error: Exception, reason: str) -> None:
    """The driver's own words, printable; nothing is closed that was not opened."""
    driver = _Driver(init=error)
    found = find(driver)
    assert found.gpus == ()
    assert reason in found.reason
    assert bool(found.hint) is ("no NVIDIA driver" not in found.reason)
    assert driver.closed == 0


def test_names_may_be_bytes_or_hostile() -> None:
    """Old bindings return bytes; escapes are not printed."""
    found = find(_Driver({"name": b"Tesla T4", "total": 1}, {"name": "x\x1b]0;y\x07\nz" * 99, "total": 1}))
    assert found.gpus[0].name == "Tesla T4"
    assert found.gpus[1].name.isprintable()
    assert len(found.gpus[1].name) <= 120


class _Broken(_Driver):
    """A driver that breaks after it was opened, at the count or at the end."""

    def __init__(self, *cards: dict[str, Any], count: Exception | None = None, end: Exception | None = None) -> None:
        super().__init__(*cards)
        self.count, self.end = count, end

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - as the real driver spells it
        if self.count is not None:
            raise self.count
        return super().nvmlDeviceGetCount()

    def nvmlShutdown(self) -> None:  # noqa: N802 - as the real driver spells it
        super().nvmlShutdown()
        if self.end is not None:
            raise self.end


def test_a_driver_that_breaks_later_says_why() -> None:
    """The session is closed whatever happens."""
    driver = _Broken({"name": "A", "total": 1}, count=FakeError(15, "GPU is lost"))
    found = find(driver)
    assert (found.gpus, found.reason, driver.closed) == ((), "the NVIDIA driver has lost its GPU", 1)


def test_a_driver_that_breaks_at_the_end_has_answered() -> None:
    """What it showed before is kept."""
    driver = _Broken({"name": "A", "total": 1}, end=FakeError(999, "Unknown Error"))
    assert [gpu.name for gpu in find(driver).gpus] == ["A"]


@pytest.mark.parametrize("library", ["the fake's", "pynvml"])
def test_every_error_that_is_explained_exists(library: str) -> None:
    """By NVIDIA's own names, in the library and in the driver above."""
    import pynvml

    nvml = pynvml if library == "pynvml" else _Driver
    assert all(isinstance(getattr(nvml, f"NVML_ERROR_{name}"), int) for name in _FAULTS)


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("0,-1,1", "A"),
        ("0,7,1", "A"),
        ("0,2,1", "A"),
        ("none,0", ""),
        ("1, 0", "AB"),
        ("NoDevFiles", ""),
        ("9" * 5000, ""),
        ("\u0661", ""),
        ("GPU-aaaa,-1,GPU-bbbb", "A"),
    ],
)
def test_cuda_stops_at_the_first_word_that_names_nothing(visible: str, names: str) -> None:
    """What stands behind it is hidden."""
    cards = [{"name": n, "total": 1000, "uuid": f"GPU-{n.lower() * 8}"} for n in "AB"]
    assert "".join(gpu.name for gpu in find(_Driver(*cards), visible=visible).gpus) == names


def test_a_variable_that_hides_every_card_is_named() -> None:
    """With what to do; a machine without cards is another reason."""
    found = find(_Driver({"name": "A", "total": 1000}, {"name": "B", "total": 1000}), visible="-1")
    assert found.reason == "CUDA_VISIBLE_DEVICES=-1 leaves none of 2 NVIDIA GPUs"
    assert found.hint == "Unset CUDA_VISIBLE_DEVICES"
    assert find(_Driver(), visible="0").reason == "NVML shows no GPU that a program may use"


@pytest.mark.parametrize(
    ("visible", "order", "names", "said"),
    [
        ("0", "", "AB", True),
        ("0", "PCI_BUS_ID", "AB", False),
        ("0,1", "", "AB", False),
        ("0", "", "AA", False),
        ("GPU-aaaa", "", "AB", False),
    ],
)
def test_an_index_among_unlike_cards_may_mean_another_one(
    visible: str,
    order: str,
    names: str,
    said: bool,  # noqa: FBT001 - a parameter of the table above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CUDA counts the fastest first, NVML by the bus."""
    monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    cards = [{"name": n, "total": 1000, "uuid": f"GPU-{n.lower() * 8}"} for n in names]
    assert any("counts the fastest GPU first" in note for note in find(_Driver(*cards), visible=visible).notes) is said


def test_the_environment_is_asked_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a program would be."""
    driver = cast("ModuleType", _Driver({"name": "A", "total": 1000}, {"name": "B", "total": 1000}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu.name for gpu in find_nvidia(driver, ram=RAM).gpus] == ["B"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert [gpu.name for gpu in find_nvidia(driver, ram=RAM).gpus] == ["A", "B"]


def test_a_card_with_memory_of_its_own_shares_none() -> None:
    """Only a GPU without makes the machine one with a single memory."""
    assert not find(_Driver({"name": "L4", "total": 23034})).unified


def test_an_error_without_a_code_is_none_of_those_that_are_known() -> None:
    """Nor where the library lacks one of their names."""

    class Older(_Driver):
        NVML_ERROR_FUNCTION_NOT_FOUND = cast("int", None)

    found = find(Older(init=FakeError(cast("int", None), "odd")))
    assert found.reason == "the NVIDIA driver reports an error: odd"


def test_nvidias_own_library_is_asked_where_none_is_given() -> None:
    """With a driver or without one, it answers something."""
    found = find_nvidia(ram=RAM)
    assert bool(found.gpus) is not bool(found.reason)


def test_a_card_without_a_name_or_a_byte_is_still_spoken_of() -> None:
    """No memory at all is no memory."""
    found = find(_Driver({"name": "Z", "total": 0}, {"name": "", "total": 81559, "slices": []}))
    assert found.gpus == ()
    assert found.notes == (
        "Z: the driver reports no memory",
        "NVIDIA GPU is in MIG mode and has no slice: no program can use it",
    )
