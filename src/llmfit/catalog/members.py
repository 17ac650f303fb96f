"""Decodes of a large compiled object the members alone that somebody asks for."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Members(Mapping[str, Any]):
    """An object of JSON that was written one member a line, by names without escapes."""

    def __init__(self, text: str) -> None:
        self._undecoded: dict[str, str] = {}
        for line in text.splitlines()[1:-1]:
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
