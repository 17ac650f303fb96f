"""What an engine takes beyond its tensors, each figure with source, version and spread."""

from typing import Literal

from llmfit.records.base import Record
from llmfit.records.format import EngineName, PrecisionName

Platform = Literal["cuda", "rocm", "metal", "vulkan", "cpu"]
USUAL_KV_FORMAT = "f16"
"""Format of the cache beside weights of which nothing else is said."""


class UnknownConstantError(KeyError):
    """An engine has no constant of a name: nobody measured it."""


class Constant(Record):
    """One measured figure that the estimates use."""

    name: str
    """What it is, such as `cuda_context_bytes`."""
    engine: EngineName | Literal["any"]
    platform: Platform | Literal["any"] = "any"
    value: float
    """The planning figure, in the unit that the name ends with."""
    low: float
    """Lower end of what was measured."""
    high: float
    """Upper end of what was measured."""
    version: str
    """Engine and version at which it was read."""
    source: str
    checked: str
    note: str = ""
    own: bool = True
    """Whether it was measured on what it is used for; else a figure of something alike stands in."""


class StoredPrecision(Record):
    """How an engine stores what a user calls a precision."""

    precision: PrecisionName
    formats: tuple[str, ...]
    """Ids of formats of weights; the first is the usual one."""
    kv_format: str = USUAL_KV_FORMAT
    """Id of the cache's format beside such weights, which an engine may keep without offering it for others."""


class Engine(Record):
    """An engine with the constants of its overhead."""

    id: EngineName
    version: str
    """The version whose rules are the default."""
    stores: tuple[StoredPrecision, ...] = ()
    """The precisions that it has, the most exact first."""
    constants: tuple[Constant, ...]

    def usual_format(self, precision: str) -> str | None:
        """Return the id of the format that a precision means; None where the engine does not have it."""
        return next((stored.formats[0] for stored in self.stores if stored.precision == precision), None)

    def usual_kv_format(self, precision: str | None) -> str:
        """Return the id of the cache's usual format beside weights of this precision, or of none that has a name."""
        return next((stored.kv_format for stored in self.stores if stored.precision == precision), USUAL_KV_FORMAT)

    def constant(self, name: str, platform: str = "any") -> Constant:
        """Return the constant of this name, the platform's own before the general one.

        Raises UnknownConstantError where there is none.
        """
        general = None
        for constant in self.constants:
            if constant.name == name:
                if constant.platform == platform:
                    return constant
                if constant.platform == "any":
                    general = constant
        if general is not None:
            return general
        raise UnknownConstantError(f"{self.id} has no constant {name} for {platform}")
