"""A bar of where the memory goes, drawn to the scale of the device."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmfit.records.estimate import LABELS, Estimate, PartName
from llmfit.records.frozen import dataclass

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The parts of an estimate as stretches of one line; what is beyond the capacity stands behind a mark.

    Without a capacity the parts fill the bar.
    """

    parts: Sequence[Segment]
    capacity: int | None
    width: int
    """Columns, where there are as many."""
    indent: int = 0

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield the line."""
        del console
        yield self.line(options.max_width)

    def line(self, most: int) -> "Text":
        """Return the bar as text of at most so many columns."""
        from rich.text import Text

        line = Text(" " * self.indent, end="\n")
        for glyph, style in self._drawn(min(self.width, most - self.indent)):
            line.append(glyph, style)
        return line

    def _drawn(self, width: int) -> list[tuple[str, str]]:
        """Return stretches of one letter with their styles, `width` columns in all."""
        used = sum(part.bytes for part in self.parts)
        if self.capacity is not None and used > self.capacity > 0:
            cells = _cells([part.bytes for part in self.parts], scale=used, width=width - 1)
            limit = max(1, round((width - 1) * self.capacity / used))
            return _marked(self._stretches(cells), limit=min(limit, sum(cells)))
        scale = max(1, used if self.capacity is None else self.capacity)
        cells = _cells([part.bytes for part in self.parts], scale=scale, width=width)
        return [*self._stretches(cells), (FREE * (width - sum(cells)), "dim")]

    def _stretches(self, cells: Sequence[int]) -> list[tuple[str, str]]:
        return [(part.glyph * cell, part.style) for part, cell in zip(self.parts, cells, strict=True)]


def _marked(stretches: Sequence[tuple[str, str]], *, limit: int) -> list[tuple[str, str]]:
    """Return the stretches with a mark after `limit` columns."""
    drawn: list[tuple[str, str]] = []
    for letters, style in stretches:
        head, tail = letters[: max(0, limit)], letters[max(0, limit) :]
        mark = [("│", "red")] if 0 <= limit <= len(letters) and ("│", "red") not in drawn else []
        drawn += [(head, style), *mark, (tail, style)]
        limit -= len(letters)
    return drawn


def _cells(sizes: Sequence[int], *, scale: int, width: int) -> list[int]:
    """Share `width` cells among the sizes by largest remainder; what is there gets a cell where one is left."""
    exact = [width * size / scale for size in sizes]
    cells = [int(share) for share in exact]
    wanted = min(width, round(sum(exact)))
    order = sorted(range(len(sizes)), key=lambda i: (cells[i] > 0, cells[i] - exact[i]))
    for place in order[: max(0, wanted - sum(cells))]:
        cells[place] += 1
    return cells
