"""Folders and files that lie, lead elsewhere, or make no sense: each ends in one sentence."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmfit.catalog import Catalog
from llmfit.errors import LlmfitError, SourceError, UnsupportedArchitectureError
from llmfit.sources.local import read_local
from llmfit.sources.resolve import model_of
from support.checkpoints import (
    GGUF_KEYS,
    LLAMA,
    PARAMETERS,
    llama_tensors,
    safetensors_bytes,
    write_gguf,
)
from support.terminal import Said, ask


def estimated(capsys: pytest.CaptureFixture[str], path: object, *words: str) -> Said:
    """Estimate what a path holds."""
    return ask(capsys, "estimate", str(path), "--vram", "8", "--json", *words)


def test_a_gguf_file_that_does_not_add_up_has_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Metadata that describe another model than the tensors are not used."""
    write_gguf(tmp_path / "m.gguf", keys={**GGUF_KEYS, "feed_forward_length": 1024})
    said = estimated(capsys, tmp_path / "m.gguf")
    assert (said.code, said.json["verdict"]) == (3, "unknown")
    assert "the configuration describes" in json.dumps(said.json["warnings"])


def test_an_adapter_of_itself_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A base that is the adapter again is refused, not followed for ever."""
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tmp_path)}))
    said = estimated(capsys, tmp_path)
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")


def _index(folder: Path, name: str) -> None:
    tensors = dict.fromkeys(llama_tensors(), name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": tensors}))


@pytest.mark.parametrize(
    "name",
    [
        "../outside.safetensors",
        "/etc/passwd",
        "a/../../x.safetensors",
        "..\\x.safetensors",
        "C:\\x.safetensors",
        "",
        "\0",
    ],
)
def test_an_index_cannot_lead_out_of_the_folder(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Relative, absolute and foreign paths are refused before anything is opened."""
    (folder.parent / "outside.safetensors").write_bytes(safetensors_bytes())
    (folder / "model.safetensors").unlink()
    _index(folder, name)
    said = estimated(capsys, folder)
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")
    assert "leads out of the folder" in said.json["error"]["message"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_link_cannot_lead_out_of_the_folder(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A symbolic link to a file elsewhere is refused."""
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")
    said = estimated(capsys, folder)
    assert (said.code, "leads out of the folder" in said.json["error"]["message"]) == (3, True)


def test_the_cache_of_the_hub_may_link_to_its_blobs(folder: Path, tmp_path: Path, catalog: Catalog) -> None:
    """A snapshot's files are links to blobs beside it, which is how the Hub's cache works."""
    home = tmp_path / "models--a--b" / "snapshots" / "0123"
    home.mkdir(parents=True)
    blobs = tmp_path / "models--a--b" / "blobs"
    blobs.mkdir()
    for number, name in enumerate(("config.json", "model.safetensors")):
        (folder / name).rename(blobs / str(number))
        (home / name).symlink_to(Path("../../blobs") / str(number))
    assert read_local(catalog, str(home), find=model_of).parameters == PARAMETERS


def test_links_in_a_circle_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link to itself ends in one sentence."""
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("model.safetensors")
    assert estimated(capsys, folder).json["error"]["code"] == "source_unreadable"


def _index_of(**content: Any) -> str:
    return json.dumps(content)


INDEXES = {
    "no map": _index_of(metadata={}),
    "an empty map": _index_of(weight_map={}),
    "a list as map": _index_of(weight_map=[1]),
    "numbers as names": _index_of(weight_map={"a": 5}),
    "a pickle": _index_of(weight_map={"a": "pytorch_model.bin"}),
    "a missing shard": _index_of(weight_map={"a": "model-00009-of-00009.safetensors"}),
    "a tensor that no shard has": _index_of(weight_map={"a": "model.safetensors"}),
    "no JSON": "{",
    "too many shards": _index_of(weight_map={f"t{i}": f"{i}.safetensors" for i in range(3000)}),
}


@pytest.mark.parametrize("fault", INDEXES)
def test_a_broken_index_is_refused(fault: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An index must name files that are there, and tensors that they hold."""
    (folder / "model.safetensors.index.json").write_text(INDEXES[fault])
    said = estimated(capsys, folder)
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is counted twice."""
    for shard in ("1", "2"):
        name = f"model-0000{shard}-of-00002.safetensors"
        (tmp_path / name).write_bytes(safetensors_bytes({"a": np.zeros(4, np.float16)}))
    assert "twice" in estimated(capsys, tmp_path).json["error"]["message"]


def test_several_checkpoints_are_ambiguous(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with several quantisations names them, and chooses none."""
    for name in ("m-Q4_K_M.gguf", "m-Q8_0.gguf"):
        write_gguf(tmp_path / name)
    error = estimated(capsys, tmp_path).json["error"]
    assert "m-Q4_K_M.gguf, m-Q8_0.gguf" in error["hint"]


def test_pickle_files_are_never_opened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of pickles is computed from its configuration, and says so."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04boom")
    said = estimated(capsys, folder)
    assert said.code == 0
    assert said.json["warnings"] == ["weights in pickle files are never opened"]


def test_paths_that_hold_nothing_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, empty and foreign files end in one sentence and exit code 3."""
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.gguf").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.gguf")
    for name in (
        "",
        "missing",
        "missing.gguf",
        "notes.txt",
        "empty.gguf",
        "pipe.gguf",
        "a" * 300 + ".gguf",
        "x\0.gguf",
    ):
        said = ask(capsys, "estimate", f"{tmp_path}/{name}", "--vram", "8", "--json")
        assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable"), name


def test_terminal_escapes_in_names_are_shown_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither answers nor errors write control characters that a file's name or content brought along."""
    home = tmp_path / "evil\x1b[31m"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({**LLAMA, "model_type": "llama"}))
    (home / "bad.safetensors").write_bytes(b"x")
    for path in (home / "config.json", home / "bad.safetensors", home):
        said = ask(capsys, "estimate", str(path), "--vram", "8")
        assert "\x1b" not in said.out + said.err


@pytest.mark.parametrize("value", ["NaN", "-1", "1e999", '"x"', "0", "[]", "1" + "0" * 400])
def test_absurd_dimensions_are_refused(value: str, tmp_path: Path, catalog: Catalog) -> None:
    """A configuration with an impossible size never becomes a number."""
    text = json.dumps(LLAMA).replace('"hidden_size": 256', f'"hidden_size": {value}')
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(LlmfitError) as raised:
        read_local(catalog, str(tmp_path / "config.json"), find=model_of)
    assert raised.value.exit_code == 3
    assert not isinstance(raised.value, UnsupportedArchitectureError)


def test_a_folder_with_too_many_files_is_refused(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's home is not searched for a model."""
    monkeypatch.setattr("llmfit.sources.reading.MOST_FILES", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()
    with pytest.raises(SourceError, match="more than 3 files"):
        read_local(catalog, str(tmp_path), find=model_of)


def test_infinity_passes_where_it_is_no_dimension(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Published configurations of Mamba hold it; a size may not."""
    text = json.dumps({**LLAMA, "time_step_limit": [0.0, float("inf")]})
    assert "Infinity" in text
    (folder / "config.json").write_text(text)
    assert estimated(capsys, folder).code == 0
