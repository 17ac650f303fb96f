"""One moment of a run, and the bytes that live then."""

from typing import NamedTuple

from llmfit.records.estimate import Line


class Stage(NamedTuple):
    """One moment of a run."""

    label: str
    bytes: int
    formula: str = ""
    source: str = ""

    def line(self) -> Line:
        """Return it as a term of the estimate."""
        return Line(self.label, self.bytes, self.formula, self.source)
