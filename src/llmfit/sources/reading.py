"""Bytes at an offset of a file or of a remote file, never more than asked for."""

import os
from itertools import islice
from pathlib import Path, PurePosixPath
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


class Files(Protocol):
    """The files of one model: a folder on this machine, or a repository."""

    title: str
    """What to call it in a message."""
    names: tuple[str, ...]
    """Files that may be opened, with `/` between folders."""
    at_once: int
    """How many of them are read at once."""

    def open(self, name: str) -> Readable:
        """Return one of the files.

        Raises SourceError where there is none, or the name leads out of the folder.
        """
        ...


MOST_FILES = 20_000


class LocalFolder:
    """A folder on this machine, its files at the top alone."""

    at_once = 1

    def __init__(self, path: Path) -> None:
        self.title = str(path)
        self._path = path
        try:
            with os.scandir(path) as entries:
                found = [entry.name for entry in islice(entries, MOST_FILES + 1)]
            self._allowed = [path.resolve()]
        except (OSError, ValueError, RuntimeError) as error:
            raise SourceError(f"{path} cannot be read: {_reason(error)}") from error
        if len(found) > MOST_FILES:
            raise SourceError(f"{path} holds more than {MOST_FILES} files", hint="Name the model's own folder")
        self.names = tuple(sorted(found))
        if path.absolute().parent.name == "snapshots":  # the Hub's cache links its files to blobs beside
            self._allowed.append(self._allowed[0].parent.parent / "blobs")

    def open(self, name: str) -> "LocalFile":
        """Return one of the files; links may not lead out of the folder."""
        check_name(name, title=self.title)
        path = self._path / name
        try:
            home = path.resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise SourceError(f"{path} cannot be read: {_reason(error)}") from error
        if not any(home.is_relative_to(allowed) for allowed in self._allowed):
            raise SourceError(f"{name} in {self.title} leads out of the folder", hint="Put the file itself there")
        return LocalFile(path)


def check_name(name: str, *, title: str) -> None:
    """Raise SourceError where a name that a file states leads out of the folder."""
    path = PurePosixPath(name)
    if not name or "\\" in name or "\0" in name or ":" in name or path.is_absolute() or ".." in path.parts:
        raise SourceError(f"a file of {title} names {name[:200]!r}, which leads out of the folder")


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


def _reason(error: Exception) -> str:
    """Return an exception's reason without the path that it repeats."""
    return getattr(error, "strerror", None) or str(error)
