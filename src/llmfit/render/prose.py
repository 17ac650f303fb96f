"""Sentences of an answer for people: nothing in them drives the terminal, and rich wraps and colours them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from llmfit.records.frozen import dataclass
from llmfit.render.text import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

READABLE = 100
"""Columns beyond which a line of prose is hard to follow."""
ENDLESS = 10_000
"""Columns of what has no width, such as a pipe."""


class Drawable(Protocol):
    """Something that rich can draw: it gets the columns there are, and yields what to show in them."""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield what to show."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text in parts, each with its style, wrapped between words; a word longer than the line is folded."""

    parts: tuple[tuple[str, str], ...]
    indent: int = 0
    hang: int = 0
    """Columns by which the second line and those after it are indented more."""

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(text for text, _ in self.parts)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        """Yield the lines."""
        from rich.text import Text

        width = options.max_width if console.width >= ENDLESS else min(READABLE, options.max_width)
        indent = min(self.indent, width // 10)
        lines = Text.assemble(*self.parts).wrap(console, max(1, width - indent - self.hang))
        for place, line in enumerate(lines):
            yield Text(" " * (indent + (self.hang if place else 0))).append_text(line)


@dataclass(frozen=True, slots=True)
class Address:
    """An address on a line of its own: indented where there is room, and broken only where no line holds it."""

    text: str
    indent: int = 2

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        """Yield the line, or the lines."""
        from rich.cells import cell_len
        from rich.text import Text

        del console
        address = visible(self.text)
        indent = self.indent if self.indent + cell_len(address) <= options.max_width else 0
        yield Text(" " * indent + address, overflow="fold")


BLANK = Paragraph((("", ""),))


def said(*parts: str | tuple[str, str], indent: int = 0, hang: int = 2, style: str = "") -> Paragraph:
    """Return a paragraph of texts, or of texts with a style of their own, all with control characters written out."""
    pairs = ((part, style) if isinstance(part, str) else part for part in parts)
    return Paragraph(tuple((visible(text), look) for text, look in pairs), indent, hang)


def notes(word: str, texts: Iterable[str], *, indent: int = 0) -> list[Paragraph]:
    """Return one paragraph for each text, behind the word."""
    return [said(f"{word}: {text}", indent=indent) for text in texts]
