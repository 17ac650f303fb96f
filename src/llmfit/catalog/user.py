"""The user's own catalog file, laid on top of the built-in one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmfit.catalog.integrity import integrity_problems
from llmfit.catalog.problems import catalog_error
from llmfit.catalog.rows import USER_LISTS, Draft, Entry, read_document
from llmfit.catalog.tables import BUILT_IN, BY_NAME
from llmfit.catalog.user_file import VARIABLE, find_user_catalog, user_catalog_path
from llmfit.catalog.yaml_text import Document, load_yaml

__all__ = ["VARIABLE", "check_user_rows", "find_user_catalog", "load_user_rows", "user_catalog_path"]


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


def check_user_rows(draft: Draft, built_in: Callable[[str], Mapping[str, Any]]) -> None:
    """Check the user's rows together with the built-in ones, which they replace where the id is the same.

    `built_in` returns the rows of a table by their names.

    Raises:
        CatalogError: A row refers to nothing, or two rows share a name.
    """
    merged: Draft = {}
    for table in (table for table in BY_NAME.values() if table.key and not table.single):
        own = draft.get(table.name, [])
        replaced = {entry.name for entry in own}
        rows = built_in(table.name)
        document = Document(file=BUILT_IN, data=None)
        merged[table.name] = [Entry(table, rows[name], document, (name,)) for name in rows if name not in replaced]
        merged[table.name] += own
    problems = [problem for problem in integrity_problems(merged) if problem.file != BUILT_IN]
    if problems:
        raise catalog_error(problems)
