"""Result: what would fit, the other way round."""

from llmfit.records.cloud import CloudInstance
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """One point of the frontier: so many sequences, and the longest context that each of them can have."""

    sequences: int
    context: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedShape:
    """One way of dividing the model among the GPUs that the engine refuses."""

    tensor_parallel: int
    pipeline_parallel: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSplit:
    """How llama.cpp divides the model for one context."""

    context: int
    n_gpu_layers: int | None
    """`-ngl`; None for all layers."""
    n_cpu_moe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How far one engine and format go on a device."""

    workload: Workload
    """The asked load in this engine and format, divided among the GPUs."""
    longest_context: int = 0
    """Longest context of each of the asked sequences; 0 where not even one token fits.

    Where part of it lies in RAM: with whatever split it takes.
    """
    comfortable_context: int = 0
    """The same with a tenth of each GPU left free."""
    limited_by_model: bool = False
    """Whether the model's own context, not the memory, ends it."""
    most_sequences: int = 0
    """Most sequences at once of the asked context."""
    frontier: tuple[Corner, ...] = ()
    estimate: Estimate | None = None
    """Of the longest context; where part of it lies in RAM, of the asked one as far as it runs."""
    margin_bytes: int = 0
    """What then stays free on the fullest GPU."""
    utilization: float | None = None
    """vLLM: the share of each card that it was counted with."""
    max_num_seqs: int | None = None
    """vLLM, where its default for the sequences of one step takes more than there is: the most with which it runs."""
    missing_bytes: int = 0
    """What the asked context, or one token where none was asked for, lacks on the fullest GPU; 0 where it fits."""
    n_gpu_layers: int | None = None
    """llama.cpp, where it runs only with part of it in RAM: layers on the GPU under the asked context."""
    n_cpu_moe: int = 0
    """llama.cpp: layers whose experts stay in RAM."""
    splits: tuple[ContextSplit, ...] = ()
    """How it is divided for the asked context, as far as it runs, and for the longest one."""
    in_ram: bool = False
    """Whether it runs only with part of it in RAM."""
    refused: tuple[RefusedShape, ...] = ()
    reason: str = ""
    """Why it does not run at all."""

    @property
    def runs(self) -> bool:
        """Whether the asked load fits the GPUs as a whole."""
        return self.longest_context > 0 and not self.in_ram


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuChoice:
    """One machine on which the load runs."""

    device: Device
    total_bytes: int
    margin_bytes: int
    instance: CloudInstance | None = None
    """The cheapest instance that has it; None where no price is known or all are out of date."""
    price_note: str = ""
    """Why there is no price."""
    tensor_parallel: int = 1
    pipeline_parallel: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """The smallest class of card for one precision and context."""

    precision: str
    format: str
    context: int
    card_gb: int | None
    """Nominal size; None where no single card suffices."""
    total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The answer of `plan`: one of variants, choices or grid, by what was given."""

    model: Model
    license: EffectiveLicense
    active_parameters: int | None
    context: int
    """The asked context; of a search without one, the default."""
    context_asked: bool = False
    """Whether the context was asked for."""
    sequences: int
    headroom_percent: float
    device: Device | None = None
    variants: tuple[Variant, ...] = ()
    """With a device: how far each engine and format go."""
    workload: Workload | None = None
    """With a load and no device: the load for which a GPU is searched."""
    smallest: tuple[GpuChoice, ...] = ()
    cheapest: tuple[GpuChoice, ...] = ()
    prices_note: str = ""
    """What is to be known about the prices: how many were left out as out of date."""
    grid: tuple[GridCell, ...] = ()
    """With nothing but a model."""
    warnings: tuple[str, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether anything fits."""
        found = any(variant.longest_context for variant in self.variants) or bool(self.smallest or self.cheapest)
        return found or any(cell.card_gb is not None for cell in self.grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One load of a plan, to be started: every number that the engine must be told."""

    model: Model
    workload: Workload
    """With context, sequences and the engine's options as they were counted."""
    device: Device
    total_bytes: int
    margin_bytes: int
    utilization: float | None = None
    """vLLM: the share of each card."""
    in_ram: bool = False
    """Whether part of it lies in RAM."""
    basis: str = ""
    """Where the context comes from, in words."""
