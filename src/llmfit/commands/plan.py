"""`llmfit plan`: the inverse questions: how far a device goes, which machine a load needs, how to start it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.engine_options import given_options, with_engine_options
from llmfit.commands.parsing import Command, engine_option
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.commands.today import today
from llmfit.errors import UnknownWordError, UsageError, nearest
from llmfit.quantities import iso_date, percent

if TYPE_CHECKING:
    from llmfit.answers.planning import Wanted
    from llmfit.catalog import Catalog
    from llmfit.records.device import Device
    from llmfit.records.model import Model
    from llmfit.records.plan import Plan

EMITS = ("vllm", "llama.cpp", "ollama", "transformers", "compose")


@with_engine_options
def plan(
    model: o.Model,
    *,
    gpu: o.Gpu = None,
    vram: o.Vram = None,
    ram: o.Ram = None,
    here: Annotated[bool, typer.Option("--here", help="On this machine.")] = False,
    engine: o.Engines = None,
    precision: o.Precision = None,
    format_name: o.Format = None,
    kv_format: o.KvFormat = None,
    context: o.Context = None,
    sequences: o.Sequences = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Option of the engine; repeatable."),
    ] = None,
    headroom: Annotated[
        float | None,
        typer.Option("--headroom", metavar="PERCENT", parser=percent, help="Share of each GPU that must stay free."),
    ] = None,
    emit: Annotated[
        str | None,
        typer.Option("--emit", metavar="KIND", help="Start it: vllm, llama.cpp, ollama, transformers, compose."),
    ] = None,
    stale_prices: Annotated[bool, typer.Option("--stale-prices", help="Count prices older than 180 days.")] = False,
    as_of: Annotated[
        date | None,
        typer.Option("--as-of", metavar="DATE", parser=iso_date, help="Day on which prices are judged; default today."),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Every format, not one for each precision.")] = False,
    output: o.OutputMode = None,
    json: o.Json = False,
    explain: o.Explain = False,
    **engine_options: Any,  # noqa: ANN401 - each of its own type
) -> Answer:
    """What would fit: the inverse questions.

    With a device (--gpu, --vram, --here): the longest context, the most
    sequences and their frontier, for each engine and format.
    With a load and no device: the smallest and the cheapest GPU.
    With a model alone: the smallest card for each precision and context.
    """
    words = {name: word for name, word in locals().items() if name != "engine_options"}
    return _answer(flags=given_options(engine_options), **words)


def _answer(
    *,
    model: str,
    gpu: Sequence[str] | None,
    vram: str | None,
    ram: str | None,
    here: bool,
    engine: Sequence[str] | None,
    option: Sequence[str] | None,
    flags: Mapping[str, Any],
    emit: str | None,
    stale_prices: bool,
    as_of: date | None,
    show_all: bool,
    output: str | None,
    json: bool,
    explain: bool,
    **words: Any,  # noqa: ANN401 - the options of a load, each of its own type
) -> Answer:
    mode = o.chosen_output(output, json=json)
    kind = None if emit is None else _emit_of(emit)
    if here and (gpu or vram):
        raise UsageError("--here and another device contradict each other", hint="Give one of them")
    from llmfit.answers.planning import wanted_of
    from llmfit.catalog import load_catalog
    from llmfit.estimate.shapes import refuse_one_of_several
    from llmfit.render.inverse import PlanView
    from llmfit.render.shortfall import shortfall
    from llmfit.render.view import render
    from llmfit.sources.resolve import model_of

    catalog = load_catalog()
    row = model_of(catalog, model)
    device = _device(catalog, gpu=gpu or (), vram=vram, ram=ram, here=here)
    options = dict(engine_option(word) for word in option or ())
    load_given = any(word is not None for word in (engine or None, *words.values())) or bool(options or flags)
    engines = list(engine or ()) or _engines(catalog, row, kind, device, format_=words, options=options, flags=flags)
    if device is not None:
        refuse_one_of_several({**flags, **options}, device)
    wanted = wanted_of(catalog, row, engines=engines, options=options, flags=flags, every=show_all, **words)
    found = _plan(wanted, catalog, device, load_given=load_given, day=as_of or today(), stale=stale_prices)
    launch, notes = ("", ()) if kind is None else _launch(wanted, found, kind)
    view = PlanView(plan=found, origin=origin_of("plan", catalog), launch=launch, explain=explain)
    runs = found.answers if kind is None else bool(launch)
    text = launch if kind is not None and mode == "table" else render(view, output=mode, terminal=terminal(mode))
    read = () if device is None else device.readings
    return Answer(text=text, exit_code=0 if runs else 1, notes=(*read, *(notes if runs else (shortfall(found),))))


def _emit_of(word: str) -> str:
    kind = word.casefold()
    if kind in EMITS:
        return kind
    close = nearest(kind, EMITS, limit=1)
    hint = f"Did you mean {close[0]}?" if close else f"Name one of {', '.join(EMITS)}"
    raise UnknownWordError(f"--emit {word[:40]}: no such launch", hint=hint)


def _device(
    catalog: "Catalog", *, gpu: Sequence[str], vram: str | None, ram: str | None, here: bool
) -> "Device | None":
    """Return the device that was named; None where none was, because the machine is then what is searched."""
    from llmfit.answers.words import device_of

    if gpu or vram is not None or here:
        return device_of(catalog, gpu=gpu, vram=vram, ram=ram)
    if ram is not None:
        raise UsageError("--ram needs a GPU", hint="Name it with --gpu or --vram, or add --here")
    return None


def _engines(
    catalog: "Catalog",
    model: "Model",
    kind: str | None,
    device: "Device | None",
    *,
    format_: dict[str, Any],
    options: Collection[str],
    flags: Collection[str],
) -> list[str]:
    """Return the engines to look at where none was named: all on a device, the model's usual one else.

    Of them those that have the options that were given.
    """
    from llmfit.answers.planning.question import engines_with, usual_engine

    able = engines_with(options, flags=flags)
    if kind is not None:
        from llmfit.answers.planning.launch import ENGINES

        return [engine for engine in ENGINES[kind] if engine in able][:1] or [ENGINES[kind][0]]
    if device is not None:
        return able if options or flags else []
    usual = usual_engine(catalog, model, precision=format_["precision"], format_name=format_["format_name"])
    return [usual] if usual in able else able[:1] or [usual]


def _plan(
    wanted: "Wanted", catalog: "Catalog", device: "Device | None", *, load_given: bool, day: date, stale: bool
) -> "Plan":
    from llmfit.answers.planning import plan_device, plan_grid, plan_machines

    if device is not None:
        return plan_device(wanted, device)
    if load_given:
        return plan_machines(wanted, catalog, today=day, stale=stale)
    return plan_grid(wanted, catalog)


def _launch(wanted: "Wanted", found: "Plan", kind: str) -> tuple[str, tuple[str, ...]]:
    """Return the launch, empty where nothing fits, and what it leaves to whoever starts it."""
    from llmfit.answers.planning.launch import launch_of
    from llmfit.render.emit import emit

    launch = launch_of(wanted, found, emit=kind)
    if launch is None:
        return "", ()
    model, context = wanted.model, launch.workload.context
    beyond = f"{context:,} tokens are beyond the {model.context_length:,} that {model.id} was made for"
    notes = (f"{beyond}: set its RoPE scaling in the engine",) if context > model.context_length else ()
    return emit(launch, kind), notes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("plan", cls=Command)(plan)
