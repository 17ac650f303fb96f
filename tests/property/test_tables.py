"""A table whose cells all fit is drawn as lines of text: the same as rich's own table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmfit.render.bar import Bar, Segment
from llmfit.render.grid import Cell, Column
from llmfit.render.screen import draw
from llmfit.render.tables import Rows, _filled, _stacked, _table, _widths
from llmfit.render.terminal import Terminal

WORDS = st.text(alphabet="abc 12./한글─é", max_size=12).map(str.strip)
STYLES = st.sampled_from(["", "dim", "bold", "red"])
COLUMNS = st.builds(
    Column,
    header=WORDS,
    align=st.sampled_from(["left", "right"]),
    shrinks=st.booleans(),
    style=STYLES,
)
TERMINALS = st.builds(Terminal, width=st.sampled_from([None, 120, 200]), color=st.booleans(), unicode=st.just(True))


@dataclass(frozen=True)
class ByRich:
    """The same rows, laid out by rich."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield rich's table."""
        columns, cells = _filled(self.columns, self.rows)
        yield _table(columns, cells, widths=_widths(columns, cells))


@given(data=st.data(), columns=st.lists(COLUMNS, min_size=1, max_size=5), terminal=TERMINALS)
def test_lines_are_those_of_a_table_by_rich(data: st.DataObject, columns: list[Column], terminal: Terminal) -> None:
    """Whatever the words, sides and styles, in colour or without; wide letters count twice."""
    cell = st.one_of(WORDS.filter(bool), st.builds(Cell, text=WORDS.filter(bool), style=STYLES))
    rows = data.draw(st.lists(st.tuples(*(cell for _ in columns)), min_size=1, max_size=4))
    assert draw([Rows(columns, rows)], terminal=terminal) == draw([ByRich(columns, rows)], terminal=terminal)


@given(columns=st.lists(COLUMNS, min_size=2, max_size=4))
def test_stacked_headers_end_on_one_line(columns: list[Column]) -> None:
    """Headers of several words stand one word a line, and all have as many lines."""
    heights = {column.header.count("\n") for column in _stacked(columns)}
    assert len(heights) == 1


@given(
    sizes=st.lists(st.integers(0, 10**12), min_size=1, max_size=5),
    capacity=st.none() | st.integers(1, 10**12),
    indent=st.integers(0, 5),
)
def test_a_bar_is_as_wide_as_it_says(sizes: list[int], capacity: int | None, indent: int) -> None:
    """Behind its indentation, so that what stands beside it begins in one column; never wider than the terminal."""
    bar = Bar(parts=[Segment("", size, "█", "") for size in sizes], capacity=capacity, width=20, indent=indent)
    assert bar.line(100).cell_len == indent + 20
    assert bar.line(15).cell_len <= 15
