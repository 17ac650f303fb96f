"""Whether loads of a kind were measured by anybody, so that a range may be called measured."""

from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of loads like one."""

    kind: str
    """The kind of the load, in words: engine and format, or how it is fine-tuned."""
    loads: int
    """Published measurements of that kind that estimates are held to; 0 where nobody measured any."""
    nearest: str = ""
    """The kind most like it that was measured, where this one was not."""
