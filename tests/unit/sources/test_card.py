"""What a repository's page says, as fields of a row."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from llmfit.catalog import load_catalog
from llmfit.sources.card import card_of, license_of

CATALOG = load_catalog(user_file=None)


def page(card: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Return a page as the Hub's library gives it."""
    facts: dict[str, Any] = {
        "id": "meadow/lark",
        "card_data": None if card is None else SimpleNamespace(to_dict=lambda: card),
        "created_at": datetime(2026, 3, 1, 23, tzinfo=UTC),
        "gated": False,
        "likes": 3,
        "downloads": 12,
        "pipeline_tag": "text-generation",
        "siblings": [],
        "config": None,
    }
    return SimpleNamespace(**{**facts, **changes})


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ({"license": "apache-2.0"}, "apache-2.0"),
        ({"license": "other", "license_name": "llama3.1"}, "llama3.1"),
        ({"license": "other", "license_name": "my-own-terms"}, "unknown"),
        ({"license": "other"}, "unknown"),
        ({"license": ["mit"]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_licences_are_those_of_the_catalog_or_unknown(card: dict[str, Any], found: str) -> None:
    """A licence that nobody has read is not taken for a known one."""
    assert license_of(card, catalog=CATALOG) == found


def test_a_page_tells_dates_and_languages() -> None:
    """The date is that of the repository, and derived; languages are codes alone."""
    card = card_of(page({"license": "mit", "language": ["en", "KO", "multilingual", 5]}), catalog=CATALOG)
    assert (card["released"], card["released_certainty"]) == (date(2026, 3, 1), "derived")
    assert card["languages"] == ("en", "ko")
    assert (card["gated"], card["likes"], card["downloads"]) == (False, 3, 12)


def test_a_page_without_a_card_tells_little() -> None:
    """Nothing is filled in for what is not said."""
    card = card_of(page(None, created_at=None, gated=None, likes=None, downloads=-1), catalog=CATALOG)
    assert card == {"license": "unknown", "languages": ()}


@pytest.mark.parametrize(
    ("changes", "kind", "tasks"),
    [
        ({"siblings": [SimpleNamespace(rfilename="chat_template.jinja")]}, "instruct", ("chat",)),
        ({"config": {"tokenizer_config": {"chat_template": "x"}}}, "instruct", ("chat",)),
        (
            {"config": {"tokenizer_config": {"chat_template": "x"}}, "pipeline_tag": "image-text-to-text"},
            "instruct",
            ("chat", "vision"),
        ),
        ({"pipeline_tag": "sentence-similarity"}, "embedding", ("embed",)),
        ({"pipeline_tag": "text-ranking"}, "reranker", ("rerank",)),
        ({"pipeline_tag": "fill-mask"}, "encoder", ()),
        ({"pipeline_tag": "translation"}, "seq2seq", ()),
    ],
)
def test_what_a_model_was_made_for_follows_from_tag_and_files(
    changes: dict[str, Any], kind: str, tasks: tuple[str, ...]
) -> None:
    """Never from its name."""
    card = card_of(page({}, **changes), catalog=CATALOG)
    assert (card["kind"], card["tasks"]) == (kind, tasks)


@pytest.mark.parametrize(
    ("card", "base", "relation"),
    [
        ({"base_model": "Qwen/Qwen3-8B"}, "Qwen/Qwen3-8B", "finetune"),
        ({"base_model": ["Qwen/Qwen3-8B"], "base_model_relation": "quantized"}, "Qwen/Qwen3-8B", "quantized"),
        ({"base_model": ["Qwen/Qwen3-8B", "Qwen/Qwen3-4B"]}, None, None),
        ({"base_model": "meadow/unheard-of"}, None, None),
        ({"base_model": {"x": 1}}, None, None),
    ],
)
def test_a_base_is_one_that_the_catalog_knows(card: dict[str, Any], base: str | None, relation: str | None) -> None:
    """Its licence is then inherited; a base that nobody knows stays unsaid."""
    found = card_of(page(card), catalog=CATALOG)
    assert (found.get("base_model"), found.get("base_relation")) == (base, relation)
