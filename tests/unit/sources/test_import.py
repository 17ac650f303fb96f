"""`llmfit import`: a row in the user's own catalog, and what is said of it."""

import json
from pathlib import Path

import pytest

from llmfit.catalog.user import load_user_rows
from llmfit.sources.rows import shapes_of
from support.checkpoints import PARAMETERS, write_gguf
from support.importing import STATED, imported
from support.terminal import ask


def test_an_imported_model_is_known_by_its_id(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row is valid, says where it comes from, and answers without its source."""
    said = imported(capsys, lark, "--id", "me/lark", *STATED)
    assert said.code == 0
    assert (said.json["action"], said.json["file"]) == ("added", str(own))
    for path in lark.iterdir():
        path.unlink()
    assert ask(capsys, "estimate", "me/lark", "--vram", "8").code == 0
    shown = ask(capsys, "models", "show", "me/lark", "--json").json["model"]
    assert (shown["parameters"], shown["origin"], shown["released"]) == (PARAMETERS, str(own), "2026-02-03")
    assert {row["origin"] for row in ask(capsys, "models", "lark", "--json").json["models"]} == {str(own)}


def test_importing_twice_changes_nothing(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same row again leaves the file as it is; another one of the same id is refused."""
    imported(capsys, lark, "--id", "me/lark", *STATED)
    before = own.read_bytes()
    assert imported(capsys, lark, "--id", "me/lark", *STATED).json["action"] == "unchanged"
    said = imported(capsys, lark, "--id", "me/lark", "--released", "2026-02-04")
    assert (said.code, "--update" in said.json["error"]["hint"]) == (3, True)
    assert own.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("--released", "2026-02-03"), "--id"),
        (("--id", "me/lark"), "--released"),
        (("--id", "a b/c", "--released", "2026-02-03"), "--id"),
        (("--id", "me/lark", "--released", "yesterday"), "YYYY-MM-DD"),
        (("--id", "me/lark", "--released", "2026-02-03", "--kind", "poet"), "instruct"),
        (("--id", "me/lark", "--released", "2026-02-03", "--license", "no-such-thing"), ""),
        (("--check", "--update"), "one of them"),
    ],
)
def test_what_the_source_does_not_tell_is_asked_for(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], needed: str
) -> None:
    """A folder has no id and no date; nothing is made up, and nothing is written."""
    said = imported(capsys, lark, *words)
    assert said.code == 2
    assert needed in said.json["error"]["hint"]
    assert not own.exists()


def test_a_folder_without_an_id_is_told_from_a_wrong_id(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of a folder was never meant as an id; a wrong one that was given is named as such."""
    said = imported(capsys, lark, *STATED)
    assert f"{lark.name!r} is the name of a folder" in said.json["error"]["message"]
    assert "'lark2' is no id" in imported(capsys, lark, "--id", "lark2", *STATED).json["error"]["message"]
    assert not own.exists()


@pytest.mark.usefixtures("own")
def test_an_import_says_what_it_was_not_told(lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Licence, kind and family that nobody stated are notes with the option that states them; stated ones are none."""
    said = imported(capsys, lark, "--id", "me/lark", "--released", "2026-02-03")
    assert said.code == 0
    for words in (
        "it is unknown; --update --license",
        "read as base; --update --kind",
        "read as llama; --update --fam",
    ):
        assert words in said.err
    stated = ("--kind", "instruct", "--family", "Lark", *STATED)
    assert imported(capsys, lark, "--id", "me/other", *stated).err == ""


def test_a_gguf_file_becomes_a_row(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Metadata become fields of config.json that describe the same model."""
    write_gguf(tmp_path / "m.gguf")
    assert imported(capsys, tmp_path / "m.gguf", "--id", "me/m", *STATED).code == 0
    (entry,) = load_user_rows(own)["models"]
    assert entry.record.parameters == PARAMETERS
    assert entry.record.architecture["model_type"] == "llama"


def test_what_cannot_be_counted_is_not_imported(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row without a description would answer nothing."""
    (lark / "config.json").write_text(json.dumps({"model_type": "mystery"}))
    assert imported(capsys, lark, "--id", "me/lark", *STATED).code in {2, 3}
    assert not own.exists()


@pytest.mark.parametrize("output", ["table", "plain", "json", "jsonl", "csv", "markdown"])
def test_every_output_mode_says_what_was_done(
    own: Path, lark: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    """Each mode names the model and the file."""
    said = ask(capsys, "import", str(lark), "--id", "me/lark", *STATED, "--output", output)
    assert said.code == 0
    assert "me/lark" in said.out
    assert own.name in "".join(said.out.split())  # a table breaks a long path


def test_the_envelope_obeys_its_schema(own: Path, lark: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `--json` prints is what the documentation publishes."""
    import jsonschema

    schema = Path(__file__).parents[3] / "docs" / "reference" / "schema" / "import.json"
    said = imported(capsys, lark, "--id", "me/lark", *STATED)
    jsonschema.validate(said.json, json.loads(schema.read_text("utf-8")))
    assert own.exists()


def test_keys_that_decide_no_shape_are_left_out() -> None:
    """A row holds what counts, nested configurations included."""
    config = {
        "hidden_size": 4,
        "torch_dtype": "x",
        "eos_token_id": 1,
        "attention_dropout": 0.0,
        "text_config": {"a": 1, "use_cache": True},
    }
    assert shapes_of(config) == {"hidden_size": 4, "text_config": {"a": 1}}
