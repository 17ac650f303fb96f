"""Rows become records, and every error of a file is found at once."""

import json

import pytest

from llmfit.catalog.problems import SHOWN, Problem, catalog_error
from llmfit.catalog.rows import BUILT_IN_FILES, MOST_PROBLEMS, USER_LISTS, Draft, read_document, validate_row
from llmfit.catalog.tables import BY_NAME
from llmfit.catalog.yaml_text import parse_yaml

GPU = "  - {id: card, name: Card, vendor: nvidia, memory_bytes: 1024}\n"


def read(text: str, *, file: str = "gpus") -> tuple[Draft, list[Problem]]:
    """Return the rows and the problems of a data file."""
    draft: Draft = {}
    document = parse_yaml(text, file=f"{file}.yaml")
    return draft, read_document(document, draft, allowed=BUILT_IN_FILES[file])


def test_a_valid_row_is_a_record() -> None:
    """Lists become tuples; the entry knows its line."""
    draft, problems = read(f"schema_version: 1\ngpus:\n{GPU}")
    (entry,) = draft["gpus"]
    assert problems == []
    assert (entry.name, entry.record.memory_bytes, entry.problem("name", "m", "e").line) == ("card", 1024, 3)


@pytest.mark.parametrize(
    ("field", "value", "message", "edit"),
    [
        ("memory_bytes", "1e3", "`1000.0` is not a whole number", "write `1000` in digits"),
        ("memory_bytes", '"12"', "`12` is not a whole number", "write digits only"),
        ("memory_bytes", "0", "`0` is out of range", "greater than 0"),
        ("memory_bytes", "-3", "`-3` is out of range", "greater than 0"),
        ("memory_bytes", "12 GB", "`12 GB` is not a whole number", "write digits only"),
        ("memory_bytes", "true", "`True` is not a whole number", "write digits only"),
        ("memory_bytes", "null", "`None` is not a whole number", "write digits only"),
        ("name", "no", "", ""),
        ("name", "12", "`12` is not text", 'put it in quotes: "12"'),
        ("name", "true", "`True` is not text", "put it in quotes"),
        ("bf16", "no", "`no` is not yes or no", "write true or false"),
        ("vendor", "nvdia", "`nvdia` is not one of the known words", "use 'nvidia'"),
        ("aliases", "one", "`one` is not a list", "write a list: [one]"),
        ("bandwidth_gbps", "fast", "`fast` is not a number", "write digits only"),
        ("bandwith_gbps", "3", "no such field", "rename it to `bandwidth_gbps`"),
        ("zzz", "3", "no such field", "remove it"),
        ("sources", "[5]", "`5` is not a row", "write `field: value` lines"),
    ],
)
def test_a_wrong_value_comes_with_the_edit_to_make(field: str, value: str, message: str, edit: str) -> None:
    """Field, line, what is wrong, what to write; a plain `no` is a word like any other."""
    rows = {"id": "card", "name": "Card", "vendor": "nvidia", "memory_bytes": "1024", field: value}
    lines = "\n    ".join(f"{key}: {text}" for key, text in rows.items())
    _, problems = read(f"schema_version: 1\ngpus:\n  - {lines}\n")
    if not message:
        assert problems == []
        return
    (problem,) = problems
    assert (problem.file, problem.row, problem.field.split(".")[0]) == ("gpus.yaml", "card", field)
    assert problem.line == 3 + list(rows).index(field)
    assert message in problem.message
    assert edit in problem.edit


def test_a_missing_field_is_to_be_added() -> None:
    """The line is the row's."""
    _, problems = read("schema_version: 1\ngpus:\n  - {id: card, vendor: nvidia}\n")
    assert {(p.field, p.line, p.edit) for p in problems} == {
        ("name", 3, "add `name:` with its value"),
        ("memory_bytes", 3, "add `memory_bytes:` with its value"),
    }


