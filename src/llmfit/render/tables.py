"""Rows and columns for people: a table by rich, and a list of its rows where the terminal is too narrow for one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmfit.records.frozen import dataclass
from llmfit.render.grid import Cell, Column, Row, clean
from llmfit.render.prose import BLANK, Drawable, Paragraph, said

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

GAP = 2
LEAST = 16
"""Columns that a name has at least, before the table becomes a list."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table without the columns in which no row has anything; figures stay whole, names are folded."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    below: Sequence[Sequence[Drawable]] = ()
    """What stands below each row, across the columns; one column may shrink then."""
    beside: Sequence[Row] = ()
    """Rows of a table of the same columns that stands near: where one of the two becomes a list, both do."""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield the table, or the list."""
        columns, cells = _filled(self.columns, self.rows)
        stacked, excess, too_wide = _fitted(columns, cells, options.max_width)
        if too_wide or _fitted(*_filled(self.columns, self.beside), options.max_width)[2]:
            yield from _listed(columns, cells, self.below, options.max_width)
        elif excess <= 0:
            yield from _aligned(stacked, cells, self.below)
        elif not self.below:
            yield _table(stacked, cells)
        else:
            pairs = zip(_widths(stacked, cells), stacked, strict=True)
            fixed = [width - max(0, excess) * column.shrinks for width, column in pairs]
            for place, (row, more) in enumerate(zip(cells, self.below, strict=True)):
                yield _table(stacked, [row], widths=fixed, header=place == 0)
                yield from more


def _filled(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[list[Column], list[list[Cell]]]:
    cells = [[clean(cell) for cell in row] for row in rows]
    filled = [place for place in range(len(columns)) if any(row[place].text for row in cells)]
    return [columns[place] for place in filled], [[row[place] for place in filled] for row in cells]


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    from rich.cells import cell_len

    return [
        max([*map(cell_len, column.header.split("\n")), *(cell_len(row[place].text) for row in rows)])
        for place, column in enumerate(columns)
    ]


def _excess(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> int:
    return sum(_widths(columns, rows)) + GAP * (len(columns) - 1) - width


def _fitted(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int
) -> tuple[Sequence[Column], int, bool]:
    """Return the columns as they fit best, what is too much for the width, and whether names cannot give it."""
    stacked = columns if _excess(columns, rows, width) <= 0 else _stacked(columns)
    excess = _excess(stacked, rows, width)
    pairs = zip(_widths(stacked, rows), stacked, strict=True)
    return stacked, excess, excess > sum(max(0, least - LEAST) for least, column in pairs if column.shrinks)


def _stacked(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with one line for each word of a header, all ending on the same line."""
    height = max((column.header.count(" ") for column in columns), default=0)
    return [replace(c, header="\n" * (height - c.header.count(" ")) + c.header.replace(" ", "\n")) for c in columns]


def _aligned(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], below: Sequence[Sequence[Drawable]]
) -> "Iterator[RenderableType]":
    """Yield the lines of a table in which every cell fits: rich lays out a table of its own ten times as slowly."""
    from rich.text import Text

    widths = _widths(columns, rows)
    heads = [column.header.split("\n") for column in columns]
    if any(column.header for column in columns):
        for level in range(max(map(len, heads))):
            yield _side_by_side(columns, widths, [(head[level] if level < len(head) else "", "dim") for head in heads])
        yield Text("─" * (sum(widths) + GAP * (len(widths) - 1)), style="dim", no_wrap=True, overflow="ignore")
    for place, row in enumerate(rows):
        yield _side_by_side(
            columns, widths, [(cell.text, cell.style or c.style) for c, cell in zip(columns, row, strict=True)]
        )
        yield from below[place] if below else ()


def _side_by_side(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[tuple[str, str]]) -> "Text":
    """Return one line: each text in its style, on its side of its column."""
    from rich.cells import cell_len
    from rich.text import Text

    line = Text(no_wrap=True, overflow="ignore")
    for place, (column, width, (text, style)) in enumerate(zip(columns, widths, cells, strict=True)):
        room = " " * (width - cell_len(text))
        line.append(" " * GAP if place else "")
        line.append(room + text if column.align == "right" else text + room, style or None)
    return line


def _table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    widths: Sequence[int] | None = None,
    header: bool = True,
) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD,
        show_header=header and any(column.header for column in columns),
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        border_style="dim",
        header_style="dim",
    )
    for place, column in enumerate(columns):
        width = None if widths is None else widths[place]
        table.add_column(
            Text(column.header), justify=column.align, no_wrap=not column.shrinks, overflow="fold", width=width
        )
    for row in rows:
        pairs = zip(columns, row, strict=True)
        table.add_row(*(_shown(cell, column) for column, cell in pairs))
    return table


def _shown(cell: Cell, column: Column) -> "Text | Name":
    from rich.text import Text

    style = cell.style or column.style
    is_name = column.shrinks and "/" in cell.text and "://" not in cell.text  # an address is kept whole
    return Name(cell.text, style) if is_name else Text(cell.text, style=style)


@dataclass(frozen=True, slots=True)
class Name:
    """A name such as `publisher/model`, broken at its stroke where it is too long for a line."""

    text: str
    style: str

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield the name, in lines where it has to be."""
        from rich.cells import cell_len
        from rich.text import Text

        del console
        publisher, _, name = self.text.partition("/")
        fits = cell_len(self.text) <= options.max_width
        yield Text(self.text if fits else f"{publisher}/\n{name}", style=self.style, overflow="fold")

    def __rich_measure__(self, console: "Console", options: "ConsoleOptions") -> "Measurement":
        """Return the least and the most columns that it takes."""
        from rich.cells import cell_len
        from rich.measure import Measurement

        del console, options
        width = cell_len(self.text)
        return Measurement(min(LEAST, width), width)


def _listed(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], below: Sequence[Sequence[Drawable]], width: int
) -> "Iterator[RenderableType]":
    """Yield each row as lines of `header value`, or as one line where there are no headers."""
    headed = any(column.header for column in columns)
    for place, row in enumerate(rows):
        if headed:
            if place and not below:
                yield BLANK
            yield from _pairs(columns, row, width)
        else:
            yield _line(columns, row)
        yield from below[place] if below else ()


def _pairs(columns: Sequence[Column], row: Sequence[Cell], width: int) -> "Iterator[RenderableType]":
    """Yield headers and values side by side; one after the other where a word would be broken beside the headers.

    Names such as `publisher/model` are broken at their stroke in any case.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    filled = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell.text]
    room = width - 1 - max(cell_len(column.header) for column, _ in filled)
    words = [word for _, cell in filled for word in cell.text.split() if "/" not in word]
    if max(map(cell_len, words), default=0) > room:
        for column, cell in filled:
            yield said((column.header, "dim"), " ", (cell.text, cell.style or column.style))
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for column, cell in filled:
        table.add_row(Text(column.header), _shown(cell, column))
    yield table


def _line(columns: Sequence[Column], row: Sequence[Cell]) -> Paragraph:
    words: list[tuple[str, str]] = []
    for column, cell in zip(columns, row, strict=True):
        if cell.text:
            words += [(" ", ""), (cell.text, cell.style or column.style)]
    return said(*words[1:])
