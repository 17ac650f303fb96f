"""Who may read what on the Hub: tokens, gates, redirects, and names that lead elsewhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.asking_hub import TOKEN, add_llama, estimated
from support.checkpoints import LLAMA, PARAMETERS, safetensors_bytes
from support.hub import SHA, Hub, running, status

ADAPTER = safetensors_bytes({"a": np.zeros(10, np.float32)})


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


def test_a_gated_repository_says_what_to_do(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Consent is asked for on the page, and a token is needed."""
    add_llama(hub, gated="manual")
    error = estimated(capsys, "meadow/lark").json["error"]
    assert "gated" in error["message"]
    assert "HF_TOKEN" in error["hint"]


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


def test_an_index_on_the_hub_cannot_lead_elsewhere(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that leave the repository are refused, and nothing is asked for."""
    index = {"weight_map": {"a": "../../other/repo/resolve/main/model.safetensors"}}
    hub.add("meadow/evil", {"config.json": LLAMA, "model.safetensors.index.json": index})
    said = estimated(capsys, "meadow/evil")
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")
    assert not any("other" in path for _, path, _ in hub.requests)


def test_a_name_that_nobody_has_gets_the_nearest(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the catalog nor the Hub has it: an unknown model, with names that are near."""
    hub.add("meadow/other", {"config.json": LLAMA})
    error = estimated(capsys, "Qwen/Qwen3-8C").json["error"]
    assert error["code"] == "unknown_model"
    assert "Qwen/Qwen3-8B" in error["hint"]
