"""No file and no function of the source grows beyond what can be read at once."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "src" / "llmfit"
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 50


def test_no_file_is_longer_than_300_lines() -> None:
    """A longer file holds two subjects."""
    lengths = {path.relative_to(SOURCE): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}
    assert len(lengths) > 100
    assert {path: length for path, length in lengths.items() if length > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    """A longer function does two things."""
    lengths = {
        f"{path.relative_to(SOURCE)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(lengths) > 1000
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize("number", ["1024**3", "1024**2", "2**30", "2**20", "365.25"])
def test_units_are_spelled_out_in_one_module(number: str) -> None:
    """Every other one takes them from `llmfit.units`; a power of two that counts tokens or rows is no unit."""
    spelled = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(rf"(?<![\d*]){re.escape(number)}\b", line.split(" #")[0]) and ">>>" not in line
    }
    assert spelled <= {"units.py"}
