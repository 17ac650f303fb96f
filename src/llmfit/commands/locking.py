"""What `check --lock` does: pins facts in a file at first, and answers by them from then on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from llmfit.render.text import count_of

if TYPE_CHECKING:
    from llmfit.answers.checking.pins import Pins
    from llmfit.catalog import Catalog
    from llmfit.records.deployment import CheckResult


def locked_answer(
    results: "tuple[CheckResult, ...]",
    lock: Path | None,
    catalog: "Catalog",
    *,
    update: bool,
    again: "Callable[[Mapping[str, Pins]], tuple[CheckResult, ...]]",
) -> "tuple[tuple[CheckResult, ...], tuple[str, ...], tuple[str, ...]]":
    """Return the results by the facts of the lock file, what today's facts would change, and what is to be said.

    Without a lock file, and where it is written now, the results stay as they are.
    """
    if lock is None:
        return results, (), ()
    from llmfit.deployments.lock import changes_since, is_pinned, read_lock, write_lock

    if update or not is_pinned(lock):
        write_lock(lock, results, catalog_version=catalog.version)
        return results, (), (f"facts of {count_of(len(results), 'deployment')} pinned in {lock}",)
    locked = read_lock(lock)
    changed = changes_since(locked, results, catalog_version=catalog.version)
    return again(locked["deployments"]), changed, tuple(f"changed since {lock}: {line}" for line in changed)
