"""What would fit: the inverse questions, asked of the catalog."""

from llmfit.planning.device import plan_device
from llmfit.planning.grid import plan_grid
from llmfit.planning.machines import plan_machines
from llmfit.planning.question import Wanted, wanted_of

__all__ = ["Wanted", "plan_device", "plan_grid", "plan_machines", "wanted_of"]
