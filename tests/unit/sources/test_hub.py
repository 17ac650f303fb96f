"""The Hub, over real HTTP to a stand-in on loopback: what is asked for, and what comes back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.asking_hub import add_llama, estimated
from support.checkpoints import LLAMA, PARAMETERS, arrays, llama_tensors, safetensors_bytes, write_gguf, write_sharded
from support.hub import Hub, status
from support.terminal import ask


def test_a_repository_is_counted_as_stored(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Configuration, headers and page make the answer."""
    add_llama(hub, pipeline_tag="text-generation")
    said = estimated(capsys, "meadow/lark")
    assert said.code == 0
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    model = said.json["model"]
    assert (model["id"], model["license"]["id"], model["languages"]) == ("meadow/lark", "apache-2.0", ["en", "ko"])
    assert model["released"] == "2026-03-01"


def test_weights_are_not_downloaded(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a file of 20 MB only the beginning is asked for."""
    large = {**arrays(llama_tensors()), "model.layers.2.x.weight": np.zeros((20, 1024, 512), np.float16)}
    add_llama(hub, files={"model.safetensors": safetensors_bytes(large)})
    assert estimated(capsys, "meadow/lark").code == 0
    assert hub.sent < 300_000
    ranges = [headers["range"] for _, path, headers in hub.requests if path.endswith("model.safetensors")]
    assert ranges == ["bytes=0-131071"]


def test_a_header_longer_than_the_first_piece_is_read_on(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A header of 300 kB takes a second request, not the file."""
    many = {f"model.layers.{i}.long_name_of_a_tensor_{'x' * 60}.weight": np.zeros(1, np.float16) for i in range(2000)}
    add_llama(hub, files={"model.safetensors": safetensors_bytes(many)})
    assert estimated(capsys, "meadow/lark").json["memory"]["weights_bytes"] > 0


def test_shards_of_a_repository_are_read_together(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The index names the files; each header is read."""
    write_sharded(tmp_path)
    hub.add("meadow/shards", {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()})
    assert estimated(capsys, "meadow/shards").json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_a_gguf_repository_needs_a_choice(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several files are ambiguous; a word in the name, or an address of the file, chooses."""
    total = write_gguf(tmp_path / "m.gguf")
    content = (tmp_path / "m.gguf").read_bytes()
    hub.add("meadow/lark-GGUF", {"lark-Q4_K_M.gguf": content, "lark-Q8_0.gguf": content})
    error = estimated(capsys, "meadow/lark-GGUF").json["error"]
    assert "lark-Q8_0.gguf" in error["hint"]
    for name in ("meadow/lark-GGUF:Q4_K_M", f"{hub.url}/meadow/lark-GGUF/blob/main/lark-Q8_0.gguf"):
        said = estimated(capsys, name)
        assert said.json["memory"]["weights_bytes"] == total - 1000 * 144
    assert estimated(capsys, "meadow/lark-GGUF:Q2_K").json["error"]["code"] == "source_unreadable"


def test_parts_in_folders_are_found(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Repositories with a folder for each quantisation are read by its word."""
    total = write_gguf(tmp_path / "m-Q4_K_M.gguf", split=("yes",))
    files = {f"Q4_K_M/{path.name}": path.read_bytes() for path in tmp_path.glob("*.gguf")}
    assert len(files) > 1
    hub.add("meadow/parts", files)
    assert estimated(capsys, "meadow/parts:Q4_K_M").json["memory"]["weights_bytes"] == total - 1000 * 144


def test_a_quantised_repository_counts_what_is_packed(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """4-bit GPTQ: eight weights an element, scales beside them, the description's count, and its own format."""
    packed: dict[str, Any] = {}
    for name, array in arrays(llama_tensors()).items():
        stem = name.removesuffix(".weight")
        if "proj" in name:
            rows, columns = array.shape
            packed[f"{stem}.qweight"] = np.zeros((columns // 8, rows), np.int32)
            packed[f"{stem}.qzeros"] = np.zeros((columns // 128, rows // 8), np.int32)
            packed[f"{stem}.scales"] = np.zeros((columns // 128, rows), np.float16)
            packed[f"{stem}.g_idx"] = np.zeros(columns, np.int32)
        else:
            packed[name] = array
    config = {**LLAMA, "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
    hub.add("meadow/lark-GPTQ", {"config.json": config, "model.safetensors": safetensors_bytes(packed)})
    said = estimated(capsys, "meadow/lark-GPTQ")
    assert said.json["memory"]["weights_bytes"] == sum(array.nbytes for array in packed.values())
    assert said.json["model"]["parameters"] == PARAMETERS
    assert said.json["workload"]["format"] == "gptq-int4"
    assert said.json["warnings"] == []


def test_a_revision_is_read(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A branch or tag is asked for by name; one that is not there is said."""
    add_llama(hub, revisions=["v2"])
    assert estimated(capsys, "meadow/lark@v2").code == 0
    assert any(path.startswith("/api/models/meadow/lark/revision/v2") for _, path, _ in hub.requests)
    error = estimated(capsys, "meadow/lark@v3").json["error"]
    assert "no such revision" in error["message"]


def test_a_server_without_pieces_gives_the_beginning(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Where ranges are ignored, reading stops after the header."""
    add_llama(hub)
    content = hub.repositories["meadow/lark"].files["model.safetensors"]
    hub.faults["model.safetensors"] = status(200, body=content)
    assert estimated(capsys, "meadow/lark").json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_sizes_that_the_page_does_not_tell_come_with_the_pieces(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that lists names alone is enough."""
    add_llama(hub, sizes=False)
    assert estimated(capsys, "meadow/lark").json["memory"]["weights_bytes"] == 2 * PARAMETERS


def test_a_repository_can_be_a_candidate(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """`recommend --also` considers it beside the catalog's models, and can say why it is no pick."""
    add_llama(hub, files={"chat_template.jinja": b"x"})
    words = ("recommend", "--vram", "8", "--also", "meadow/lark", "--why-not", "meadow/lark", "--json")
    said = ask(capsys, *words).json
    without = ask(capsys, "recommend", "--vram", "8", "--json").json
    assert said["considered"] == without["considered"] + 1
    assert [row["model"] for row in said["rejections"]] == ["meadow/lark"]
