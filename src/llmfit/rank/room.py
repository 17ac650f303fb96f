"""How long the context of a variant may become before it stops fitting."""

from collections.abc import Callable

from llmfit.records.estimate import Estimate, PartName
from llmfit.solve.search import largest

_STEP = 1024
"""Tokens to which the answer is rounded down."""


def likely_room(
    estimate: Estimate,
    *,
    context: int,
    sequences: int,
    budget: int,
    limit: int,
    part: PartName = PartName.KV_CACHE,
) -> int:
    """Return about how many tokens fit, from the bytes of the part that grows with the context: the cache."""
    per_token = estimate.part_bytes(part) / (context * sequences)
    free = max(0, budget - estimate.total_bytes)
    return limit if per_token == 0 else min(limit, context + int(free / per_token / sequences))


def longest_context(margin_at: Callable[[int], int], *, context: int, limit: int) -> int:
    """Return the longest context, in whole steps, that leaves a margin; `context` itself is known to.

    `margin_at` returns the bytes that a context leaves, negative where it does not fit.
    """
    if limit <= context or margin_at(limit) >= 0:
        return limit
    steps = largest(lambda step: margin_at(max(context, step * _STEP)), limit=limit // _STEP, start=context // _STEP)
    return max(context, steps * _STEP)
