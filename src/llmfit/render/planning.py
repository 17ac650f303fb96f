"""How far fine-tuning could go on a device, and the libraries' arguments that start it."""

import json
from typing import TYPE_CHECKING

from llmfit.records.sizing import TrainingPlan
from llmfit.render.fitting import VERDICTS
from llmfit.render.prose import Paragraph, said
from llmfit.render.text import amount

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


def plan_words(plan: TrainingPlan) -> list[Paragraph]:
    """Return what is the most that fits, one thing at a time, and what other methods take."""
    limits = {
        "micro-batch of": plan.batch_size,
        "sequence of": plan.sequence_length,
        "rank": plan.lora_rank,
    }
    words = [f"{word} {limit:,}" for word, limit in limits.items() if limit is not None]
    peft = plan.recipe.get("peft") or {}
    names = peft.get("target_modules", ())
    rank = f" with rank {peft['r']}" if "r" in peft else ""
    adapted = [said(f"adapts {', '.join(names)}{rank}")] if names else []
    most = [said(f"fits up to: {', or '.join(words)}")] if words else []
    others = ", ".join(f"{one.method} {amount(one.total_bytes)} ({VERDICTS[one.verdict][0]})" for one in plan.methods)
    return adapted + most + ([said(f"by method: {others}")] if others else [])


def recipe_words(plan: TrainingPlan) -> list[Paragraph]:
    """Return the arguments that take what the estimate says, by library."""
    return [
        said(f"{part}: {json.dumps(arguments, ensure_ascii=False, default=str)}")
        for part, arguments in plan.recipe.items()
        if arguments
    ]
