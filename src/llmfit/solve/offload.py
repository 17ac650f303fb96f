"""How much of a model llama.cpp can keep on the GPU: layers (`-ngl`), or experts in RAM (`--n-cpu-moe`)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from llmfit.estimate import estimate
from llmfit.estimate.weights.gguf_models import layer_count
from llmfit.fit import ROOMY, shares
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit, Verdict
from llmfit.records.sizing import Split
from llmfit.records.workload import Workload
from llmfit.solve.judge import with_context
from llmfit.solve.search import largest
from llmfit.units import in_gib


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """One way to run a model that is too large for the GPU, with part of it in RAM."""

    n_gpu_layers: int | None
    """`-ngl`; None for all layers."""
    n_cpu_moe: int
    """`--n-cpu-moe`: layers whose experts stay in RAM."""
    estimate: Estimate
    """What the GPU then holds, and RAM (`host_bytes`)."""

    def applied_to(self, workload: Workload) -> Workload:
        """Return the load divided so."""
        options = replace(workload.options, n_gpu_layers=self.n_gpu_layers, n_cpu_moe=self.n_cpu_moe)
        return replace(workload, options=options)


def estimate_offload(
    architecture: Architecture, workload: Workload, *, device: Device, headroom: float = 0.0
) -> Offload | None:
    """Return the split that leaves most on the GPUs; None where not even the buffers fit, or RAM is too small.

    Models with experts move the experts of the first layers first, which costs the least speed;
    where that is not enough, and for all others, whole layers move.
    `headroom` is the share of each GPU's usable memory that must stay free.
    """

    def sized(layers: int | None, experts: int) -> Offload:
        options = replace(workload.options, n_gpu_layers=layers, n_cpu_moe=experts)
        found = estimate(architecture, replace(workload, options=options), device=device)
        return Offload(n_gpu_layers=layers, n_cpu_moe=experts, estimate=found)

    n = layer_count(architecture)
    best = None
    if architecture.num_experts:
        best = _first(lambda count: sized(None, count), range(n + 1), device, headroom)
    if best is None:
        best = _first(lambda moved: sized(n + 1 - moved, 0), range(n + 2), device, headroom)
    if best is None or (device.ram_bytes is not None and best.estimate.host_bytes > device.ram_bytes):
        return None
    return best


def roomy_offload(
    architecture: Architecture, workload: Workload, *, device: Device, headroom: float = 0.0
) -> Offload | None:
    """Return the split with a tenth of each GPU left free, as the verdict `fits` asks for, or at least `headroom`.

    Where none leaves so much, the one that leaves as much as was asked for.
    """
    found = estimate_offload(architecture, workload, device=device, headroom=max(headroom, ROOMY))
    return found or estimate_offload(architecture, workload, device=device, headroom=headroom)


def longest_offloaded(
    architecture: Architecture, workload: Workload, *, device: Device, limit: int, headroom: float = 0.0
) -> int:
    """Return the longest context of each sequence for which some split runs; 0 where not even one token does.

    More tokens take more on both sides of every split, so that what runs at a length runs at each shorter one.
    """

    def margin(context: int) -> int:
        found = estimate_offload(architecture, with_context(workload, context), device=device, headroom=headroom)
        if found is None:
            return -1
        return 0 if device.ram_bytes is None else device.ram_bytes - found.estimate.host_bytes

    return largest(margin, limit=limit)


def settle(architecture: Architecture, workload: Workload, fitted: Fit) -> tuple[Fit, Split | None]:
    """Return the verdict `offload` with the split that makes it true; `too_large` where none leaves room.

    Other verdicts stay as they are, without a split.
    """
    if fitted.verdict is not Verdict.OFFLOAD:
        return fitted, None
    found = roomy_offload(architecture, workload, device=fitted.device)
    if found is None:
        reason = "with every layer in RAM its buffers are still too large, or the RAM too small"
        return replace(fitted, verdict=Verdict.TOO_LARGE, reason=reason), None
    moved = found.estimate.host_bytes - fitted.estimate.host_bytes
    roomy = _holds(fitted.device, found.estimate, ROOMY)
    return replace(fitted, reason=f"{in_gib(moved)} of it would have to move to RAM"), Split(
        n_gpu_layers=found.n_gpu_layers,
        n_cpu_moe=found.n_cpu_moe,
        layers=layer_count(architecture) + 1,
        gpu_bytes=found.estimate.total_bytes,
        ram_bytes=found.estimate.host_bytes,
        roomy=roomy,
        moved_bytes=moved,
    )


def _first(make: Callable[[int], Offload], counts: range, device: Device, headroom: float) -> Offload | None:
    """Return the smallest count whose estimate fits, found by halving: more in RAM is never more on the GPU."""
    low, high = counts.start, counts.stop - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        found = make(middle)
        if _holds(device, found.estimate, headroom):
            best, high = found, middle - 1
        else:
            low = middle + 1
    return best


def _holds(device: Device, found: Estimate, headroom: float) -> bool:
    """Whether every card has room for its own share, the fullest share on the largest card."""
    return bool(device.gpus) and all(needed <= usable * (1 - headroom) for needed, usable in shares(found, device))
