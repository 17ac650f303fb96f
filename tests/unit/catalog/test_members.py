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
