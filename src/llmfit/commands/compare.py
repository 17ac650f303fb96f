"""`llmfit compare`: models side by side on one device."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.engine_options import given_options, with_engine_options
from llmfit.commands.estimate import device_or_none, exit_code_of
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.errors import UsageError


@with_engine_options
def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL", help="Two or more models.", autocompletion=o.complete("models"))
    ],
    *,
    gpu: o.Gpu = None,
    vram: o.Vram = None,
    ram: o.Ram = None,
    engine: o.Engine = None,
    precision: o.Precision = None,
    format_name: o.Format = None,
    kv_format: o.KvFormat = None,
    context: o.Context = None,
    prompt_tokens: o.PromptTokens = None,
    sequences: o.Sequences = None,
    output: o.OutputMode = None,
    json: o.Json = False,
    explain: o.Explain = False,
    **engine_options: Any,  # noqa: ANN401 - each of its own type
) -> Answer:
    """Models side by side under one load, on one device.

    Exit code 1 where none of them fits.
    """
    words = {name: word for name, word in locals().items() if name != "engine_options"}
    return _answer(**words, **given_options(engine_options))


def _answer(
    *,
    models: Sequence[str],
    gpu: Sequence[str] | None,
    vram: str | None,
    ram: str | None,
    output: str | None,
    json: bool,
    explain: bool,
    **load: Any,  # noqa: ANN401 - the options of a load, each of its own type
) -> Answer:
    mode = o.chosen_output(output, json=json)
    from llmfit.answers.estimating import size_model
    from llmfit.catalog import load_catalog
    from llmfit.render.comparison import ComparisonView
    from llmfit.render.view import render
    from llmfit.sources.resolve import model_of

    catalog = load_catalog()
    rows = list({row.id: row for row in (model_of(catalog, name) for name in dict.fromkeys(models))}.values())
    if len(rows) == 1:
        hint = "Name two or more models; `llmfit estimate` answers for one"
        raise UsageError(f"{rows[0].id} alone cannot be compared", hint=hint)
    device, notes = device_or_none(catalog, gpu=gpu or (), vram=vram, ram=ram)
    sizings = tuple(size_model(catalog, row, device=device, **load) for row in rows)
    view = ComparisonView(sizings=sizings, device=device, origin=origin_of("compare", catalog), explain=explain)
    return Answer(text=render(view, output=mode, terminal=terminal(mode)), exit_code=exit_code_of(sizings), notes=notes)


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("compare", cls=Command)(compare)
