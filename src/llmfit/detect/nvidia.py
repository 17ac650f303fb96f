"""NVIDIA GPUs as NVML reports them, MIG slices and unified-memory machines included."""

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from llmfit.detect.finding import Finding, clean_name
from llmfit.detect.ram import RamFigures, read_ram
from llmfit.records.device import DeviceGpu

MOST_ASKED = 64
"""GPUs, and slices of one, that the driver is asked for."""
VISIBLE, ORDER, BY_BUS = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "PCI_BUS_ID"


def find_nvidia(
    nvml: ModuleType | None = None, *, visible: str | None = None, ram: RamFigures | None = None
) -> Finding:
    """Return the GPUs that NVML shows and CUDA_VISIBLE_DEVICES leaves.

    `nvml` is pynvml unless a test brings its own; `visible` and `ram` are this machine's unless given.
    """
    if nvml is None:
        nvml = import_module("pynvml")
    visible = os.environ.get(VISIBLE) if visible is None else visible
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return _failed(nvml, error)
    try:
        return _Reader(nvml, ram or read_ram()).find(visible)
    except nvml.NVMLError as error:
        return _failed(nvml, error)
    finally:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


_FAULTS = {
    "LIBRARY_NOT_FOUND": ("no NVIDIA driver", ""),
    "DRIVER_NOT_LOADED": (
        "the NVIDIA driver is installed but not loaded",
        "Load the driver with `modprobe nvidia`, or restart",
    ),
    "NO_PERMISSION": (
        "the NVIDIA driver does not answer this user",
        "Give the user access to /dev/nvidia*",
    ),
    "LIB_RM_VERSION_MISMATCH": (
        "the NVIDIA driver was updated while it was loaded: its library and its kernel module differ",
        "Restart the machine; in a container, bring its driver's library in line with the machine's",
    ),
    "GPU_IS_LOST": ("the NVIDIA driver has lost its GPU", "Restart the machine; `dmesg` says why under Xid"),
    "RESET_REQUIRED": ("an NVIDIA GPU must be reset", "Restart the machine"),
    "FUNCTION_NOT_FOUND": ("the NVIDIA driver is too old to be asked", "Update the driver"),
}
"""What NVML's errors mean, by their names, and what to do about them (nvml.h, nvmlReturn_t)."""


def _failed(nvml: Any, error: Exception) -> Finding:  # noqa: ANN401 - pynvml has no types
    """Return why NVML answers nothing at all."""
    code = getattr(error, "value", None)
    for name, (reason, hint) in _FAULTS.items():
        if code is not None and code == getattr(nvml, f"NVML_ERROR_{name}", None):
            return Finding(reason=reason, hint=hint)
    return Finding(
        reason=f"the NVIDIA driver reports an error: {clean_name(error) or code}", hint="See what `nvidia-smi` says"
    )


def _words(visible: str, count: int) -> list[str]:
    """Return the words of CUDA_VISIBLE_DEVICES that CUDA reads: those before the first that can name nothing."""
    words: list[str] = []
    for word in (word.strip() for word in visible.split(",")):
        if not word.startswith(("GPU-", "MIG-")) and not (word.isascii() and word.isdigit() and int(word[:9]) < count):
            break
        words.append(word)
    return words


