"""How a machine looks: `detect`."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.device import Device, DeviceGpu
from llmfit.records.frozen import dataclass
from llmfit.render import envelope as nouns
from llmfit.render.grid import Column, Records, Row, markdown
from llmfit.render.prose import BLANK, Drawable, notes, said
from llmfit.render.tables import Rows
from llmfit.render.view import Origin
from llmfit.units import amount

COLUMNS = (
    Column("GPU", shrinks=True, style="bold"),
    Column("total", "right"),
    Column("reserved", "right"),
    Column("used", "right"),
    Column("usable", "right"),
    Column("GB/s", "right"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """The answer of `detect`."""

    device: Device
    origin: Origin

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.device),
            gpus=self.items(),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each GPU."""
        return [nouns.gpu_of_device_json(gpu) for gpu in self.device.gpus]

    def records(self) -> Records:
        """Return one row for each GPU."""
        rows = [dict(item) for item in self.items()]
        fields = tuple(rows[0]) if rows else ("name",)
        return Records(fields, [[row[name] for name in fields] for row in rows])

    def table(self) -> Sequence[Drawable]:
        """Return one line for each GPU, the RAM, and where each figure comes from."""
        ram = "unknown" if self.device.ram_bytes is None else amount(self.device.ram_bytes)
        shared = [said("GPU and CPU share one memory")] if self.device.unified else []
        sources = [f"{gpu.name}: {gpu.source}" for gpu in dict.fromkeys(self.device.gpus) if gpu.source]
        return [
            Rows(COLUMNS, [_row(gpu) for gpu in self.device.gpus]),
            BLANK,
            said(f"RAM that a program can take: {ram}"),
            *shared,
            *notes("source", dict.fromkeys(sources)),
            *notes("note", self.device.notes),
        ]

    def markdown(self) -> str:
        """Return one table."""
        return markdown(COLUMNS, [_row(gpu) for gpu in self.device.gpus])


def _row(gpu: DeviceGpu) -> Row:
    return [
        gpu.name,
        amount(gpu.total_bytes),
        amount(gpu.reserved_bytes),
        amount(gpu.used_bytes),
        amount(gpu.usable_bytes),
        "" if gpu.bandwidth_gbps is None else f"{gpu.bandwidth_gbps:.0f}",
    ]
