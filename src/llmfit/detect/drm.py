"""AMD and Intel GPUs as the Linux kernel shows them below /sys/class/drm."""

import os
import re
from pathlib import Path

from llmfit.detect.finding import Finding, clean_name
from llmfit.records.device import DeviceGpu
from llmfit.units import GIB, in_gib

SMALL = 2 * GIB
"""Dedicated memory up to which a GPU is part of the processor: the rest of what it uses is RAM."""
NVIDIA = "0x10de"
_CHOICES = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
"""Variables by which AMD's and Intel's libraries leave cards out."""
_CARD = re.compile(r"card\d+")


def find_drm(root: Path = Path("/sys/class/drm")) -> Finding:
    """Return the AMD and Intel GPUs that have memory of their own."""
    gpus: list[DeviceGpu] = []
    notes: list[str] = []
    try:
        cards = sorted((path for path in root.iterdir() if _CARD.fullmatch(path.name)), key=_number_of)
    except OSError:
        return Finding(reason="the kernel shows no graphics cards")
    vendors = [_text(card / "device/vendor") for card in cards]
    for card, vendor in zip(cards, vendors, strict=True):
        gpu = {"0x1002": _amd, "0x8086": _intel}.get(vendor, lambda _: None)(card)
        if gpu is not None and gpu.total_bytes <= SMALL:
            notes.append(_own(card, gpu))
        elif gpu is not None:
            gpus.append(gpu)
    if not gpus and NVIDIA in vendors:
        reason, hint = "an NVIDIA card is there, its driver is not", "Install NVIDIA's driver; nouveau runs no CUDA"
        return Finding(notes=tuple(notes), reason=reason, hint=hint)
    hidden = [name for name in _CHOICES if gpus and os.environ.get(name)]
    notes += [f"{name} is set and not read: every card is counted" for name in hidden]
    reason = "" if gpus else (notes[0] if notes else "no AMD or Intel GPU with memory of its own")
    return Finding(gpus=tuple(gpus), notes=tuple(notes), reason=reason)


def _number_of(card: Path) -> int:
    return int(card.name.removeprefix("card")[:9])


def _own(card: Path, gpu: DeviceGpu) -> str:
    """Return what is said of a processor's own GPU: that it uses RAM, and how much its driver lets it take."""
    said = f"{gpu.name} is part of the processor: say with --vram how much RAM it may use"
    lent = _number(card / "device/mem_info_gtt_total")
    return said if lent is None else f"{said}; its driver lends it up to {in_gib(lent, digits=1)}"


def _amd(card: Path) -> DeviceGpu | None:
    total = _number(card / "device/mem_info_vram_total")
    if total is None:
        return None
    return DeviceGpu(
        name=_name(card, "AMD"),
        total_bytes=total,
        used_bytes=min(total, _number(card / "device/mem_info_vram_used") or 0),
        vendor="amd",
        platform="rocm",
        source="sysfs mem_info_vram_total",
    )


def _intel(card: Path) -> DeviceGpu | None:
    """Return the card's memory as the i915 driver shows it, or the xe driver, tile by tile."""
    total = _number(card / "lmem_total_bytes")
    source = "sysfs lmem_total_bytes"
    free = _number(card / "lmem_avail_bytes")
    if total is None:
        tiles = [_number(path) or 0 for path in sorted(card.glob("device/tile*/physical_vram_size_bytes"))]
        total, free, source = sum(tiles) or None, None, "sysfs physical_vram_size_bytes"
    if total is None:
        return None
    return DeviceGpu(
        name=_name(card, "Intel"),
        total_bytes=total,
        used_bytes=0 if free is None else max(0, total - free),
        vendor="intel",
        platform="vulkan",
        source=source,
    )


def _name(card: Path, vendor: str) -> str:
    """Return the product's name where the driver knows it, else its PCI id."""
    name = clean_name(_text(card / "device/product_name"))
    code = clean_name(_text(card / "device/device")).removeprefix("0x")
    return name or f"{vendor} GPU {code or 'without name'}"


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 20 and int(text) > 0 else None


def _text(path: Path) -> str:
    """Return the first line of a small file; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""
