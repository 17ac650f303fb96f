"""Lock files: the facts that an answer follows from, pinned so that a later run says what changed."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmfit.deployments.files import read_regular
from llmfit.errors import SourceError
from llmfit.records.deployment import CheckResult

SCHEMA_VERSION = 1
MAX_BYTES = 16 * 1024 * 1024


def lock_text(results: Sequence[CheckResult], *, catalog_version: str) -> str:
    """Return the lock file of these results: JSON with sorted names, so that a change is a small difference."""
    rows = {result.name: {"status": result.status, **result.facts} for result in results}
    content = {"schema_version": SCHEMA_VERSION, "catalog": catalog_version, "deployments": rows}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_lock(path: Path, results: Sequence[CheckResult], *, catalog_version: str) -> None:
    """Write the lock file, whole or not at all.

    Raises:
        SourceError: The file cannot be written.
    """
    hint = "Name a file in a folder that can be written"
    beside = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and not path.is_file():  # putting a file in the place of a device would destroy it
            raise SourceError(f"{path}: no regular file", hint=hint)
        beside = path.resolve().with_name(f".{path.name}.new")
        beside.write_text(lock_text(results, catalog_version=catalog_version), "utf-8")
        beside.replace(path.resolve())
    except (OSError, ValueError, RuntimeError) as error:
        with suppress(OSError, ValueError):
            beside.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path}: {reason}", hint=hint) from None


def is_pinned(path: Path) -> bool:
    """Return whether there is a lock file of this name.

    Raises:
        SourceError: No file can have the name.
    """
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{str(path)[:200]}: {reason}", hint="Write --lock llmfit.lock") from None


def read_lock(path: Path) -> Mapping[str, Any]:
    """Return what the lock file pins.

    Raises:
        SourceError: It cannot be read, or is no lock file.
    """
    hint = "Write it again with --update-lock"
    raw = read_regular(path, noun="lock file", most=MAX_BYTES, hint=hint)
    try:
        content: dict[str, Any] = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not a lock file ({error})", hint=hint) from None
    rows = content.get("deployments") if isinstance(content, dict) else None
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise SourceError(f"{path}: not a lock file", hint=hint)
    if content.get("schema_version") != SCHEMA_VERSION:
        raise SourceError(f"{path}: a lock file of another version", hint=hint)
    return content


def changes_since(
    locked: Mapping[str, Any], results: Sequence[CheckResult], *, catalog_version: str
) -> tuple[str, ...]:
    """Return what differs from the lock file, a line for each fact; empty where every pinned fact is the same.

    Another version of the catalog alone is no change: it is told where something else changed with it.
    """
    before = locked["deployments"]
    changed: list[str] = []
    for result in results:
        now = {"status": result.status, **json.loads(json.dumps(result.facts))}
        if result.name not in before:
            changed.append(f"{result.name}: new")
            continue
        changed += [f"{result.name}: {line}" for line in _differences(before[result.name], now)]
    changed += [f"{name}: gone" for name in before if name not in {result.name for result in results}]
    if changed and locked.get("catalog") != catalog_version:
        changed.append(f"catalog: {locked.get('catalog')} became {catalog_version}")
    return tuple(changed)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], *, under: str = "") -> list[str]:
    """Return each fact that is not what it was, mappings field by field."""
    found = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, under=f"{under}{name}.")
        elif old != new or type(old) is not type(new):
            found.append(f"{under}{name}: {_shown(old)} became {_shown(new)}")
    return found


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON holds anything
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)[:80]
