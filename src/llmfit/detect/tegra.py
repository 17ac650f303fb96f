"""NVIDIA Jetson: a processor whose GPU uses the machine's RAM, as the device tree names it."""

import re
from pathlib import Path

from llmfit.detect.finding import Finding, clean_name
from llmfit.detect.ram import RamFigures, read_ram
from llmfit.records.device import DeviceGpu

_COMPUTE = {"tegra264": (11, 0), "tegra234": (8, 7), "tegra194": (7, 2), "tegra186": (6, 2), "tegra210": (5, 3)}
"""CUDA compute capability by chip: Thor, Orin, Xavier, TX2, TX1 and Nano (developer.nvidia.com/cuda-gpus)."""
_KIT = re.compile(r"\b(?:nvidia|developer kit|engineering reference|super)\b\s*|\(.*\)\s*", re.IGNORECASE)
"""Words of a board's name that are no part of the module's."""


def find_tegra(root: Path = Path("/proc/device-tree"), *, ram: RamFigures | None = None) -> Finding:
    """Return the Jetson's GPU with all of the RAM, of which others use what is not available.

    `ram` is this machine's unless given.
    """
    chip = next((name for name in _COMPUTE if f"nvidia,{name}" in _text(root / "compatible")), None)
    if chip is None:
        return Finding()
    figures, capability = ram or read_ram(), _COMPUTE[chip]
    name = clean_name(_KIT.sub("", _text(root / "model"))) or f"Jetson with {chip}"
    gpu = DeviceGpu(
        name=name,
        total_bytes=figures.total,
        used_bytes=figures.total - figures.available,
        vendor="nvidia",
        platform="cuda",
        compute=f"sm_{capability[0]}{capability[1]}",
        bf16=capability >= (8, 0),
        source="RAM, which the GPU shares; name from the device tree",
    )
    return Finding(gpus=(gpu,), unified=True)


def _text(path: Path) -> str:
    """Return a property, whose strings end with a NUL each; empty where there is none."""
    try:
        with path.open("rb") as stream:
            return stream.read(4096).decode("utf-8", "replace").replace("\0", " ").strip()
    except OSError:
        return ""
