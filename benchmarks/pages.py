"""Keeps the part of a document that a benchmark writes."""

from pathlib import Path

ROOT = Path(__file__).parent.parent


def write(document: Path, text: str, *, start: str, end: str) -> None:
    """Put the text between two markers of a document."""
    document.write_text(_with(document, text, start=start, end=end), "utf-8", newline="\n")


def check(document: Path, text: str, *, start: str, end: str) -> int:
    """Return 0 where the document has this text between its markers; 1, and say so, where it has another."""
    if _with(document, text, start=start, end=end) == document.read_text("utf-8"):
        return 0
    print(f"stale: {document.relative_to(ROOT)}; run `python3 tools/dev.py generate`")
    return 1


def _with(document: Path, text: str, *, start: str, end: str) -> str:
    before, rest = document.read_text("utf-8").split(start)
    return f"{before}{start}\n\n{text}\n\n{end}{rest.split(end)[1]}"
