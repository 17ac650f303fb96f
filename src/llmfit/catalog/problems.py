"""What is wrong in a data file: where, and the edit that puts it right."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmfit.errors import ProblemsError

SHOWN = 20
"""Problems that one message lists."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct."""

    file: str
    line: int
    row: str
    """Name of the row, or its place in the list; empty outside the rows."""
    field: str
    message: str
    edit: str
    """What to do, as an order."""
    column: int = 1
    """Column, counted from 1, where it is known better than the line's start."""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.row, self.field) if part)
        return f"{self.file}:{self.line}: {where + ': ' if where else ''}{self.message}; {self.edit}"


def catalog_error(problems: Sequence[Problem]) -> ProblemsError:
    """Return one error that names every problem, in the order of the files."""
    ordered = sorted(problems)
    if len(ordered) == 1:
        problem = ordered[0]
        edit = problem.edit
        hint = edit[:1].upper() + edit[1:]
        return ProblemsError(str(problem).removesuffix(f"; {edit}"), hint=hint, problems=ordered)
    listed = "\n".join(f"  {problem}" for problem in ordered[:SHOWN])
    more = f"\n  and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    message = f"{len(ordered)} errors in the catalog\n{listed}{more}"
    return ProblemsError(message, hint="Correct them in this order", problems=ordered)
