"""How far fine-tuning could go on a device, and the libraries' arguments that start it."""

import json
from typing import TYPE_CHECKING

from llmfit.records.sizing import TrainingPlan
from llmfit.render.fitting import VERDICTS
from llmfit.render.terminal import Terminal
from llmfit.render.text import amount, visible, wrap

if TYPE_CHECKING:
    from llmfit.render import shapes


def plan_json(plan: TrainingPlan) -> "shapes.TrainingPlan":
    """Return the limits, the methods and the recipe."""
    return {
        "batch_size": plan.batch_size,
        "sequence_length": plan.sequence_length,
        "lora_rank": plan.lora_rank,
        "methods": [
            {"method": one.method, "total_bytes": one.total_bytes, "verdict": one.verdict.value} for one in plan.methods
        ],
        "recipe": dict(plan.recipe),
    }


def plan_lines(plan: TrainingPlan, *, terminal: Terminal) -> list[str]:
    """Return what is the most that fits, one thing at a time, and what other methods take."""
    limits = {
        "micro-batch of": plan.batch_size,
        "sequence of": plan.sequence_length,
        "rank": plan.lora_rank,
    }
    words = [f"{word} {limit:,}" for word, limit in limits.items() if limit is not None]
    lines = wrap(f"fits up to: {', or '.join(words)}", width=terminal.width) if words else []
    others = ", ".join(f"{one.method} {amount(one.total_bytes)} ({VERDICTS[one.verdict][0]})" for one in plan.methods)
    return lines + (wrap(f"by method: {others}", width=terminal.width, indent="  ", first="") if others else [])


def recipe_lines(plan: TrainingPlan, *, terminal: Terminal) -> list[str]:
    """Return the arguments that take what the estimate says, by library."""
    lines = []
    for part, arguments in plan.recipe.items():
        if arguments:
            text = f"{part}: {json.dumps(arguments, ensure_ascii=False, default=str)}"
            lines += wrap(visible(text), width=terminal.width, indent="  ", first="")
    return lines
