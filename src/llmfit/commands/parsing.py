"""A Typer command whose options are read without building a pydantic adapter for each.

Typer makes such an adapter for every option of the command that is called, given or not: with 25 options that takes
longer than a whole recommendation. All it would check here is `int`, `float` and `str`.
"""

import json
from collections.abc import Callable
from typing import Any, get_args, get_origin

from typer.core import TyperCommand, TyperGroup

from llmfit.errors import UsageError, nearest
from llmfit.quantities import number, whole_number

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

    def make_parser(self, ctx: Any) -> Any:  # noqa: ANN401 - its type is a private one of Typer
        """Return a parser that refuses an option of one value that is given twice: click keeps the last in silence."""
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_once(args: list[str]) -> tuple[dict[str, Any], list[str], list[Any]]:
            found = parse(args)
            if len(found[2]) > len(found[0]):  # more options than names: some are repeated
                _refuse_repeated(found[2])
            return found

        parser.parse_args = parse_once  # type: ignore[method-assign]  # click asks no other way for a parser of its own
        return parser


def _refuse_repeated(given: list[Any]) -> None:
    """Refuse an option with a single value that stands twice among the given; switches may be repeated."""
    for place, option in enumerate(given):
        if option in given[:place] and not option.multiple and not option.is_flag:
            name = option.opts[0]
            hint = 'Give one size; several cards are named: --gpu "2x RTX 3090"' if name == "--vram" else "Give it once"
            raise UsageError(f"{name} is given more than once, and takes one value", hint=hint)


class Group(TyperGroup):
    """A group of commands that reads its options plainly."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - its type is a private one of Typer
        """Return the parameters, each with a plain reader."""
        return _use_plain(super().get_params(ctx))
