"""How models look side by side: `compare`."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.device import Device
from llmfit.records.frozen import dataclass
from llmfit.records.sizing import Sizing
from llmfit.render import envelope as nouns
from llmfit.render.bar import bar, segments
from llmfit.render.explain import memory_explained, notes
from llmfit.render.fitting import VERDICTS, legend
from llmfit.render.grid import Cell, Column, Records, Row, blocks_of, markdown
from llmfit.render.sizing import FIELDS, format_word, sizing_json, sizing_record, split_words, warnings_of
from llmfit.render.terminal import Terminal
from llmfit.render.text import amount, gib, parameters, rate, styled, visible, wrap
from llmfit.render.view import Origin

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

    def table(self, terminal: Terminal) -> str:
        """Return a row and a bar for each model, all bars to one scale."""
        header, blocks = blocks_of(COLUMNS, [_row(sizing) for sizing in self.sizings], terminal=terminal)
        lines = [*self._title(terminal), *header]
        scale = None if self.device is None else self.device.usable_bytes
        scale = scale or max(sizing.estimate.total_bytes for sizing in self.sizings)
        for sizing, block in zip(self.sizings, blocks, strict=True):
            width = terminal.room(BAR_WIDTH)
            lines += [*block, bar(segments(sizing.estimate), capacity=scale, width=width, terminal=terminal)]
            if sizing.offload is not None:
                lines += wrap(split_words(sizing.offload), width=terminal.width)
            lines += notes("warning", warnings_of(sizing), terminal=terminal)
            if self.explain:
                lines += [*memory_explained(sizing.estimate, terminal=terminal, indent="  "), ""]
        shown = legend([sizing.estimate for sizing in self.sizings], terminal=terminal)
        return "\n".join([*lines, "", *(styled(line, "dim", color=terminal.color) for line in shown)])

    def _title(self, terminal: Terminal) -> list[str]:
        if self.device is None:
            return []
        title = f"{visible(self.device.name)}, {amount(self.device.usable_bytes)} usable"
        return [*wrap(title, width=terminal.width), ""]

    def markdown(self) -> str:
        """Return one table."""
        title = [f"### {line}" for line in self._title(Terminal())[:1]]
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
