"""Every letter that the program writes of its own has a likeness in ASCII."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from llmfit.render.terminal import to_ascii

SOURCE = Path(__file__).parents[2] / "src" / "llmfit"
NAMES_OF_LANGUAGES = SOURCE / "languages.py"
"""Korean words that are read and never written."""


@cache
def written() -> tuple[tuple[str, str], ...]:
    """Return each string of the program that is no docstring, with its place, read once."""
    return tuple(_written())


def _written() -> Iterator[tuple[str, str]]:
    """Yield each string of the program that is no docstring, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path == NAMES_OF_LANGUAGES:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node.value


def test_no_string_of_the_program_becomes_a_question_mark() -> None:
    """A sign that is new in a sentence needs its likeness beside the others."""
    lost = {place for place, text in written() if to_ascii(text).count("?") != text.count("?")}
    assert lost == set()


def test_the_program_does_write_letters_beyond_ascii() -> None:
    """Otherwise the test above could not fail."""
    assert sum(not text.isascii() for _, text in written()) > 50
