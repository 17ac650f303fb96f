"""One moment of a run, and the bytes that live then."""

from collections.abc import Callable
from typing import NamedTuple

from llmfit.records.estimate import Line


class Stage(NamedTuple):
    """One moment of a run."""

    label: str
    bytes: int
    formula: str | Callable[[], str] = ""
    """With its numbers put in; a function where spelling it for every estimate would cost time."""
    source: str = ""

    def line(self) -> Line:
        """Return it as a term of the estimate."""
        return Line(self.label, self.bytes, self.spelled(), self.source)

    def spelled(self) -> str:
        """Return the formula in words."""
        if not self.formula:
            return f"{self.bytes:,} B"
        return self.formula if isinstance(self.formula, str) else self.formula()
