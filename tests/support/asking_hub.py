"""What tests of the Hub share: a small repository, and an estimate of what it holds."""

from time import monotonic
from typing import Any

import pytest

from support.checkpoints import LLAMA, safetensors_bytes
from support.hub import Hub
from support.terminal import Said, ask

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
