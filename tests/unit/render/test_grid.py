"""Tables, TSV, CSV and markdown."""

import csv
import io

from llmfit.render.grid import Cell, Column, Records, comma_separated, markdown, plain, table
from llmfit.render.terminal import Terminal, to_ascii

COLUMNS = (Column("model", shrinks=True), Column("GiB", "right"), Column("note"))
ROWS = [["meadow/Lark-8B-Instruct-2026", "4.50", ""], ["meadow/Egg", "12.00", ""]]


def test_a_table_aligns_its_columns() -> None:
    """Words stand left, figures right, and nothing trails."""
    assert table(COLUMNS, ROWS, terminal=Terminal()) == [
        "model                           GiB",
        "meadow/Lark-8B-Instruct-2026   4.50",
        "meadow/Egg                    12.00",
    ]


def test_a_column_without_content_is_left_out() -> None:
    """No header stands above nothing."""
    assert "note" not in table(COLUMNS, ROWS, terminal=Terminal())[0]
    assert "note" in table(COLUMNS, [["a", "1", "x"]], terminal=Terminal())[0]


def test_names_are_cut_where_the_terminal_is_too_narrow_for_them() -> None:
    """Only columns that may shrink do, and figures stay whole."""
    lines = table(COLUMNS, ROWS, terminal=Terminal(width=50))
    assert max(map(len, lines)) <= 50
    many = (Column("model", shrinks=True), *(Column(f"figure {i}", "right") for i in range(4)))
    lines = table(many, [["meadow/Lark-8B-Instruct-2026", *("123456" for _ in range(4))]], terminal=Terminal(width=60))
    assert max(map(len, lines)) <= 60
    assert "…" in lines[1]
    assert lines[1].count("123456") == 4


def test_a_narrow_terminal_gets_a_list_of_rows() -> None:
    """Below 48 columns each cell has a line with its header, and no name is cut."""
    assert table(COLUMNS, ROWS, terminal=Terminal(width=20)) == [
        "model:",
        "  meadow/Lark-8B-Instruct-2026",
        "GiB: 4.50",
        "",
        "model: meadow/Egg",
        "GiB: 12.00",
    ]


def test_wide_letters_keep_columns_straight() -> None:
    """Korean names take two columns a letter."""
    lines = table((Column("name"), Column("n", "right")), [["한국", "1"], ["abcd", "2"]], terminal=Terminal())
    assert lines[1:] == ["한국  1", "abcd  2"]


def test_a_cell_may_have_its_own_style() -> None:
    """A cell's style wins over its column's."""
    lines = table((Column("", style="dim"),), [[Cell("a", "red")], ["b"]], terminal=Terminal(color=True))
    assert lines == ["\x1b[31ma\x1b[0m", "\x1b[2mb\x1b[0m"]


def test_control_characters_do_not_reach_a_table() -> None:
    """A name that drives the terminal is written out."""
    assert "\x1b" not in "".join(table((Column("name"),), [["\x1b[2J"]], terminal=Terminal()))


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
