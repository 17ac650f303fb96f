"""Macs: one memory for GPU and CPU on Apple's own chips, a graphics card's on the others."""

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from llmfit.detect.finding import Finding, clean_name
from llmfit.records.device import DeviceGpu
from llmfit.units import MIB

Run = Callable[[Sequence[str]], str]
_SIZE = re.compile(r"(\d{1,6}) ?(MB|GB)")


def run_command(command: Sequence[str], *, seconds: float = 6) -> str:
    """Return what a command of the system prints; empty where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=True)  # noqa: S603 - fixed commands
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout[: 1 << 20].decode("utf-8", "replace").strip()


def find_apple(run: Run = run_command) -> Finding:
    """Return the Mac's GPU, with all of the shared memory as total.

    How much of it Metal hands out follows from the catalog's rules, unless the user has set a limit of his own.
    """
    chip = clean_name(run(["sysctl", "-n", "machdep.cpu.brand_string"]))
    memory = run(["sysctl", "-n", "hw.memsize"])
    if chip.startswith("Apple") and memory.isascii() and memory.isdigit():
        total = int(memory)
        limit = run(["sysctl", "-n", "iogpu.wired_limit_mb"])
        own = int(limit) * MIB if limit.isascii() and limit.isdigit() else 0
        gpu = DeviceGpu(
            name=chip,
            total_bytes=total,
            reserved_bytes=total - own if 0 < own < total else 0,
            vendor="apple",
            platform="metal",
            source="sysctl hw.memsize" + (", limit set by iogpu.wired_limit_mb" if own else ""),
        )
        return Finding(gpus=(gpu,), unified=True)
    cards = [card for row in _displays(run) if (card := _card(row)) is not None]
    return Finding(gpus=tuple(cards), reason="" if cards else "this Mac shows no GPU with memory of its own")


def _displays(run: Run) -> list[dict[str, Any]]:
    try:
        rows = json.loads(run(["system_profiler", "SPDisplaysDataType", "-json"]) or "{}")["SPDisplaysDataType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _card(row: dict[str, Any]) -> DeviceGpu | None:
    said = _SIZE.search(str(row.get("spdisplays_vram") or row.get("_spdisplays_vram") or ""))
    if said is None:  # `spdisplays_vram_shared` is RAM
        return None
    return DeviceGpu(
        name=clean_name(row.get("sppci_model") or "GPU"),
        total_bytes=int(said[1]) * (MIB if said[2] == "MB" else 1024 * MIB),
        vendor="amd" if "amd" in str(row).casefold() else "other",
        platform="metal",
        source="system_profiler SPDisplaysDataType",
    )
