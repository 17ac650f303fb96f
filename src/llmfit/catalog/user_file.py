"""Where the user's own catalog file is: asked on every run, so nothing heavy is imported for it."""

import os
import sys
from pathlib import Path

VARIABLE = "LLMFIT_CATALOG"
"""Environment variable that names the file; empty for none."""


def user_catalog_path() -> Path:
    """Return where the user's rows live, whether or not the file exists."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return user_data_folder() / "catalog.yaml"


def user_data_folder() -> Path:
    """Return llmfit's folder for user data, which platformdirs decides.

    Its import takes 4 ms, so what it says of an ordinary home on Linux is said here.
    """
    if sys.platform == "linux" and not hasattr(sys, "getandroidapilevel"):
        data, home = Path(os.environ.get("XDG_DATA_HOME", "")), Path(os.environ.get("HOME", ""))
        if data.is_absolute():
            return data / "llmfit"
        if home.is_absolute():
            return home / ".local" / "share" / "llmfit"
    from platformdirs import user_data_path

    return user_data_path("llmfit", appauthor=False)


def find_user_catalog() -> Path | None:
    """Return the user's file, or None where there is none; one that is named is returned even if it is missing."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None
    path = user_catalog_path()
    return path if os.path.lexists(path) else None
