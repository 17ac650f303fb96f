"""What the tests of sources share: the catalog, a small folder, and a Hub on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmfit.catalog import Catalog, load_catalog
from support.asking_hub import TOKEN
from support.checkpoints import LLAMA, safetensors_bytes
from support.hub import Hub, running


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the built-in catalog."""
    return load_catalog(user_file=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small Llama in one file."""
    home = tmp_path / "tiny"
    home.mkdir()
    (home / "config.json").write_text(json.dumps(LLAMA))
    (home / "model.safetensors").write_bytes(safetensors_bytes())
    return home


@pytest.fixture
def lark(tmp_path: Path) -> Path:
    """Return a folder with a small Llama and keys that decide no shape."""
    home = tmp_path / "lark"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({**LLAMA, "torch_dtype": "bfloat16", "bos_token_id": 1}))
    (home / "model.safetensors").write_bytes(safetensors_bytes())
    return home


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the user's catalog is to be, with nothing there yet."""
    path = tmp_path / "mine" / "catalog.yaml"
    monkeypatch.setenv("LLMFIT_CATALOG", str(path))
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    """Run one stand-in for all tests of this file."""
    with running() as hub:
        yield hub


@pytest.fixture
def hub(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return the stand-in, emptied, with `huggingface_hub` speaking to it and an empty cache."""
    from huggingface_hub import close_session, constants

    server.repositories.clear()
    server.faults.clear()
    server.requests.clear()
    server.sent = 0
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 1)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    close_session()
    return server
