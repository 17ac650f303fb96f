"""What there is to run on: GPUs as their driver reports them, and RAM."""

from typing import Literal

from llmfit.records.base import Field, Record, Source
from llmfit.records.frozen import dataclass

Vendor = Literal["nvidia", "amd", "intel", "apple", "other"]
MOST_GPUS = 1024
"""GPUs beyond which a number is a typing error: what is estimated are single machines and small clusters."""


class Gpu(Record):
    """One GPU of the table, or one of several of its memory sizes."""

    id: str
    """Short stable name, such as `rtx-3060-12gb`."""
    name: str
    """As the vendor sells it."""
    vendor: Vendor
    aliases: tuple[str, ...] = ()
    generation: str | None = None
    architecture: str | None = None
    compute: str | None = None
    """CUDA compute capability (`sm_86`) or ROCm target (`gfx1100`)."""
    form_factor: str | None = None
    released: int | None = None
    """Year."""
    memory_bytes: int = Field(gt=0)
    """What the box says: 1 GB of the box is 1 GiB."""
    reported_bytes: int | None = None
    """Total that the driver reports, where somebody read it."""
    reserved_bytes: int | None = None
    """What the driver keeps for itself of that, where somebody read it."""
    unified_memory: bool = False
    memory_type: str | None = None
    bandwidth_gbps: float | None = None
    """GB/s, decimal."""
    fp32_tflops: float | None = None
    fp16_tflops: float | None = None
    """Dense matrix rate in 16 bit."""
    int8_tops: float | None = None
    fp8_tflops: float | None = None
    bf16: bool | None = None
    disagreement: str = ""
    """Where the sources differ, in words; empty where they agree."""
    notes: str = ""
    """What a reader of the row should know."""
    sources: tuple[Source, ...] = ()


class MemoryRule(Record):
    """What a driver keeps of a card's memory, by vendor and size: for cards whose own figure nobody read."""

    vendor: Vendor
    unified_memory: bool = False
    """Whether it speaks of machines whose GPU shares the RAM."""
    up_to_bytes: int | None = Field(default=None, gt=0)
    """Largest nominal memory that it covers; None for any."""
    reserved_bytes: int = Field(default=0, ge=0)
    """Nominal memory that no program gets: not reported, or kept by the driver for itself."""
    reserved_share: float = Field(default=0.0, ge=0, lt=1)
    """The same as a share of the nominal memory, where it grows with it; adds to `reserved_bytes`."""
    low: float = Field(ge=0)
    """Lower end of what was read, in the unit of the figure that is not 0."""
    high: float = Field(ge=0)
    """Upper end of what was read."""
    source: str
    checked: str
    note: str = ""
    """How the planning figure follows from what was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGpu:
    """One GPU of a device."""

    name: str
    total_bytes: int
    """What the driver reports, or the nominal size where nothing was reported."""
    reserved_bytes: int = 0
    """What the driver keeps for itself."""
    used_bytes: int = 0
    """What other programs hold now; 0 unless detected."""
    vendor: Vendor = "other"
    platform: Literal["cuda", "rocm", "metal", "vulkan", "cpu"] = "cuda"
    compute: str | None = None
    bandwidth_gbps: float | None = None
    memory_type: str | None = None
    """`GDDR6X`, `HBM3`, `LPDDR5X`, …: decides which share of the bandwidth a kernel reaches."""
    fp32_tflops: float | None = None
    fp16_tflops: float | None = None
    bf16: bool | None = None
    source: str = ""
    """Where the figures come from."""

    @property
    def usable_bytes(self) -> int:
        """What a program can take: total less reserved and used."""
        return max(0, self.total_bytes - self.reserved_bytes - self.used_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One machine: its GPUs and its RAM."""

    gpus: tuple[DeviceGpu, ...]
    ram_bytes: int | None = None
    """RAM that a program can take; None where unknown."""
    unified: bool = False
    """Whether GPU and CPU share one memory."""
    source: str = ""
    """How the device was named: `--vram`, `--gpu`, `detected`."""
    notes: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    """How names that can mean several cards were read, each a sentence; among the notes too."""

    @property
    def usable_bytes(self) -> int:
        """Sum over the GPUs of what a program can take."""
        return sum(gpu.usable_bytes for gpu in self.gpus)

    @property
    def total_bytes(self) -> int:
        """Sum over the GPUs of what the driver reports."""
        return sum(gpu.total_bytes for gpu in self.gpus)

    @property
    def name(self) -> str:
        """Names of the GPUs, equal ones counted."""
        names = [gpu.name for gpu in self.gpus]
        unique = dict.fromkeys(names)
        return " + ".join(n if names.count(n) == 1 else f"{names.count(n)}x {n}" for n in unique)
