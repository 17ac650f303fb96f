"""Puts together what the drivers of this machine say."""

import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from llmfit.detect.finding import Finding, ask
from llmfit.detect.ram import RamFigures, read_ram
from llmfit.errors import NoGpuFoundError
from llmfit.records.device import Device, DeviceGpu

SECONDS = 8.0
"""Longest that one driver may take to answer."""
Probe = Callable[[], Finding]


def detect_device(
    *,
    probes: Mapping[str, Probe] | None = None,
    ram: Callable[[], RamFigures] = read_ram,
    seconds: float = SECONDS,
) -> Device:
    """Return this machine's GPUs and RAM, each figure with where it comes from.

    The first driver that shows a GPU answers for the machine; cards of other makers that the others show are notes.

    Raises:
        NoGpuFoundError: No driver shows a GPU; the message says what each of them said.
    """
    reasons: list[str] = []
    hints: list[str] = []
    asked = system_probes() if probes is None else probes
    names = iter(asked)
    for name in names:
        finding = ask(asked[name], name=name, seconds=seconds)
        if finding.gpus:
            others = (ask(asked[other], name=other, seconds=seconds) for other in names)
            return _device(finding, ram, others=tuple(gpu for other in others for gpu in other.gpus))
        reasons += [finding.reason, *(note for note in finding.notes if note != finding.reason)]
        hints.append(finding.hint)
    said = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    if is_wsl():
        hints.append("Under WSL the driver of Windows is used: see that /usr/lib/wsl/lib is there")
    hints += (
        ["A container sees the GPUs that it is started with, as by `docker run --gpus all`"] if is_container() else []
    )
    hints.append("Say what you have: --vram 8, or --gpu with a name that `llmfit gpus` lists")
    raise NoGpuFoundError(
        f"No usable GPU found{': ' + said if said else ''}", hint=". ".join(dict.fromkeys(filter(None, hints)))
    )


def device_without_gpu(*, ram: Callable[[], RamFigures] = read_ram) -> Device:
    """Return what is known of this machine where no driver shows a GPU: its RAM."""
    return _device(Finding(), ram, others=())


def _device(finding: Finding, ram: Callable[[], RamFigures], *, others: Sequence[DeviceGpu]) -> Device:
    notes = list(finding.notes)
    makers = {gpu.vendor for gpu in finding.gpus}
    strange = [gpu.name for gpu in others if gpu.vendor not in makers]
    notes += [f"{name} is here too, and not counted: it has another driver" for name in strange]
    if is_wsl():
        notes.append("Under WSL, memory that Windows uses counts as used")
    try:
        figures = ram()
    except Exception as error:  # noqa: BLE001 - without RAM figures the GPU's stay useful
        notes.append(f"RAM unknown: {type(error).__name__}")
        figures = None
    if figures is not None:
        notes.append(f"RAM from {figures.source}")
    return Device(
        gpus=finding.gpus,
        ram_bytes=None if figures is None else figures.available,
        unified=finding.unified,
        source="detected",
        notes=tuple(notes),
    )


def system_probes(system: str | None = None) -> dict[str, Probe]:
    """Return the drivers to ask on this operating system, in order."""
    from llmfit.detect.nvidia import find_nvidia

    name = platform.system() if system is None else system
    if name == "Darwin":
        from llmfit.detect.apple import find_apple

        return {"the system": find_apple}
    if name == "Windows":
        from llmfit.detect.windows import find_windows

        return {"NVML": find_nvidia, "the registry": find_windows}
    from llmfit.detect.drm import find_drm
    from llmfit.detect.tegra import find_tegra

    return {"the device tree": find_tegra, "NVML": find_nvidia, "the kernel": find_drm}


def is_wsl(version: Path = Path("/proc/version")) -> bool:
    """Whether this is Linux inside Windows."""
    try:
        return "microsoft" in version.read_text(encoding="utf-8", errors="replace")[:4096].casefold()
    except OSError:
        return False


def is_container(root: Path = Path("/")) -> bool:
    """Whether this runs in a container of Docker or Podman."""
    return any((root / name).exists() for name in (".dockerenv", "run/.containerenv"))
