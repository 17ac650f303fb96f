"""The Hub, over real HTTP to a stand-in on loopback: what is asked for, what comes back, and every fault."""

import json
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from support.checkpoints import LLAMA, PARAMETERS, arrays, llama_tensors, safetensors_bytes, write_gguf, write_sharded
from support.hub import SHA, Hub, running, status
from support.terminal import Said, ask, ask_process

TOKEN = "hf_aVerySecretTokenOfSomebody"  # noqa: S105 - made up, to be looked for in outputs
LONGEST = 8.0
"""Seconds that a fault may take, time-outs of one second included."""


def add_llama(hub: Hub, name: str = "meadow/lark", **info: Any) -> None:
    """Put a small Llama on the stand-in."""
    card = {"license": "apache-2.0", "language": ["en", "ko"]}
    files: dict[str, Any] = {"config.json": LLAMA, "model.safetensors": safetensors_bytes()}
    hub.add(name, {**files, **info.pop("files", {})}, **{"cardData": card, **info})


def estimated(capsys: pytest.CaptureFixture[str], name: str, *words: str) -> Said:
    """Estimate what a repository holds; the token is in no output."""
    start = monotonic()
    said = ask(capsys, "estimate", name, "--vram", "8", "--json", *words)
    assert TOKEN not in said.out + said.err
    assert monotonic() - start < LONGEST
    return said


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


