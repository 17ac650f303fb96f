"""Folders, configurations and files on this machine: what is read, what is refused, and what the answer says."""

import json
from pathlib import Path

import numpy as np
import pytest

from llmfit.catalog import Catalog
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.sources.local import read_local
from llmfit.sources.resolve import is_path, model_of
from support.checkpoints import (
    LLAMA,
    PARAMETERS,
    arrays,
    gguf_name,
    llama_tensors,
    safetensors_bytes,
    write_gguf,
    write_sharded,
)
from support.terminal import Said, ask


def estimated(capsys: pytest.CaptureFixture[str], path: object, *words: str) -> Said:
    """Estimate what a path holds."""
    return ask(capsys, "estimate", str(path), "--vram", "8", "--json", *words)


def test_a_folder_is_counted_as_stored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights are the bytes of the tensors, parameters their number, and the format is recognised."""
    said = estimated(capsys, folder)
    assert said.code == 0
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    assert said.json["model"]["parameters"] == PARAMETERS
    assert said.json["workload"]["format"] == "f16"
    assert said.json["workload"]["engine"] == "transformers"
    assert said.json["warnings"] == []


def test_dates_that_nobody_told_are_null(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder has no release date and no licence; nothing is made up."""
    model = estimated(capsys, folder).json["model"]
    assert model["released"] is None
    assert model["license"]["id"] == "unknown"
    assert model["context_length"] == 4096


@pytest.mark.parametrize("word", ["--engine=vllm", "--format=f16", "--precision=fp16"])
def test_words_that_mean_the_stored_format_keep_it(folder: Path, capsys: pytest.CaptureFixture[str], word: str) -> None:
    """The exact bytes hold for every engine that loads such files, and for their own format by name."""
    assert estimated(capsys, folder, word).json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_another_format_is_computed_from_the_architecture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the file would take as Q8_0 follows from the description, as for a row of the catalog."""
    stored = estimated(capsys, folder).json["memory"]["weights_bytes"]
    computed = estimated(capsys, folder, "--format", "Q8_0").json
    assert computed["workload"]["engine"] == "llama.cpp"
    assert 0 < computed["memory"]["weights_bytes"] < 0.6 * stored


def test_a_configuration_alone_is_computed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without headers the weights come from the format, and the count from the description."""
    said = estimated(capsys, folder / "config.json", "--precision", "fp16", "--engine", "transformers")
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    assert said.json["model"]["id"] == "tiny/config.json"


def test_one_file_takes_the_configuration_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of weights is the same model as its folder."""
    file = estimated(capsys, folder / "model.safetensors").json
    assert file["memory"] == estimated(capsys, folder).json["memory"]


@pytest.mark.parametrize("named", ["", "model-00002-of-00003.safetensors", "model.safetensors.index.json"])
def test_shards_are_read_together(named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder, any shard, and the index all mean the whole model."""
    write_sharded(tmp_path)
    assert estimated(capsys, tmp_path / named).json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_shards_without_an_index_are_read_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The names of the shards say how many there must be."""
    write_sharded(tmp_path)
    (tmp_path / "model.safetensors.index.json").unlink()
    assert estimated(capsys, tmp_path).json["memory"]["weights_bytes"] == 2 * PARAMETERS
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    assert estimated(capsys, tmp_path).json["error"]["code"] == "source_unreadable"


def test_an_index_that_states_another_size_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The headers count; the disagreement is shown."""
    write_sharded(tmp_path, total_size=5)
    said = estimated(capsys, tmp_path)
    assert said.code == 0
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    assert "the index states 5 bytes" in said.json["warnings"][0]


