"""`llmfit import`: rows in the user's own catalog, added, compared and refreshed without harm to what is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.user import load_user_rows
from llmfit.sources.catalog_file import add_row, update_row
from llmfit.sources.rows import shapes_of
from support.checkpoints import LLAMA, PARAMETERS, safetensors_bytes, write_gguf
from support.terminal import Said, ask

STATED = ("--released", "2026-02-03", "--license", "mit")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the user's catalog is to be, with nothing there yet."""
    path = tmp_path / "mine" / "catalog.yaml"
    monkeypatch.setenv("LLMFIT_CATALOG", str(path))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small Llama."""
    home = tmp_path / "lark"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({**LLAMA, "torch_dtype": "bfloat16", "bos_token_id": 1}))
    (home / "model.safetensors").write_bytes(safetensors_bytes())
    return home


def imported(capsys: pytest.CaptureFixture[str], source: object, *words: str) -> Said:
    """Import what a path holds."""
    return ask(capsys, "import", str(source), "--json", *words)


def test_an_imported_model_is_known_by_its_id(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row is valid, says where it comes from, and answers without its source."""
    said = imported(capsys, folder, "--id", "me/lark", *STATED)
    assert said.code == 0
    assert (said.json["action"], said.json["file"]) == ("added", str(own))
    for path in folder.iterdir():
        path.unlink()
    assert ask(capsys, "estimate", "me/lark", "--vram", "8").code == 0
    shown = ask(capsys, "models", "show", "me/lark", "--json").json["model"]
    assert (shown["parameters"], shown["origin"], shown["released"]) == (PARAMETERS, str(own), "2026-02-03")
    assert {row["origin"] for row in ask(capsys, "models", "lark", "--json").json["models"]} == {str(own)}


