"""Results: how many bytes, in named parts, and whether they fit."""

from enum import StrEnum

from llmfit.records.device import Device
from llmfit.records.frozen import dataclass


class PartName(StrEnum):
    """The parts of an estimate, in the order in which they are shown."""

    WEIGHTS = "weights"
    KV_CACHE = "kv_cache"
    GRADIENTS = "gradients"
    OPTIMIZER = "optimizer"
    ADAPTER = "adapter"
    ACTIVATION = "activation"
    OVERHEAD = "overhead"


LABELS = {
    PartName.WEIGHTS: "weights",
    PartName.KV_CACHE: "KV cache",
    PartName.GRADIENTS: "gradients",
    PartName.OPTIMIZER: "optimizer",
    PartName.ADAPTER: "adapter",
    PartName.ACTIVATION: "activations",
    PartName.OVERHEAD: "overhead",
}
"""What each part is called in sentences and tables."""


@dataclass(frozen=True, slots=True)
class Line:
    """One term of a part, for `--explain`."""

    label: str
    bytes: int
    formula: str = ""
    """The formula with the numbers put in."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One named part of the memory that a workload takes on the device."""

    name: PartName
    bytes: int
    low: int | None = None
    """Lower end of the range in which it was measured; the figure itself where exact."""
    high: int | None = None
    lines: tuple[Line, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Model × workload → bytes. Its parts sum to the total."""

    parts: tuple[Part, ...]
    host_bytes: int = 0
    """RAM that it takes beside the device: llama.cpp's input embedding, offloaded layers."""
    per_gpu_bytes: tuple[int, ...] = ()
    """Bytes of each GPU, the worst rank first, where there are several; empty for one.

    Their sum may be more than the total, which has weights and cache once: vLLM keeps some of both on every GPU.
    """
    offloadable_bytes: int = 0
    """How much of the total the engine could keep in RAM instead: whole layers, llama.cpp alone."""
    unknown: tuple[PartName, ...] = ()
    """Parts that could not be computed; a total with one of these is a lower bound."""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        """Sum of the parts: weights and cache once, activations and overhead of every GPU."""
        return sum(part.bytes for part in self.parts)

    @property
    def low_bytes(self) -> int:
        """Sum of the lower ends of the parts; the total itself where every part is exact."""
        return sum(part.bytes if part.low is None else part.low for part in self.parts)

    @property
    def high_bytes(self) -> int:
        """Sum of the upper ends of the parts; the total itself where every part is exact."""
        return sum(part.bytes if part.high is None else part.high for part in self.parts)

    def part_bytes(self, name: PartName) -> int:
        """Bytes of the named part; 0 where it has none."""
        return sum(part.bytes for part in self.parts if part.name is name)


class Verdict(StrEnum):
    """Whether an estimate fits a device."""

    FITS = "fits"
    """At most 90 % of what is usable."""
    TIGHT = "tight"
    """At most 100 %."""
    OFFLOAD = "offload"
    """Only with part of it in RAM."""
    TOO_LARGE = "too_large"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Estimate × device → verdict."""

    estimate: Estimate
    device: Device
    verdict: Verdict
    reason: str = ""
    """Why, where the verdict is not `fits`."""

    @property
    def headroom_bytes(self) -> int:
        """Usable bytes that stay free; negative where it does not fit."""
        return self.device.usable_bytes - self.estimate.total_bytes
