"""The lines that every answer about memory has: parts, bar, verdict, what stays free."""

from collections.abc import Sequence

from llmfit.records.estimate import Estimate, Fit, Verdict
from llmfit.render.bar import FREE, LABELS, bar, segments
from llmfit.render.grid import Cell, Column, table
from llmfit.render.terminal import Terminal
from llmfit.render.text import amount, styled, visible, wrap

VERDICTS = {
    Verdict.FITS: ("fits", "green"),
    Verdict.TIGHT: ("tight", "yellow"),
    Verdict.OFFLOAD: ("needs RAM beside the GPU", "yellow"),
    Verdict.TOO_LARGE: ("too large", "red"),
    Verdict.UNKNOWN: ("unknown", "red"),
}
BAR_WIDTH = 60
_NBSP = "\N{NO-BREAK SPACE}"


def verdict_word(verdict: Verdict, *, color: bool) -> str:
    """Return the verdict as people read it, in its colour."""
    word, style = VERDICTS[verdict]
    return styled(word, style, color=color)


def memory_lines(estimate: Estimate, *, fit: Fit | None, terminal: Terminal) -> list[str]:
    """Return a row for each part, the total, what stays free, and the bar to which the rows are the legend."""
    parts = segments(estimate)
    share = [f"{100 * part.bytes / max(1, estimate.total_bytes):.0f} %" for part in parts]
    rows: list[list[str | Cell]] = [
        [Cell(part.glyph, part.style), part.label, amount(part.bytes), percent]
        for part, percent in zip(parts, share, strict=True)
    ]
    rows += [["", LABELS[name], Cell("unknown", "red"), ""] for name in estimate.unknown]
    rows.append(["", Cell("total", "bold"), Cell(_total(estimate), "bold"), ""])
    if fit is not None and fit.headroom_bytes >= 0 and not estimate.unknown:
        rows.append([Cell(FREE, "dim"), "free", amount(fit.headroom_bytes), ""])
    columns = [Column(""), Column(""), Column("", "right"), Column("", "right", style="dim")]
    capacity = None if fit is None else fit.device.usable_bytes
    drawn = bar(parts, capacity=capacity, width=terminal.room(BAR_WIDTH), terminal=terminal)
    if terminal.is_narrow:
        return [*_stacked(rows, terminal=terminal), drawn]
    return [*table(columns, rows, terminal=terminal), drawn]


def _stacked(rows: Sequence[Sequence[str | Cell]], *, terminal: Terminal) -> list[str]:
    """Return each row as a line of its own, wrapped: letter, part, size."""
    words = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
    lines = [f"{glyph} {label}: {size}".strip() for glyph, label, size, _ in words]
    return [part for line in lines for part in wrap(line, width=terminal.width, first="", indent="  ")]


def _total(estimate: Estimate) -> str:
    return f"{'at least ' if estimate.unknown else ''}{amount(estimate.total_bytes)}"


def fit_lines(fit: Fit, *, terminal: Terminal) -> list[str]:
    """Return the sentence of the verdict with its reason."""
    device = fit.device
    name = visible(device.name) or "device"
    word = verdict_word(fit.verdict, color=terminal.color)
    head = f"{name}, {amount(device.usable_bytes)} usable: "
    free = f", {amount(fit.headroom_bytes)} free" if fit.verdict in {Verdict.FITS, Verdict.TIGHT} else ""
    lines = wrap(head + VERDICTS[fit.verdict][0] + free, width=terminal.width)
    if terminal.color and len(lines) == 1:
        lines = [head + word + free]
    return lines + (wrap(visible(fit.reason), width=terminal.width, indent="  ") if fit.reason else [])


def legend(estimates: Sequence[Estimate], *, terminal: Terminal) -> list[str]:
    """Return what the letters of the bars mean, for the parts that these estimates have."""
    seen = {part.label: part.glyph for estimate in estimates for part in segments(estimate)}
    shown = [(seen[label], label) for label in LABELS.values() if label in seen]
    words = [f"{glyph}{_NBSP}{label.replace(' ', _NBSP)}" for glyph, label in [*shown, (FREE, "free")]]
    return [line.replace(_NBSP, " ") for line in wrap("  ".join(words), width=terminal.width)]


def range_words(estimate: Estimate) -> str:
    """Return the range in which the total was measured, in words; empty where every part is exact."""
    if estimate.low_bytes == estimate.high_bytes:
        return ""
    return f"{amount(estimate.low_bytes)} to {amount(estimate.high_bytes)}"
