"""A published benchmark score."""

from typing import Literal

from llmfit.records.base import Record

Evidence = Literal["human", "independent", "llm_judge", "vendor", "self_reported"]


class Score(Record):
    """One score of one model on one version of one benchmark."""

    model: str
    benchmark: str
    """Id with its version, such as `livebench-2024-11-25/coding`."""
    score: float
    evidence: Evidence
    mode: Literal["thinking", "non-thinking"] | None = None
    date: str
    """ISO date of publication, as exactly as known."""
    source: str
