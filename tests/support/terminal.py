"""Runs the program as a user does: in this process, or as a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from llmfit.cli import run

TIMEOUT = 60
"""Seconds after which a run hangs: a hundred times what one takes."""


@dataclass(frozen=True)
class Said:
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer on stdout, decoded."""
        return json.loads(self.out)


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run a command line in this process."""
    code = run(list(words))
    captured = capsys.readouterr()
    return Said(code, captured.out, captured.err)


def ask_process(*words: str, **environ: str) -> Said:
    """Run a command line as its own process, with these environment variables on top."""
    done = subprocess.run(
        [sys.executable, "-m", "llmfit", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=TIMEOUT,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
