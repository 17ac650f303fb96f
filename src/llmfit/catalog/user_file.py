"""Where the user's own catalog file is: asked on every run, so nothing heavy is imported for it."""

import os
from pathlib import Path

VARIABLE = "LLMFIT_CATALOG"
"""Environment variable that names the file; empty for none."""


def user_catalog_path() -> Path:
    """Return where the user's rows live, whether or not the file exists."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("llmfit", appauthor=False) / "catalog.yaml"


def find_user_catalog() -> Path | None:
    """Return the user's file, or None where there is none; one that is named is returned even if it is missing."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None
    path = user_catalog_path()
    return path if os.path.lexists(path) else None
