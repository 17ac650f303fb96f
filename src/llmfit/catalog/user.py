"""The user's own catalog file, laid on top of the built-in one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from llmfit.catalog.integrity import integrity_problems
from llmfit.catalog.problems import catalog_error
from llmfit.catalog.rows import USER_LISTS, Draft, Entry, read_document
from llmfit.catalog.tables import BY_NAME
from llmfit.catalog.yaml_text import Document, load_yaml

if TYPE_CHECKING:
    from llmfit.catalog.load import Catalog

BUILT_IN = "built-in"

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


def load_user_rows(path: Path) -> Draft:
    """Return the rows of the user's file.

    Raises:
        CatalogError: It cannot be read or is not valid; every error is named with its line.
    """
    document = load_yaml(path)
    draft: Draft = {}
    if document.data is None:
        return draft
    problems = read_document(document, draft, allowed=USER_LISTS)
    if problems:
        raise catalog_error(problems)
    return draft


def check_user_rows(draft: Draft, built_in: "Catalog") -> None:
    """Check the user's rows together with the built-in ones, which they replace where the id is the same.

    Raises:
        CatalogError: A row refers to nothing, or two rows share a name.
    """
    merged: Draft = {}
    for table in (table for table in BY_NAME.values() if table.key and table.name != "ranking"):
        own = draft.get(table.name, [])
        replaced = {entry.name for entry in own}
        rows = getattr(built_in, table.name)
        document = Document(file=BUILT_IN, data=None)
        merged[table.name] = [Entry(table, rows[name], document, (name,)) for name in rows if name not in replaced]
        merged[table.name] += own
    problems = [problem for problem in integrity_problems(merged) if problem.file != BUILT_IN]
    if problems:
        raise catalog_error(problems)
