"""One load on one machine: what it takes, whether it runs, and how much is left on the fullest GPU."""

from dataclasses import replace

from llmfit.estimate import estimate
from llmfit.estimate.defaults import resolve
from llmfit.fit import fit, shares
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit, PartName, Verdict
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload
from llmfit.solve.platforms import check_platform
from llmfit.solve.share import utilization, vllm_budget, within_share

_ORDER = (
    PartName.WEIGHTS,
    PartName.GRADIENTS,
    PartName.OPTIMIZER,
    PartName.ADAPTER,
    PartName.OVERHEAD,
    PartName.ACTIVATION,
    PartName.KV_CACHE,
)
"""Parts from the one that a load can least do without to the one that it can most easily make smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes on one GPU, or in RAM where there is none."""

    needed: int
    allowed: int
    """What the load may take there: what is usable to the engine, less the headroom."""
    usable: int
    """What the engine can use there: the base of the verdict, of the headroom and of every percent."""
    card: int
    """What every program could use there: more than that where vLLM takes a smaller share."""

    @property
    def margin(self) -> int:
        """What is left; negative where it does not fit."""
        return self.allowed - self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A load, what it takes, and where it takes most of what there is."""

    workload: Workload
    """With the engine's defaults filled in."""
    estimate: Estimate
    fit: Fit
    tightest: Room
    """The GPU with the least left."""
    utilization: float | None = None
    """vLLM: the share of the card with which it was counted."""
    ram_missing: int = 0
    """RAM that it would need beyond what there is; 0 where the RAM is unknown."""

    @property
    def runs(self) -> bool:
        """Whether it fits every GPU, the engine's own limit and the RAM."""
        return self.fit.verdict is not Verdict.UNKNOWN and self.tightest.margin >= 0 and not self.ram_missing

    @property
    def deciding_part(self) -> PartName:
        """The part with which the sum passes what is allowed; the largest where it fits."""
        sizes = {part.name: part.bytes for part in self.estimate.parts}
        if self.tightest.margin >= 0:
            return max(sizes, key=lambda name: sizes[name])
        allowed = self.tightest.allowed * self.estimate.total_bytes / max(1, self.tightest.needed)
        reached = 0
        for name in _ORDER:
            reached += sizes.get(name, 0)
            if reached > allowed:
                return name
        return PartName.KV_CACHE


def judge(
    architecture: Architecture,
    workload: Workload,
    *,
    device: Device,
    headroom: float = 0.0,
    headroom_bytes: int = 0,
    explain: bool = False,
) -> Judgement:
    """Return what the load takes and leaves.

    `headroom`: share of what the engine can use of each GPU that must stay free, as in the verdict of `fit`;
    `headroom_bytes`: the same in bytes.

    Raises UnsupportedWorkloadError where the engine cannot run the model in the format, or not on these GPUs.
    """
    check_platform(workload.engine.id, device)
    found = estimate(architecture, workload, device=device, explain=explain)
    workload = resolve(architecture, workload, device=device)
    gpus = sorted(device.gpus, key=lambda gpu: -gpu.usable_bytes)
    rooms = []
    for place, (needed, card) in enumerate(shares(found, device)):
        budget = vllm_budget(workload, gpus[place]) if workload.engine.id == "vllm" and gpus else card
        usable = min(card, budget)
        allowed = usable - max(headroom_bytes, -int(-headroom * usable // 1))
        rooms.append(Room(needed=needed, allowed=allowed, usable=usable, card=card))
    return Judgement(
        workload=workload,
        estimate=found,
        fit=fit(found, within_share(device, workload)),
        tightest=min(rooms, key=lambda room: room.margin),
        utilization=utilization(workload, gpus[0]) if workload.engine.id == "vllm" and gpus else None,
        ram_missing=_ram_missing(found, device),
    )


def _ram_missing(found: Estimate, device: Device) -> int:
    if device.ram_bytes is None or device.unified or not device.gpus:
        return 0
    return max(0, found.host_bytes - device.ram_bytes)


def with_context(workload: Workload, context: int) -> Workload:
    """Return the load with sequences of so many tokens; a prompt keeps its length as far as it fits."""
    prompt = workload.prompt_tokens
    return replace(workload, context=context, prompt_tokens=None if prompt is None else min(prompt, context))
