"""Rows and columns, and as text for programs and pages: TSV, CSV and markdown."""

from collections.abc import Sequence
from typing import Literal

from llmfit.records.frozen import dataclass
from llmfit.render.text import visible

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    header: str
    align: Literal["left", "right"] = "left"
    shrinks: bool = False
    """Whether its cells may be folded where the table is too wide."""
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


def clean(cell: str | Cell) -> Cell:
    """Return a cell with control characters written out."""
    return Cell(visible(cell.text), cell.style) if isinstance(cell, Cell) else Cell(visible(cell), "")


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
    body = [[escape_markdown(clean(cell).text) for cell in row] for row in rows]
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
