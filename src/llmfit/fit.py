"""Estimate × device → verdict: the only place where bytes needed meet bytes there are."""

from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit, Verdict
from llmfit.units import in_gib

COMFORTABLE = 0.9
"""Share of the usable memory up to which a load fits; above it is tight (design, section 2)."""
ROOMY = round(1 - COMFORTABLE, 6)
"""Share of each GPU that a load which fits leaves free."""


def fit(estimate: Estimate, device: Device) -> Fit:
    """Return whether the estimate fits the device.

    One GPU: its total against what is usable there.
    Several: each rank against its own GPU, the fullest share on the largest card; the worst decides.
    Unified memory or no GPU: device and host bytes together against the memory that there is.
    What lies in RAM beside the GPU must fit there, where the RAM is known.
    """
    if estimate.unknown:
        parts = ", ".join(part.value for part in estimate.unknown)
        return Fit(estimate=estimate, device=device, verdict=Verdict.UNKNOWN, reason=f"no figure for {parts}")
    if not device.gpus:
        return _fit_ram(estimate, device)
    needed, usable = _worst(estimate, device)
    verdict = _compare(needed, usable)
    if verdict is not Verdict.TOO_LARGE and _ram_missing(estimate, device):
        there = in_gib(device.ram_bytes or 0, digits=1)
        reason = f"fits the GPU, but needs {in_gib(estimate.host_bytes, digits=1)} of RAM, and there is {there}"
        return Fit(estimate=estimate, device=device, verdict=Verdict.TOO_LARGE, reason=reason)
    if verdict is not Verdict.TOO_LARGE:
        reason = _reason(verdict, needed, usable, several=len(estimate.per_gpu_bytes) > 1)
        return Fit(estimate=estimate, device=device, verdict=verdict, reason=reason)
    reason = _reason(verdict, needed, usable, several=len(estimate.per_gpu_bytes) > 1)
    return _fit_offload(estimate, device, reason=reason)


def _compare(needed: int, usable: int) -> Verdict:
    if needed <= COMFORTABLE * usable:
        return Verdict.FITS
    return Verdict.TIGHT if needed <= usable else Verdict.TOO_LARGE


def _worst(estimate: Estimate, device: Device) -> tuple[int, int]:
    """Return bytes needed and usable on the GPU that has the least room for its share."""
    return max(shares(estimate, device), key=lambda pair: pair[0] / max(1, pair[1]))


def shares(estimate: Estimate, device: Device) -> list[tuple[int, int]]:
    """Return bytes needed and usable on each GPU, the largest card first; of the RAM where there is no GPU.

    Cards of several sizes are never summed: each holds its own share.
    """
    if not device.gpus:
        return [(estimate.total_bytes + estimate.host_bytes, device.ram_bytes or 0)]
    if device.unified:
        return [(estimate.total_bytes + estimate.host_bytes, device.usable_bytes)]
    usable = sorted((gpu.usable_bytes for gpu in device.gpus), reverse=True)
    if len(estimate.per_gpu_bytes) < 2:
        return [(estimate.total_bytes, usable[0])]
    if len(estimate.per_gpu_bytes) > len(usable):
        return [(estimate.total_bytes, 0)]
    return list(zip(sorted(estimate.per_gpu_bytes, reverse=True), usable, strict=False))


def _ram_missing(estimate: Estimate, device: Device) -> bool:
    """Whether what lies beside the GPU is more than the RAM; unified memory is counted as one."""
    return not device.unified and device.ram_bytes is not None and estimate.host_bytes > device.ram_bytes


def _fit_ram(estimate: Estimate, device: Device) -> Fit:
    needed = estimate.total_bytes + estimate.host_bytes
    if device.ram_bytes is None:
        reason = "no GPU, and nothing is known of the RAM"
        return Fit(estimate=estimate, device=device, verdict=Verdict.UNKNOWN, reason=reason)
    verdict = _compare(needed, device.ram_bytes)
    return Fit(estimate=estimate, device=device, verdict=verdict, reason=_reason(verdict, needed, device.ram_bytes))


def _fit_offload(estimate: Estimate, device: Device, *, reason: str) -> Fit:
    """Return `offload` where llama.cpp could keep in RAM what each of the GPUs cannot hold, `too_large` else."""
    excess = sum(max(0, needed - usable) for needed, usable in shares(estimate, device))
    in_ram = excess + estimate.host_bytes
    possible = not device.unified and 0 < estimate.offloadable_bytes >= excess
    if not possible or device.ram_bytes is None or in_ram > device.ram_bytes:
        return Fit(estimate=estimate, device=device, verdict=Verdict.TOO_LARGE, reason=reason)
    words = f"at least {in_gib(excess, digits=1)} of it would have to move to RAM"
    return Fit(estimate=estimate, device=device, verdict=Verdict.OFFLOAD, reason=words)


def _reason(verdict: Verdict, needed: int, usable: int, *, several: bool = False) -> str:
    if verdict is Verdict.FITS:
        return ""
    there = " on the fullest GPU" if several else ""
    needs = f"needs {in_gib(needed, digits=1)}"
    if verdict is Verdict.TIGHT:
        return f"{needs} of {in_gib(usable, digits=1)} usable{there}, more than {100 * COMFORTABLE:g} %"
    return f"{needs}{there}, {in_gib(needed - usable, digits=1)} more than is usable"
