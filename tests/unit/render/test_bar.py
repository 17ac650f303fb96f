"""The bar of where the memory goes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from llmfit.records.estimate import Estimate, Part, PartName
from llmfit.render.bar import FREE, Bar, Segment, segments
from llmfit.render.screen import draw
from llmfit.render.terminal import Terminal
from support.answers import GIB, estimate

sizes = st.lists(st.integers(min_value=1, max_value=1 << 40), min_size=1, max_size=7)


def parts_of(amounts: list[int]) -> list[Segment]:
    """Return segments of these sizes, each with its own letter."""
    return [Segment(letter, amount, letter, "blue") for letter, amount in zip("abcdefg", amounts, strict=False)]


def drawn(amounts: list[int], *, capacity: int | None, width: int, terminal: Terminal | None = None) -> str:
    """Return the bar as a terminal shows it."""
    shown = Bar(parts=parts_of(amounts), capacity=capacity, width=width)
    return draw([shown], terminal=terminal or Terminal())


def test_the_bar_is_drawn_to_the_scale_of_the_device() -> None:
    """Half of the memory is half of the bar, the rest is free."""
    assert drawn([GIB, GIB], capacity=4 * GIB, width=20) == "aaaaabbbbb" + FREE * 10


def test_without_a_device_the_parts_fill_the_bar() -> None:
    """A quarter of the total is a quarter of the bar."""
    assert drawn([GIB, 3 * GIB], capacity=None, width=8) == "aabbbbbb"


def test_what_does_not_fit_stands_behind_a_line() -> None:
    """The line is where the memory ends, be it inside a part or between two."""
    assert drawn([20], capacity=10, width=11) == "aaaaa│aaaaa"
    assert drawn([10, 10], capacity=10, width=11) == "aaaaa│bbbbb"
    assert drawn([4, 12, 4], capacity=10, width=11) == "aabbb│bbbcc"


def test_a_small_part_is_seen() -> None:
    """What is there gets a cell, as long as one is left."""
    shown = drawn([1000, 1, 1], capacity=None, width=20)
    assert "a" in shown
    assert len(shown) == 20


def test_a_bar_is_no_wider_than_the_terminal() -> None:
    """What does not have its columns takes those there are."""
    assert drawn([1, 1], capacity=None, width=60, terminal=Terminal(width=20)) == "a" * 10 + "b" * 10


@given(amounts=sizes, capacity=st.none() | st.integers(min_value=1, max_value=1 << 42), width=st.integers(2, 120))
def test_a_bar_is_exactly_as_wide_as_asked(amounts: list[int], capacity: int | None, width: int) -> None:
    """Whatever the sizes, the bar fills its columns: it is never the bar that breaks the line."""
    shown = drawn(amounts, capacity=capacity, width=width)
    assert len(shown) == width
    assert shown.count("│") == (capacity is not None and sum(amounts) > capacity)


@given(amounts=sizes, width=st.integers(2, 120))
def test_a_larger_part_never_has_fewer_cells_than_a_smaller_one_but_for_one(amounts: list[int], width: int) -> None:
    """Rounding moves one cell at most, so order is kept but for one."""
    shown = drawn(amounts, capacity=None, width=width)
    cells = [shown.count(letter) for letter, _ in zip("abcdefg", amounts, strict=False)]
    for one, cell in zip(amounts, cells, strict=True):
        for other, rival in zip(amounts, cells, strict=True):
            if one >= other:
                assert cell >= rival - 1


def test_parts_of_no_bytes_are_left_out() -> None:
    """A model without a cache has no cache in its bar."""
    without = Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=5), Part(name=PartName.KV_CACHE, bytes=0)))
    assert [part.label for part in segments(without)] == ["weights"]
    assert [part.label for part in segments(estimate())] == ["weights", "KV cache", "activations", "overhead"]


def test_colours_do_not_change_the_letters() -> None:
    """Without the codes the coloured bar is the other one."""
    coloured = drawn([3, 2], capacity=10, width=10, terminal=Terminal(color=True))
    assert "\x1b[34maaa" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == drawn([3, 2], capacity=10, width=10)
