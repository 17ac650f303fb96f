"""`llmfit detect`: this machine, and where each figure comes from."""

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal


def detect(*, output: o.OutputMode = None, json: o.Json = False) -> Answer:
    """This machine's GPUs and RAM, and where each figure comes from.

    Exit code 3 where no GPU is found.
    """
    mode = o.chosen_output(output, json=json)
    from llmfit.answers.words import detected_device
    from llmfit.catalog import load_catalog
    from llmfit.render.machine import MachineView
    from llmfit.render.view import render

    catalog = load_catalog()
    view = MachineView(device=detected_device(catalog), origin=origin_of("detect", catalog))
    return Answer(text=render(view, output=mode, terminal=terminal(mode)))


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("detect", cls=Command)(detect)
