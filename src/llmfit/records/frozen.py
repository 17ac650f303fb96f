"""Frozen dataclasses whose fields and methods are worked out late, not when their module is imported.

The standard decorator reads the fields and compiles seven methods of each class, about 1 ms: for the 70 classes that an
answer loads that is more than half of its time. Here the methods are shared, `__init__` is compiled for classes of many
instances alone, and `__dataclass_fields__` is made when somebody asks for it.
Everything else is the standard library's: `fields`, `replace`, `field`, the order of parameters.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import MISSING
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_origin

__all__ = ["Declared", "dataclass", "declared", "freeze"]

MANY = 100
"""From so many instances on, compiling `__init__` takes less time than it saves."""

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
        """Make a class a frozen dataclass; for other kinds of dataclass this is the standard decorator.

        `slots` says that no attribute is added later, which a frozen class refuses anyway.
        No slots are made: filling them one by one takes five times as long as setting the dictionary of all.
        """
        if not frozen or others:
            make = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, **others)
        else:
            make = lambda made: _freeze(made, kw_only=kw_only, eq=eq)  # noqa: E731 - one of two functions of the same use
        return make if cls is None else make(cls)


def freeze(cls: type) -> None:
    """Make a class a frozen dataclass of keyword arguments, in place."""
    _freeze(cls, kw_only=True, eq=True)


def _freeze(cls: type, *, kw_only: bool, eq: bool) -> type:
    """Set aside what the class declares, and give it the shared methods."""
    hints = get_annotations(cls)
    given = {name: cls.__dict__[name] for name in hints if name in cls.__dict__}
    for name, value in given.items():
        if isinstance(value, dataclasses.Field):
            if value.default is MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, value.default)
    for name, method in _SHARED.items():
        if name in _COMPARING and not eq:
            continue
        if name not in cls.__dict__ or cls.__dict__[name] is None:
            setattr(cls, name, method)
    cls.__dataclass_fields__ = _Fields(cls, hints, given, kw_only=kw_only)  # type: ignore[attr-defined]  # found as the standard library's are
    cls.__init__ = _first_init(cls)  # type: ignore[misc]  # the class is ours to finish
    return cls


class Declared(NamedTuple):
    """One field of a frozen class."""

    name: str
    type: Any
    default: Any
    """MISSING where it has none."""
    factory: Any
    """What makes a default of its own for each instance; MISSING where nothing does."""
    kw_only: bool


def declared(cls: Any) -> list[Declared]:  # noqa: ANN401 - a type without fields would be refused
    """Return the fields of a frozen class, without making the standard library's account of them."""
    late = cls.__dict__["__dataclass_fields__"]
    if isinstance(late, _Fields):
        return list({field.name: field for field in late.declared()}.values())
    return [Declared(f.name, f.type, f.default, f.default_factory, f.kw_only) for f in late.values()]


class _Fields:
    """Stands for a class's `__dataclass_fields__` until somebody asks for them."""

    def __init__(self, cls: type, hints: dict[str, Any], given: dict[str, Any], *, kw_only: bool) -> None:
        self._cls: Any = cls
        self._hints = hints
        self._given = given
        self._kw_only = kw_only

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        """Return the fields as the standard decorator reads them: those of the bases, then the class's own."""
        found: dict[str, Any] = {}
        for base in self._bases():
            found |= base.__dataclass_fields__
        plain: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)
        own = {"__annotations__": self._hints, "__module__": self._cls.__module__, "__doc__": "Fields alone."}
        found |= plain(type(self._cls.__name__, (), own | self._given)).__dataclass_fields__
        self._cls.__dataclass_fields__ = found
        return found

    def declared(self) -> Iterator[Declared]:
        """Yield the same fields as they are declared, one that a base has too a second time."""
        for base in self._bases():
            yield from declared(base)
        for name, hint in self._hints.items():
            value = self._given.get(name, MISSING)
            if isinstance(value, dataclasses.Field):
                kw_only = self._kw_only if value.kw_only is MISSING else value.kw_only
                yield Declared(name, hint, value.default, value.default_factory, kw_only)
            elif hint is not ClassVar and get_origin(hint) is not ClassVar:
                yield Declared(name, hint, value, MISSING, self._kw_only)

    def _bases(self) -> list[Any]:
        return [base for base in self._cls.__mro__[:0:-1] if "__dataclass_fields__" in base.__dict__]


def _first_init(cls: Any) -> Callable[..., None]:  # noqa: ANN401 - mypy lets nobody set `__init__` of a type
    """Return an `__init__` that reads the fields when it is first called, and gives way to a compiled one."""
    reading: _Reading | None = None
    called = 0

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401, N807 - stands for the class's own
        nonlocal reading, called
        called += 1
        reading = reading or _Reading(declared(cls))
        values = reading.values(arguments, named)
        if values is None or called > MANY:
            cls.__init__ = _compile_init(cls)
            cls.__init__(self, *arguments, **named)  # raises what is wrong with the arguments
        else:
            object.__setattr__(self, "__dict__", values)

    return __init__


class _Reading:
    """How the arguments of one class become the values of its fields."""

    def __init__(self, fields: list[Declared]) -> None:
        self._names = {field.name for field in fields}
        self._positional = [field.name for field in fields if not field.kw_only]
        self._defaults = {field.name: field.default for field in fields if field.default is not MISSING}
        self._factories = {field.name: field.factory for field in fields if field.factory is not MISSING}

    def values(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any] | None:
        """Return each field's value; None where something is missing, unknown or given twice."""
        given = dict(zip(self._positional, arguments, strict=False)) | named if arguments else named
        values = self._defaults | given
        for name, factory in self._factories.items():
            if name not in given:
                values[name] = factory()
        whole = len(given) == len(arguments) + len(named) and values.keys() == self._names
        return values if whole else None


def _compile_init(cls: type) -> Callable[..., None]:
    """Return `__init__` with the parameters that the standard decorator would give it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    positional: list[str] = []
    keyword: list[str] = []
    pairs: list[str] = []
    for name, _, default, factory, kw_only in declared(cls):
        parameter, value = name, name
        if default is not MISSING:
            known[f"_default_{name}"] = default
            parameter = f"{name}=_default_{name}"
        elif factory is not MISSING:
            known[f"_factory_{name}"] = factory
            parameter = f"{name}=_missing"
            value = f"_factory_{name}() if {name} is _missing else {name}"
        (keyword if kw_only else positional).append(parameter)
        pairs.append(f"{name!r}: {value}")
    parameters = ", ".join(["self", *positional, *(["*", *keyword] if keyword else [])])
    body = f"_set(self, '__dict__', {{{', '.join(pairs)}}})"
    exec(f"def __init__({parameters}): {body}", known)  # noqa: S102 - as the standard library does
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