def test_importing_twice_changes_nothing(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same row again leaves the file as it is; another one of the same id is refused."""
    imported(capsys, folder, "--id", "me/lark", *STATED)
    before = own.read_bytes()
    assert imported(capsys, folder, "--id", "me/lark", *STATED).json["action"] == "unchanged"
    said = imported(capsys, folder, "--id", "me/lark", "--released", "2026-02-04")
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
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], needed: str
) -> None:
    """A folder has no id and no date; nothing is made up, and nothing is written."""
    said = imported(capsys, folder, *words)
    assert said.code == 2
    assert needed in said.json["error"]["hint"]
    assert not own.exists()


def test_a_gguf_file_becomes_a_row(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Metadata become fields of config.json that describe the same model."""
    write_gguf(tmp_path / "m.gguf")
    assert imported(capsys, tmp_path / "m.gguf", "--id", "me/m", *STATED).code == 0
    (entry,) = load_user_rows(own)["models"]
    assert entry.record.parameters == PARAMETERS
    assert entry.record.architecture["model_type"] == "llama"


def test_what_cannot_be_counted_is_not_imported(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row without a description would answer nothing."""
    (folder / "config.json").write_text(json.dumps({"model_type": "mystery"}))
    assert imported(capsys, folder, "--id", "me/lark", *STATED).code in {2, 3}
    assert not own.exists()


HAND_WRITTEN = """\
# My models, please keep my comments.
schema_version: 1

licenses: []   # none of my own

models:   # sorted by heart
  # the first one
  - id: me/first
    family: First
    publisher: me
    kind: base          # not tuned
    parameters: 1692928
    released: 2026-01-01
    license: mit        # ask Kim
    languages: [en]
    context_length: 4096
    architecture:
      model_type: llama
      hidden_size: 256
      num_hidden_layers: 2
      num_attention_heads: 4
      num_key_value_heads: 2
      intermediate_size: 512
      vocab_size: 1000
      tie_word_embeddings: false

# the end
"""


def test_comments_and_layout_of_a_hand_written_file_stay(
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row is put in by its own lines; every other line is byte for byte the same."""
    own.parent.mkdir()
    own.write_text(HAND_WRITTEN)
    assert imported(capsys, folder, "--id", "me/lark", *STATED).code == 0
    text = own.read_text()
    kept = [line for line in text.splitlines() if line in HAND_WRITTEN.splitlines()]
    assert set(HAND_WRITTEN.splitlines()) <= set(kept)
    assert text.startswith(HAND_WRITTEN.partition("\n# the end")[0])
    assert text.endswith("\n# the end\n")
    assert [entry.name for entry in load_user_rows(own)["models"]] == ["me/first", "me/lark"]


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
    kind: str, own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not valid, or written in an unusual way, is refused and stays as it is."""
    own.parent.mkdir()
    own.write_text(FRAGILE[kind])
    said = imported(capsys, folder, "--id", "me/lark", *STATED)
    assert said.code == 3
    assert said.json["error"]["code"] == "invalid_catalog"
    assert own.read_text() == FRAGILE[kind]
    assert [path.name for path in own.parent.iterdir() if path.suffix != ".lock"] == [own.name]


@pytest.mark.parametrize(
    "text", ["schema_version: 1\n", "schema_version: 1\nmodels: [] # mine\ngpus: []\n", "schema_version: 1\ngpus: []"]
)
def test_a_file_without_models_gets_its_first(
    text: str, own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list is begun where there is none, or an empty one."""
    own.parent.mkdir()
    own.write_text(text)
    assert imported(capsys, folder, "--id", "me/lark", *STATED).code == 0
    assert [entry.name for entry in load_user_rows(own)["models"]] == ["me/lark"]
    assert ("# mine" in own.read_text()) == ("# mine" in text)


def test_a_folder_that_cannot_be_written_is_said(
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a folder without rights ends in one sentence, with the old file untouched."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    imported(capsys, folder, "--id", "me/one", *STATED)
    before = own.read_bytes()
    monkeypatch.setattr(os, "fsync", refuse)
    said = imported(capsys, folder, "--id", "me/two", *STATED)
    assert (said.code, said.json["error"]["code"]) == (3, "invalid_catalog")
    assert own.read_bytes() == before
    assert not [path for path in own.parent.iterdir() if path.name.startswith(".catalog")]


def test_a_link_stays_a_link(own: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A catalog kept elsewhere and linked here is written there, with its rights."""
    own.parent.mkdir()
    real = tmp_path / "real.yaml"
    real.write_text("schema_version: 1\nmodels: []\n")
    real.chmod(0o600)
    own.symlink_to(real)
    assert imported(capsys, folder, "--id", "me/lark", *STATED).code == 0
    assert own.is_symlink()
    assert "me/lark" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


def test_twenty_imports_at_once_lose_nothing(own: Path, folder: Path) -> None:
    """Every run waits for the others: each of the rows is there, in a valid file."""
    words = [sys.executable, "-m", "llmfit", "import", str(folder), *STATED, "--id"]
    environ = {**os.environ, "LLMFIT_CATALOG": str(own)}
    runs = [
        subprocess.Popen([*words, f"me/lark-{i}"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for i in range(20)
    ]
    said = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * 20, said
    assert {entry.name for entry in load_user_rows(own)["models"]} == {f"me/lark-{i}" for i in range(20)}


def test_a_check_says_what_differs(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 where row and source agree, 1 where not, and nothing is written either way."""
    imported(capsys, folder, "--id", "me/lark", *STATED)
    before = own.read_bytes()
    same = imported(capsys, folder, "--id", "me/lark", *STATED, "--check")
    assert (same.code, same.json["changes"]) == (0, [])
    (folder / "config.json").write_text(json.dumps({**LLAMA, "max_position_embeddings": 8192}))
    said = imported(capsys, folder, "--id", "me/lark", *STATED, "--check")
    assert said.code == 1
    assert said.json["changes"] == [{"field": "context_length", "before": 4096, "after": 8192}]
    assert own.read_bytes() == before


def test_a_check_of_a_built_in_row_names_it(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that come with the program are compared too."""
    said = imported(capsys, folder, "--id", "Qwen/Qwen3-8B", "--released", "2025-04-28", "--check")
    assert said.code == 1
    assert said.json["file"] == "built-in"
    assert not own.exists()
    assert {change["field"] for change in said.json["changes"]} >= {"parameters", "context_length"}


def test_an_update_shows_its_changes(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was taken over is shown as lines away and lines in."""
    imported(capsys, folder, "--id", "me/lark", *STATED)
    words = ("--id", "me/lark", "--released", "2026-02-03", "--license", "apache-2.0", "--update")
    said = ask(capsys, "import", str(folder), *words)
    assert said.code == 0
    assert "- license: mit\n+ license: apache-2.0" in said.out
    assert load_catalog().model("me/lark").license == "apache-2.0"
    assert imported(capsys, folder, *words).json["action"] == "unchanged"
    assert own.exists()


def test_an_update_of_a_row_that_is_not_there_is_refused(
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A built-in row is not changed; import it first."""
    words = ("--id", "Qwen/Qwen3-8B", "--released", "2025-04-28", "--license", "mit", "--update")
    said = imported(capsys, folder, *words)
    assert said.code == 3
    assert not own.exists()


def test_rows_for_the_project_keep_its_order(
    tmp_path: Path, own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--into` sorts by family, parameters and id, and touches the user's file not at all."""
    into = tmp_path / "models.yaml"
    for name, family in (("me/b", "Bird"), ("me/a", "Bird"), ("me/z", "Ant"), ("me/c", "Cat")):
        words = ("--id", name, "--family", family, "--into", str(into))
        assert imported(capsys, folder, *STATED, *words).code == 0
    assert [entry.name for entry in load_user_rows(into)["models"]] == ["me/z", "me/a", "me/b", "me/c"]
    assert not own.exists()


@pytest.mark.parametrize("output", ["table", "plain", "json", "jsonl", "csv", "markdown"])
def test_every_output_mode_says_what_was_done(
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    """Each mode names the model and the file."""
    said = ask(capsys, "import", str(folder), "--id", "me/lark", *STATED, "--output", output)
    assert said.code == 0
    assert "me/lark" in said.out
    assert own.name in "".join(said.out.split())  # a table breaks a long path


def test_the_envelope_obeys_its_schema(own: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `--json` prints is what the documentation publishes."""
    import jsonschema

    schema = Path(__file__).parents[3] / "docs" / "reference" / "schema" / "import.json"
    said = imported(capsys, folder, "--id", "me/lark", *STATED)
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


def test_words_that_yaml_reads_otherwise_come_back_as_they_were(
    own: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Norwegian is no boolean, and a number in quotes no number."""
    imported(capsys, folder, "--id", "me/lark", *STATED)
    (entry,) = load_user_rows(own)["models"]
    from llmfit.sources.rows import plain_row

    row = {k: v for k, v in plain_row(entry.record).items() if v is not None}
    for field, value in (("family", "no"), ("publisher", "2026-01-01"), ("notes", "a: b # c\nd"), ("license", "mit")):
        add_row(own, {**row, "id": f"me/{field}", field: value})
    found = {entry.name: entry.record for entry in load_user_rows(own)["models"]}
    assert (found["me/family"].family, found["me/publisher"].publisher) == ("no", "2026-01-01")
    assert found["me/notes"].notes == "a: b # c\nd"
