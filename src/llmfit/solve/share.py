"""What vLLM's `--gpu-memory-utilization` leaves of a device."""

from dataclasses import replace

from llmfit.records.device import Device, DeviceGpu
from llmfit.records.workload import Workload
from llmfit.solve.judge import vllm_budget


def within_share(device: Device, workload: Workload) -> Device:
    """Return the device with no more usable than the share that the load names; itself where it names none.

    The share is one of all that the driver reports, and other programs take theirs from the rest.
    """
    share = workload.options.gpu_memory_utilization
    if share is None or workload.engine.id != "vllm" or not device.gpus:
        return device
    note = f"vLLM takes at most {share:g} of each card, its context and graphs aside"
    return replace(
        device, gpus=tuple(_cut(gpu, vllm_budget(workload, gpu)) for gpu in device.gpus), notes=(*device.notes, note)
    )


def _cut(gpu: DeviceGpu, budget: int) -> DeviceGpu:
    """Return the GPU with what lies beyond the budget as reserved."""
    beyond = max(0, gpu.usable_bytes - budget)
    return replace(gpu, reserved_bytes=gpu.reserved_bytes + beyond)
