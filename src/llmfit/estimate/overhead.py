"""What engine and driver take beyond the engine's tensors: context and libraries, allocator, graphs, NCCL.

Every figure is a constant of `engines.yaml` with source, version and spread.
"""

from llmfit.estimate.defaults import platform_of
from llmfit.estimate.parallel import gpus_used
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.engine import Constant
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.workload import Workload
from llmfit.units import gib, in_gib

OLD_CONTEXT = (4, 38)
"""Before this version of transformers, that is up to torch 2.1, the context was seen to be larger."""
_NAMES = {
    "llama.cpp": ("context_bytes",),
    "transformers": ("context_bytes",),
    "vllm": ("context_bytes", "non_torch_bytes", "graph_bytes"),
}


def estimate_overhead(
    architecture: Architecture,  # noqa: ARG001 - every part has the same signature
    workload: Workload,
    *,
    device: Device | None = None,
    tensor_bytes: int = 0,
    explain: bool = False,
) -> Part:
    """Return the planning figure with the range in which it was measured, all GPUs together.

    `tensor_bytes`: what the allocator's share is taken of (activations and cache).
    Without a device CUDA on one GPU is assumed.
    """
    platform = platform_of(device)
    count = gpus_used(workload, device)
    constants = [workload.engine.constant(name, platform) for name in _names(workload, count)]
    share = workload.engine.constant("allocator_share", platform)
    planned = count * sum(round(c.value) for c in constants) + round(tensor_bytes * share.value)
    low = count * sum(round(c.low) for c in constants) + round(tensor_bytes * share.low)
    high = count * sum(round(c.high) for c in constants) + round(tensor_bytes * share.high)
    if not explain:
        return Part(name=PartName.OVERHEAD, bytes=planned, low=low, high=high)
    gpus = "1 GPU" if count == 1 else f"{count} GPUs"
    lines = [
        Line(_label(c), count * round(c.value), f"{gpus} · {round(c.value):,} B{_spread(c)}", _source(c))
        for c in constants
    ]
    if share.value:
        formula = f"{share.value:g} · {tensor_bytes:,} B, measured {share.low:g} to {share.high:g}"
        lines.append(Line("allocator reserve", round(tensor_bytes * share.value), formula, _source(share)))
    notes = _notes(constants, device=device, platform=platform)
    return Part(name=PartName.OVERHEAD, bytes=planned, low=low, high=high, lines=tuple(lines), assumptions=notes)


def _names(workload: Workload, count: int) -> list[str]:
    names = [*_NAMES[workload.engine.id]]
    if workload.engine.id == "transformers" and is_before(workload.options.engine_version, OLD_CONTEXT):
        names = ["old_context_bytes"]
    if workload.engine.id == "vllm":
        if workload.options.enforce_eager:
            names.remove("graph_bytes")
        if count > 1:
            names.append("nccl_bytes")
    return names


def _label(constant: Constant) -> str:
    return constant.name.removesuffix("_bytes").replace("_", " ")


def _spread(constant: Constant) -> str:
    """Return in which range the bytes of one GPU were measured, in words; empty where they were always the same."""
    if constant.low == constant.high:
        return ""
    return f", measured {gib(constant.low)} to {in_gib(constant.high)} on each"


def _source(constant: Constant) -> str:
    return f"{constant.source}; read at {constant.version}"


def _notes(constants: list[Constant], *, device: Device | None, platform: str) -> tuple[str, ...]:
    if device is None:
        return ("Overhead assumes one NVIDIA GPU with CUDA, since no device was named",)
    if platform != "cuda" and any(constant.platform == "any" for constant in constants):
        return (f"Overhead on {platform} was not measured: the figures of CUDA stand in",)
    return ()
