"""A stand-in of the Hub on loopback: real HTTP, spoken to by the real `huggingface_hub`."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

SHA = "0123456789abcdef0123456789abcdef01234567"
Fault = Callable[["Handler"], None]


@dataclass
class Repository:
    """What one repository holds, and what its page says."""

    files: dict[str, bytes]
    info: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    """Token without which it does not exist."""
    sizes: bool = True
    """Whether its page says how large its files are."""


@dataclass
class Hub:
    """The server's contents, and what it was asked."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    """What happens instead where the path holds the key."""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    """Bytes of files that were given."""

    def add(
        self,
        repo_id: str,
        files: Mapping[str, bytes | dict[str, Any]],
        *,
        token: str | None = None,
        sizes: bool = True,
        **info: Any,
    ) -> None:
        """Put a repository there; objects are written as JSON, `info` are fields of its page."""
        written = {name: json.dumps(c).encode() if isinstance(c, dict) else c for name, c in files.items()}
        self.repositories[repo_id] = Repository(written, info, token, sizes)


class Handler(BaseHTTPRequestHandler):
    """Answers as the Hub does, as far as reading a model needs it."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        """Answer a request."""
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        for part, fault in self.hub.faults.items():
            if part in path:
                fault(self)
                return
        steps = path.strip("/").split("/")
        if steps[:2] == ["api", "models"] and len(steps) >= 4:
            self._page("/".join(steps[2:4]), steps[5] if len(steps) > 5 else "main")
        elif len(steps) >= 5 and steps[2] == "resolve":
            self._file("/".join(steps[:2]), steps[3], "/".join(steps[4:]))
        else:
            self.answer(404, b"no such path")

    do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

    def _repository(self, repo_id: str, revision: str) -> Repository | None:
        """Return the repository; answer as the Hub does where there is none, or no such revision."""
        found = self.hub.repositories.get(repo_id)
        hidden = found is not None and found.token not in (
            None,
            self.headers.get("Authorization", "").removeprefix("Bearer "),
        )
        if found is None or hidden:
            self.answer(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return None
        if revision not in {"main", SHA, *found.info.get("revisions", ())}:
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return None
        return found

    def _page(self, repo_id: str, revision: str) -> None:
        found = self._repository(repo_id, revision)
        if found is None:
            return
        siblings = [
            {"rfilename": name, **({"size": len(content)} if found.sizes else {})}
            for name, content in found.files.items()
        ]
        page = {
            "id": repo_id,
            "sha": SHA,
            "siblings": siblings,
            "tags": [],
            "gated": False,
            "createdAt": "2026-03-01T12:00:00.000Z",
            "downloads": 12,
            "likes": 3,
            **found.info,
        }
        self.answer(200, json.dumps(page).encode(), {"Content-Type": "application/json"})

    def _file(self, repo_id: str, revision: str, name: str) -> None:
        found = self._repository(repo_id, revision)
        if found is None:
            return
        if found.info.get("gated"):
            self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
            return
        if name not in found.files:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content, status, headers = (
            found.files[name],
            200,
            {"ETag": f'"{sha256(found.files[name]).hexdigest()}"', "X-Repo-Commit": SHA},
        )
        wanted = self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last), len(content) - 1)
            if start >= len(content):
                self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            content, status = content[start : end + 1], 206
        self.hub.sent += len(content)
        self.answer(status, content, headers)

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def status(code: int, *, body: bytes = b"", **headers: str) -> Fault:
    """Answer with a status; `Retry_After` becomes `Retry-After`."""
    return lambda handler: handler.answer(code, body, {name.replace("_", "-"): v for name, v in headers.items()})


def cut_off(handler: Handler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "a/b"')
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """Send without end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    piece = b"x" * 65536
    with suppress(OSError):
        while True:
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")


def hang(handler: Handler) -> None:
    """Answer nothing for longer than anybody waits."""
    time.sleep(3)
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


@contextmanager
def running() -> Iterator[Hub]:
    """Run a stand-in as long as the block lasts."""
    hub = Hub()
    handler = type("OwnHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