def test_an_adapter_is_its_base(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """The base is read from the Hub too."""
    add_llama(hub)
    files: dict[str, Any] = {
        "adapter_config.json": {"base_model_name_or_path": "meadow/lark"},
        "adapter_model.safetensors": ADAPTER,
    }
    hub.add("meadow/lora", files)
    said = estimated(capsys, "meadow/lora").json
    assert said["model"]["id"] == "meadow/lora"
    assert said["memory"]["weights_bytes"] == 2 * PARAMETERS


ADAPTER = safetensors_bytes({"a": np.zeros(10, np.float32)})


@pytest.mark.parametrize("base", ["/etc", "../../secrets", "./x", "C:\\x", "meadow/lora", "", 5])
def test_an_adapter_cannot_name_a_path(
    hub: Hub, capsys: pytest.CaptureFixture[str], base: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a stranger wrote is no path on this machine, and no circle."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "config.json").write_text(json.dumps(LLAMA))
    hub.add("meadow/lora", {"adapter_config.json": {"base_model_name_or_path": base}})
    said = estimated(capsys, "meadow/lora")
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")


def test_the_token_opens_private_repositories(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_TOKEN is sent; without it the repository does not exist."""
    hub.add("meadow/private", {"config.json": LLAMA}, token=TOKEN)
    assert estimated(capsys, "meadow/private").code == 0
    monkeypatch.delenv("HF_TOKEN")
    said = estimated(capsys, "meadow/private")
    assert (said.code, said.json["error"]["code"]) == (3, "unknown_model")
    assert "HF_TOKEN" in said.json["error"]["hint"]


def test_a_revision_is_read(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A branch or tag is asked for by name; one that is not there is said."""
    add_llama(hub, revisions=["v2"])
    assert estimated(capsys, "meadow/lark@v2").code == 0
    assert any(path.startswith("/api/models/meadow/lark/revision/v2") for _, path, _ in hub.requests)
    error = estimated(capsys, "meadow/lark@v3").json["error"]
    assert "no such revision" in error["message"]


def test_a_gated_repository_says_what_to_do(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Consent is asked for on the page, and a token is needed."""
    add_llama(hub, gated="manual")
    error = estimated(capsys, "meadow/lark").json["error"]
    assert "gated" in error["message"]
    assert "HF_TOKEN" in error["hint"]


def test_a_name_that_nobody_has_gets_the_nearest(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the catalog nor the Hub has it: an unknown model, with names that are near."""
    hub.add("meadow/other", {"config.json": LLAMA})
    error = estimated(capsys, "Qwen/Qwen3-8C").json["error"]
    assert error["code"] == "unknown_model"
    assert "Qwen/Qwen3-8B" in error["hint"]


def test_the_catalog_needs_no_network(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A row of the catalog, and a word without an owner, ask the Hub nothing."""
    assert estimated(capsys, "Qwen/Qwen3-8B").code == 0
    assert estimated(capsys, "no-such-model").code == 3
    assert hub.requests == []


def test_an_index_on_the_hub_cannot_lead_elsewhere(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that leave the repository are refused, and nothing is asked for."""
    index = {"weight_map": {"a": "../../other/repo/resolve/main/model.safetensors"}}
    hub.add("meadow/evil", {"config.json": LLAMA, "model.safetensors.index.json": index})
    said = estimated(capsys, "meadow/evil")
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")
    assert not any("other" in path for _, path, _ in hub.requests)


def test_a_redirect_to_another_host_does_not_take_the_token_along(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Files may lie on another host, which learns nothing of the token."""
    add_llama(hub)
    with running() as other:
        add_llama(other)
        aim = f"{other.url}/meadow/lark/resolve/{SHA}/model.safetensors"
        hub.faults["model.safetensors"] = status(302, Location=aim)
        assert estimated(capsys, "meadow/lark").code == 0
        assert other.requests
        assert all("authorization" not in headers for _, _, headers in other.requests)


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


def test_offline_asks_nothing(hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE there is no request, and the answer says why."""
    from huggingface_hub import constants

    add_llama(hub)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = estimated(capsys, "meadow/lark").json["error"]
    assert "HF_HUB_OFFLINE" in error["message"]
    assert hub.requests == []


LLAMA_FILES = ("config.json", "model.safetensors")


def download(*names: str) -> None:
    """Download files of meadow/lark into the Hub's cache, as other programs do."""
    from huggingface_hub import constants, hf_hub_download

    for name in names:
        hf_hub_download("meadow/lark", name, cache_dir=constants.HF_HUB_CACHE)


def test_the_cache_is_read_without_network(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `huggingface_hub` has downloaded is read where the Hub cannot be asked, and a note says so."""
    from huggingface_hub import constants

    add_llama(hub)
    download(*LLAMA_FILES)
    asked = len(hub.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    said = estimated(capsys, "meadow/lark")
    assert said.code == 0
    assert said.json["memory"]["weights_bytes"] == 2 * PARAMETERS
    assert "cache" in said.json["warnings"][0]
    assert len(hub.requests) == asked


def test_files_in_the_cache_are_not_asked_for_again(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Online too, only the page is asked for where the commit is cached."""
    add_llama(hub)
    download(*LLAMA_FILES)
    hub.requests.clear()
    assert estimated(capsys, "meadow/lark").code == 0
    assert [path.partition("?")[0] for _, path, _ in hub.requests] == ["/api/models/meadow/lark"]


def test_the_environment_works_as_its_users_expect(hub: Hub, tmp_path: Path) -> None:
    """HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_OFFLINE and proxies, in a process of its own."""
    hub.add("meadow/private", {"config.json": LLAMA}, token=TOKEN)
    environ = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_TOKEN": TOKEN}
    environ["HF_HUB_ETAG_TIMEOUT"] = "1"
    words = ("estimate", "meadow/private", "--vram", "8")
    assert ask_process(*words, **environ).code == 0
    offline = ask_process(*words, **environ, HF_HUB_OFFLINE="1")
    assert (offline.code, "HF_HUB_OFFLINE" in offline.err) == (3, True)
    proxied = ask_process(*words, **environ, HTTP_PROXY="http://127.0.0.1:1", NO_PROXY="")
    assert proxied.code == 3
    bad = ask_process(*words, **{**environ, "HF_TOKEN": "geheim\u2603"})
    assert (bad.code, "geheim" in bad.err) == (3, False)
    nowhere = ask_process(*words, **{**environ, "HF_ENDPOINT": "http://no-such-host.invalid"})
    assert nowhere.code == 3
    assert "Traceback" not in offline.err + proxied.err + bad.err + nowhere.err


def test_hooks_and_logging_are_left_as_they_were(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that uses the Hub itself finds its client unchanged."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import logging

    add_llama(hub)
    before = get_session().event_hooks, logging.get_verbosity()
    assert estimated(capsys, "meadow/lark").code == 0
    assert (get_session().event_hooks, logging.get_verbosity()) == before


def test_reading_writes_nothing(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the cache nor the working folder changes."""
    add_llama(hub)
    before = sorted(tmp_path.rglob("*"))
    assert estimated(capsys, "meadow/lark").code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_repository_can_be_a_candidate(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """`recommend --also` considers it beside the catalog's models, and can say why it is no pick."""
    add_llama(hub, files={"chat_template.jinja": b"x"})
    words = ("recommend", "--vram", "8", "--also", "meadow/lark", "--why-not", "meadow/lark", "--json")
    said = ask(capsys, *words).json
    without = ask(capsys, "recommend", "--vram", "8", "--json").json
    assert said["considered"] == without["considered"] + 1
    assert [row["model"] for row in said["rejections"]] == ["meadow/lark"]
