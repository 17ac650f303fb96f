"""Every fact names a source that a reader can open, in one of the forms that data/SOURCES.md explains."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DATA = Path(__file__).parents[2] / "data"
FILES = sorted(path for path in DATA.rglob("*.yaml") if path.name != "ranking.yaml")
"""All but the ranking, whose sources are names of the boards of scores.yaml."""
UNREAD = {"recalled", "derived", "estimated", "unknown"}
"""Certainties that say themselves that nothing was opened."""
OPENABLE = re.compile(
    r"""https?://\S
    | \b[\w-]+(\.[\w-]+)*\.(ai|com|dev|io|net|news|org|edu)\b   # a page
    | \b[\w.-]+/[\w.*-]+                                        # a file, or a repository of GitHub or Hugging Face
    | \bof\ the\ repository\b                                   # of the row itself
    | \barXiv\ \d{4}\.\d{4,5}\b""",
    re.VERBOSE,
)
PRIVATE = re.compile(r"\b(stored|index id|file id|not named by)\b")
NAMES = re.findall(r"`([^`]+)`", DATA.joinpath("SOURCES.md").read_text("utf-8").partition("## Named sources")[2])


def sources(values: Any, certainty: str = "sourced") -> Iterator[tuple[str, str]]:
    """Yield every source below some values, with how sure its fact is."""
    if isinstance(values, list):
        for value in values:
            yield from sources(value)
    elif isinstance(values, dict):
        certainty = values.get("certainty", certainty)
        for key, value in values.items():
            if key.endswith("source") and isinstance(value, str):
                yield value, certainty
            elif key == "sources" and isinstance(value, list):
                yield from ((one, certainty) for one in value if isinstance(one, str))
                yield from sources([one for one in value if not isinstance(one, str)])
            else:
                yield from sources(value)


@cache
def rows(path: Path) -> set[tuple[str, str]]:
    """Return the distinct sources of a file."""
    return set(sources(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_source_can_be_opened(path: Path) -> None:
    """An address, a file of a repository, a paper, a name that is explained, or a certainty that says why not."""
    closed = [
        text
        for text, certainty in rows(path)
        if certainty not in UNREAD and not OPENABLE.search(text) and not any(name in text for name in NAMES)
    ]
    assert sorted(closed) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_source_is_a_number_of_somebodys_own_index(path: Path) -> None:
    """What only its compiler can look up is no source."""
    assert [text for text, _ in rows(path) if PRIVATE.search(text)] == []


def test_no_explained_name_is_unused() -> None:
    """The table names what the files say, and nothing else."""
    texts = [text for path in FILES for text, _ in rows(path)]
    unused = [name for name in NAMES if "/" not in name and "*" not in name and not any(name in text for text in texts)]
    assert unused == []


def test_recalled_release_dates_become_fewer() -> None:
    """A date moves a rating; who touches a row whose date is recalled looks it up."""
    models = yaml.load(DATA.joinpath("models.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)["models"]
    assert sum(model.get("released_certainty") == "recalled" for model in models) <= 280