def test_headers_that_contradict_the_configuration_are_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another number of layers in config.json is said with both counts."""
    (folder / "config.json").write_text(json.dumps({**LLAMA, "num_hidden_layers": 3}))
    said = estimated(capsys, folder)
    assert f"the headers hold {PARAMETERS:,} weights" in said.json["warnings"][0]
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_a_tied_head_that_is_stored_twice_is_loaded_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second copy is left out and named, and is no disagreement."""
    (folder / "config.json").write_text(json.dumps({**LLAMA, "tie_word_embeddings": True}))
    said = estimated(capsys, folder, "--explain")
    assert said.json["memory"]["weights_bytes"] == 2 * (PARAMETERS - 256_000)
    assert said.json["warnings"] == []
    assert "a second copy of the tied head" in json.dumps(said.json["parts"])


def test_next_token_layers_are_stored_and_not_loaded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A layer beyond the model's own is left out of the weights."""
    extra = {"model.layers.2.mlp.up_proj.weight": np.zeros((512, 256), np.float16)}
    (folder / "model.safetensors").write_bytes(safetensors_bytes({**arrays(llama_tensors()), **extra}))
    assert estimated(capsys, folder).json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_an_unknown_architecture_has_exact_weights_and_no_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cache and activations are null, the verdict is unknown, and the exit code says so."""
    (folder / "config.json").write_text(json.dumps({"model_type": "mystery", "hidden_size": 256}))
    said = estimated(capsys, folder)
    assert said.code == 3
    assert said.json["verdict"] == "unknown"
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    assert said.json["memory"]["kv_cache_bytes"] is None
    assert said.json["model"]["parameters"] == PARAMETERS
    assert "mystery" in said.json["warnings"][0]


def test_an_unknown_architecture_without_headers_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without weights there is nothing exact to say."""
    (folder / "config.json").write_text(json.dumps({"model_type": "mystery"}))
    said = estimated(capsys, folder / "config.json")
    assert (said.code, said.json["error"]["code"]) == (3, "unsupported_architecture")


def test_a_gguf_file_is_counted_as_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its embedding stays in RAM, everything else is on the device, byte for byte."""
    total = write_gguf(tmp_path / "m-Q4_K_M.gguf")
    said = estimated(capsys, tmp_path / "m-Q4_K_M.gguf")
    embedding = 1000 * 256 // 256 * 144
    assert said.json["memory"]["weights_bytes"] == total - embedding
    assert said.json["workload"]["engine"] == "llama.cpp"
    assert said.json["workload"]["format"] == "Q4_K_M"
    assert said.json["model"]["parameters"] == PARAMETERS
    assert said.json["warnings"] == []


def test_a_tied_gguf_file_has_its_head_on_the_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `output.weight` the embedding lies in RAM and once more on the device."""
    total = write_gguf(tmp_path / "m.gguf", head=False)
    assert estimated(capsys, tmp_path / "m.gguf").json["memory"]["weights_bytes"] == total


def test_gguf_and_configuration_have_the_same_cache(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Metadata describe the same attention as config.json does."""
    write_gguf(folder / "m.gguf")
    words = ("--engine", "llama.cpp", "--context", "4k")
    one = estimated(capsys, folder / "m.gguf", *words).json["memory"]["kv_cache_bytes"]
    assert one == estimated(capsys, folder / "config.json", *words).json["memory"]["kv_cache_bytes"] > 0


def test_split_gguf_files_are_read_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any part means all of them; a missing part is an error."""
    total = write_gguf(tmp_path / "m.gguf", split=("yes",))
    parts = sorted(tmp_path.glob("m-*.gguf"))
    assert len(parts) > 1
    for named in (parts[-1], tmp_path):
        assert estimated(capsys, named).json["memory"]["weights_bytes"] == total - 1000 * 144
    parts[0].unlink()
    said = estimated(capsys, parts[-1])
    assert (said.code, "is missing" in said.json["error"]["message"]) == (3, True)


def test_an_unknown_gguf_architecture_has_exact_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of an architecture without a rule says its weights and nothing else."""
    write_gguf(tmp_path / "m.gguf", architecture="mystery")
    said = estimated(capsys, tmp_path / "m.gguf")
    assert said.code == 3
    assert said.json["memory"]["weights_bytes"] > 0
    assert said.json["memory"]["kv_cache_bytes"] is None


def test_an_adapter_is_its_base(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with an adapter is estimated as its base, and says what it adds."""
    home = tmp_path / "adapter"
    home.mkdir()
    (home / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}))
    (home / "adapter_model.safetensors").write_bytes(safetensors_bytes({"a": np.zeros(10, np.float32)}))
    said = estimated(capsys, home).json
    assert said["memory"] == estimated(capsys, folder).json["memory"]
    assert "unmerged it adds 40 bytes" in said["warnings"][0]


