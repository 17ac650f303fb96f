"""How a machine looks: `detect`."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.errors import LlmfitError
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
    missing: LlmfitError | None = None
    """Why there is no GPU, where there is none: the RAM is all that is known then."""

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope; that of an error, with the machine in it, where there is no GPU."""
        if self.missing is not None:
            failed = nouns.error_json(self.missing, command=self.origin.command)
            return {**failed, "device": nouns.device_json(self.device)}
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.device),
            gpus=self.items(),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each GPU, or the error with the machine."""
        if self.missing is not None:
            content = self.envelope()
            return [{"error": content["error"], "device": content["device"]}]
        return [nouns.gpu_of_device_json(gpu) for gpu in self.device.gpus]

    def records(self) -> Records:
        """Return one row for each GPU; the RAM where there is none."""
        if self.missing is not None:
            return Records(("ram_bytes",), [[self.device.ram_bytes]])
        rows = [dict(item) for item in self.items()]
        fields = tuple(rows[0]) if rows else ("name",)
        return Records(fields, [[row[name] for name in fields] for row in rows])

    def table(self) -> Sequence[Drawable]:
        """Return one line for each GPU, the RAM, and where each figure comes from."""
        shared = [said("GPU and CPU share one memory")] if self.device.unified else []
        sources = [f"{gpu.name}: {gpu.source}" for gpu in dict.fromkeys(self.device.gpus) if gpu.source]
        gpus: list[Drawable] = (
            [Rows(COLUMNS, [_row(gpu) for gpu in self.device.gpus]), BLANK] if self.device.gpus else []
        )
        return [
            *gpus,
            said(self._ram()),
            *shared,
            *notes("source", dict.fromkeys(sources)),
            *notes("note", self.device.notes),
        ]

    def markdown(self) -> str:
        """Return one table; the RAM where there is no GPU."""
        return markdown(COLUMNS, [_row(gpu) for gpu in self.device.gpus]) if self.device.gpus else self._ram()

    def _ram(self) -> str:
        ram = "unknown" if self.device.ram_bytes is None else amount(self.device.ram_bytes)
        return f"RAM that a program can take: {ram}"


def _row(gpu: DeviceGpu) -> Row:
    return [
        gpu.name,
        amount(gpu.total_bytes),
        amount(gpu.reserved_bytes),
        amount(gpu.used_bytes),
        amount(gpu.usable_bytes),
        "" if gpu.bandwidth_gbps is None else f"{gpu.bandwidth_gbps:.0f}",
    ]
