"""`llmfit import --check` and `--update`: what differs between a row and its source."""

import json
from pathlib import Path

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.user import load_user_rows
from llmfit.sources.catalog_file import update_row
from support.checkpoints import LLAMA
from support.importing import HAND_WRITTEN, STATED, imported
from support.terminal import ask


def test_a_check_says_what_differs(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 where row and source agree, 1 where not, and nothing is written either way."""
    imported(capsys, lark, "--id", "me/lark", *STATED)
    before = own.read_bytes()
    same = imported(capsys, lark, "--id", "me/lark", *STATED, "--check")
    assert (same.code, same.json["changes"]) == (0, [])
    (lark / "config.json").write_text(json.dumps({**LLAMA, "max_position_embeddings": 8192}))
    said = imported(capsys, lark, "--id", "me/lark", *STATED, "--check")
    assert said.code == 1
    assert said.json["changes"] == [{"field": "context_length", "before": 4096, "after": 8192}]
    assert own.read_bytes() == before


def test_a_check_of_a_built_in_row_names_it(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that come with the program are compared too."""
    said = imported(capsys, lark, "--id", "Qwen/Qwen3-8B", "--released", "2025-04-28", "--check")
    assert said.code == 1
    assert said.json["file"] == "built-in"
    assert not own.exists()
    assert {change["field"] for change in said.json["changes"]} >= {"parameters", "context_length"}


def test_an_update_shows_its_changes(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was taken over is shown as lines away and lines in."""
    imported(capsys, lark, "--id", "me/lark", *STATED)
    words = ("--id", "me/lark", "--released", "2026-02-03", "--license", "apache-2.0", "--update")
    said = ask(capsys, "import", str(lark), *words)
    assert said.code == 0
    assert "- license: mit\n+ license: apache-2.0" in said.out
    assert load_catalog().model("me/lark").license == "apache-2.0"
    assert imported(capsys, lark, *words).json["action"] == "unchanged"
    assert own.exists()


def test_an_update_takes_what_is_stated(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kind, family and context of the command line replace those of the row; a check compares them."""
    imported(capsys, lark, "--id", "me/lark", *STATED)
    words = ("--id", "me/lark", "--kind", "instruct", "--family", "Lark", "--context", "8k")
    assert imported(capsys, lark, *words, "--check").code == 1
    said = imported(capsys, lark, *words, "--update")
    assert {change["field"] for change in said.json["changes"]} == {
        *("kind", "family", "context_length", "context_certainty"),
    }
    model = load_catalog().model("me/lark")
    assert (model.kind, model.family, model.context_length, model.license) == ("instruct", "Lark", 8192, "mit")
    assert own.exists()


def test_an_update_of_a_row_that_is_not_there_is_refused(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A built-in row is not changed; import it first."""
    words = ("--id", "Qwen/Qwen3-8B", "--released", "2025-04-28", "--license", "mit", "--update")
    said = imported(capsys, lark, *words)
    assert said.code == 3
    assert not own.exists()


def test_an_update_changes_its_fields_alone(own: Path) -> None:
    """Values change in place; the comment behind one stays, and a new field finds its place."""
    own.parent.mkdir()
    own.write_text(HAND_WRITTEN)
    update_row(own, "me/first", {"license": "apache-2.0", "languages": ["en", "ko", "no"], "gated": True})
    text = own.read_text()
    assert "    license: apache-2.0  # ask Kim\n" in text
    assert "    languages: [en, ko, 'no']\n" in text or "    languages: [en, ko, no]\n" in text
    (entry,) = load_user_rows(own)["models"]
    assert (entry.record.license, entry.record.languages, entry.record.gated) == (
        "apache-2.0",
        ("en", "ko", "no"),
        True,
    )
    assert set(HAND_WRITTEN.splitlines()) - set(text.splitlines()) == {
        "    license: mit        # ask Kim",
        "    languages: [en]",
    }


def test_a_comparison_needs_nothing_that_the_source_does_not_tell(
    lark: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder has no date; the row that is there has one, which is left as it is."""
    assert imported(capsys, lark, "--id", "me/lark", *STATED).code == 0
    before = own.read_bytes()
    for option in ("--check", "--update"):
        said = imported(capsys, lark, "--id", "me/lark", option)
        assert (said.code, said.json["changes"]) == (0, [])
    assert own.read_bytes() == before


@pytest.mark.parametrize("model_id", ["a/", "/b", "a/b/c", "a b/c", "a/b c", "a/\x1b[31m", "a\n/b", "ab", "/"])
def test_what_can_be_no_id_is_refused(model_id: str, lark: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An owner and a name, printable and without blanks."""
    said = imported(capsys, lark, "--id", model_id, *STATED)
    assert (said.code, own.exists()) == (2, False)
    assert "no id of a model" in said.json["error"]["message"]


@pytest.mark.parametrize("option", ["--id", "--kind", "--family", "--license"])
def test_an_empty_word_is_no_fact(option: str, lark: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As from a variable that was not set."""
    said = imported(capsys, lark, option, " ", "--released", "2026-01-01")
    assert (said.code, own.exists()) == (2, False)
    assert said.json["error"]["message"] == f"{option} '': nothing given"
