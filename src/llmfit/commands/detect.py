"""`llmfit detect`: this machine, and where each figure comes from."""

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, report, terminal
from llmfit.errors import NoGpuFoundError


def detect(*, output: o.OutputMode = None, json: o.Json = False) -> Answer:
    """This machine's GPUs and RAM, and where each figure comes from.

    Exit code 3 where no GPU is found; the RAM is shown all the same.
    """
    mode = o.chosen_output(output, json=json)
    from llmfit.answers.words import detected_device
    from llmfit.catalog import load_catalog
    from llmfit.render.machine import MachineView
    from llmfit.render.view import render

    catalog = load_catalog()
    origin = origin_of("detect", catalog)
    try:
        view = MachineView(device=detected_device(catalog), origin=origin)
    except NoGpuFoundError as error:
        from llmfit.detect import device_without_gpu

        view = MachineView(device=device_without_gpu(), origin=origin, missing=error)
        text = render(view, output=mode, terminal=terminal(mode))
        if mode not in {"json", "jsonl"}:
            report(error, command="detect", as_json=False)
        return Answer(text=text, exit_code=error.exit_code)
    return Answer(text=render(view, output=mode, terminal=terminal(mode)))


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("detect", cls=Command)(detect)