def test_all_errors_of_a_file_are_found_at_once() -> None:
    """Bad rows do not hide one another, nor the good ones."""
    draft, problems = read(f"schema_version: 1\ngpus:\n  - 5\n{GPU}  - {{id: b, name: 3}}\n  - [x]\n")
    assert [p.line for p in problems] == [3, 5, 5, 5, 6]
    assert [entry.name for entry in draft["gpus"]] == ["card"]


@pytest.mark.parametrize(
    ("text", "field", "edit"),
    [
        ("gpus: []\n", "schema_version", "write `schema_version: 1`"),
        ("schema_version: 2\ngpus: []\n", "schema_version", "write `schema_version: 1`"),
        ("schema_version: true\n", "schema_version", "write `schema_version: 1`"),
        ("schema_version: 1\ngpu: []\n", "gpu", "rename it to `gpus`"),
        ("schema_version: 1\nzzz: []\n", "zzz", "keep only"),
        ("schema_version: 1\ngpus: {a: 1}\n", "gpus", "write a list"),
        ("- 1\n", "", "begin with `schema_version: 1`"),
        ("hello\n", "", "begin with `schema_version: 1`"),
    ],
)
def test_the_top_level_is_checked(text: str, field: str, edit: str) -> None:
    """Version and names of lists, with the edit."""
    _, (problem,) = read(text)
    assert problem.field == field
    assert edit in problem.edit


def test_a_file_full_of_errors_is_given_up() -> None:
    """Nobody reads the thousandth."""
    _, problems = read("schema_version: 1\ngpus:\n" + "  - 5\n" * 3000)
    assert MOST_PROBLEMS < len(problems) < MOST_PROBLEMS + 10


def test_a_format_names_its_layouts() -> None:
    """Names are replaced by the layouts of the same file; an unknown one is a problem."""
    head = "schema_version: 1\nlayouts:\n  - {name: q4_0, block_size: 32, block_bytes: 18}\nformats:\n"
    row = "{id: Q4_0, family: gguf, precision: int4, engines: [llama.cpp], nominal_bits: 4.5, layouts: [%s]}\n"
    draft, problems = read(f"{head}  - {row % 'q4_0'}", file="formats")
    assert problems == []
    assert draft["formats"][0].record.layouts[0].block_bytes == 18
    _, (problem,) = read(f"{head}  - {row % 'q4_1'}", file="formats")
    assert (problem.line, problem.message, problem.edit) == (5, "no layout `q4_1`", "use `q4_0`")


def test_layouts_are_rows_with_names_of_their_own() -> None:
    """A list of something else, or one name twice, is a problem."""
    _, (problem,) = read("schema_version: 1\nlayouts: [5]\n", file="formats")
    assert problem.field == "layouts"
    twice = "  - {name: a, block_size: 1, block_bytes: 1}\n" * 2
    _, (problem,) = read(f"schema_version: 1\nlayouts:\n{twice}", file="formats")
    assert problem.message == "named twice"


def test_a_user_may_add_models_gpus_and_licences() -> None:
    """Formats, engines and rankings are the program's own."""
    assert set(USER_LISTS) == {"models", "gpus", "licenses"}


def test_a_row_is_validated_without_a_file() -> None:
    """A source that made a row asks the same rules."""
    row = json.loads('{"id": "card", "name": "Card", "vendor": "nvidia", "memory_bytes": 1}')
    assert validate_row(BY_NAME["gpus"], row)[0].id == "card"
    assert validate_row(BY_NAME["gpus"], {**row, "memory_bytes": "1"})[1][0][0] == ("memory_bytes",)


def test_one_problem_is_a_sentence_with_a_hint() -> None:
    """Several are a list, cut where it gets long."""
    problem = Problem("f.yaml", 3, "card", "name", "missing", "add it")
    error = catalog_error([problem])
    assert (error.message, error.hint) == ("f.yaml:3: card name: missing", "Add it")
    many = catalog_error([Problem("f.yaml", line, "", "", "wrong", "fix it") for line in range(SHOWN + 5, 0, -1)])
    lines = many.message.splitlines()
    assert lines[0] == "25 errors in the catalog"
    assert lines[1] == "  f.yaml:1: wrong; fix it"
    assert lines[-1] == "  and 5 more"
