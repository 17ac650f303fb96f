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


def longest_context(fits_at: Callable[[int], Fit | None], *, context: int, limit: int, guess: int) -> int:
    """Return the longest context, in whole steps, whose verdict is `fits`; `context` itself is known to fit.

    The search widens from the guess, which is right to a few steps where the cache grows evenly.
    """
    if limit <= context or (guess >= limit and _fits(fits_at(limit))):
        return limit
    low, high = context // _STEP, limit // _STEP + 1  # low fits, high does not or lies beyond the limit
    probe, width = min(max(guess // _STEP, low), high - 1), 1
    while high - low > 1:
        probe = min(max(probe, low + 1), high - 1)
        if _fits(fits_at(probe * _STEP)):
            low, probe = probe, probe + width
        else:
            high, probe = probe, probe - width
        width *= 2
        if high - low <= width:
            probe = (low + high) // 2
    if (low + 1) * _STEP > limit and _fits(fits_at(limit)):
        return limit
    return max(context, low * _STEP)


def _fits(fit: Fit | None) -> bool:
    return fit is not None and fit.verdict is Verdict.FITS
