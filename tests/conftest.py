"""Fixtures for every test."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of published measurements beside the repository; the test is skipped without it."""
    folder = Path(os.environ.get("LLMFIT_SHARED", ROOT.parent / "shared"))
    if not (folder / "truth").is_dir():
        pytest.skip("no published measurements beside the repository")
    return folder
