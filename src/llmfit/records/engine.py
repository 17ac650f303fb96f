"""What an engine takes beyond its tensors, each figure with source, version and spread."""

from typing import Literal

from llmfit.records.base import Record
from llmfit.records.format import EngineName

Platform = Literal["cuda", "rocm", "metal", "vulkan", "cpu"]


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


class Engine(Record):
    """An engine with the constants of its overhead."""

    id: EngineName
    version: str
    """The version whose rules are the default."""
    constants: tuple[Constant, ...]

    def constant(self, name: str, platform: str = "any") -> Constant:
        """Return the constant of this name, the platform's own before the general one.

        Raises KeyError where there is none.
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
        raise KeyError(f"{self.id} has no constant {name} for {platform}")
