"""What vLLM takes of a card, and what that leaves of a device for a load."""

from dataclasses import replace

from llmfit.records.device import Device, DeviceGpu
from llmfit.records.workload import Workload

_OUTSIDE = ("context_bytes", "graph_bytes")
"""What vLLM takes beside the share of the card that `gpu_memory_utilization` gives it."""


def within_share(device: Device, workload: Workload) -> Device:
    """Return the device with no more usable than vLLM's share of each card; itself for other engines.

    The share is one of all that the driver reports, and other programs take theirs from the rest.
    """
    if workload.engine.id != "vllm" or not device.gpus:
        return device
    share = utilization(workload, device.gpus[0])
    note = f"vLLM takes at most {share:g} of each card, its context and graphs aside"
    return replace(
        device, gpus=tuple(_cut(gpu, vllm_budget(workload, gpu)) for gpu in device.gpus), notes=(*device.notes, note)
    )


def utilization(workload: Workload, gpu: DeviceGpu) -> float:
    """Return the share of the card that vLLM takes: the asked one, else its default or what is free at start.

    vLLM refuses to start where its share is not free, so a small card takes a smaller one, in hundredths.
    """
    asked = workload.options.gpu_memory_utilization
    if asked is not None:
        return asked
    usual = workload.engine.constant("gpu_memory_utilization").value
    free = gpu.usable_bytes - round(workload.engine.constant("context_bytes", gpu.platform).value)
    return max(0.0, min(usual, int(100 * free / max(1, gpu.total_bytes)) / 100))


def vllm_budget(workload: Workload, gpu: DeviceGpu) -> int:
    """Return the bytes that a vLLM process may reach on the card: its share, and what it takes beside it."""
    names = _OUTSIDE[:1] if workload.options.enforce_eager else _OUTSIDE
    beside = sum(round(workload.engine.constant(name, gpu.platform).value) for name in names)
    return int(utilization(workload, gpu) * gpu.total_bytes) + beside


def _cut(gpu: DeviceGpu, budget: int) -> DeviceGpu:
    """Return the GPU with what lies beyond the budget as reserved."""
    beyond = max(0, gpu.usable_bytes - budget)
    return replace(gpu, reserved_bytes=gpu.reserved_bytes + beyond)
