"""A Typer command whose options are read without building a pydantic adapter for each.

Typer makes such an adapter for every option of the command that is called, given or not: with 25 options that takes
longer than a whole recommendation. All it would check here is `int`, `float` and `str`.
"""

import json
import math
from collections.abc import Callable
from datetime import date
from typing import Any, get_args, get_origin

from typer.core import TyperCommand, TyperGroup

from llmfit.errors import UsageError, nearest

Parse = Callable[[str], Any]


class _Plain:
    """Reads the words of one option; stands where Typer keeps its adapter."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own signature has no types
        """Return the option's value; None and an empty tuple where it was not given."""
        del ctx
        if param.multiple or param.nargs == -1:
            return [self._read(item, param) for item in value or ()]
        return value if value is None or isinstance(value, bool) else self._read(value, param)

    def _read(self, value: Any, param: Any) -> Any:  # noqa: ANN401 - a default may be of any type
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            name = param.opts[0] if param.param_type_name == "option" else param.metavar or param.name.upper()
            raise UsageError(f"{name} {error.message}", hint=error.hint) from None


def whole_number(text: str) -> int:
    """Return a whole number of at least 1, with `k` for 1024 and `M` for 1024 squared.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    units = {"k": 1024, "m": 1024**2}
    digits, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12 or int(digits) * unit > 10**12:
        raise UsageError(f"{text[:40]}: not a whole number", hint="Give a number such as 8192 or 8k")
    if int(digits) == 0:
        raise UsageError("0: must be at least 1", hint="Give a number of at least 1")
    return int(digits) * unit


def number(text: str) -> int:
    """Return a whole number of at least 1 of what is no token, such as sequences or rows.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    try:
        return whole_number(text)
    except UsageError as error:
        raise UsageError(error.message, hint="Give a whole number of at least 1, such as 5") from None


def count(text: str) -> int:
    """Return a whole number, 0 among them.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    return 0 if text.isascii() and text.isdigit() and not text.strip("0") else whole_number(text)


def share(text: str) -> float:
    """Return a share above 0, up to 1.

    Raises:
        UsageError: It is none.
    """
    hint = "Give a share such as 0.9"
    try:
        value = positive(text)
    except UsageError as error:
        raise UsageError(error.message, hint=hint) from None
    if value > 1:
        raise UsageError(f"{text[:40]}: more than the whole", hint=hint)
    return value


def positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        UsageError: It is none.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{text[:40]}: not a number above 0", hint="Give a number such as 6 or 11.5")
    return value


def parameters(text: str) -> int:
    """Return a number of parameters, such as 8B, 500M or 8000000000.

    Raises:
        UsageError: It is none.
    """
    units = {"b": 10**9, "m": 10**6, "t": 10**12}
    number, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    try:
        return round(positive(number) * unit)
    except UsageError:
        raise UsageError(f"{text[:40]}: not a number of parameters", hint="Give a number such as 8B or 500M") from None


def gigabytes(text: str) -> int:
    """Return the bytes of a size in GB, 1 GB taken as 1 GiB.

    Raises:
        UsageError: It is none.
    """
    word = text.strip().lower().removesuffix("gib").removesuffix("gb").strip()
    return round(positive(word) * 1024**3)


def percent(text: str) -> float:
    """Return a share in percent, from 0 up to 100.

    Raises:
        UsageError: It is none.
    """
    word = text.strip().removesuffix("%").strip()
    try:
        value = float(word) if "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if not 0 <= value < 100:
        raise UsageError(f"{text[:40]}: no share in percent", hint="Give a number such as 10")
    return value


def iso_date(text: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        UsageError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text[:40]}: no day", hint="Write it as YYYY-MM-DD") from None


def engine_option(text: str) -> tuple[str, bool | int | float | str]:
    """Return name and value of an engine's option, such as `max_num_seqs=32`; by the engine's own name, or the field's.

    Raises:
        UsageError: It is none, or its value is not of the option's type.
    """
    from pydantic import TypeAdapter, ValidationError

    from llmfit.estimate.options import OPTIONS
    from llmfit.records.deployment import Options

    name, _, word = text.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    name = next((field for field, option in OPTIONS.items() if option.word == name), name)
    try:
        value = json.loads(word)
    except ValueError:
        value = word
    if name not in Options.__dataclass_fields__:
        close = nearest(name, Options.__dataclass_fields__, limit=1)
        hint = f"Did you mean {close[0]}?" if close else "Write --option max_num_seqs=32"
        raise UsageError(f"--option {text[:60]}: no such option", hint=hint)
    try:
        made = TypeAdapter(Options).validate_json(json.dumps({name: value}))
    except ValidationError:
        hint = "Write true, false, or a number that the engine takes"
        raise UsageError(f"--option {text[:60]}: not a value of it", hint=hint) from None
    found: bool | int | float | str = getattr(made, name)
    return name, found


def zero_stage(text: str) -> int:
    """Return a ZeRO stage.

    Raises:
        UsageError: It is none.
    """
    if text not in {"0", "1", "2", "3"}:
        raise UsageError(f"{text[:40]}: no ZeRO stage", hint="Give 0, 1, 2 or 3")
    return int(text)


def _parser_of(annotation: Any, *, unit: str | None) -> Parse:  # noqa: ANN401 - an annotation is any object
    """Return what reads one word of an option with this annotation, shown in help with this unit."""
    inner = get_args(annotation)[0] if get_origin(annotation) is list else annotation
    if inner is not int:
        return str
    return whole_number if unit == "TOKENS" else number


def _use_plain(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        known = parameter.type_descriptor
        parser = getattr(known.parameter_info, "parser", None)
        parameter._runtime_param = _Plain(parser or _parser_of(known.annotation, unit=parameter.metavar))  # noqa: SLF001 - Typer has no public place
    return parameters


class Command(TyperCommand):
    """A command that reads its options plainly."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - its type is a private one of Typer
        """Return the parameters, each with a plain reader."""
        return _use_plain(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands that reads its options plainly."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - its type is a private one of Typer
        """Return the parameters, each with a plain reader."""
        return _use_plain(super().get_params(ctx))
