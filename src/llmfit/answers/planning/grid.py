"""Precision × context → the smallest class of card, for a model of which nothing else was said."""

from dataclasses import replace

from llmfit.answers.planning.question import Wanted
from llmfit.catalog import Catalog
from llmfit.device_memory import gpu_of_size
from llmfit.errors import UnsupportedWorkloadError
from llmfit.records.device import Device
from llmfit.records.plan import GridCell, Plan
from llmfit.records.workload import Workload
from llmfit.solve.judge import judge
from llmfit.units import GIB

CARDS_GB = (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 141, 192, 288)
"""Sizes in which cards are sold."""
CONTEXTS = (2048, 8192, 32_768, 131_072)


def plan_grid(wanted: Wanted, catalog: Catalog) -> Plan:
    """Return the smallest card for each format and context of the wanted loads, one sequence at once."""
    cards = [
        (size, Device(gpus=(gpu_of_size(size * GIB, rules=catalog.memory_rules),), source="--vram"))
        for size in CARDS_GB
    ]
    contexts = sorted({min(context, wanted.limit) for context in CONTEXTS})
    cells = [_cell(wanted, replace(load, context=context), cards) for load in wanted.workloads for context in contexts]
    return wanted.plan(grid=tuple(cells))


def _cell(wanted: Wanted, load: Workload, cards: list[tuple[int, Device]]) -> GridCell:
    size, total = None, None
    for gigabytes, device in cards:
        try:
            found = judge(wanted.architecture, load, device=device, headroom=wanted.headroom)
        except UnsupportedWorkloadError:
            break
        if found.runs:
            size, total = gigabytes, found.estimate.total_bytes
            break
    return GridCell(
        precision=load.format.precision or "",
        format=f"{load.engine.id} {load.format.id}",
        context=load.context,
        card_gb=size,
        total_bytes=total,
    )
