"""What a check is about: one deployment with every word resolved."""

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import date

from llmfit.answers.checking.pins import Pins
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import Limits, Place, Waiver
from llmfit.records.device import Device
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One deployment with every word resolved."""

    name: str
    model: Model
    architecture: Architecture
    workload: Workload
    device: Device
    limits: Limits
    words: Collection[str] = ()
    """Names of what the question says of the load: `engine`, `precision`, `format`, …"""
    waivers: Sequence[Waiver] = ()
    revision: str | None = None
    place: Place | None = None
    today: date
    """Day on which exceptions and prices are judged."""
    stale_prices: bool = False
    """Whether prices that are out of date may decide."""
    pins: Pins = field(default_factory=dict, hash=False)
    """What a lock file holds still of it; empty without one."""
