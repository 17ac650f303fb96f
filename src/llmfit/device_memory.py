"""How much of a card's memory a program gets: what the driver keeps, by vendor and size."""

from collections.abc import Sequence
from dataclasses import replace

from llmfit.records.device import DeviceGpu, Gpu, MemoryRule, Vendor
from llmfit.records.engine import Platform
from llmfit.units import GIB, MIB

PLATFORMS: dict[Vendor, Platform] = {"nvidia": "cuda", "amd": "rocm", "apple": "metal", "intel": "vulkan"}


def find_rule(rules: Sequence[MemoryRule], *, vendor: Vendor, memory_bytes: int, unified: bool) -> MemoryRule | None:
    """Return the rule that covers a card of this vendor and nominal size; None where nothing is known."""
    for rule in rules:
        covers = rule.up_to_bytes is None or memory_bytes <= rule.up_to_bytes
        if rule.vendor == vendor and rule.unified_memory == unified and covers:
            return rule
    return None


def kept_bytes(rule: MemoryRule | None, memory_bytes: int) -> int:
    """Return the bytes of a card of this nominal size that no program gets; 0 without a rule."""
    return 0 if rule is None else rule.reserved_bytes + round(rule.reserved_share * memory_bytes)


def gpu_of_table(gpu: Gpu, *, rules: Sequence[MemoryRule]) -> DeviceGpu:
    """Return the GPU as a program would find it: with what its driver reports and keeps where that was read.

    Otherwise the rule of its vendor and size tells what the nominal memory shrinks to.
    """
    rule = find_rule(rules, vendor=gpu.vendor, memory_bytes=gpu.memory_bytes, unified=gpu.unified_memory)
    total = gpu.memory_bytes if gpu.reported_bytes is None else gpu.reported_bytes
    source = f"GPU table: {gpu.id}"
    if gpu.reserved_bytes is not None:
        reserved, source = gpu.reserved_bytes, f"{source}, reserve as its driver reports it"
    else:
        reserved = max(0, kept_bytes(rule, gpu.memory_bytes) - _not_reported(gpu, rule))
        source = f"{source}, reserve {'unknown' if rule is None else 'by rule: ' + rule.note}"
    return DeviceGpu(
        name=gpu.name,
        total_bytes=total,
        reserved_bytes=reserved,
        vendor=gpu.vendor,
        platform=PLATFORMS.get(gpu.vendor, "vulkan"),
        compute=gpu.compute,
        bandwidth_gbps=gpu.bandwidth_gbps,
        memory_type=gpu.memory_type,
        fp32_tflops=gpu.fp32_tflops,
        fp16_tflops=gpu.fp16_tflops,
        bf16=gpu.bf16,
        source=source,
    )


def _not_reported(gpu: Gpu, rule: MemoryRule | None) -> int:
    """Return what the reported total already lacks of the nominal memory, as far as the rule counts it too.

    Error correction on GDDR takes a sixteenth of the nominal memory, which no rule counts.
    """
    if gpu.reported_bytes is None or rule is None:
        return 0
    lacking = gpu.memory_bytes - gpu.reported_bytes
    return lacking if 0 <= lacking <= rule.reserved_bytes else 0


def gpu_of_size(memory_bytes: int, *, rules: Sequence[MemoryRule]) -> DeviceGpu:
    """Return a card of which only the nominal size is known: the driver keeps what NVIDIA's keeps."""
    rule = find_rule(rules, vendor="nvidia", memory_bytes=memory_bytes, unified=False)
    kept = min(kept_bytes(rule, memory_bytes), memory_bytes // 2)
    return DeviceGpu(
        name=f"{memory_bytes / GIB:g} GB GPU",
        total_bytes=memory_bytes,
        reserved_bytes=kept,
        source=f"nominal size; the driver keeps {kept / MIB:.0f} MiB" if kept else "nominal size",
    )


def within_rule(gpu: DeviceGpu, *, rules: Sequence[MemoryRule]) -> DeviceGpu:
    """Return a detected Apple GPU with what its system keeps of the shared memory, unless the system said so itself."""
    if gpu.platform != "metal" or gpu.vendor != "apple" or gpu.reserved_bytes:
        return gpu
    rule = find_rule(rules, vendor=gpu.vendor, memory_bytes=gpu.total_bytes, unified=True)
    if rule is None:
        return gpu
    kept = kept_bytes(rule, gpu.total_bytes)
    return replace(gpu, reserved_bytes=kept, source=f"{gpu.source}; reserve by rule: {rule.note}")
