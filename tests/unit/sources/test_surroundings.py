"""What the user's environment says about the way to the Hub: every setting that cannot work is one sentence."""

import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmfit.catalog import Catalog
from llmfit.errors import SourceError
from llmfit.sources.card import card_of
from llmfit.sources.faults import unusable
from llmfit.sources.hub import bounded_session
from llmfit.sources.names import parse_reference


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("HTTP_PROXY", "socks5://127.0.0.1:1", "socksio"),
        ("HTTPS_PROXY", "http://[::1", "HF_ENDPOINT, the proxies"),
        ("SSL_CERT_FILE", "/no/such/file", "SSL_CERT_FILE"),
    ],
)
def test_a_setting_that_makes_no_client_is_one_sentence(
    name: str, value: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of a kind that is not installed, an address that is none, certificates that are not there."""
    from huggingface_hub import close_session

    close_session()
    monkeypatch.setenv(name, value)
    with pytest.raises(SourceError, match="with the settings of this environment") as caught, bounded_session():
        pass
    assert hint in caught.value.hint
    monkeypatch.undo()
    close_session()


def test_a_client_that_cannot_be_loaded_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own numbers in variables are read when it is imported."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(SourceError, match="with the settings of this environment"), bounded_session():
        pass


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (ImportError("socksio"), "socksio"),
        (FileNotFoundError(2, "secret"), "SSL_CERT"),
        (ValueError("'abc'"), "HF_HUB"),
    ],
)
def test_each_kind_of_setting_has_its_hint(error: Exception, hint: str) -> None:
    """And the foreign message, which may hold secrets, is not repeated."""
    found = unusable(error)
    assert hint in found.hint
    assert "secret" not in found.message + found.hint


@pytest.mark.parametrize("endpoint", ["http://[::1", "", "no address", "http://127.0.0.1:99999"])
def test_an_address_of_the_hub_that_is_none_hides_no_other(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and addresses of the Hub itself are read all the same."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    reference = parse_reference("https://huggingface.co/meadow/lark")
    assert reference is not None
    assert reference.repo_id == "meadow/lark"
    assert parse_reference("https://elsewhere.example/meadow/lark") is None


def test_a_hub_of_ones_own_is_an_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_ENDPOINT names it, port included."""
    assert parse_reference("http://hub.example:8080/meadow/lark") is None
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example:8080/")
    assert parse_reference("http://hub.example:8080/meadow/lark") is not None
    assert parse_reference("http://hub.example:9090/meadow/lark") is None


@pytest.mark.parametrize("odd", [None, 5, ["text-generation"], {"a": 1}, "\ud800"])
def test_odd_words_on_a_page_say_nothing(odd: Any, catalog: Catalog) -> None:
    """A page is written by strangers."""
    info = SimpleNamespace(
        card_data=None,
        pipeline_tag=odd,
        siblings=[SimpleNamespace(rfilename=odd), SimpleNamespace(rfilename="chat_template.jinja")],
        config=odd,
        created_at=None,
        id="a/b",
        gated=odd,
        likes=odd,
        downloads=odd,
    )
    card = card_of(cast("Any", info), catalog=catalog)
    assert (card["kind"], card["license"], card["languages"]) == ("instruct", "unknown", ())
