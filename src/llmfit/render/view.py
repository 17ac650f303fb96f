"""What every answer can be turned into, and the one function that chooses."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from llmfit.records.frozen import dataclass
from llmfit.render.envelope import SCHEMA_VERSION
from llmfit.render.terminal import Terminal, to_ascii

if TYPE_CHECKING:
    from llmfit.render.grid import Records
    from llmfit.render.prose import Drawable

Output = Literal["table", "plain", "json", "jsonl", "csv", "markdown"]
OUTPUTS: tuple[Output, ...] = get_args(Output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who answers, and from which catalog."""

    command: str
    catalog_version: str
    catalog_models: int


class View(Protocol):
    """One answer, ready for every output mode. It formats; it computes no bytes, no verdict, no score."""

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return what `jsonl` writes, one object a line."""

    def records(self) -> "Records":
        """Return the rows of `plain` and `csv`."""

    def table(self) -> "Sequence[Drawable]":
        """Return the answer for people, part below part."""

    def markdown(self) -> str:
        """Return the answer for a page or a comment."""


def render(view: View, *, output: Output, terminal: Terminal) -> str:
    """Return the answer in one output mode, without a final line feed."""
    if output == "json":
        return json_text(view.envelope(), terminal=terminal, indent=2)
    if output == "jsonl":
        head = {"schema_version": SCHEMA_VERSION, "command": view.envelope()["command"]}
        return "\n".join(json_text({**head, **item}, terminal=terminal) for item in view.items())
    if output in {"plain", "csv"}:
        from llmfit.render.grid import comma_separated, plain

        text = plain(view.records()) if output == "plain" else comma_separated(view.records())
    elif output == "markdown":
        text = view.markdown()
    else:
        from llmfit.render.screen import draw

        text = draw(view.table(), terminal=terminal)
    return text if terminal.unicode else to_ascii(text)


def json_text(content: Mapping[str, Any], *, terminal: Terminal, indent: int | None = None) -> str:
    """Return JSON; letters outside ASCII are escaped where they would not arrive. NaN has no place in it.

    Halves of letters, from names of files that are no text, arrive nowhere.
    """
    text = json.dumps(content, ensure_ascii=not terminal.unicode, indent=indent, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(content, indent=indent, allow_nan=False)
    return text
