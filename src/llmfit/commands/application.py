"""The Typer application: the program's own options, and the commands that are wanted."""

import importlib
from collections.abc import Iterable
from typing import Annotated

import typer

from llmfit import __version__
from llmfit.commands import COMMANDS
from llmfit.commands.parsing import Group


def build_app(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the application with these commands; completion only where all of them are there."""
    names = list(names)
    app = typer.Typer(
        name="llmfit",
        cls=Group,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=len(names) == len(COMMANDS),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for name in names:
        importlib.import_module(f"llmfit.commands.{COMMANDS[name]}").add_to(app)
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if wanted:
        typer.echo(f"llmfit {__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Which open-source language models run on your hardware, byte by byte.

    Exit codes: 0 answered, and it fits; 1 answered, and nothing fits; 2 usage; 3 could not answer.
    """
    del version
