"""Typed, checked access to the keys of a model's `config.json`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Never, overload

from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError

MAX_SIZE = 10_000_000
"""No dimension of a published model comes near; larger ones are damage."""
MAX_LAYERS = 2_000
MAX_TOKENS = 1_000_000_000

_ABSENT: Any = object()


class Config:
    """Fields of one (possibly nested) `config.json`, under their canonical names.

    A key that is absent or null is looked up under its older names, then among the family's defaults.
    Every value is checked when it is read: InvalidConfigError names the key and what it should be.
    """

    __slots__ = ("aliases", "defaults", "path", "values")

    def __init__(
        self,
        values: Mapping[str, Any],
        *,
        aliases: Mapping[str, str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        path: str = "",
    ) -> None:
        self.values = values
        self.aliases = aliases or {}
        self.defaults = defaults or {}
        self.path = path

    def raw(self, name: str) -> Any:  # noqa: ANN401 - JSON holds anything until checked
        """Return the value as it stands, None where neither the config nor its family states one."""
        value = self.values.get(name)
        alias = self.aliases.get(name)
        if alias is not None:
            older = self.values.get(alias)
            if value is None:
                value = older
            elif older is not None and older != value:
                self.invalid(name, f"is {_show(value)}, and its older name `{alias}` says {_show(older)}")
        return self.defaults.get(name) if value is None else value

    def states(self, name: str) -> bool:
        """Whether the config itself holds the key, be it null."""
        return name in self.values or self.aliases.get(name, "") in self.values

    def nulls(self, name: str) -> bool:
        """Whether the config itself says null."""
        return self.values.get(name, 0) is None and self.values.get(self.aliases.get(name, ""), None) is None

    @overload
    def size(self, name: str) -> int: ...
    @overload
    def size(self, name: str, default: int) -> int: ...
    @overload
    def size(self, name: str, default: None) -> int | None: ...
    def size(self, name: str, default: int | None = _ABSENT) -> int | None:
        """Return a dimension: an integer from 1 to ten million."""
        value = self.raw(name)
        if value is None:
            if default is _ABSENT:
                raise InvalidConfigError(f"config.json has no `{self.path}{name}`")
            return default
        if type(value) is not int or not 0 < value <= MAX_SIZE:
            self.invalid(name, f"is {_show(value)}, not a dimension from 1 to {MAX_SIZE}")
        return value

    def optional(self, name: str) -> int | None:
        """Return a dimension, or None where the config says null in so many words or nobody states it."""
        return None if self.nulls(name) else self.size(name, None)

    def count(self, name: str, default: int = 0) -> int:
        """Return a number of things that may be zero."""
        value = self.raw(name)
        if value is None:
            return default
        if type(value) is not int or not 0 <= value <= MAX_SIZE:
            self.invalid(name, f"is {_show(value)}, not a count from 0 to {MAX_SIZE}")
        return value

    def tokens(self, name: str) -> int | None:
        """Return a context length: up to a thousand million tokens, None where nobody states it."""
        value = self.raw(name)
        if value is None:
            return None
        if type(value) is not int or not 0 < value <= MAX_TOKENS:
            self.invalid(name, f"is {_show(value)}, not a number of tokens")
        return value

    def layers(self, name: str = "num_hidden_layers", default: int = _ABSENT) -> int:
        """Return a number of layers: 1 to 2,000."""
        value = self.size(name, default)
        if value > MAX_LAYERS:
            self.invalid(name, f"is {value}, more than {MAX_LAYERS} layers")
        return value

    def flag(self, name: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002 - reads like dict.get
        """Return a boolean; an absent key means the default, a null one false."""
        value = self.raw(name)
        if value is None:
            return default and not self.nulls(name)
        if type(value) is not bool:
            self.invalid(name, f"is {_show(value)}, not true or false")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a finite number above zero."""
        value = self.raw(name)
        if value is None:
            return default
        if type(value) not in (int, float) or not 0 < value <= MAX_SIZE:
            self.invalid(name, f"is {_show(value)}, not a number above zero")
        return float(value)

    def word(self, name: str, default: str = "") -> str:
        """Return a string."""
        value = self.raw(name)
        if value is None:
            return default
        if type(value) is not str:
            self.invalid(name, f"is {_show(value)}, not a word")
        return value

    def items(self, name: str, kind: type, *, length: int | None = None) -> Sequence[Any] | None:
        """Return a list whose items are all of one type (and as many as there are layers), None where absent."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or any(type(item) is not kind for item in value):
            self.invalid(name, f"is {_show(value)}, not a list of {kind.__name__}")
        if length is not None and len(value) != length:
            self.invalid(name, f"has {len(value)} entries for {length} layers")
        return value

    def child(
        self,
        name: str,
        *,
        aliases: Mapping[str, str] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> "Config":
        """Return a nested config (empty where absent) with its own older names and defaults."""
        value = self.raw(name)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            self.invalid(name, f"is {_show(value)}, not an object")
        return Config(value, aliases=aliases, defaults=defaults, path=f"{self.path}{name}.")

    def divided(self, name: str, value: int, by: int) -> int:
        """Return `value / by`, refusing a remainder; `name` says what is divided."""
        if value % by:
            self.invalid(name, f"of {value} cannot be divided into {by} parts")
        return value // by

    def only(self, name: str, *allowed: Any) -> None:  # noqa: ANN401 - JSON holds anything until checked
        """Refuse a value whose effect on the shapes is not known; absent and null are always allowed."""
        value = self.raw(name)
        if value is not None and not any(type(value) is type(known) and value == known for known in allowed):
            self.unsupported(name, f"is {_show(value)}")

    def invalid(self, name: str, what: str) -> Never:
        """Raise InvalidConfigError about one key."""
        raise InvalidConfigError(f"`{self.path}{name}` in config.json {what}")

    def unsupported(self, name: str, what: str) -> Never:
        """Raise UnsupportedArchitectureError about one key."""
        raise UnsupportedArchitectureError(f"`{self.path}{name}` in config.json {what}, which cannot be counted")


Pattern = Callable[[Config, int], Sequence[str]]
"""Kind of every layer, from the config and the number of layers."""


def _show(value: object) -> str:
    """Return a value as short, printable text."""
    if isinstance(value, int) and abs(value) > 10**30:
        return "an integer of more than thirty digits"
    text = ascii(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 40 else f"{text[:37]}…"
