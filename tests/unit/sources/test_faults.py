"""Every fault of the way to the Hub, tried against the stand-in."""

from time import monotonic
from typing import Any

import pytest

from llmfit.sources.faults import translate
from support.checkpoints import LLAMA, safetensors_bytes
from support.hub import Fault, Hub, cut_off, endless, hang, hang_up, status
from support.terminal import Said, ask

TOKEN = "hf_aVerySecretTokenOfSomebody"  # noqa: S105 - made up, to be looked for in outputs
LONGEST = 8.0
"""Seconds that a fault may take, time-outs of one second included."""


def add_llama(hub: Hub, name: str = "meadow/lark", **info: Any) -> None:
    """Put a small Llama on the stand-in."""
    card = {"license": "apache-2.0", "language": ["en", "ko"]}
    files: dict[str, Any] = {"config.json": LLAMA, "model.safetensors": safetensors_bytes()}
    hub.add(name, {**files, **info.pop("files", {})}, **{"cardData": card, **info})


def estimated(capsys: pytest.CaptureFixture[str], name: str, *words: str) -> Said:
    """Estimate what a repository holds; the token is in no output."""
    start = monotonic()
    said = ask(capsys, "estimate", name, "--vram", "8", "--json", *words)
    assert TOKEN not in said.out + said.err
    assert monotonic() - start < LONGEST
    return said


FAULTS: dict[str, Fault] = {
    "400": status(400),
    "401": status(401, X_Error_Message="Invalid credentials in Authorization header"),
    "403": status(403),
    "404": status(404),
    "409": status(409),
    "418": status(418),
    "429": status(429),
    "429 with seconds": status(429, Retry_After="17"),
    "429 with a date": status(429, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"),
    "429 with nonsense": status(429, Retry_After="soon"),
    "500": status(500),
    "502": status(502),
    "503": status(503, Retry_After="3600"),
    "504": status(504),
    "cut off": cut_off,
    "endless": endless,
    "hang": hang,
    "hang up": hang_up,
    "HTML": status(200, body=b"<html>hello</html>", Content_Type="text/html"),
    "a list": status(200, body=b"[1, 2]"),
    "empty": status(200),
    "binary": status(200, body=b"\xff\xfe\x00" * 50),
    "deep": status(200, body=b"[" * 50_000),
    "NaN": status(200, body=b'{"id": NaN'),
    "redirects in a circle": lambda handler: handler.answer(302, b"", {"Location": handler.path}),
    "redirect to nowhere": status(302, Location="http://127.0.0.1:1/x"),
    "redirect to a file": status(302, Location="file:///etc/passwd"),
    "redirect without aim": status(302),
    "wrong types": status(200, body=b'{"id": 5, "siblings": "x", "cardData": 7, "sha": []}'),
    "compressed nonsense": status(200, body=b"xxx", Content_Encoding="gzip"),
    "416": status(416),
    "206 of another place": status(206, body=b"x" * 200, Content_Range="bytes 7-206/900"),
    "escapes": status(500, body=b"\x1b[31mred", X_Error_Message="\x1b[31mred"),
    "the token": status(400, body=TOKEN.encode(), X_Error_Message=TOKEN),
}
PLACES = ("/api/models", "config.json", "model.safetensors")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_sentence(hub: Hub, capsys: pytest.CaptureFixture[str], fault: str, place: str) -> None:
    """Exit code 3, one sentence, a hint, in bounded time, with nothing of what the server wrote."""
    if (fault, place) == ("wrong types", "config.json"):
        pytest.skip("an object without a model type is an unknown architecture, whose weights are known")
    add_llama(hub)
    hub.faults[place] = FAULTS[fault]
    said = estimated(capsys, "meadow/lark")
    assert said.code == 3
    assert said.json["error"]["code"] in {"source_unreadable", "unknown_model"}
    assert "\n" not in said.json["error"]["message"]
    assert "\x1b" not in said.out + said.err
    assert said.err == ""


def test_how_long_to_wait_is_repeated(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """The seconds of Retry-After stand in the hint."""
    add_llama(hub)
    hub.faults["/api/models"] = FAULTS["429 with seconds"]
    assert "after 17 seconds" in estimated(capsys, "meadow/lark").json["error"]["hint"]
    assert len(hub.requests) == 1


def test_advice_and_near_names_are_sentences_of_their_own() -> None:
    """A hint has one sentence for the network and one for the catalog."""
    near = "Did you mean meadow/larch?"
    for error in (type("ConnectError", (Exception,), {})(), type("RepositoryNotFoundError", (Exception,), {})()):
        found = translate(error, repo_id="meadow/lark", hint=near)
        assert found is not None
        assert found.hint.endswith(f". {near}")
        assert ";" not in found.hint
