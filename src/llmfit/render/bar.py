"""A bar of where the memory goes, drawn to the scale of the device."""

from collections.abc import Sequence

from llmfit.records.estimate import Estimate, PartName
from llmfit.records.frozen import dataclass
from llmfit.render.terminal import Terminal
from llmfit.render.text import styled

LABELS = {
    PartName.WEIGHTS: "weights",
    PartName.KV_CACHE: "KV cache",
    PartName.GRADIENTS: "gradients",
    PartName.OPTIMIZER: "optimizer",
    PartName.ADAPTER: "adapter",
    PartName.ACTIVATION: "activations",
    PartName.OVERHEAD: "overhead",
}
_GLYPHS = {
    PartName.WEIGHTS: ("█", "blue"),
    PartName.KV_CACHE: ("▓", "cyan"),
    PartName.GRADIENTS: ("▚", "green"),
    PartName.OPTIMIZER: ("▞", "yellow"),
    PartName.ADAPTER: ("◆", "green"),
    PartName.ACTIVATION: ("▒", "yellow"),
    PartName.OVERHEAD: ("░", "magenta"),
}
FREE = "·"


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a bar."""

    label: str
    bytes: int
    glyph: str
    style: str


def segments(estimate: Estimate) -> list[Segment]:
    """Return the estimate's parts in their order, those of no bytes left out."""
    return [
        Segment(LABELS[name], estimate.part_bytes(name), *_GLYPHS[name])
        for name in PartName
        if estimate.part_bytes(name) > 0
    ]


def bar(parts: Sequence[Segment], *, capacity: int | None, width: int, terminal: Terminal) -> str:
    """Return the bar in `width` columns; what is beyond the capacity stands behind a line.

    Without a capacity the parts fill the bar.
    """
    used = sum(part.bytes for part in parts)
    if capacity is not None and used > capacity > 0:
        limit = max(1, round((width - 1) * capacity / used))
        cells = _cells([part.bytes for part in parts], scale=used, width=width - 1)
        drawn = [(part.glyph, part.style) for part, cell in zip(parts, cells, strict=True) for _ in range(cell)]
        drawn.insert(min(limit, len(drawn)), ("│", "red"))
    else:
        scale = max(1, used if capacity is None else capacity)
        cells = _cells([part.bytes for part in parts], scale=scale, width=width)
        drawn = [(part.glyph, part.style) for part, cell in zip(parts, cells, strict=True) for _ in range(cell)]
        drawn += [(FREE, "dim")] * (width - len(drawn))
    return _join(drawn, color=terminal.color)


def _cells(sizes: Sequence[int], *, scale: int, width: int) -> list[int]:
    """Share `width` cells among the sizes by largest remainder; what is there gets a cell where one is left."""
    exact = [width * size / scale for size in sizes]
    cells = [int(share) for share in exact]
    wanted = min(width, round(sum(exact)))
    order = sorted(range(len(sizes)), key=lambda i: (cells[i] > 0, cells[i] - exact[i]))
    for place in order[: max(0, wanted - sum(cells))]:
        cells[place] += 1
    return cells


def _join(drawn: Sequence[tuple[str, str]], *, color: bool) -> str:
    if not color:
        return "".join(glyph for glyph, _ in drawn)
    runs: list[tuple[str, str]] = []
    for glyph, style in drawn:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + glyph, style)
        else:
            runs.append((glyph, style))
    return "".join(styled(text, style, color=True) for text, style in runs)
