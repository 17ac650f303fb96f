"""Result: one model under one load, on one device or on none."""

from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.speed import Speed
from llmfit.records.training import Training
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How many bytes a model takes under a load, and what that means on a device."""

    model: Model
    active_parameters: int | None
    """Parameters that one token passes through; None where the architecture does not say."""
    license: EffectiveLicense
    workload: Workload | Training
    """What it is asked to do: answer, or be fine-tuned."""
    estimate: Estimate
    fit: Fit | None = None
    """None where no device was named."""
    speed: Speed | None = None
    """None where no device was named, or its bandwidth is unknown."""
    warnings: tuple[str, ...] = ()

    @property
    def device(self) -> Device | None:
        """The device that it was compared with."""
        return None if self.fit is None else self.fit.device
