"""Turns what goes wrong on the way to the Hub into one sentence and a hint; no message of another program is repeated.

Other programs' messages may hold addresses with secrets in them, so that only the kind of a fault is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from llmfit.errors import LlmfitError, SourceError, UnknownModelError, UnreachableError

LONGEST_WAIT = 86_400
"""Seconds: a server's wish to be left alone for longer is not repeated."""


@contextmanager
def translated(repo_id: str, *, hint: str = "") -> Iterator[None]:
    """Raise our errors for those of `huggingface_hub` and its HTTP client.

    `hint` is added where no such repository exists, such as the names that are near.

    Raises:
        UnknownModelError: No repository has this name.
        SourceError: It cannot be read, for every other reason.
    """
    try:
        yield
    except LlmfitError:
        raise
    except Exception as error:
        found = translate(error, repo_id=repo_id, hint=hint)
        if found is None:
            raise
        raise found from None


def translate(error: Exception, *, repo_id: str, hint: str) -> LlmfitError | None:
    """Return our error for a foreign one; None where it is none that was foreseen."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "RepositoryNotFoundError" in kinds and "GatedRepoError" not in kinds:
        more = f". {hint}" if hint else ""
        return UnknownModelError(
            f"Neither the catalog nor the Hub has {repo_id}", hint=f"A private repository needs HF_TOKEN{more}"
        )
    if "OfflineModeIsEnabled" in kinds:
        return UnreachableError(
            f"{repo_id} is not in the catalog, and HF_HUB_OFFLINE forbids to ask the Hub", hint=hint
        )
    for kind, message, advice in _REFUSALS:
        if kind in kinds:
            return SourceError(f"{repo_id} {message}", hint=advice)
    response = getattr(error, "response", None)
    if isinstance(getattr(response, "status_code", None), int):
        return of_status(response.status_code, repo_id=repo_id, headers=response.headers)  # type: ignore[union-attr]  # None has no status
    return _of_transport(kinds, repo_id=repo_id, hint=hint)


def unusable(error: Exception) -> SourceError:
    """Return our error for a client that cannot even be made: an address, a certificate or a number in a variable."""
    if isinstance(error, ImportError):
        hint = "A SOCKS proxy needs the package socksio; else check that huggingface_hub is whole"
    elif isinstance(error, OSError):
        hint = "Check SSL_CERT_FILE and SSL_CERT_DIR"
    else:
        hint = "Check HF_ENDPOINT, the proxies, and the numbers in HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT"
    return SourceError("The Hub cannot be asked with the settings of this environment", hint=hint)


_REFUSALS = (
    (
        "GatedRepoError",
        "is gated: its publisher asks for consent first",
        "Accept the conditions on its page, and set HF_TOKEN",
    ),
    ("RevisionNotFoundError", "has no such revision", "Name a branch, a tag or a commit"),
    ("EntryNotFoundError", "has no such file", "Look at the files on its page"),
    ("DisabledRepoError", "is disabled by the Hub", "Name another repository"),
)
"""Kinds of the Hub's own exceptions, with what follows the repository's name, and a hint."""


def of_status(status: int, *, repo_id: str, headers: Any) -> SourceError:  # noqa: ANN401 - the HTTP client's own type
    """Return the error for an HTTP status."""
    if status == 401:
        return SourceError(f"The Hub does not accept the token for {repo_id}", hint="Set HF_TOKEN to a valid token")
    if status == 403:
        return SourceError(f"The Hub does not let you read {repo_id}", hint="Ask for access, and set HF_TOKEN")
    if status == 429:
        seconds = retry_after(headers)
        wait = "a while" if seconds is None else f"{seconds} seconds"
        return SourceError(
            "The Hub has had too many requests from here", hint=f"Try again after {wait}, or set HF_TOKEN"
        )
    if status >= 500:
        return SourceError(f"The Hub has a fault of its own (HTTP {status})", hint="Try again later")
    return SourceError(f"The Hub answers HTTP {status} for {repo_id}", hint="Check its name and revision")


def retry_after(headers: Any) -> int | None:  # noqa: ANN401 - the HTTP client's own type
    """Return the seconds that a server asks to wait, in either form of the header; None where it does not say."""
    text = str(headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(int(text), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
        seconds = (until - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, min(round(seconds), LONGEST_WAIT))


_TRANSPORT = (
    ("ConnectTimeout", "The Hub did not answer in time", "Check the network, or set HF_HUB_DOWNLOAD_TIMEOUT"),
    ("TimeoutException", "The Hub did not answer in time", "Check the network, or set HF_HUB_DOWNLOAD_TIMEOUT"),
    ("ProxyError", "The proxy refuses the connection to the Hub", "Check HTTPS_PROXY"),
    ("ConnectError", "The Hub cannot be reached", "Check the network, HF_ENDPOINT and proxies"),
    ("TooManyRedirects", "The Hub redirects without end", "Check HF_ENDPOINT"),
    ("UnsupportedProtocol", "The address of the Hub is none", "Check HF_ENDPOINT and proxies"),
    ("InvalidURL", "The address of the Hub is none", "Check HF_ENDPOINT and proxies"),
    ("RemoteProtocolError", "The Hub's answer was cut off", "Try again"),
    ("DecodingError", "The Hub's answer is damaged", "Try again"),
    ("HTTPError", "The connection to the Hub broke off", "Try again"),
    ("StreamError", "The connection to the Hub broke off", "Try again"),
    ("HFValidationError", "This is no name of a repository", "Write owner/name"),
    ("JSONDecodeError", "The Hub answered with something that is no JSON", "Check HF_ENDPOINT"),
    ("UnicodeDecodeError", "The Hub answered with something that is no text", "Check HF_ENDPOINT"),
    ("RecursionError", "The Hub answered with something that nobody can read", "Check HF_ENDPOINT"),
    ("UnicodeEncodeError", "HF_TOKEN holds letters that no token has", "Set HF_TOKEN to a valid token"),
    ("LocalProtocolError", "HF_TOKEN holds letters that no token has", "Set HF_TOKEN to a valid token"),
    ("OSError", "The Hub cannot be reached", "Check the network, the folder of HF_HOME, and SSL_CERT_FILE"),
    ("TypeError", "The Hub's answer has not the form that was expected", "Check HF_ENDPOINT"),
    ("ValueError", "The Hub's answer has not the form that was expected", "Check HF_ENDPOINT"),
    ("AttributeError", "The Hub's answer has not the form that was expected", "Check HF_ENDPOINT"),
    ("KeyError", "The Hub's answer has not the form that was expected", "Check HF_ENDPOINT"),
)
"""Kinds of exceptions, the more special ones first, with sentence and hint."""
_NO_ANSWER = frozenset({"TimeoutException", "ProxyError", "ConnectError"})


def _of_transport(kinds: set[str], *, repo_id: str, hint: str) -> LlmfitError | None:
    for kind, message, advice in _TRANSPORT:
        if kind in kinds:
            more = f". {hint}" if hint else ""
            if kinds & _NO_ANSWER:
                return UnreachableError(f"The catalog lacks {repo_id}. {message}", hint=f"{advice}{more}")
            return SourceError(f"{message}, for {repo_id}", hint=advice)
    return None
