"""Tables for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmfit.render.grid import Cell, Column, Row
from llmfit.render.prose import said
from llmfit.render.screen import draw
from llmfit.render.tables import Rows
from llmfit.render.terminal import Terminal

COLUMNS = (Column("model", shrinks=True), Column("GiB", "right"), Column("note"))
ROWS: list[Row] = [["meadow/Lark-8B-Instruct-2026", "4.50", ""], ["meadow/Egg", "12.00", ""]]


def shown(*, width: int | None = None, columns: tuple[Column, ...] = COLUMNS, rows: list[Row] = ROWS) -> list[str]:
    """Return the lines of a table."""
    return draw([Rows(columns, rows)], terminal=Terminal(width=width)).splitlines()


def test_a_table_aligns_its_columns() -> None:
    """Words stand left, figures right, and nothing trails."""
    assert shown() == [
        "model                           GiB",
        "───────────────────────────────────",
        "meadow/Lark-8B-Instruct-2026   4.50",
        "meadow/Egg                    12.00",
    ]


def test_a_column_without_content_is_left_out() -> None:
    """No header stands above nothing."""
    assert "note" not in shown()[0]
    assert "note" in shown(rows=[["a", "1", "x"]])[0]


def test_without_headers_there_is_no_rule() -> None:
    """A table of facts begins with its first fact."""
    assert shown(columns=(Column(""), Column("", "right")), rows=[["a", "1"], ["bb", "22"]]) == ["a    1", "bb  22"]


def test_a_name_that_is_too_long_is_broken_behind_the_publisher() -> None:
    """Names and figures stay whole."""
    assert shown(width=30) == [
        "model                      GiB",
        "──────────────────────────────",
        "meadow/                   4.50",
        "Lark-8B-Instruct-2026",
        "meadow/Egg               12.00",
    ]


@pytest.mark.parametrize("width", [28, 29, 30, 31])
def test_the_second_line_of_a_name_begins_below_the_first(width: int) -> None:
    """However much room is left behind it; with just enough room the name is whole."""
    assert shown(width=width)[2:4] == [f"meadow/{'4.50':>{width - 7}}", "Lark-8B-Instruct-2026"]


def test_two_tables_of_the_same_columns_have_one_form() -> None:
    """Where one of them is too wide for a table, the other becomes a list too."""
    columns, short, long = (Column("card"), Column("GiB", "right")), [["Egg", "4"]], [["Lark-8B-Instruct", "12"]]
    terminal = Terminal(width=12)
    assert draw([Rows(columns, short)], terminal=terminal).splitlines()[0] == "card  GiB"
    beside = draw([Rows(columns, short, beside=long)], terminal=terminal)
    assert beside.splitlines() == ["card Egg", "GiB  4"]
    wide = Terminal(width=40)
    assert draw([Rows(columns, short, beside=long)], terminal=wide) == draw([Rows(columns, short)], terminal=wide)


def test_a_terminal_too_narrow_for_a_table_gets_a_list_of_its_rows() -> None:
    """Each cell has a line with its header; no figure is cut."""
    assert shown(width=20) == [
        "model meadow/",
        "      Lark-8B-Instru",
        "      ct-2026",
        "GiB   4.50",
        "",
        "model meadow/Egg",
        "GiB   12.00",
    ]
    many = (COLUMNS[0], *(Column(f"figure {i}", "right") for i in range(9)))
    assert "123456" in "".join(shown(columns=many, rows=[["meadow/Egg", *["123456"] * 9]], width=60))
    assert shown(columns=(Column(""), Column("")), rows=[["█", "a very long word"]], width=16) == [
        "█ a very long",
        "  word",
    ]


def test_headers_take_a_line_for_each_word_before_anything_else_gives_way() -> None:
    """Figures keep their columns, and the words of a header stand above each other."""
    columns = (Column("GPU"), Column("fp16 TFLOPS", "right"), Column("year", "right"))
    assert shown(columns=columns, rows=[["Meadow", "57", "2026"]], width=20) == [
        "          fp16",
        "GPU     TFLOPS  year",
        "────────────────────",
        "Meadow      57  2026",
    ]


def test_what_stands_below_a_row_follows_it() -> None:
    """The columns are the same above and below, whatever stands between."""
    rows = Rows(COLUMNS, ROWS, [[said("first")], [said("second")]])
    assert draw([rows], terminal=Terminal(width=80)).splitlines() == [
        "model                           GiB",
        "───────────────────────────────────",
        "meadow/Lark-8B-Instruct-2026   4.50",
        "first",
        "meadow/Egg                    12.00",
        "second",
    ]
    narrow = draw([rows], terminal=Terminal(width=30)).splitlines()
    assert narrow[3:] == ["Lark-8B-Instruct-2026", "first", "meadow/Egg               12.00", "second"]
    assert draw([rows], terminal=Terminal(width=20)).splitlines()[-2:] == ["GiB   12.00", "second"]


@pytest.mark.parametrize("width", [1, 5, 16])
def test_no_figure_is_cut_in_the_narrowest_terminal(width: int) -> None:
    """A terminal that has hardly any columns breaks the lines itself."""
    lines = shown(rows=[["한국어/모델", "1234567.89", ""]], width=width)
    assert "GiB   1234567.89" in lines


def test_wide_letters_keep_columns_straight() -> None:
    """Korean names take two columns a letter."""
    assert shown(columns=(Column("name"), Column("n", "right")), rows=[["한국", "1"], ["abcd", "2"]])[2:] == [
        "한국  1",
        "abcd  2",
    ]


def test_a_cell_may_have_its_own_style() -> None:
    """A cell's style wins over its column's."""
    rows = Rows((Column("", style="dim"),), [[Cell("a", "red")], ["b"]])
    assert draw([rows], terminal=Terminal(color=True)) == "\x1b[31ma\x1b[0m\n\x1b[2mb\x1b[0m"


@pytest.mark.parametrize("name", ["[red]x", "x[/]", ":smile:", "[bold]a/b[/bold]"])
def test_what_looks_like_markup_is_shown_in_cells_and_headers(name: str) -> None:
    """A name is a name."""
    assert shown(columns=(Column(name, shrinks=True),), rows=[[name]])[::2] == [name, name]


def test_control_characters_do_not_reach_a_table() -> None:
    """A name that drives the terminal is written out."""
    assert "\x1b" not in "".join(shown(columns=(Column("name"),), rows=[["\x1b[2J"]]))


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(rows=st.lists(st.tuples(words, st.integers(0, 10**9)), min_size=1, max_size=5), width=st.integers(16, 120))
def test_a_table_fits_and_keeps_its_figures(rows: list[tuple[str, int]], width: int) -> None:
    """Whatever the names, no line is wider than the terminal, and every figure is there."""
    lines = shown(rows=[[name, str(count), ""] for name, count in rows], width=width)
    assert all(cell_len(line) <= width and not line.endswith(" ") for line in lines)
    assert all(any(line.endswith(str(count)) for line in lines) for _, count in rows)


def test_words_are_not_broken_beside_a_long_header() -> None:
    """Where a word has no room behind the headers, each header stands before its own value, wrapped between words."""
    columns = (Column("engine"), Column("longest context", "right"), Column("how", shrinks=True))
    rows: list[Row] = [["transformers", "24,576", "not even one token fits"]]
    assert shown(width=20, columns=columns, rows=rows) == [
        "engine",
        "  transformers",
        "longest context",
        "  24,576",
        "how not even one",
        "  token fits",
    ]
    assert shown(width=28, columns=columns, rows=rows) == [
        "engine          transformers",
        "longest context 24,576",
        "how             not even one",
        "                token fits",
    ]


def test_the_last_column_that_holds_a_word_decides() -> None:
    """One column less, and the headers no longer stand beside the values."""
    columns = (Column("engine"), Column("how", shrinks=True))
    rows: list[Row] = [["llama.cpp", "seventeen-letters limit"]]
    assert shown(width=24, columns=columns, rows=rows)[0] == "engine llama.cpp"
    assert shown(width=24, columns=columns, rows=rows)[1].startswith("how    seventeen")
    assert shown(width=23, columns=columns, rows=rows)[1].startswith("how seventeen")


def test_an_address_in_a_cell_is_not_broken_at_its_strokes() -> None:
    """It goes to the next line as a whole, as no name of publisher and model does."""
    address = "https://example.org/licences/one"
    columns = (Column(""), Column("", shrinks=True))
    assert any(
        address in line for line in shown(width=50, columns=columns, rows=[["text", f"A text: {address} x y z"]])
    )
