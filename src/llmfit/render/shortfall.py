"""What a plan lacks where nothing fits, in words: the most that fits, and how much is missing."""

from llmfit.records.plan import Plan, Variant
from llmfit.units import amount


def missing_words(plan: Plan, variant: Variant) -> str:
    """Return what one engine and format lack for the asked context, or for one token; empty where nothing."""
    if not variant.missing_bytes:
        return ""
    asked = f"{plan.context:,} tokens: " if plan.context_asked else ""
    return f"{asked}{amount(variant.missing_bytes)} too much"


def shortfall(plan: Plan) -> str:
    """Return why nothing fits: the longest context that would, else what the nearest engine and format lack."""
    free = f" with {plan.headroom_percent:g} % free" if plan.headroom_percent else ""
    best = max(plan.variants, key=lambda one: one.longest_context, default=None)
    if best is not None and best.longest_context:
        several = f" in each of {plan.sequences:,} sequences" if plan.sequences > 1 else ""
        lacks = f"; {_asked(plan)} lack {amount(best.missing_bytes)}" if best.missing_bytes else ""
        return f"nothing fits: the most is {best.longest_context:,} tokens{several}{free} ({_named(best)}){lacks}"
    lacking = [one for one in plan.variants if one.missing_bytes]
    if lacking:
        nearest = min(lacking, key=lambda one: one.missing_bytes)
        return f"nothing fits{free}: {_named(nearest)} lacks {amount(nearest.missing_bytes)} for {_asked(plan)}"
    reasons = dict.fromkeys(one.reason for one in plan.variants if one.reason)
    return f"nothing fits: {'; '.join(reasons)}" if reasons else "nothing fits"


def _asked(plan: Plan) -> str:
    return f"{plan.context:,} tokens" if plan.context_asked else "one token"


def _named(variant: Variant) -> str:
    return f"{variant.workload.engine.id} {variant.workload.format.id}"
