"""How much of a model llama.cpp can keep on the GPU: layers (`-ngl`), or experts in RAM (`--n-cpu-moe`)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from llmfit.estimate.assemble import estimate
from llmfit.estimate.weights.gguf_models import layer_count
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """One way to run a model that is too large for the GPU, with part of it in RAM."""

    n_gpu_layers: int | None
    """`-ngl`; None for all layers."""
    n_cpu_moe: int
    """`--n-cpu-moe`: layers whose experts stay in RAM."""
    estimate: Estimate
    """What the GPU then holds, and RAM (`host_bytes`)."""


def estimate_offload(architecture: Architecture, workload: Workload, *, device: Device) -> Offload | None:
    """Return the split that leaves most on the GPUs; None where not even the buffers fit, or RAM is too small.

    Models with experts move the experts of the first layers first, which costs the least speed;
    where that is not enough, and for all others, whole layers move.
    """

    def sized(layers: int | None, experts: int) -> Offload:
        options = replace(workload.options, n_gpu_layers=layers, n_cpu_moe=experts)
        found = estimate(architecture, replace(workload, options=options), device=device)
        return Offload(n_gpu_layers=layers, n_cpu_moe=experts, estimate=found)

    n = layer_count(architecture)
    best = None
    if architecture.num_experts:
        best = _first(lambda count: sized(None, count), range(n + 1), device)
    if best is None:
        best = _first(lambda moved: sized(n + 1 - moved, 0), range(n + 2), device)
    if best is None or (device.ram_bytes is not None and best.estimate.host_bytes > device.ram_bytes):
        return None
    return best


def _first(make: Callable[[int], Offload], counts: range, device: Device) -> Offload | None:
    """Return the smallest count whose estimate fits, found by halving: more in RAM is never more on the GPU."""
    low, high = counts.start, counts.stop - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        found = make(middle)
        if _holds(device, found.estimate):
            best, high = found, middle - 1
        else:
            low = middle + 1
    return best


def _holds(device: Device, found: Estimate) -> bool:
    """Whether every card has room for its own share, the fullest share on the largest card."""
    needed = sorted(found.per_gpu_bytes, reverse=True) or [found.total_bytes]
    usable = sorted((gpu.usable_bytes for gpu in device.gpus), reverse=True)
    return len(needed) <= len(usable) and all(share <= room for share, room in zip(needed, usable, strict=False))
