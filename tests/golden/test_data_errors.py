"""What a data file's errors look like, side by side: the examples of `data/README.md`."""

from pathlib import Path

import pytest

from llmfit.catalog.compile import DATA, main

GPU = """schema_version: 1
gpus:
  - id: rtx-9999
    nmae: "GeForce RTX 9999"
    vendor: nvdia
    memory_bytes: 1e9
    bf16: no
    released: "2027"
    sources:
      - {of: name, source: box, checked: yesterday}
  - id: rtx-9999
    name: 9999
    vendor: nvidia
    memory_bytes: 12884901888
"""

SAID = """\
gpus.yaml:3: rtx-9999 name: missing; add `name:` with its value
gpus.yaml:4: rtx-9999 nmae: no such field; rename it to `name`
gpus.yaml:5: rtx-9999 vendor: `nvdia` is not one of the known words; use 'nvidia', 'amd', 'intel', 'apple' or 'other'
gpus.yaml:6: rtx-9999 memory_bytes: `1000000000.0` is not a whole number; write `1000000000` in digits
gpus.yaml:7: rtx-9999 bf16: `no` is not yes or no; write true or false
gpus.yaml:8: rtx-9999 released: `2027` is not a whole number; write digits only, without quotes, unit or separators
gpus.yaml:12: rtx-9999 name: `9999` is not text; put it in quotes: "9999"
error: 7 problems in DATA
"""


def complaints(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> str:
    """Return what the compiler says about this `gpus.yaml`."""
    (folder / "gpus.yaml").write_text(text)
    assert main([], data=folder, target=folder / "compiled") == 1
    return capsys.readouterr().err.replace(f"{folder}/", "").replace(str(folder), "DATA")


def test_every_error_of_a_row_is_listed_with_its_edit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, in the order of the file."""
    assert complaints(tmp_path, capsys, GPU) == SAID


def test_errors_between_rows_come_once_the_rows_are_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A doubled id and a date that is none."""
    row = "  - {id: card, name: Card, vendor: nvidia, memory_bytes: 1, sources: [{of: id, source: s, checked: May}]}\n"
    assert complaints(tmp_path, capsys, f"schema_version: 1\ngpus:\n{row}{row.replace('May', '2025-05')}") == (
        "gpus.yaml:3: card sources.0.checked: `May` is not a date; "
        "write the day on which it was read: YYYY-MM-DD\n"
        "gpus.yaml:4: card id: `card` already names card; choose another name\n"
        "error: 2 problems in DATA\n"
    )


def test_a_file_that_is_no_yaml_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the mistake, and what to do."""
    assert complaints(tmp_path, capsys, "schema_version: 1\ngpus: &all []\nmodels: *all\n") == (
        "gpus.yaml:3: the alias `*all`; write the value out; aliases are not allowed\nerror: 1 problems in DATA\n"
    )


def test_the_readme_shows_these_lines() -> None:
    """Documentation and program say the same."""
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for line in SAID.splitlines()[:-1]:
        assert line in readme
