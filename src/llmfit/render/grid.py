"""Rows and columns as text: a table for people, TSV, CSV and markdown."""

from collections.abc import Sequence
from typing import Literal

from llmfit.records.frozen import dataclass
from llmfit.render.terminal import Terminal
from llmfit.render.text import cell_width, clip, styled, visible, wrap

Scalar = str | int | float | bool | None
GAP = 2
LEAST = 10
"""Columns to which a cell may be cut."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    header: str
    align: Literal["left", "right"] = "left"
    shrinks: bool = False
    """Whether its cells may be cut where the table is too wide."""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell whose style is not its column's."""

    text: str
    style: str


Row = Sequence[str | Cell]


@dataclass(frozen=True, slots=True)
class Records:
    """Rows with the same fields, for programs: what plain, CSV and markdown show."""

    fields: tuple[str, ...]
    rows: Sequence[Sequence[Scalar]]


def table(columns: Sequence[Column], rows: Sequence[Row], *, terminal: Terminal, indent: str = "") -> list[str]:
    """Return the lines of a table; a list of its rows where the terminal is narrow."""
    header, blocks = blocks_of(columns, rows, terminal=terminal, indent=indent)
    lines = [*header]
    for place, block in enumerate(blocks):
        lines += ["", *block] if place and terminal.is_narrow else block
    return lines


def blocks_of(
    columns: Sequence[Column], rows: Sequence[Row], *, terminal: Terminal, indent: str = ""
) -> tuple[list[str], list[list[str]]]:
    """Return the header's lines, and the lines of each row, so that a caller can put more below a row.

    A column in which no row has anything is left out.
    """
    cells = [[_clean(cell) for cell in row] for row in rows]
    filled = [place for place in range(len(columns)) if any(row[place].text for row in cells)]
    columns, cells = [columns[place] for place in filled], [[row[place] for place in filled] for row in cells]
    if terminal.is_narrow:
        return [], [_stacked(columns, row, terminal=terminal) for row in cells]
    widths = _widths(columns, cells, terminal=terminal, taken=len(indent))
    heads = [Cell(column.header, "dim") for column in columns]
    header = [indent + _line(columns, heads, widths, color=terminal.color)] if any(c.header for c in columns) else []
    return header, [[indent + _line(columns, row, widths, color=terminal.color)] for row in cells]


def _clean(cell: str | Cell) -> Cell:
    return Cell(visible(cell.text), cell.style) if isinstance(cell, Cell) else Cell(visible(cell), "")


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, terminal: Terminal, taken: int) -> list[int]:
    widths = [
        max([cell_width(column.header), *(cell_width(row[place].text) for row in rows)])
        for place, column in enumerate(columns)
    ]
    if terminal.width is None:
        return widths
    excess = sum(widths) + GAP * (len(columns) - 1) + taken - terminal.width
    for place in sorted((p for p, c in enumerate(columns) if c.shrinks), key=lambda p: -widths[p]):
        cut = max(0, min(excess, widths[place] - LEAST))
        widths[place] -= cut
        excess -= cut
    return widths


def _line(columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int], *, color: bool) -> str:
    parts = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        text = clip(cell.text, width) if column.shrinks else cell.text
        space = " " * (width - cell_width(text))
        shown = styled(text, cell.style or column.style, color=color)
        parts.append(shown + space if column.align == "left" else space + shown)
    return (" " * GAP).join(parts).rstrip()


def _stacked(columns: Sequence[Column], row: Sequence[Cell], *, terminal: Terminal) -> list[str]:
    lines: list[str] = []
    for column, cell in zip(columns, row, strict=True):
        if cell.text:
            lines += wrap(cell.text, width=terminal.width, indent="  ", first=f"{column.header}: ".lstrip(": "))
    return lines


def plain(records: Records) -> str:
    """Return the records as tab-separated values with a header; tabs and line breaks in values are written out."""
    rows = [list(records.fields), *([visible(_word(value)) for value in row] for row in records.rows)]
    return "\n".join("\t".join(row) for row in rows)


def comma_separated(records: Records) -> str:
    """Return the records as CSV (RFC 4180, line feeds) with a header."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(records.fields)
    writer.writerows([visible(_word(value)) for value in row] for row in records.rows)
    return out.getvalue().rstrip("\n")


def markdown(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Return a table as GitHub shows it."""
    head = [column.header or " " for column in columns]
    rule = ["---:" if column.align == "right" else "---" for column in columns]
    body = [[escape_markdown(_clean(cell).text) for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def escape_markdown(text: str) -> str:
    """Return the text so that markdown shows its letters."""
    return "".join("\\" + letter if letter in "\\|*_`<>[]" else letter for letter in visible(text))


def _word(value: Scalar) -> str:
    """Return a value as programs read it: empty for none, true and false as JSON spells them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
