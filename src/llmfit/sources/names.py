"""Takes apart what names a repository of the Hub: an id, an address, a revision, a file."""

import os
import re
from urllib.parse import unquote, urlsplit

from llmfit.records.frozen import dataclass

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}/[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}")
_QUANT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A repository, and what is meant of it."""

    repo_id: str
    """`owner/name`."""
    revision: str | None = None
    """Branch, tag or commit; None for the main branch."""
    file: str | None = None
    """A file of weights, where one is named."""
    quant: str = ""
    """A word that the name of a GGUF file must hold, such as `Q4_K_M`."""


def parse_reference(text: str) -> Reference | None:
    """Return the repository that a word names; None where it can be none.

    Known forms: `owner/name`, `owner/name@revision`, `owner/name:Q4_K_M`, `hf://owner/name`, and addresses of the
    Hub with `/tree/REVISION`, `/blob/REVISION/FILE` or `/resolve/REVISION/FILE`.
    """
    word = text.strip().removeprefix("hf://")
    if "://" in word or word.split("/")[0] in _HOSTS:
        return _of_address(word)
    word, at, revision = word.partition("@")
    word, colon, quant = word.partition(":")
    if (at and not revision) or (colon and not _QUANT.fullmatch(quant)):
        return None
    return _checked(word, revision=revision or None, quant=quant)


def _of_address(word: str) -> Reference | None:
    try:
        parts = urlsplit(word if "://" in word else f"https://{word}")
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or parts.netloc not in _HOSTS | {_endpoint()}:
        return None
    steps = [unquote(step) for step in parts.path.split("/") if step]
    repo, rest = "/".join(steps[:2]), steps[2:]
    if not rest:
        return _checked(repo)
    if rest[0] not in {"tree", "blob", "resolve"} or len(rest) < 2:
        return None
    if rest[0] == "tree" or len(rest) == 2:
        return _checked(repo, revision=rest[1])
    return _checked(repo, revision=rest[1], file="/".join(rest[2:]))


def _endpoint() -> str:
    """Return the host of the Hub that the user has named; empty where there is none."""
    try:
        return urlsplit(os.environ.get("HF_ENDPOINT", "")).netloc
    except ValueError:
        return ""


def _checked(
    repo_id: str, *, revision: str | None = None, file: str | None = None, quant: str = ""
) -> Reference | None:
    """Return the reference where all of it can be one."""
    if not _ID.fullmatch(repo_id) or "--" in repo_id or ".." in repo_id:
        return None
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        return None
    if file is not None and (".." in file.split("/") or not file.endswith((".gguf", ".safetensors", ".json"))):
        return None
    return Reference(repo_id=repo_id, revision=revision, file=file, quant=quant)
