"""The file that `llmfit import` writes: nothing that was there is harmed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmfit.catalog.user import load_user_rows
from llmfit.catalog.yaml_text import load_yaml
from llmfit.errors import CatalogError
from llmfit.sources.catalog_file import add_row
from support.importing import HAND_WRITTEN, STATED, imported
from support.terminal import ask


def test_comments_and_layout_of_a_hand_written_file_stay(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row is put in by its own lines; every other line is byte for byte the same."""
    own.parent.mkdir()
    own.write_text(HAND_WRITTEN)
    assert imported(capsys, lark, "--id", "me/lark", *STATED).code == 0
    text = own.read_text()
    kept = [line for line in text.splitlines() if line in HAND_WRITTEN.splitlines()]
    assert set(HAND_WRITTEN.splitlines()) <= set(kept)
    assert text.startswith(HAND_WRITTEN.partition("\n# the end")[0])
    assert text.endswith("\n# the end\n")
    assert [entry.name for entry in load_user_rows(own)["models"]] == ["me/first", "me/lark"]


FRAGILE = {
    "not valid": "schema_version: 1\nmodels:\n- id: 5\n",
    "no YAML": "models: [\n",
    "another version": "schema_version: 9\n",
    "not a catalog": "hello\n",
    "an alias": "schema_version: 1\ngpus: &a []\nmodels: *a\n",
    "a binary": "\x00\x01",
    "one line": "{schema_version: 1, models: []}\n",
    "a list on one line": HAND_WRITTEN.partition("models:")[0] + "models: [{id: me/x}]\n",
}


@pytest.mark.parametrize("kind", FRAGILE)
def test_a_file_that_cannot_be_added_to_is_left_alone(
    kind: str, own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not valid, or written in an unusual way, is refused and stays as it is."""
    own.parent.mkdir()
    own.write_text(FRAGILE[kind])
    said = imported(capsys, lark, "--id", "me/lark", *STATED)
    assert said.code == 3
    assert said.json["error"]["code"] == "invalid_catalog"
    assert own.read_text() == FRAGILE[kind]
    assert [path.name for path in own.parent.iterdir() if path.suffix != ".lock"] == [own.name]


@pytest.mark.parametrize(
    "text", ["schema_version: 1\n", "schema_version: 1\nmodels: [] # mine\ngpus: []\n", "schema_version: 1\ngpus: []"]
)
def test_a_file_without_models_gets_its_first(
    text: str, own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list is begun where there is none, or an empty one."""
    own.parent.mkdir()
    own.write_text(text)
    assert imported(capsys, lark, "--id", "me/lark", *STATED).code == 0
    assert [entry.name for entry in load_user_rows(own)["models"]] == ["me/lark"]
    assert ("# mine" in own.read_text()) == ("# mine" in text)


def test_a_folder_that_cannot_be_written_is_said(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a folder without rights ends in one sentence, with the old file untouched."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    imported(capsys, lark, "--id", "me/one", *STATED)
    before = own.read_bytes()
    monkeypatch.setattr(os, "fsync", refuse)
    said = imported(capsys, lark, "--id", "me/two", *STATED)
    assert (said.code, said.json["error"]["code"]) == (3, "invalid_catalog")
    assert own.read_bytes() == before
    assert not [path for path in own.parent.iterdir() if path.name.startswith(".catalog")]


def test_a_link_stays_a_link(own: Path, lark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A catalog kept elsewhere and linked here is written there, with its rights."""
    own.parent.mkdir()
    real = tmp_path / "real.yaml"
    real.write_text("schema_version: 1\nmodels: []\n")
    real.chmod(0o600)
    own.symlink_to(real)
    assert imported(capsys, lark, "--id", "me/lark", *STATED).code == 0
    assert own.is_symlink()
    assert "me/lark" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


def test_twenty_imports_at_once_lose_nothing(own: Path, lark: Path) -> None:
    """Every run waits for the others: each of the rows is there, in a valid file."""
    words = [sys.executable, "-m", "llmfit", "import", str(lark), *STATED, "--id"]
    environ = {**os.environ, "LLMFIT_CATALOG": str(own)}
    runs = [
        subprocess.Popen([*words, f"me/lark-{i}"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for i in range(20)
    ]
    said = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * 20, said
    assert {entry.name for entry in load_user_rows(own)["models"]} == {f"me/lark-{i}" for i in range(20)}


def test_rows_for_the_project_keep_its_order(
    tmp_path: Path, own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--into` sorts by family, parameters and id, and touches the user's file not at all."""
    into = tmp_path / "models.yaml"
    for name, family in (("me/b", "Bird"), ("me/a", "Bird"), ("me/z", "Ant"), ("me/c", "Cat")):
        words = ("--id", name, "--family", family, "--into", str(into))
        assert imported(capsys, lark, *STATED, *words).code == 0
    assert [entry.name for entry in load_user_rows(into)["models"]] == ["me/z", "me/a", "me/b", "me/c"]
    assert not own.exists()


def test_words_that_yaml_reads_otherwise_come_back_as_they_were(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Norwegian is no boolean, and a number in quotes no number."""
    imported(capsys, lark, "--id", "me/lark", *STATED)
    (entry,) = load_user_rows(own)["models"]
    from llmfit.sources.rows import plain_row

    row = {k: v for k, v in plain_row(entry.record).items() if v is not None}
    for field, value in (("family", "no"), ("publisher", "2026-01-01"), ("notes", "a: b # c\nd"), ("license", "mit")):
        add_row(own, {**row, "id": f"me/{field}", field: value})
    found = {entry.name: entry.record for entry in load_user_rows(own)["models"]}
    assert (found["me/family"].family, found["me/publisher"].publisher) == ("no", "2026-01-01")
    assert found["me/notes"].notes == "a: b # c\nd"


@pytest.mark.parametrize(
    ("day", "said"), [("1999-01-01", "before the first transformer"), ("2999-01-01", "a day still to come")]
)
def test_a_day_on_which_nothing_was_released_is_refused(
    day: str, said: str, lark: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written that would make the whole catalog invalid."""
    answer = ask(capsys, "import", str(lark), "--id", "me/lark", "--released", day)
    assert (answer.code, own.exists()) == (2, False)
    assert f"--released {day}: {said}" in answer.err


def test_a_row_that_refers_to_nothing_is_not_written(lark: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows must be valid together, as they are read the next time."""
    assert ask(capsys, "import", str(lark), "--id", "me/first", "--released", "2026-01-01").code == 0
    before = own.read_bytes()
    row = load_yaml(own).data["models"][0]
    for field, value in (("license", "no-such-licence"), ("base_model", "no/such"), ("released", "1999-01-01")):
        with pytest.raises(CatalogError):
            add_row(own, {**row, "id": "me/second", field: value})
        assert own.read_bytes() == before
