"""Sentences: wrapped, indented, styled, and driving no terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmfit.render.prose import BLANK, Address, notes, said
from llmfit.render.screen import draw
from llmfit.render.terminal import Terminal


def test_lines_after_the_first_are_indented() -> None:
    """A paragraph hangs from its first line, and stands as far in as it was told."""
    shown = draw([said("one two three four", indent=3)], terminal=Terminal(width=40))
    assert shown == "   one two three four"
    shown = draw([said("one two three four five")], terminal=Terminal(width=16))
    assert shown == "one two three\n  four five"
    assert draw([said("one two three four", hang=0)], terminal=Terminal(width=16)) == "one two three\nfour"


def test_a_line_for_another_program_is_not_broken() -> None:
    """Without a width a paragraph is one line."""
    assert draw([said("word " * 500 + "end")], terminal=Terminal()) == "word " * 500 + "end"


def test_a_wide_terminal_does_not_make_long_lines() -> None:
    """Prose stays as narrow as people can read it."""
    lines = draw([said("word " * 100)], terminal=Terminal(width=200)).splitlines()
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("text", ["[red]x[/red]", "[bold]", "[/]", ":smile: [link=x]y[/link]", "\\[red]"])
def test_what_looks_like_markup_is_shown(text: str) -> None:
    """A model may be called `[red]x`; nothing in a name styles, links or becomes an emoji."""
    assert draw([said(text)], terminal=Terminal(width=80, color=True)) == text


def test_control_characters_are_written_out() -> None:
    """No escape of a name reaches the terminal."""
    assert draw([said("a\x1b[31mb\u202e")], terminal=Terminal(color=True)) == "a\\x1b[31mb\\u202e"


def test_parts_have_their_own_styles() -> None:
    """A styled part of a sentence keeps its style, and there is none without colour."""
    paragraph = said("it ", ("fits", "green"), ", well")
    assert draw([paragraph], terminal=Terminal(color=True)) == "it \x1b[32mfits\x1b[0m, well"
    assert draw([paragraph], terminal=Terminal()) == paragraph.text == "it fits, well"


def test_notes_stand_behind_their_word() -> None:
    """One paragraph a note."""
    assert [note.text for note in notes("warning", ["a", "b"])] == ["warning: a", "warning: b"]
    assert draw([BLANK], terminal=Terminal()) == ""


@given(text=st.text(max_size=200), width=st.integers(16, 120), indent=st.integers(0, 8))
def test_no_line_is_wider_than_the_terminal_or_ends_in_a_space(text: str, width: int, indent: int) -> None:
    """Whatever the letters, wide ones counted as two columns."""
    for line in draw([said(text, indent=indent)], terminal=Terminal(width=width)).split("\n"):
        assert cell_len(line) <= width
        assert not line.endswith(" ")


@pytest.mark.parametrize(("width", "lines"), [(80, 1), (45, 1), (43, 1), (42, 2)])
def test_an_address_is_whole_where_a_line_holds_it(width: int, lines: int) -> None:
    """Its 43 letters stand on one line of as many columns; it is indented where two more are left."""
    address = "https://www.apache.org/licenses/LICENSE-2.0"
    shown = draw([Address(address)], terminal=Terminal(width=width)).splitlines()
    assert len(shown) == lines
    assert "".join(shown).strip() == address
    assert shown[0].startswith("  ") == (width >= 45)
