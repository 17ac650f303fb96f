"""TSV, CSV and markdown."""

import csv
import io

from llmfit.render.grid import Cell, Column, Records, comma_separated, markdown, plain
from llmfit.render.terminal import to_ascii

RECORDS = Records(
    ("name", "count", "share", "flag", "none"), [['a,\t"b"\n', 3, 0.1, True, None], ["c", 0, 2.0, False, ""]]
)


def test_plain_has_one_line_a_record_and_one_tab_a_field() -> None:
    """Tabs and line breaks inside a value are written out, numbers are short, none is empty."""
    assert plain(RECORDS).split("\n") == [
        "name\tcount\tshare\tflag\tnone",
        'a,\\t"b"\\n\t3\t0.1\ttrue\t',
        "c\t0\t2\tfalse\t",
    ]


def test_csv_reads_back() -> None:
    """What a reader of RFC 4180 gets is what was written, control characters written out."""
    rows = list(csv.reader(io.StringIO(comma_separated(RECORDS))))
    assert rows == [
        ["name", "count", "share", "flag", "none"],
        ['a,\\t"b"\\n', "3", "0.1", "true", ""],
        ["c", "0", "2", "false", ""],
    ]


def test_markdown_escapes_what_it_would_read() -> None:
    """Pipes, stars and tags in names are shown, not obeyed."""
    text = markdown((Column("a"), Column("", "right")), [["x|y*<b>", Cell("1", "red")]])
    assert text.split("\n") == ["| a |   |", "| --- | ---: |", "| x\\|y\\*\\<b\\> | 1 |"]


def test_ascii_has_a_likeness_for_each_sign() -> None:
    """Signs become their likeness, other letters a question mark."""
    assert to_ascii("█▓▒░·│ 3–5 × ≤ 한") == "#=+-.| 3-5 x <= ?"
