"""`llmfit gpus`: the GPU table."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal

if TYPE_CHECKING:
    from llmfit.records.device import Gpu


def gpus(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="Words in name, vendor or generation.")
    ] = None,
    *,
    output: o.OutputMode = None,
    json: o.Json = False,
    top: o.Top = None,
    show_all: o.All = False,
) -> Answer:
    """The GPUs that llmfit knows, by memory.

    Exit code 1 where nothing is found.
    """
    mode = o.chosen_output(output, json=json)
    shown = o.chosen_top(top, show_all=show_all, default=None if query or mode != "table" else 30)
    from llmfit.catalog import load_catalog
    from llmfit.render.catalog import GpusView
    from llmfit.render.view import render

    catalog = load_catalog()
    found = _matching(catalog.gpus.values(), words=query or ())
    found.sort(key=lambda gpu: (gpu.memory_bytes, gpu.name, gpu.id))
    view = GpusView(gpus=found[:shown], found=len(found), origin=origin_of("gpus", catalog))
    if not found:
        from llmfit.catalog.names import near_gpus

        near = near_gpus(" ".join(query or ()), catalog.gpus.values())
        note = o.nothing_found("GPU", query or (), near=near, everything="llmfit gpus --all")
        text = "" if mode == "table" else render(view, output=mode, terminal=terminal(mode))
        return Answer(text=text, exit_code=1, notes=(note,))
    return Answer(text=render(view, output=mode, terminal=terminal(mode)))


def _matching(gpus: "Iterable[Gpu]", *, words: Iterable[str]) -> "list[Gpu]":
    """Return the GPUs that have every word, those in which each begins a word of theirs before all others.

    `m5` is Apple's M5, not SXM5; blanks between letters and numbers do not matter.
    """
    wanted = list(words)
    texts = [(gpu, " ".join((gpu.id, gpu.name, gpu.vendor, gpu.generation or "", *gpu.aliases))) for gpu in gpus]
    runs = [_runs(word).rstrip() for word in wanted]
    begun = [gpu for gpu, text in texts if all(word and word in _runs(text) for word in runs)]
    return begun or [gpu for gpu, text in texts if all(word.casefold() in text.casefold() for word in wanted)]


def _runs(text: str) -> str:
    """Return runs of letters and of digits, each between blanks."""
    return f" {' '.join(re.findall('[a-z]+|[0-9]+', text.casefold()))} "


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("gpus", cls=Command)(gpus)
