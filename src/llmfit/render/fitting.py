"""The lines that every answer about memory has: parts, bar, verdict, what stays free."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmfit.records.estimate import LABELS, Estimate, Fit, Verdict
from llmfit.records.frozen import dataclass
from llmfit.render.bar import FREE, Bar, segments
from llmfit.render.grid import Cell, Column
from llmfit.render.prose import Drawable, Paragraph, said
from llmfit.render.tables import Rows
from llmfit.units import amount

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

VERDICTS = {
    Verdict.FITS: ("fits", "green"),
    Verdict.TIGHT: ("tight", "yellow"),
    Verdict.OFFLOAD: ("needs RAM beside the GPU", "yellow"),
    Verdict.TOO_LARGE: ("too large", "red"),
    Verdict.UNKNOWN: ("unknown", "red"),
}
BAR_WIDTH = 60
_FREE = (FREE, "dim", "free")


def memory_table(estimate: Estimate, *, fit: Fit | None) -> list[Drawable]:
    """Return a row for each part, the total, what stays free, and the bar to which the rows are the legend."""
    parts = segments(estimate)
    share = [f"{100 * part.bytes / max(1, estimate.total_bytes):.0f} %" for part in parts]
    rows: list[list[str | Cell]] = [
        [Cell(part.glyph, part.style), part.label, amount(part.bytes), percent]
        for part, percent in zip(parts, share, strict=True)
    ]
    rows += [[" ", LABELS[name], Cell("unknown", "red"), ""] for name in estimate.unknown]
    rows.append([" ", Cell("total", "bold"), Cell(_total(estimate), "bold"), ""])
    if fit is not None and fit.headroom_bytes >= 0 and not estimate.unknown:
        rows.append([Cell(FREE, "dim"), "free", amount(fit.headroom_bytes), ""])
    columns = [Column(""), Column(""), Column("", "right"), Column("", "right", style="dim")]
    capacity = None if fit is None else fit.device.usable_bytes
    return [Rows(columns, rows), Bar(parts=parts, capacity=capacity, width=BAR_WIDTH)]


def _total(estimate: Estimate) -> str:
    return f"{'at least ' if estimate.unknown else ''}{amount(estimate.total_bytes)}"


def fit_words(fit: Fit) -> list[Paragraph]:
    """Return the sentence of the verdict with its reason."""
    device = fit.device
    head = f"{device.name or 'device'}, {amount(device.usable_bytes)} usable: "
    free = f", {amount(fit.headroom_bytes)} free" if fit.verdict in {Verdict.FITS, Verdict.TIGHT} else ""
    return [
        said(head, VERDICTS[fit.verdict], free, hang=0),
        *([said(fit.reason, indent=2, hang=0)] if fit.reason else []),
    ]


@dataclass(frozen=True, slots=True)
class Legend:
    """What the letters of the bars mean, for the parts that these estimates have."""

    estimates: Sequence[Estimate]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield a letter and its part for each, side by side as far as they go."""
        from rich.text import Text

        del console
        seen = {part.label: part for estimate in self.estimates for part in segments(estimate)}
        shown = [(seen[label].glyph, seen[label].style, label) for label in LABELS.values() if label in seen]
        words = [Text.assemble((glyph, style), (f" {label}", "dim")) for glyph, style, label in [*shown, _FREE]]
        line = Text("  ").join(words)
        if line.cell_len <= options.max_width:
            yield line
        else:
            from rich.columns import Columns

            yield Columns(words, padding=(0, 2))


def range_words(estimate: Estimate) -> str:
    """Return the range in which the total was measured, in words; empty where every part is exact."""
    if estimate.low_bytes == estimate.high_bytes:
        return ""
    return f"{amount(estimate.low_bytes)} to {amount(estimate.high_bytes)}"
