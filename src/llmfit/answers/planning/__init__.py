"""What would fit: the inverse questions, asked of the catalog."""

from llmfit.answers.planning.device import plan_device
from llmfit.answers.planning.grid import plan_grid
from llmfit.answers.planning.machines import plan_machines
from llmfit.answers.planning.question import Wanted, wanted_of

__all__ = ["Wanted", "plan_device", "plan_grid", "plan_machines", "wanted_of"]
