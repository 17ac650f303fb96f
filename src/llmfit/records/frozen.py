"""Frozen dataclasses whose methods are not compiled when their module is imported.

The standard decorator compiles seven methods for each class, about 1 ms: for the 70 classes that an answer loads that
is half of its time. Here the methods are shared, and `__init__` is compiled when the first instance is made.
Everything else is the standard library's: `fields`, `replace`, `field`, the order of parameters, `__post_init__`.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "freeze"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        cls: type | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        kw_only: bool = False,
        eq: bool = True,
        **others: bool,
    ) -> Any:  # noqa: ANN401 - a class, or what makes one
        """Make a class a frozen dataclass; for other kinds of dataclass this is the standard decorator."""
        if not frozen or others:
            make = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, **others)
        else:
            plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
            make = lambda made: _freeze(plain(made), eq=eq)  # noqa: E731 - one of two functions of the same use
        return make if cls is None else make(cls)


def freeze(cls: type) -> None:
    """Make a class a frozen dataclass of keyword arguments, in place."""
    _freeze(dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True)(cls))


def _freeze(cls: type, *, eq: bool = True) -> type:
    for name, method in _SHARED.items():
        if name in _COMPARING and not eq:
            continue
        if name not in cls.__dict__ or cls.__dict__[name] is None:
            setattr(cls, name, method)
    cls.__init__ = _first_init(cls)  # type: ignore[misc]  # the class is ours to finish
    return cls


def _first_init(cls: type) -> Callable[..., None]:
    """Return an `__init__` that is replaced by a compiled one when it is first called."""

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401, N807 - stands for the class's own
        compiled = _compile_init(cls)
        cls.__init__ = compiled  # type: ignore[misc]  # the class is ours to finish
        compiled(self, *arguments, **named)

    return __init__


def _compile_init(cls: type) -> Callable[..., None]:
    """Return `__init__` as the standard decorator would write it for a frozen class."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    positional: list[str] = []
    keyword: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(cls):
        name, value = field.name, field.name
        parameter = name
        if field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            parameter = f"{name}=_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_factory_{name}"] = field.default_factory
            parameter = f"{name}=_missing"
            value = f"_factory_{name}() if {name} is _missing else {name}"
        (keyword if field.kw_only else positional).append(parameter)
        body.append(f"    _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()")
    parameters = ", ".join(["self", *positional, *(["*", *keyword] if keyword else [])])
    exec(f"def __init__({parameters}):\n" + "\n".join(body or ["    pass"]), known)  # noqa: S102 - as the standard library does
    compiled: Callable[..., None] = known["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


def _compared(instance: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any of the classes made here
    return tuple(getattr(instance, field.name) for field in dataclasses.fields(instance) if field.compare)


def _eq(self: Any, other: object) -> Any:  # noqa: ANN401 - NotImplemented is no bool
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:  # noqa: ANN401 - any of the classes made here
    hashed = [f for f in dataclasses.fields(self) if (f.compare if f.hash is None else f.hash)]
    return hash(tuple(getattr(self, field.name) for field in hashed))


def _repr(self: Any) -> str:  # noqa: ANN401 - any of the classes made here
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: Any, name: str, value: object) -> None:  # noqa: ANN401, ARG001 - the protocol's signature
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:  # noqa: ANN401, ARG001 - the protocol's signature
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:  # noqa: ANN401 - any of the classes made here
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:  # noqa: ANN401 - any of the classes made here
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED: dict[str, Callable[..., Any]] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}
_COMPARING = frozenset({"__eq__", "__hash__"})
