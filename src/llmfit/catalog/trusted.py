"""Makes records from compiled rows without checking them again.

The compiled tables were validated when they were written, and a contract test holds them to their source.
Checking 300 models again would take longer than answering from them.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import partial
from typing import Any, Literal, Union, get_args, get_origin

Convert = Callable[[Any], Any]


def record_maker(record: type) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that makes a record of this class from a row of decoded JSON.

    Only what JSON spells otherwise is converted: arrays to tuples, ISO dates, nested records.
    """
    own = fields(record)
    defaults = {f.name: f.default for f in own if f.default is not MISSING}
    factories = {f.name: f.default_factory for f in own if f.default_factory is not MISSING}
    converters = {f.name: convert for f in own if (convert := _converter(f.type)) is not None}
    new, fill = object.__new__, object.__setattr__

    def make(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the record's class is known when run
        values = {**defaults, **row}
        for name, factory in factories.items():
            if name not in row:
                values[name] = factory()
        for name, convert in converters.items():
            if name in row:
                values[name] = convert(row[name])
        made: Any = new(record)
        fill(made, "__dict__", values)  # records are frozen; a new one is filled at once
        return made

    return make


def records_maker(record: type) -> Callable[[Mapping[str, Any]], list[Any]]:
    """Return a function that makes the records of rows that were compiled column by column."""
    converters = {f.name: _converter(f.type) for f in fields(record)}
    defaults = {f.name: f.default for f in fields(record)}

    def make(columns: Mapping[str, Any]) -> list[Any]:
        streams = {name: list(_stream(column, converters[name])) for name, column in columns.items()}
        count = max(map(len, streams.values()), default=0)
        records: list[Any] = [object.__new__(record) for _ in range(count)]
        values = [vars(made) for made in records]  # records are frozen; new ones are filled at once
        for name in converters:
            for own, value in zip(values, streams.get(name) or [defaults[name]] * count, strict=True):
                own[name] = value
        return records

    return make


def _stream(column: Any, convert: Convert | None) -> Iterable[Any]:  # noqa: ANN401 - a list or a mapping
    """Return a column's values row by row, each distinct one converted once."""
    if isinstance(column, dict):
        values = column["values"] if convert is None else [_optional(convert, value) for value in column["values"]]
        return map(values.__getitem__, column["index"])
    return column if convert is None else [_optional(convert, value) for value in column]


def _converter(hint: Any) -> Convert | None:  # noqa: ANN401 - an annotation is any object
    """Return what turns decoded JSON into a value of this type; None where JSON has it already."""
    origin = get_origin(hint)
    if origin is tuple:
        item = _converter(get_args(hint)[0])
        return tuple if item is None else partial(_tuple_of, item)
    if origin in {Union, types.UnionType}:
        options = [arg for arg in get_args(hint) if arg is not type(None) and get_origin(arg) is not Literal]
        inner = _converter(options[0]) if options else None
        return None if inner is None else partial(_optional, inner)
    if hint is date:
        return date.fromisoformat
    if isinstance(hint, type) and is_dataclass(hint):
        return record_maker(hint)
    return None


def _tuple_of(item: Convert, values: list[Any]) -> tuple[Any, ...]:
    return tuple([item(value) for value in values])


def _optional(inner: Convert, value: Any) -> Any:  # noqa: ANN401 - decoded JSON is anything
    return None if value is None else inner(value)
