"""The Hub's cache and its users' environment: what is read without asking, and what is left as it was."""

from pathlib import Path

import pytest

from support.asking_hub import TOKEN, add_llama, estimated
from support.checkpoints import LLAMA, PARAMETERS
from support.hub import Hub
from support.terminal import ask_process

LLAMA_FILES = ("config.json", "model.safetensors")


def download(*names: str) -> None:
    """Download files of meadow/lark into the Hub's cache, as other programs do."""
    from huggingface_hub import constants, hf_hub_download

    for name in names:
        hf_hub_download("meadow/lark", name, cache_dir=constants.HF_HUB_CACHE)


def test_offline_asks_nothing(hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE there is no request, and the answer says why."""
    from huggingface_hub import constants

    add_llama(hub)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = estimated(capsys, "meadow/lark").json["error"]
    assert "HF_HUB_OFFLINE" in error["message"]
    assert hub.requests == []


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


def test_the_catalog_needs_no_network(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A row of the catalog, and a word without an owner, ask the Hub nothing."""
    assert estimated(capsys, "Qwen/Qwen3-8B").code == 0
    assert estimated(capsys, "no-such-model").code == 3
    assert hub.requests == []
