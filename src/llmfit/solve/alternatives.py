"""What a load that does not fit could be changed to, and whether it then runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.shapes import divided, shape_problems
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.format import Format, KvFormat
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload
from llmfit.solve.judge import Judgement, judge, with_context
from llmfit.solve.search import largest

LEAST_BITS = 3.9
"""Formats below this are no advice: they cost more quality than a smaller model would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """What a load could be changed to."""

    formats: Sequence[Format] = ()
    kv_formats: Sequence[KvFormat] = ()
    devices: Sequence[Device] = ()
    """Machines to move to, the smallest first."""
    most_gpus: int = 1
    """Up to how many GPUs of the same kind may stand in the machine."""
    card: DeviceGpu | None = None
    """A card that is sold, of the size of those there are, where they have no name: more of them are counted as it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A load that does not fit, and what must stay free."""

    architecture: Architecture
    workload: Workload
    device: Device
    headroom: float
    headroom_bytes: int

    def judge(self, workload: Workload, device: Device | None = None) -> Judgement | None:
        """Return the judgement of another load or machine; None where the engine cannot run it."""
        place = device or self.device
        if device is not None and len(device.gpus) != len(self.device.gpus):
            options = replace(workload.options, tensor_parallel=1, pipeline_parallel=1)
            workload = divided(self.architecture, replace(workload, options=options), device)
        try:
            if shape_problems(self.architecture, workload, place):
                return None
            return judge(
                self.architecture,
                workload,
                device=place,
                headroom=self.headroom,
                headroom_bytes=self.headroom_bytes,
            )
        except UnsupportedWorkloadError:
            return None

    def runs(self, workload: Workload, device: Device | None = None) -> Judgement | None:
        """Return the judgement where the load runs; None else."""
        found = self.judge(workload, device)
        return found if found is not None and found.runs else None

    def longest(self, workload: Workload) -> int:
        """Return the longest context, up to the asked one, with which the load runs; 0 where none does."""

        def margin(context: int) -> int:
            found = self.runs(with_context(workload, context))
            return -1 if found is None else found.tightest.margin

        return largest(margin, limit=workload.context)

    def more_gpus(self, alternatives: Alternatives) -> Iterator[Device]:
        """Yield the device with one GPU more, and so on up to the most; none where memory is shared.

        GPUs of several kinds are only multiplied: nobody says of which there should be more.
        """
        gpus, card = self.device.gpus, alternatives.card
        if not gpus or self.device.unified:
            return
        step = 1 if len({gpu.name for gpu in gpus}) == 1 else len(gpus)
        for count in range(len(gpus) + step, alternatives.most_gpus + 1, step):
            if card is not None:
                yield replace(self.device, gpus=(card,) * count)
            else:
                yield replace(self.device, gpus=(gpus * count)[:count])


def smaller_formats(current: Format, formats: Sequence[Format], *, engine: str) -> list[Format]:
    """Return the formats of the engine that take fewer bits than the current one, the most exact first."""
    able = [f for f in formats if engine in f.engines and not f.requires_qat]
    smaller = [f for f in able if LEAST_BITS <= f.nominal_bits < current.nominal_bits]
    return sorted(smaller, key=lambda f: (-f.nominal_bits, f.precision is None, f.id))


def smaller_caches(workload: Workload, kv_formats: Sequence[KvFormat]) -> list[KvFormat]:
    """Return the cache formats of the engine that take fewer bits than the current one, the most exact first."""
    now = _width(workload.kv_format)
    smaller = [kv for kv in kv_formats if workload.engine.id in kv.engines and _width(kv) < now]
    return sorted(smaller, key=lambda kv: (-_width(kv), kv.id))


def _width(kv_format: KvFormat) -> float:
    return kv_format.block_bytes / kv_format.block_size