class _Reader:
    """Reads one NVML session."""

    def __init__(self, nvml: Any, ram: RamFigures) -> None:  # noqa: ANN401 - pynvml has no types
        self.nvml = nvml
        self.ram = ram
        self.notes: list[str] = []
        self.unified = False
        self.hint = ""

    def find(self, visible: str | None) -> Finding:
        """Return every visible GPU; of MIG slices the largest, since a program gets one."""
        gpus: list[DeviceGpu] = []
        slices: list[DeviceGpu] = []
        handles = list(self.handles())
        count = 1 + max((index for index, _ in handles), default=-1)
        words = None if visible is None else _words(visible, count)
        for index, handle in handles:
            whole = self.is_visible(index, handle, words)
            cut = self.slices(handle)
            shown = [piece for piece in cut or () if whole or self.is_visible(None, piece, words)]
            slices += [gpu for piece in shown if (gpu := self.gpu(piece)) is not None]
            if whole and cut is None and (gpu := self.gpu(handle)) is not None:
                gpus.append(gpu)
        if slices and not gpus:
            largest = max(slices, key=lambda gpu: gpu.usable_bytes)
            self.notes.append(f"{len(slices)} MIG slices: a program gets one, the largest is taken")
            gpus = [largest]
        if words is not None and handles and not gpus and not self.notes:
            reason = f"{VISIBLE}={clean_name(visible)} leaves none of {len(handles)} NVIDIA GPUs"
            return Finding(reason=reason, hint=f"Unset {VISIBLE}")
        reason = "" if gpus else "NVML shows no GPU that a program may use"
        return Finding(
            gpus=tuple(gpus),
            unified=self.unified,
            notes=(*self.notes, *self.order(handles, words)),
            reason=reason,
            hint=self.hint,
        )

    def handles(self) -> Iterator[tuple[int, Any]]:
        """Yield index and handle of each GPU; one that does not answer becomes a note."""
        for index in range(min(self.nvml.nvmlDeviceGetCount(), MOST_ASKED)):
            try:
                yield index, self.nvml.nvmlDeviceGetHandleByIndex(index)
            except self.nvml.NVMLError as error:
                self.notes.append(f"GPU {index} does not answer: {clean_name(error)}")

    def is_visible(self, index: int | None, handle: Any, words: list[str] | None) -> bool:  # noqa: ANN401 - NVML's handle
        """Whether the words leave this GPU or slice, by the GPU's index or by its own UUID; None leaves everything."""
        if words is None:
            return True
        uuid = self.ask("nvmlDeviceGetUUID", handle)
        uuid = "" if uuid is None else clean_name(uuid)
        return any(word == str(index) or (len(word) > 4 and uuid.startswith(word)) for word in words)

    def order(self, handles: list[tuple[int, Any]], words: list[str] | None) -> tuple[str, ...]:
        """Return a note where CUDA may count other GPUs than NVML does: by speed, unless it is told to go by bus."""
        names = {clean_name(self.ask("nvmlDeviceGetName", handle)) for _, handle in handles}
        counted = [word for word in words or () if word.isdigit()]
        if len(names) < 2 or not counted or len(counted) == len(handles) or os.environ.get(ORDER) == BY_BUS:
            return ()
        return (f"{VISIBLE} counts the fastest GPU first unless {ORDER}={BY_BUS}; it is read in the order of the bus",)

    def ask(self, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - NVML returns anything
        """Return what NVML answers, or None where it does not know the question."""
        try:
            return getattr(self.nvml, function)(*arguments)
        except (self.nvml.NVMLError, AttributeError, TypeError):
            return None

    def slices(self, handle: Any) -> list[Any] | None:  # noqa: ANN401 - NVML's handle
        """Return the handles of a GPU's MIG slices; None where it is not divided.

        A GPU that is to be divided and is not yet runs no program at all (NVIDIA's guide to MIG, "MIG mode").
        """
        mode = self.ask("nvmlDeviceGetMigMode", handle)
        if not mode or mode[0] != 1:
            return None
        count = min(self.ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0, MOST_ASKED)
        found = [self.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, index) for index in range(count)]
        pieces = [piece for piece in found if piece is not None]
        if not pieces:
            name = clean_name(self.ask("nvmlDeviceGetName", handle) or "NVIDIA GPU")
            self.notes.append(f"{name} is in MIG mode and has no slice: no program can use it")
            self.hint = "Make a slice with `nvidia-smi mig -cgi`, or turn MIG mode off with `nvidia-smi -mig 0`"
        return pieces

    def gpu(self, handle: Any) -> DeviceGpu | None:  # noqa: ANN401 - NVML's handle
        """Return one GPU with its memory, or None, with a note, where the driver does not tell."""
        name = clean_name(self.ask("nvmlDeviceGetName", handle) or "NVIDIA GPU")
        figures = self.memory(handle)
        if figures is None and self.shares_ram(name):
            self.unified = True
            total, used = self.ram.total, self.ram.total - self.ram.available
            figures = (total, 0, used, "RAM, which the GPU shares; NVML reports none of its own")
        if figures is None:
            self.notes.append(f"{name}: the driver reports no memory")
            return None
        total, reserved, used, source = figures
        capability = self.ask("nvmlDeviceGetCudaComputeCapability", handle)
        return DeviceGpu(
            name=name,
            total_bytes=total,
            reserved_bytes=reserved,
            used_bytes=used,
            vendor="nvidia",
            platform="cuda",
            compute=f"sm_{capability[0]}{capability[1]}" if capability else None,
            bf16=capability[0] >= 8 if capability else None,
            source=source,
        )

    def memory(self, handle: Any) -> tuple[int, int, int, str] | None:  # noqa: ANN401 - NVML's handle
        """Return total, reserved and used bytes, and who says so; None where NVML does not know.

        Version 2 of the question tells the driver's reserve from what programs use; version 1 adds the two up.
        """
        version = getattr(self.nvml, "nvmlMemory_v2", None)
        info = None if version is None else self.ask("nvmlDeviceGetMemoryInfo", handle, version)
        if info is not None and info.total > 0:
            return info.total, info.reserved, max(0, info.used), "NVML"
        info = self.ask("nvmlDeviceGetMemoryInfo", handle)
        if info is not None and info.total > 0:
            return info.total, 0, max(0, info.total - info.free), "NVML, which counts the driver's reserve as used"
        return None

    def shares_ram(self, name: str) -> bool:
        """Whether this GPU has no memory of its own by design."""
        return any(word in name.casefold() for word in ("gb10", "thor", "orin", "xavier", "tegra"))
