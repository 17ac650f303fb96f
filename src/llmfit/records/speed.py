"""How fast a workload runs, as a range with its basis."""

from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens per second of one sequence while it is decoded."""

    low: float
    """Slow end of what was measured on comparable machines."""
    typical: float
    high: float
    """Fast end of what was measured on comparable machines."""
    basis: str
    """What the figure was computed from, in words."""
    prefill: float | None = None
    """Typical prompt tokens per second; None where the compute rate is unknown."""
