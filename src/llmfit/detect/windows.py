"""Windows: graphics cards as their drivers register themselves, for those without NVML."""

from importlib import import_module
from types import ModuleType
from typing import Any

from llmfit.detect.finding import Finding, clean_name
from llmfit.records.device import DeviceGpu, Vendor
from llmfit.units import GIB

CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
"""Registry key of display adapters."""
SIZE = "HardwareInformation.qwMemorySize"
"""64-bit size; the 32-bit one beside it stops at 4 GB."""
SMALL = 2 * GIB
_VENDORS: dict[str, Vendor] = {"nvidia": "nvidia", "amd": "amd", "radeon": "amd", "intel": "intel", "arc": "intel"}


def find_windows(registry: ModuleType | None = None) -> Finding:
    """Return the adapters with more dedicated memory than a processor's own GPU has.

    `registry` is winreg unless a test brings its own.
    """
    if registry is None:
        registry = import_module("winreg")
    found: dict[str, DeviceGpu] = {}
    small: list[str] = []
    for index in range(64):
        values = _adapter(registry, index)
        if values is None:
            continue
        name, size = values
        if size <= SMALL:
            small.append(name)
            continue
        vendor = _vendor(name)
        found[name] = DeviceGpu(
            name=name,
            total_bytes=size,
            vendor=vendor,
            platform="cuda" if vendor == "nvidia" else "vulkan",
            source=f"registry {SIZE}; free memory unknown",
        )
    notes = tuple(f"{name} is part of the processor: say with --vram how much RAM it may use" for name in small)
    return Finding(gpus=tuple(found.values()), notes=notes, reason="" if found else "no graphics card is registered")


def _vendor(name: str) -> Vendor:
    for word, vendor in _VENDORS.items():
        if word in name.casefold():
            return vendor
    return "other"


def _adapter(registry: Any, index: int) -> tuple[str, int] | None:  # noqa: ANN401 - winreg exists on Windows alone
    """Return name and bytes of one registered adapter; None where there is none."""
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, rf"{CLASS}\{index:04d}") as key:
            name = clean_name(registry.QueryValueEx(key, "DriverDesc")[0])
            size = registry.QueryValueEx(key, SIZE)[0]
    except OSError:
        return None
    if isinstance(size, bytes):
        size = int.from_bytes(size[:8], "little")
    return (name, size) if isinstance(size, int) and size > 0 else None
