"""Members of a compiled object are decoded one by one."""

import json
from typing import Any

import pytest

from llmfit.catalog.compile import _members
from llmfit.catalog.members import Members

ROWS: dict[str, Any] = {
    "a/b": {"x": [1, 2]},
    "c": None,
    "날짜": 'line\nbreak, ":',
    "d": [],
    "e:f": 1.5,
    "\u2028": "a\u2028b\x85c\x0b",
    "last": {"}": "{"},
}


def test_members_are_what_was_written() -> None:
    """Every value of JSON comes back under its name, in order; the whole equals what json reads."""
    text = _members(ROWS)
    members = Members(text)
    assert dict(members) == ROWS == json.loads(text)
    assert list(members) == list(ROWS)
    assert len(members) == len(ROWS)


def test_nothing_is_decoded_before_somebody_asks() -> None:
    """A broken member does no harm to the others."""
    members = Members('{\n"good":1,\n"bad":oops\n}\n')
    assert members["good"] == 1
    assert "bad" in members
    with pytest.raises(json.JSONDecodeError):
        members["bad"]


def test_an_empty_object_has_no_members() -> None:
    """A table without rows is written on one line; a name that is not there is a KeyError, as in a dict."""
    members = Members(_members({}))
    assert dict(members) == {}
    assert "a" not in members
    assert members.get("a") is None
    with pytest.raises(KeyError):
        members["a"]


def test_a_deferred_object_is_decoded_when_somebody_looks_into_it() -> None:
    """It reads as the object that was written; a broken one harms nobody before."""
    good, bad = Members('{\n"a":{"x":1,"y":[2]},\n"b":oops\n}\n').deferred()
    assert good == {"x": 1, "y": [2]}
    assert (good["x"], good.get("y"), good.get("z"), good.get("z", 3)) == (1, [2], None, 3)
    assert ("x" in good, "z" in good, list(good), len(good)) == (True, False, ["x", "y"], 2)
    assert repr(good) == "{'x': 1, 'y': [2]}"
    with pytest.raises(json.JSONDecodeError):
        len(bad)
