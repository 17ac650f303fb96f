"""Reads files that a user names: regular ones, up to a size."""

from pathlib import Path

from llmfit.errors import SourceError
from llmfit.units import MIB


def read_regular(path: Path, *, noun: str, most: int, hint: str) -> bytes:
    """Return what a regular file holds; a device or a pipe could go on for ever.

    Raises:
        SourceError: It is not there, no regular file, cannot be read, or has more than `most` bytes.
    """
    try:
        if path.is_dir():
            raise SourceError(f"{path}: a folder, not a {noun}", hint=hint)
        if path.exists() and not path.is_file():
            raise SourceError(f"{path}: no regular file", hint=hint)
        with path.open("rb") as stream:
            raw = stream.read(most + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceError(f"{path}: {reason}", hint=hint) from None
    if len(raw) > most:
        raise SourceError(f"{path}: too large for a {noun}", hint=f"The limit is {most // MIB} MiB")
    return raw
