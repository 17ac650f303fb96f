"""The files of a repository on the Hub, read a piece at a time through `huggingface_hub`'s own session."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from llmfit.errors import SourceError
from llmfit.sources.faults import of_status, translated, unusable
from llmfit.sources.reading import LocalFile, Readable, check_name
from llmfit.units import MIB

MOST_ANSWER = 32 * MIB
"""Bytes of one answer of the Hub that are read at most."""
LONGEST = 120.0
"""Seconds that one answer may take."""
FIRST_PIECE = 128 * 1024
LARGEST_PIECE = 8 * MIB


@contextmanager
def bounded_session() -> Iterator[Any]:
    """Give `huggingface_hub`'s HTTP client, every answer bounded in size and time, and its logging silent.

    Its hooks, proxies and certificates stay as the user has set them.

    Raises:
        SourceError: The client cannot be made with these settings.
    """
    import logging

    try:
        from huggingface_hub import get_session
        from huggingface_hub.utils import logging as hub_logging

        session, verbosity = get_session(), hub_logging.get_verbosity()
    except Exception as error:
        raise unusable(error) from error
    hooks = session.event_hooks
    hub_logging.set_verbosity(logging.CRITICAL)
    session.event_hooks = {**hooks, "response": [*hooks.get("response", []), _bound]}
    try:
        yield session
    finally:
        session.event_hooks = hooks
        hub_logging.set_verbosity(verbosity)


def _bound(response: Any) -> None:  # noqa: ANN401 - the HTTP client's own type
    """Put a counting stream in place of the answer's own."""
    stated = str(response.headers.get("Content-Length") or "")
    if stated.isdigit() and int(stated[:20]) > MOST_ANSWER and response.status_code == 200:
        name = response.request.method
        if name != "HEAD" and "range" not in response.request.headers:
            raise SourceError(
                f"The Hub's answer has {int(stated[:20]):,} bytes, more than the {MOST_ANSWER:,} that are read"
            )
    base = next(kind for kind in type(response.stream).__mro__ if kind.__name__ == "SyncByteStream")
    response.stream = _counting(base)(response.stream)


def _counting(base: type) -> type:
    """Return a stream class of the HTTP client's kind, which stops at a size and a time."""

    class Counting(base):  # type: ignore[misc]  # a class of whichever client is installed
        """Passes bytes on until there are too many of them, or they take too long."""

        def __init__(self, stream: Any) -> None:  # noqa: ANN401 - the HTTP client's own type
            self._stream, self._end = stream, time.monotonic() + LONGEST

        def __iter__(self) -> Iterator[bytes]:
            left = MOST_ANSWER
            for piece in self._stream:
                left -= len(piece)
                if left < 0:
                    raise SourceError(f"The Hub's answer is longer than the {MOST_ANSWER:,} bytes that are read")
                if time.monotonic() > self._end:
                    raise SourceError(f"The Hub's answer takes longer than {LONGEST:.0f} seconds", hint="Try again")
                yield piece

        def close(self) -> None:
            """Close the stream within."""
            self._stream.close()

    return Counting


class HubFile:
    """One file of a repository, of which only asked pieces are read."""

    def __init__(self, files: "HubFiles", name: str, *, size: int | None) -> None:
        self.name = name
        self._files, self._path = files, name
        self.size = size or 0
        self._start, self._piece, self._step = 0, b"", FIRST_PIECE
        self._fetch(0, FIRST_PIECE)
        self.size = self.size or len(self._piece)

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        length = max(0, min(length, self.size - offset))
        if length == 0:
            return b""
        if not (self._start <= offset and offset + length <= self._start + len(self._piece)):
            self._step = min(2 * self._step, LARGEST_PIECE)
            self._fetch(offset, min(max(length, self._step), self.size - offset))
        begin = offset - self._start
        found = self._piece[begin : begin + length]
        if len(found) < length:
            raise SourceError(f"{self.name} of {self._files.title} arrived cut off", hint="Try again")
        return found

    def _fetch(self, offset: int, length: int) -> None:
        if length > MOST_ANSWER:
            raise SourceError(f"{self.name} of {self._files.title} has a header of more than {MOST_ANSWER:,} bytes")
        self._piece, total = self._files.fetch(self._path, offset=offset, length=length)
        self._start = offset
        if total is not None:
            self.size = total


class HubFiles:
    """The files of a repository at one commit."""

    at_once = 8

    def __init__(self, session: Any, *, repo_id: str, revision: str, sizes: Mapping[str, int | None]) -> None:  # noqa: ANN401 - the HTTP client's own type
        self.title = repo_id
        self.names = tuple(sizes)
        self._session, self._repo_id, self._revision, self._sizes = session, repo_id, revision, sizes

    def open(self, name: str) -> Readable:
        """Return one of the files, from the Hub's cache on this machine where it has it."""
        check_name(name, title=self.title)
        if name not in self.names:
            raise SourceError(f"{self.title} has no file {name[:200]!r}", hint="Look at the files on its page")
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(self._repo_id, name, revision=self._revision)
        if isinstance(cached, str):
            from pathlib import Path

            return LocalFile(Path(cached))
        return HubFile(self, name, size=self._sizes[name])

    def fetch(self, name: str, *, offset: int, length: int) -> tuple[bytes, int | None]:
        """Return a piece of a file, and the file's size where the answer tells it.

        Raises:
            SourceError: The piece did not come, or is not the one that was asked for.
        """
        from huggingface_hub import constants, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]  # its documented names, not marked as exports

        with translated(self._repo_id):
            address = hf_hub_url(self._repo_id, name, revision=self._revision)
            headers = {**build_hf_headers(), "Range": f"bytes={offset}-{offset + length - 1}"}
            headers["Accept-Encoding"] = "identity"
            timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
            with self._session.stream("GET", address, headers=headers, timeout=timeout) as response:
                if response.status_code == 416 and offset == 0:
                    return b"", 0
                if response.status_code not in {200, 206}:
                    hf_raise_for_status(response)
                    raise of_status(response.status_code, repo_id=self._repo_id, headers=response.headers)
                return _piece(response, name=name, offset=offset, length=length)


def _piece(response: Any, *, name: str, offset: int, length: int) -> tuple[bytes, int | None]:  # noqa: ANN401 - the HTTP client's own type
    """Read a piece from an answer, whether it is the piece alone or the whole file."""
    whole = response.status_code == 200
    if whole and offset:
        raise SourceError(f"The server of {name} does not give pieces of files", hint="Download the file, and name it")
    total = _whole_size(response, whole=whole)
    start = str(response.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    if not whole and start != str(offset):
        raise SourceError(f"The server of {name} gave another piece than was asked for", hint="Try again")
    found = bytearray()
    for piece in response.iter_raw():
        found += piece
        if len(found) >= length:
            break
    return bytes(found[:length]), total


def _whole_size(response: Any, *, whole: bool) -> int | None:  # noqa: ANN401 - the HTTP client's own type
    """Return the length of the whole file, as the answer states it."""
    header = response.headers.get("Content-Length") if whole else response.headers.get("Content-Range")
    text = str(header or "").rpartition("/")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
