"""Makes a device from what a user says: names of GPUs, or gigabytes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmfit.catalog.names import find_detected_gpu, listed, other_forms
from llmfit.device_memory import gpu_of_size, gpu_of_table, within_rule
from llmfit.errors import UsageError
from llmfit.quantities import other_unit, shown
from llmfit.records.device import MOST_GPUS, Device, DeviceGpu, Gpu
from llmfit.units import GIB

if TYPE_CHECKING:
    from llmfit.catalog.load import Catalog

MOST_VRAM = 16_384
MOST_RAM = 65_536
"""Gigabytes beyond which a figure is a typing error: more than any machine has."""
_COUNTED = (r"(?i)\s*([-+]?\d{1,9}(?:[.,]\d+)?)\s*[x×*]\s+(.+)", r"(?i)\s*(\d{1,3})[x×*]([a-z].*)")
"""How people write `2x L4`: with a blank before the name, or without one where the number is no name itself."""
_COUNTED_AFTER = r"(?i)(.+?)\s+[x×*]\s?(\d{1,4})\s*"
"""`L4 x2`."""
_AMOUNT = r"(?i)\s*([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(?:g|gb|gib)?\s*"

_CARDS = r"(?i)\s*\d{1,4}\s*(?:gi?b?)?\s*[x×*+]\s*\d{1,4}\s*(?:gi?b?)?\s*"
"""Several cards where a size of one is asked for: `2x24`, `24GB x 2`, `24+24`."""


def gigabytes(value: str | float, *, option: str, most: int = MOST_VRAM) -> int:
    """Return the bytes of a memory size in GB, 1 GB taken as 1 GiB as on the box of a card.

    Raises:
        UsageError: The value is no size between 0 and `most`.
    """
    said = re.fullmatch(_AMOUNT, str(value))
    amount = float(said[1]) if said else float("nan")
    if said is None:
        several = option == "--vram" and re.fullmatch(_CARDS, str(value))
        hint = _readable(str(value)) or f"Write for example {option} 8"
        hint = 'It is the size of one card; several are named: --gpu "2x RTX 3090"' if several else hint
        raise UsageError(f"{option} {shown(str(value))}: not a number of gigabytes", hint=hint)
    fault, hint = "", ""
    if amount <= 0:
        example = "Leave it out where there is none" if option == "--ram" else f"Write for example {option} 8"
        fault, hint = "memory must be more than 0 GB", example
    elif amount > most:
        fault, hint = "more than any machine has", "The unit is GB: 24 means 24 GB"
    elif round(amount * GIB) < GIB // 16:
        fault, hint = "too little for any model", "The unit is GB: 0.5 means 512 MB"
    if fault:
        raise UsageError(f"{option} {shown(str(value))}: {fault}", hint=hint)
    return round(amount * GIB)


def _readable(value: str) -> str:
    """Return what to write for a size in another unit or with a comma; empty where it is neither."""
    comma = value.replace(",", ".")
    return other_unit(value) or (f"Write {comma}" if comma != value and re.fullmatch(_AMOUNT, comma) else "")


def device_from_vram(vram: str | float, *, catalog: "Catalog", ram: str | float | None = None) -> Device:
    """Return a machine with one card of `vram` GB, as it says on the box, and `ram` GB of RAM.

    Raises:
        UsageError: A size makes no sense.
    """
    gpu = gpu_of_size(gigabytes(vram, option="--vram"), rules=catalog.memory_rules)
    return Device(gpus=(gpu,), ram_bytes=_ram(ram), source="--vram", notes=(f"{gpu.name}: {gpu.source}",))


def device_from_names(names: Sequence[str], *, catalog: "Catalog", ram: str | float | None = None) -> Device:
    """Return a machine with GPUs of these names; `2x NAME` stands for two.

    Raises:
        UsageError: No name, or a count that makes no sense.
        UnknownGpuError: The table lacks a name.
        AmbiguousGpuError: A name stands for several memory sizes.
    """
    counted = [_count(name) for name in names]
    if not counted:
        raise UsageError("No GPU named", hint='Write for example --gpu "RTX 4090"')
    rows = [(count, catalog.gpu(name)) for count, name in counted]
    gpus = tuple(gpu_of_table(row, rules=catalog.memory_rules) for count, row in rows for _ in range(count))
    if len(gpus) > MOST_GPUS:
        raise UsageError(f"{len(gpus)} GPUs are more than one machine has", hint=f"The limit is {MOST_GPUS}")
    unified = any(row.unified_memory for _, row in rows)
    if unified and len(gpus) > 1:
        name = next(row.name for _, row in rows if row.unified_memory)
        message = f"{name} shares its memory with the processor of its own machine: no other GPU adds to it"
        raise UsageError(message, hint="Name one machine")
    shared = rows[0][1].memory_bytes if unified else None
    read = [said for (_, name), (_, row) in zip(counted, rows, strict=True) if (said := _reading(name, row, catalog))]
    notes = [
        note for _, row in rows for note in (row.notes, row.disagreement and f"{row.name}: {row.disagreement}") if note
    ]
    return Device(
        gpus=gpus,
        ram_bytes=shared if ram is None else _ram(ram),
        unified=unified,
        source="--gpu",
        notes=tuple(dict.fromkeys((*read, *notes))),
        readings=tuple(dict.fromkeys(read)),
    )


def _reading(name: str, row: Gpu, catalog: "Catalog") -> str:
    """Return how a name without a form was read, and what to write for the others; empty where it says which."""
    others = other_forms(name, row, catalog.gpus)
    return (
        f"{name} is read as {row.name}; write {listed([gpu.name for gpu in others])} if that is meant" if others else ""
    )


def _count(name: str) -> tuple[int, str]:
    before = next((found for form in _COUNTED if (found := re.fullmatch(form, name))), None)
    after = None if before else re.fullmatch(_COUNTED_AFTER, name)
    number, gpu = (before[1], before[2]) if before else (after[2], after[1]) if after else ("1", name)
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= MOST_GPUS:
        raise UsageError(f"--gpu {name[:60]!r}: {number} GPUs make no sense", hint='Write for example --gpu "2x L4"')
    return int(number), gpu


def _ram(ram: str | float | None) -> int | None:
    return None if ram is None else gigabytes(ram, option="--ram", most=MOST_RAM)


def complete_device(device: Device, *, catalog: "Catalog", ram: str | float | None = None) -> Device:
    """Return a detected device with what the GPU table knows of its cards: bandwidth and compute.

    Memory stays as the driver reports it; `ram` replaces the detected RAM.
    """
    gpus = tuple(_complete_gpu(gpu, catalog) for gpu in device.gpus)
    return replace(device, gpus=gpus, ram_bytes=device.ram_bytes if ram is None else _ram(ram))


def _complete_gpu(gpu: DeviceGpu, catalog: "Catalog") -> DeviceGpu:
    row = find_detected_gpu(gpu.name, gpu.total_bytes, catalog.gpus)
    gpu = within_rule(gpu, rules=catalog.memory_rules)
    if row is None:
        return gpu
    return replace(
        gpu,
        compute=gpu.compute or row.compute,
        bandwidth_gbps=gpu.bandwidth_gbps or row.bandwidth_gbps,
        memory_type=gpu.memory_type or row.memory_type,
        fp32_tflops=gpu.fp32_tflops or row.fp32_tflops,
        fp16_tflops=gpu.fp16_tflops or row.fp16_tflops,
        bf16=row.bf16 if gpu.bf16 is None else gpu.bf16,
        source=f"{gpu.source}; speed from GPU table: {row.id}",
    )
