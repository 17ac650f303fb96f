"""What a table may use: the width, the colours and the letters of the terminal that shows it."""

from llmfit.records.frozen import dataclass

_ASCII = str.maketrans(
    {
        "█": "#",
        "▓": "=",
        "▒": "+",
        "░": "-",
        "▚": "%",
        "▞": "/",
        "◆": "@",
        "·": ".",
        "│": "|",
        "─": "-",
        "…": "~",
        "–": "-",
        "—": "-",
        "−": "-",
        "×": "x",
        "≤": "<=",
        "≥": ">=",
        "→": "->",
        "≈": "~",
        "±": "+-",
        "’": "'",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where an answer is shown."""

    width: int | None = None
    """Columns; None where lines may be as long as they like."""
    color: bool = False
    unicode: bool = True
    """Whether letters outside ASCII arrive."""


def to_ascii(text: str) -> str:
    """Return the text in ASCII: what has a likeness becomes it, the rest a question mark."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
