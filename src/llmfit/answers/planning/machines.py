"""The smallest and the cheapest machine on which a load runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from llmfit.answers.checking.machines import COUNTS, OLDEST
from llmfit.answers.checking.prices import FRESH_DAYS, cheapest_price, is_fresh
from llmfit.answers.planning.question import Wanted
from llmfit.catalog import Catalog
from llmfit.device_memory import gpu_of_table
from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.shapes import divided, shape_problems
from llmfit.records.cloud import CloudInstance
from llmfit.records.device import Device, Gpu
from llmfit.records.plan import GpuChoice, Plan
from llmfit.records.workload import Workload
from llmfit.solve.judge import judge

SHOWN = 3


def plan_machines(
    wanted: Wanted, catalog: Catalog, *, today: date, stale: bool = False, vendor: str = "nvidia"
) -> Plan:
    """Return the machines with the least memory, and those with the lowest price, on which the load runs.

    The load is in the asked format, or in the model's usual one.

    Prices that are out of date are left out unless `stale` asks for them.
    """
    load = wanted.usual or wanted.workloads[0]
    smallest = tuple(_smallest(wanted, load, catalog, today=today, stale=stale, vendor=vendor))
    current = [row for row in catalog.clouds.values() if is_fresh(row, today=today)]
    priced = [row for row in catalog.clouds.values() if row.price_usd_per_hour is not None]
    cheapest = tuple(_cheapest(wanted, load, catalog, rows=priced if stale else current, vendor=vendor))
    old = len(priced) - len(current)
    said = "counted all the same" if stale else "left out; --stale-prices counts them"
    note = f"{old} of {len(priced)} prices are older than {FRESH_DAYS} days or have no date: {said}" if old else ""
    return wanted.plan(workload=load, smallest=smallest, cheapest=cheapest, prices_note=note)


def _smallest(
    wanted: Wanted, load: Workload, catalog: Catalog, *, today: date, stale: bool, vendor: str
) -> Iterator[GpuChoice]:
    """Yield the first machines of the smallest number of GPUs that suffices, the least memory first."""
    rented = {row.gpu for row in catalog.clouds.values()}
    rows = [row for row in catalog.gpus.values() if row.vendor == vendor and (row.released or 0) >= OLDEST]
    for count in COUNTS:
        # Several cards in one machine are looked for among those that are rented so.
        machines = [_machine(row, count, catalog) for row in rows if count == 1 or row.id in rented]
        sizes: dict[int, GpuChoice] = {}
        for device in sorted(machines, key=lambda one: (one.usable_bytes, one.name)):
            if len(sizes) < SHOWN and device.usable_bytes not in sizes:
                choice = _choice(wanted, load, device)
                if choice is not None:
                    sizes[device.usable_bytes] = choice
        for choice in sizes.values():
            price = cheapest_price(choice.device, catalog, today=today, stale=stale)
            yield replace(choice, instance=price.instance, price_note=price.reason)
        if sizes:
            return


def _cheapest(
    wanted: Wanted, load: Workload, catalog: Catalog, *, rows: Sequence[CloudInstance], vendor: str
) -> Iterator[GpuChoice]:
    """Yield the machines with the lowest prices, one for each kind and number of GPUs."""
    seen: set[tuple[str, int]] = set()
    found = 0
    for row in sorted(rows, key=lambda row: (row.price_usd_per_hour or 0.0, row.id)):
        gpu = catalog.gpus[row.gpu]
        if (row.gpu, row.gpu_count) in seen or gpu.vendor != vendor:
            continue
        seen.add((row.gpu, row.gpu_count))
        choice = _choice(wanted, load, _machine(gpu, row.gpu_count, catalog, ram=row.ram_bytes))
        if choice is not None:
            yield replace(choice, instance=row)
            found += 1
        if found == SHOWN:
            return


def _machine(row: Gpu, count: int, catalog: Catalog, *, ram: int | None = None) -> Device:
    gpu = gpu_of_table(row, rules=catalog.memory_rules)
    return Device(gpus=(gpu,) * count, ram_bytes=ram, unified=row.unified_memory and count == 1, source="--gpu")


def _choice(wanted: Wanted, load: Workload, device: Device) -> GpuChoice | None:
    """Return the machine where the load runs on it; None else."""
    load = divided(wanted.architecture, load, device)
    try:
        if shape_problems(wanted.architecture, load, device):
            return None
        found = judge(wanted.architecture, load, device=device, headroom=wanted.headroom)
    except UnsupportedWorkloadError:
        return None
    if not found.runs:
        return None
    return GpuChoice(
        device=device,
        total_bytes=found.estimate.total_bytes,
        margin_bytes=found.tightest.margin,
        tensor_parallel=load.options.tensor_parallel,
        pipeline_parallel=load.options.pipeline_parallel,
    )
