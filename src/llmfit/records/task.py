"""A task: what the user wants a model for, and which evidence tells who is good at it."""

from typing import Literal

from llmfit.records.base import Record
from llmfit.records.model import ModelKind
from llmfit.records.workload import DEFAULT_CONTEXT


class Signal(Record):
    """One benchmark that speaks for a task."""

    benchmark: str
    weight: float


class Task(Record):
    """One word of the task vocabulary."""

    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    """English words that mean it."""
    synonyms_ko: tuple[str, ...] = ()
    """Korean words that mean it."""
    kinds: tuple[ModelKind, ...]
    """Kinds of model that can do it at all."""
    requires: tuple[str, ...] = ()
    """Tags that a model's `tasks` must hold (`vision`, `embed`, …)."""
    language: str | None = None
    """ISO 639-1 code that a model must claim (`ko` for `korean`)."""
    min_context: int = 0
    signals: tuple[Signal, ...] = ()
    fallback: str | None = None
    """Task whose score stands in where there is no evidence."""
    useful_tokens_per_second: float | None = None
    """Speed beyond which more does not help."""
    default_context: int = DEFAULT_CONTEXT
    """Tokens of one sequence where the user names none."""
    skill: str = "language"
    """What it mostly asks for: decides what thinking is worth."""
    mode: Literal["thinking", "non-thinking"] | None = None
    """Which scores of a model that can do both speak for the task; None for how it answers unless told otherwise."""
    companions: tuple[str, ...] = ()
    """Tasks of the further models that make up a bundle (`embed`, `rerank` for `rag`)."""
    uses_vision: bool = False
    """Whether the vision tower and one image are part of the load."""
    note: str = ""
