"""NVIDIA GPUs as NVML reports them, MIG slices and unified-memory machines included."""

import os
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from llmfit.detect.finding import Finding, clean_name
from llmfit.detect.ram import RamFigures, read_ram
from llmfit.records.device import DeviceGpu

MOST_GPUS = 64
VISIBLE = "CUDA_VISIBLE_DEVICES"


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
        return Finding(reason=_no_driver(nvml, error))
    try:
        return _Reader(nvml, ram or read_ram()).find(visible)
    finally:
        nvml.nvmlShutdown()


def _no_driver(nvml: Any, error: Exception) -> str:  # noqa: ANN401 - pynvml has no types
    code = getattr(error, "value", None)
    if code == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return "no NVIDIA driver"
    if code == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        return "the NVIDIA driver is installed but not loaded"
    return f"the NVIDIA driver reports an error: {clean_name(error)}"


class _Reader:
    """Reads one NVML session."""

    def __init__(self, nvml: Any, ram: RamFigures) -> None:  # noqa: ANN401 - pynvml has no types
        self.nvml = nvml
        self.ram = ram
        self.notes: list[str] = []
        self.unified = False

    def find(self, visible: str | None) -> Finding:
        """Return every visible GPU; of MIG slices the largest, since a program gets one."""
        gpus: list[DeviceGpu] = []
        slices: list[DeviceGpu] = []
        for index, handle in self.handles():
            whole = self.is_visible(index, handle, visible)
            cut = list(self.slices(handle))
            shown = [piece for piece in cut if whole or self.is_visible(index, piece, visible)]
            slices += [gpu for piece in shown if (gpu := self.gpu(piece)) is not None]
            if whole and not cut and (gpu := self.gpu(handle)) is not None:
                gpus.append(gpu)
        if slices and not gpus:
            largest = max(slices, key=lambda gpu: gpu.usable_bytes)
            self.notes.append(f"{len(slices)} MIG slices: a program gets one, the largest is taken")
            gpus = [largest]
        reason = "" if gpus else "NVML shows no GPU that a program may use"
        return Finding(gpus=tuple(gpus), unified=self.unified, notes=tuple(self.notes), reason=reason)

    def handles(self) -> Iterator[tuple[int, Any]]:
        """Yield index and handle of each GPU; one that does not answer becomes a note."""
        for index in range(min(self.nvml.nvmlDeviceGetCount(), MOST_GPUS)):
            try:
                yield index, self.nvml.nvmlDeviceGetHandleByIndex(index)
            except self.nvml.NVMLError as error:
                self.notes.append(f"GPU {index} does not answer: {clean_name(error)}")

    def is_visible(self, index: int, handle: Any, visible: str | None) -> bool:  # noqa: ANN401 - NVML's handle
        """Whether CUDA_VISIBLE_DEVICES leaves this GPU or slice, by the GPU's index or by its own UUID.

        Everything is left where the variable is not set.
        """
        if visible is None:
            return True
        uuid = self.ask("nvmlDeviceGetUUID", handle)
        uuid = "" if uuid is None else clean_name(uuid)
        words = [word.strip() for word in visible.split(",")]
        return any(word == str(index) or (len(word) > 4 and uuid.startswith(word)) for word in words)

    def ask(self, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - NVML returns anything
        """Return what NVML answers, or None where it does not know the question."""
        try:
            return getattr(self.nvml, function)(*arguments)
        except (self.nvml.NVMLError, AttributeError, TypeError):
            return None

    def slices(self, handle: Any) -> Iterator[Any]:  # noqa: ANN401 - NVML's handle
        """Yield the handles of a GPU's MIG slices; none where it is not divided."""
        mode = self.ask("nvmlDeviceGetMigMode", handle)
        if not mode or mode[0] != 1:
            return
        for index in range(min(self.ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0, MOST_GPUS)):
            piece = self.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
            if piece is not None:
                yield piece

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
