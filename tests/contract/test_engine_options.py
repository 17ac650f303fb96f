"""The engines' options are the same in the program, in its help and in the guide."""

import re
from pathlib import Path

import pytest

from llmfit.commands.engine_options import option_of
from llmfit.commands.reference import help_pages
from llmfit.estimate.options import OPTIONS

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "engines.md"


def rows() -> dict[str, list[str]]:
    """Return the cells of the guide's table, by the field in its last column."""
    lines = [line for line in GUIDE.read_text("utf-8").splitlines() if line.startswith("| `--")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {found[-1].strip("`"): found for found in cells}


def test_the_guide_lists_every_option_and_no_other() -> None:
    """`--kv-format` stands there beside V's own."""
    assert set(rows()) == {*OPTIONS, "kv_format"}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_guide_says_what_the_program_does(name: str) -> None:
    """Flag, engines and default."""
    flag, engines, _, default, _, _ = rows()[name]
    option = OPTIONS[name]
    assert re.findall(r"--[a-z-]+", flag)[0] == option.flag == option_of(name)
    assert engines == ("all" if len(option.engines) == 3 else ", ".join(option.engines))
    assert default.replace("`", "") == option.default


@pytest.mark.parametrize("command", ["llmfit estimate", "llmfit compare"])
def test_help_shows_every_option(command: str) -> None:
    """Both commands take the same ones."""
    page = help_pages()[command]
    for option in OPTIONS.values():
        assert option.flag in page
