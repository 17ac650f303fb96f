"""Fixtures for every test."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent


settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
"""A machine under load is no failure; where CI runs, the same examples are tried every time."""


def pytest_configure() -> None:
    """Let no test see a catalog or the terminal's width of the person who runs it."""
    for name in ("LLMFIT_CATALOG", "COLUMNS"):
        os.environ.pop(name, None)
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="llmfit-tests-")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of published measurements beside the repository; the test is skipped without it."""
    folder = Path(os.environ.get("LLMFIT_SHARED", ROOT.parent / "shared"))
    if not (folder / "truth").is_dir():
        pytest.skip("no published measurements beside the repository")
    return folder
