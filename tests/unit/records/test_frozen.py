"""Frozen classes whose methods are compiled late behave like the standard library's."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from llmfit.records.base import Record
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Late:
    """One of ours."""

    first: int
    second: str = "two"
    many: list[int] = dataclasses.field(default_factory=list, compare=False)
    hidden: int = dataclasses.field(default=0, repr=False, kw_only=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same by the standard library."""

    first: int
    second: str = "two"
    many: list[int] = dataclasses.field(default_factory=list, compare=False)
    hidden: int = dataclasses.field(default=0, repr=False, kw_only=True)


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "b"), {}),
    ((1, "b", [3]), {"hidden": 4}),
    ((), {"first": 1, "many": [1]}),
    ((), {}),
    ((1, 2, 3, 4), {}),
    ((1,), {"first": 2}),
    ((1,), {"other": 2}),
]


@pytest.mark.parametrize(("positional", "named"), CALLS)
def test_instances_are_made_like_the_standard_ones(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    """The same arguments are taken, the same refused, the same values kept and shown."""
    made: list[Any] = []
    for kind in (Late, Standard):
        try:
            made.append(kind(*positional, **named))
        except TypeError:
            made.append(None)
    late, standard = made
    assert (late is None) == (standard is None)
    if late is not None:
        assert dataclasses.asdict(late) == dataclasses.asdict(standard)
        assert repr(late).removeprefix("Late") == repr(standard).removeprefix("Standard")


def test_equality_and_hash_follow_the_fields_that_compare() -> None:
    """A field that does not compare changes neither; another class is never equal."""
    assert Late(1, many=[1]) == Late(1, many=[2])
    assert hash(Late(1, many=[1])) == hash(Late(1, many=[2]))
    assert Late(1) != Late(2)
    assert Late(1) != Standard(1)  # type: ignore[comparison-overlap]  # that they differ is the point
    assert len({Late(1), Late(1), Late(2)}) == 2


def test_nothing_can_be_changed() -> None:
    """Setting and deleting raise what the standard library raises; there is no place for more."""
    late = Late(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="first"):
        late.first = 2  # type: ignore[misc]  # the test does what is forbidden
    with pytest.raises(dataclasses.FrozenInstanceError, match="first"):
        del late.first
    with pytest.raises(dataclasses.FrozenInstanceError):
        late.new = 1  # type: ignore[attr-defined]  # the test does what is forbidden
    assert not hasattr(late, "__dict__")


def test_each_instance_has_its_own_default() -> None:
    """A factory is called for every instance."""
    one, other = Late(1), Late(1)
    one.many.append(5)
    assert other.many == []


def test_instances_can_be_replaced_copied_and_pickled() -> None:
    """What the standard library does with instances works, before and after the first one was made."""
    part = Part(name=PartName.WEIGHTS, bytes=5, lines=(Line("a", 5),))
    assert dataclasses.replace(part, bytes=6).bytes == 6
    assert copy.deepcopy(part) == part
    assert pickle.loads(pickle.dumps(part)) == part  # noqa: S301 - written one line above


def test_other_kinds_of_dataclass_are_the_standard_ones() -> None:
    """What can change, or has an order, is left to the standard library."""

    @dataclass(slots=True)
    class Open:
        value: int = 0

    @dataclass(frozen=True, order=True)
    class Ordered:
        value: int = 0

    changed = Open()
    changed.value = 3
    assert changed.value == 3
    assert Ordered(1) < Ordered(2)


class Fact(Record):
    """A record."""

    name: str
    count: int = 1


def test_records_take_keywords_alone() -> None:
    """A record of a fact is made by names; its fields are frozen."""
    assert Fact(name="a") == Fact(name="a", count=1)
    with pytest.raises(TypeError):
        Fact("a")  # type: ignore[call-arg]  # the test does what is forbidden
    with pytest.raises(dataclasses.FrozenInstanceError):
        Fact(name="a").count = 2  # type: ignore[misc]  # the test does what is forbidden


def test_pydantic_validates_records_strictly() -> None:
    """Wrong types, unknown fields and missing ones are refused; descriptions come from docstrings."""
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(Fact)
    assert adapter.validate_json('{"name": "a"}') == Fact(name="a")
    for wrong in ('{"name": 1}', '{"name": "a", "more": 1}', '{"count": 1}', '{"name": "a", "count": "1"}'):
        with pytest.raises(ValidationError):
            adapter.validate_json(wrong)
