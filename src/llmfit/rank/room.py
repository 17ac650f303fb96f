"""How long the context of a variant may become before it stops fitting."""

from collections.abc import Callable

from llmfit.records.estimate import Estimate, Fit, PartName, Verdict

_STEP = 1024
"""Tokens to which the answer is rounded down."""


def likely_room(estimate: Estimate, *, context: int, sequences: int, budget: int, limit: int) -> int:
    """Return about how many tokens fit, from the bytes that the cache takes at this context."""
    per_token = estimate.part_bytes(PartName.KV_CACHE) / (context * sequences)
    free = max(0, budget - estimate.total_bytes)
    return limit if per_token == 0 else min(limit, context + int(free / per_token / sequences))


def longest_context(fits_at: Callable[[int], Fit | None], *, context: int, limit: int) -> int:
    """Return the longest context, in whole steps, whose verdict is `fits`; `context` itself is known to fit."""
    if limit <= context or _fits(fits_at(limit)):
        return limit
    low, high = context // _STEP, limit // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(fits_at(middle * _STEP)):
            low = middle
        else:
            high = middle - 1
    return max(context, low * _STEP)


def _fits(fit: Fit | None) -> bool:
    return fit is not None and fit.verdict is Verdict.FITS
