"""How far fine-tuning could go on a device, and the libraries' arguments that start it."""

import json
from typing import TYPE_CHECKING

from llmfit.records.sizing import TrainingPlan
from llmfit.records.training import ALL_LINEAR
from llmfit.render.fitting import VERDICTS
from llmfit.render.prose import Paragraph, said
from llmfit.units import amount

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
        "adapted": list(plan.adapted),
        "recipes": [
            {"recipe": one.recipe, "total_bytes": one.total_bytes, "verdict": one.verdict.value} for one in plan.recipes
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
    return adapted + most + _recipes(plan) + _methods(plan)


def _methods(plan: TrainingPlan) -> list[Paragraph]:
    """Return what other methods take, and what their adapters are on."""
    found = ", ".join(f"{one.method} {amount(one.total_bytes)} ({VERDICTS[one.verdict][0]})" for one in plan.methods)
    names = "every linear layer" if plan.adapted == (ALL_LINEAR,) else ", ".join(plan.adapted)
    on = f" (adapters on {names})" if names else ""
    return [said(f"by method{on}: {found}")] if found else []


def _recipes(plan: TrainingPlan) -> list[Paragraph]:
    """Return what other precisions take, by their words for `--recipe`."""
    found = ", ".join(f"{one.recipe} {amount(one.total_bytes)} ({VERDICTS[one.verdict][0]})" for one in plan.recipes)
    return [said(f"by --recipe: {found}")] if found else []


def recipe_words(plan: TrainingPlan) -> list[Paragraph]:
    """Return the arguments that take what the estimate says, by library."""
    return [
        said(f"{part}: {json.dumps(arguments, ensure_ascii=False, default=str)}")
        for part, arguments in plan.recipe.items()
        if arguments
    ]
