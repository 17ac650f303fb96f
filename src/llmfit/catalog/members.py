"""Decodes of a large compiled object the members alone that somebody asks for."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Members(Mapping[str, Any]):
    """An object of JSON that was written one member a line, by names without escapes."""

    def __init__(self, text: str) -> None:
        self._undecoded: dict[str, str] = {}
        for line in text.split("\n")[1:-2]:  # not splitlines, which ends lines within strings too
            name, _, value = line.partition('":')
            self._undecoded[name[1:]] = value.removesuffix(",")

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - decoded JSON is anything
        """Return a member's value, decoded now."""
        return json.loads(self._undecoded[name])

    def __contains__(self, name: object) -> bool:
        return name in self._undecoded

    def __iter__(self) -> Iterator[str]:
        return iter(self._undecoded)

    def __len__(self) -> int:
        return len(self._undecoded)

    def deferred(self) -> "list[Deferred]":
        """Return every member, itself an object, to be decoded when somebody looks into it."""
        return list(map(Deferred, self._undecoded.values()))


class Deferred(Mapping[str, Any]):
    """An object of JSON that is decoded when somebody first looks into it."""

    __slots__ = ("_text", "_value")

    def __init__(self, text: str) -> None:
        self._text = text
        self._value: dict[str, Any] | None = None

    def _decoded(self) -> dict[str, Any]:
        value = self._value
        if value is None:
            value = self._value = json.loads(self._text)
        return value

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - decoded JSON
        return self._decoded()[name]

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Return a value, or the default where there is none."""
        return self._decoded().get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._decoded()

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def __repr__(self) -> str:
        return repr(self._decoded())