def test_an_adapter_of_a_catalog_model_keeps_its_licence(tmp_path: Path, catalog: Catalog) -> None:
    """The base is found in the catalog, and the adapter descends from it."""
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "Qwen/Qwen3-8B"}))
    found = read_local(catalog, str(tmp_path), find=model_of)
    assert found.base_model == "Qwen/Qwen3-8B"
    assert found.parameters == catalog.model("Qwen/Qwen3-8B").parameters


def test_a_projector_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The vision projector beside a model does not make the choice unclear."""
    write_gguf(tmp_path / "m.gguf")
    write_gguf(tmp_path / "mmproj-m.gguf")
    assert estimated(capsys, tmp_path).code == 0


@pytest.mark.parametrize("word", ["./x", "../x", "/x", "~/x", "x.gguf", "X.GGUF", "a/b.safetensors", "config.json"])
def test_words_in_the_form_of_a_path_are_paths(word: str) -> None:
    """Such a word never asks the Hub."""
    assert is_path(word)


@pytest.mark.parametrize(
    "word", ["Qwen/Qwen3-8B", "qwen3", "https://huggingface.co/a/b/blob/main/x.gguf", "a/b:Q4_K_M"]
)
def test_other_words_are_no_paths(word: str) -> None:
    """Ids, short names and addresses are looked up first."""
    assert not is_path(word)


def test_the_catalog_goes_before_a_folder_of_the_same_name(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that happens to be called like a row is meant only where it is written as a path."""
    (tmp_path / "Qwen" / "Qwen3-8B").mkdir(parents=True)
    (tmp_path / "Qwen" / "Qwen3-8B" / "config.json").write_text(json.dumps(LLAMA))
    monkeypatch.chdir(tmp_path)
    assert type(model_of(catalog, "Qwen/Qwen3-8B")) is Model
    assert isinstance(model_of(catalog, "./Qwen/Qwen3-8B"), SourcedModel)


def test_a_folder_without_a_slash_is_found(folder: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that only a folder has is that folder."""
    monkeypatch.chdir(folder.parent)
    assert model_of(catalog, "tiny").parameters == PARAMETERS


def test_names_of_tensors_of_both_kinds_agree() -> None:
    """The support's renaming covers every tensor of the example."""
    assert len({gguf_name(name) for name in llama_tensors()}) == len(llama_tensors())


def test_a_model_without_a_date_is_not_ranked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ranking needs to know how old a model is."""
    said = ask(capsys, "recommend", "--vram", "8", "--also", str(folder), "--json")
    assert (said.code, "--released" in said.json["error"]["hint"]) == (2, True)


@pytest.mark.parametrize(
    "words", [("check",), ("plan",), ("compare", "Qwen/Qwen3-8B"), ("estimate", "--training=lora")]
)
def test_every_command_takes_a_path(folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """What `estimate` reads, the other commands read as well."""
    said = ask(capsys, *words, str(folder), "--vram", "24", "--json")
    assert said.code == 0, said.out
    assert "tiny" in said.out


@pytest.mark.parametrize(("content", "kind"), [('{"chat_template": "x"}', "instruct"), ("{}", "base"), ("{", "base")])
def test_a_chat_template_makes_an_instruct_model(folder: Path, catalog: Catalog, content: str, kind: str) -> None:
    """What the tokenizer's file says is used where it can be read."""
    (folder / "tokenizer_config.json").write_text(content)
    assert read_local(catalog, str(folder), find=model_of).kind == kind
