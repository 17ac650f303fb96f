"""An answer as a terminal shows it, drawn by rich."""

import re
from collections.abc import Iterable

from llmfit.render.prose import ENDLESS, Drawable
from llmfit.render.terminal import Terminal

NARROWEST = 16
"""Columns below which the terminal itself has to break lines."""
_EMPTY = r"\x1b\[[\d;]*m( *)\x1b\[0m"
"""Spaces in a colour, such as rich puts between columns."""
_TRAILING = r"(?m) +((?:\x1b\[[\d;]*m)*)$"


def draw(parts: Iterable[Drawable], *, terminal: Terminal) -> str:
    """Return the parts below each other, as wide and as colourful as the terminal is, without trailing spaces."""
    import io

    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=ENDLESS if terminal.width is None else max(NARROWEST, terminal.width),
        height=100,
        color_system="standard" if terminal.color else None,
        force_terminal=terminal.color,
        force_jupyter=False,
        no_color=not terminal.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for part in parts:
        console.print(part)
    text = out.getvalue()
    if terminal.color:
        text = re.sub(_TRAILING, r"\1", re.sub(_EMPTY, r"\1", text))
    return "\n".join([line.rstrip(" ") for line in text.split("\n")]).rstrip("\n")
