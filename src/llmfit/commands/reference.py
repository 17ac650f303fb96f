"""Writes `docs/reference/commands.md` from the program's own help; with `--check` it says whether it is stale."""

import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[3] / "docs" / "reference" / "commands.md"
HEAD = """# Commands

This page is written by `python -m llmfit.commands.reference` from what `--help` says.
Exit codes are on [their own page](exit-codes.md), the JSON on [another](json.md).
"""


def help_pages() -> dict[str, str]:
    """Return the help of the program and of each command, by the words that call it."""
    import typer

    from llmfit.commands.application import build_app

    root = typer.main.get_command(build_app())
    pages: dict[str, str] = {}
    waiting: list[tuple[str, Any, Any]] = [("llmfit", root, None)]
    while waiting:
        name, command, parent = waiting.pop(0)
        context = command.context_class(
            command, info_name=name.rpartition(" ")[2], parent=parent, terminal_width=80, **command.context_settings
        )
        pages[name] = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        waiting += [(f"{name} {word}", below, context) for word, below in getattr(command, "commands", {}).items()]
    return pages


def page() -> str:
    """Return the whole page."""
    sections = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in help_pages().items()]
    return "\n".join([HEAD, *sections])


def main(words: list[str]) -> int:
    """Write the page, or with `--check` say whether it is stale; return the exit code."""
    fresh = TARGET.is_file() and TARGET.read_text("utf-8") == page()
    if "--check" in words:
        if not fresh:
            sys.stderr.write("commands.md is stale: run python -m llmfit.commands.reference\n")
        return 0 if fresh else 1
    TARGET.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
