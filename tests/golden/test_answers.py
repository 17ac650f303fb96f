"""Every output mode of one fixed answer of each command, side by side in one file.

`LLMFIT_GOLDEN=write python -m pytest tests/golden` writes the files again; read the difference before committing it.
"""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from llmfit.render.terminal import Terminal
from llmfit.render.view import OUTPUTS, View, render
from support.views import views

FOLDER = Path(__file__).parent / "answers"
SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schema"
NAMES = sorted(views())


def side_by_side(view: View) -> str:
    """Return every mode below its name; the table also in colour, in ASCII and on a narrow terminal."""
    wide, narrow = Terminal(width=80), Terminal(width=20)
    parts: dict[str, str] = {mode: render(view, output=mode, terminal=wide) for mode in OUTPUTS}
    parts["table in colour"] = render(view, output="table", terminal=Terminal(width=80, color=True)).replace(
        "\x1b", "␛"
    )
    parts["table in ASCII"] = render(view, output="table", terminal=Terminal(width=80, unicode=False))
    parts["table in 20 columns"] = render(view, output="table", terminal=narrow)
    return "".join(f"===== {name} =====\n{text}\n\n" for name, text in parts.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_mode_of_an_answer_stays_as_it_was_read_and_approved(name: str) -> None:
    """What users and programs read changes only on purpose."""
    path, text = FOLDER / f"{name}.txt", side_by_side(views()[name])
    if os.environ.get("LLMFIT_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_table_fits_the_terminal(name: str) -> None:
    """No line of a table is wider than 80 columns, or ends in a space."""
    lines = render(views()[name], output="table", terminal=Terminal(width=80)).split("\n")
    assert max(len(line) for line in lines) <= 80
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_table_fits_a_terminal_of_20_columns(name: str) -> None:
    """No line is wider: names are folded, figures are whole."""
    text = render(views()[name], output="table", terminal=Terminal(width=20))
    assert max(len(line) for line in text.splitlines()) <= 20


@pytest.mark.parametrize("name", NAMES)
def test_ascii_output_has_no_other_letters(name: str) -> None:
    """A terminal without UTF-8 gets only what it can show, in every mode."""
    for mode in OUTPUTS:
        assert render(views()[name], output=mode, terminal=Terminal(unicode=False)).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_the_envelope_obeys_the_published_schema(name: str) -> None:
    """Each answer's JSON is valid against the schema in the documentation."""
    view = views()[name]
    content = json.loads(render(view, output="json", terminal=Terminal()))
    schema = json.loads((SCHEMAS / f"{content['command'].replace(' ', '-')}.json").read_text("utf-8"))
    jsonschema.validate(content, schema)


@pytest.mark.parametrize("name", NAMES)
def test_each_line_of_jsonl_is_an_object_with_version_and_command(name: str) -> None:
    """A line can be read without those around it."""
    lines = render(views()[name], output="jsonl", terminal=Terminal()).splitlines()
    for line in lines:
        item: dict[str, Any] = json.loads(line)
        assert item["schema_version"] == 1
        assert item["command"]


def test_the_parts_of_memory_sum_to_the_total() -> None:
    """Every `*_bytes` of `memory` but the total adds up to it."""
    content = json.loads(render(views()["estimate"], output="json", terminal=Terminal()))
    memory = content["memory"]
    assert sum(count for name, count in memory.items() if name != "total_bytes") == memory["total_bytes"]


def test_the_parts_of_a_score_sum_to_it() -> None:
    """The numbers beside `total` add up to it, exactly."""
    content = json.loads(render(views()["recommend"], output="json", terminal=Terminal()))
    for pick in content["recommendations"]:
        assert sum(points for name, points in pick["score"].items() if name != "total") == pick["score"]["total"]


def test_a_table_without_colour_is_the_coloured_one_without_its_codes() -> None:
    """Nothing is said by colour alone."""
    import re

    for view in views().values():
        coloured = render(view, output="table", terminal=Terminal(width=80, color=True))
        assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(view, output="table", terminal=Terminal(width=80))
