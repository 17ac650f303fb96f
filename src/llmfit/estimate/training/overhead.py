"""What the driver, the communication library and the allocator take beyond the tensors of a training run."""

from llmfit.estimate.defaults import platform_of
from llmfit.records.device import Device
from llmfit.records.engine import Constant
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.training import Training
from llmfit.units import gib, in_gib


def overhead_part(training: Training, *, tensors: int, device: Device | None) -> Part:
    """Return context, communication buffers and allocator reserve of one GPU; no CUDA context on other platforms."""
    facts = training.facts
    context, nccl = facts.constant("cuda_context_bytes"), facts.constant("nccl_bytes")
    reserve = facts.constant("allocator_reserve_ratio")
    on_cuda = platform_of(device) in {"cuda", "rocm"}
    many = training.gpus > 1
    lines = (
        _line("CUDA context and libraries", context, on_cuda),
        _line("communication buffers", nccl, many),
        Line("allocator reserve", int(tensors * reserve.value), f"{reserve.value:g} × {tensors:,}", reserve.source),
    )

    def end(which: str) -> int:
        fixed = on_cuda * getattr(context, which) + many * getattr(nccl, which)
        return int(fixed + tensors * getattr(reserve, which))

    total = sum(line.bytes for line in lines)
    kept = tuple(line for line in lines if line.bytes)
    return Part(name=PartName.OVERHEAD, bytes=total, low=end("low"), high=end("high"), lines=kept)


def _line(label: str, constant: Constant, present: bool) -> Line:  # noqa: FBT001 - one private caller, named by its label
    spread = f"{int(constant.value):,} B, measured {gib(constant.low)} to {in_gib(constant.high)}"
    return Line(label, int(constant.value) if present else 0, spread, constant.source)
