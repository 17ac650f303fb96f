"""How models look side by side: `compare`."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.device import Device
from llmfit.records.frozen import dataclass
from llmfit.records.sizing import Sizing
from llmfit.render import envelope as nouns
from llmfit.render.bar import Bar, segments
from llmfit.render.explain import memory_explained
from llmfit.render.fitting import VERDICTS, Legend
from llmfit.render.grid import Cell, Column, Records, Row, escape_markdown, markdown
from llmfit.render.prose import BLANK, Drawable, notes, said
from llmfit.render.sizing import (
    FIELDS,
    format_word,
    sizing_json,
    sizing_record,
    split_words,
    unused_words,
    warnings_of,
)
from llmfit.render.tables import Rows
from llmfit.render.text import parameters, rate
from llmfit.render.view import Origin
from llmfit.units import amount, gib

COLUMNS = (
    Column("model", shrinks=True, style="bold"),
    Column("params", "right"),
    Column("format"),
    Column("GiB", "right"),
    Column("free", "right"),
    Column("tok/s", "right"),
    Column("verdict"),
)
BAR_WIDTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """The answer of `compare`."""

    sizings: Sequence[Sizing]
    device: Device | None
    origin: Origin
    explain: bool = False

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.device),
            estimates=self.items(),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each estimate."""
        return [sizing_json(sizing, explain=self.explain) for sizing in self.sizings]

    def records(self) -> Records:
        """Return one row for each estimate."""
        return Records(FIELDS, [sizing_record(sizing) for sizing in self.sizings])

    def table(self) -> Sequence[Drawable]:
        """Return a row and a bar for each model, all bars to one scale."""
        title = [said(self._title(), hang=0), BLANK] if self.device else []
        rows = Rows(COLUMNS, [_row(sizing) for sizing in self.sizings], [self._below(one) for one in self.sizings])
        return [*title, rows, BLANK, Legend([sizing.estimate for sizing in self.sizings])]

    def _below(self, sizing: Sizing) -> list[Drawable]:
        usable = None if self.device is None else self.device.usable_bytes
        scale = usable or max(one.estimate.total_bytes for one in self.sizings)
        drawn = Bar(parts=segments(sizing.estimate), capacity=scale, width=BAR_WIDTH)
        split = [] if sizing.offload is None else [said(split_words(sizing.offload))]
        explained = memory_explained(sizing.estimate, indent=2) if self.explain else []
        last = [] if sizing is self.sizings[-1] else [BLANK]
        return [drawn, *split, *notes("warning", warnings_of(sizing)), *explained, *last]

    def _title(self) -> str:
        if self.device is None:
            return ""
        usable = self.device.usable_bytes
        return f"{self.device.name}, {amount(usable)} usable{unused_words(self.sizings, usable)}"

    def markdown(self) -> str:
        """Return one table."""
        title = [f"### {escape_markdown(self._title())}"] if self.device else []
        return "\n\n".join([*title, markdown(COLUMNS, [_row(sizing) for sizing in self.sizings])])


def _row(sizing: Sizing) -> Row:
    fit, speed = sizing.fit, sizing.speed
    return [
        sizing.model.id,
        parameters(sizing.model.parameters),
        format_word(sizing),
        gib(sizing.estimate.total_bytes),
        "" if fit is None else gib(fit.headroom_bytes),
        "" if speed is None else f"{rate(speed.low)}–{rate(speed.high)}",
        Cell("", "") if fit is None else Cell(*VERDICTS[fit.verdict]),
    ]
