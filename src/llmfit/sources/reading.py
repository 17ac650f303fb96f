"""Bytes at an offset of a file or of a remote file, never more than asked for."""

from pathlib import Path
from typing import Protocol

from llmfit.errors import SourceError


class Readable(Protocol):
    """Something whose bytes can be read from any offset."""

    name: str
    """What to call it in a message."""
    size: int
    """Its length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer at the end.

        Raises SourceError where it cannot be read.
        """
        ...


class LocalFile:
    """A regular file on this machine."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        try:
            if not path.is_file():
                raise SourceError(f"{path} is not a file", hint="Name a file, a folder, or a model's id")
            self.size = path.stat().st_size
        except (OSError, ValueError) as error:
            raise SourceError(f"{path} cannot be read: {_reason(error)}") from error

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except (OSError, ValueError) as error:
            raise SourceError(f"{self._path} cannot be read: {_reason(error)}") from error


def _reason(error: OSError | ValueError) -> str:
    """Return an exception's reason without the path that it repeats."""
    return getattr(error, "strerror", None) or str(error)
