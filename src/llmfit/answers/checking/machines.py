"""Machines to move to: the GPUs of the table that have more memory, the smallest first, or as much."""

from dataclasses import replace

from llmfit.catalog import Catalog
from llmfit.device_memory import gpu_of_table
from llmfit.records.device import Device, DeviceGpu, Gpu

OLDEST = 2018
"""Cards released before cannot be bought any more, and new engines no longer run on them."""

COUNTS = (1, 2, 4, 8)
"""GPUs that one machine has, as they are sold."""

CARDS = frozenset({"desktop", "workstation", "datacenter"})
"""Forms in which a GPU is sold by itself."""


def machines_beyond(device: Device, catalog: Catalog) -> tuple[Device, ...]:
    """Return machines with as many GPUs of the next larger kinds of the same vendor; one for each size of memory.

    A card that is rented by the hour is followed by such cards, any other by all that were sold since 2018.
    """
    if not device.gpus:
        return ()
    vendor, largest = device.gpus[0].vendor, max(gpu.usable_bytes for gpu in device.gpus)
    rented = {row.gpu for row in catalog.clouds.values()}
    names = {gpu.name for gpu in device.gpus}
    within = rented if any(catalog.gpus[gpu].name in names for gpu in rented) else set(catalog.gpus)
    sizes: dict[int, Device] = {}
    for row in catalog.gpus.values():
        if row.id in within and _is_like(row, vendor=vendor, unified=device.unified):
            gpu = gpu_of_table(row, rules=catalog.memory_rules)
            if gpu.usable_bytes > largest and gpu.usable_bytes not in sizes:
                sizes[gpu.usable_bytes] = replace(device, gpus=(gpu,) * len(device.gpus), source="--gpu", notes=())
    return tuple(sizes[size] for size in sorted(sizes))


def card_of_size(device: Device, catalog: Catalog) -> DeviceGpu | None:
    """Return the newest card of the size that was said in the place of a name; None where there is none."""
    if device.source != "--vram" or not device.gpus:
        return None
    size = device.gpus[0].total_bytes
    rows = [
        row
        for row in catalog.gpus.values()
        if row.memory_bytes == size and _is_like(row, vendor=device.gpus[0].vendor, unified=False)
    ]
    newest = max(rows, key=lambda row: (row.released or 0, row.id), default=None)
    return None if newest is None else gpu_of_table(newest, rules=catalog.memory_rules)


def _is_like(row: Gpu, *, vendor: str, unified: bool) -> bool:
    return row.vendor in {vendor, *(("nvidia",) if vendor == "other" else ())} and (
        row.unified_memory == unified
        and (row.released or 0) >= OLDEST
        and (unified or row.form_factor in CARDS)
        and "(per GPU)" not in row.name
    )
