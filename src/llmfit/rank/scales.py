"""Reads a published score as a deviation from the prior, on the scale of its benchmark."""

from math import log

from llmfit.records.ranking import Judgement, Scale

_EDGE = 0.01
"""Shares closer than this to none or all are read as this: a board's ends say little."""


def transform(scale_transform: str, score: float, *, maximum: float) -> float:
    """Return the score as a share of the maximum, in log odds where the scale asks for it."""
    share = min(max(score / maximum, _EDGE), 1 - _EDGE)
    return log(share / (1 - share)) if scale_transform == "logit" else share


def implied_rating(scale: Scale, score: float) -> float:
    """Return the rating at which the scale expects this score, inside the range of its regression."""
    rating = (transform(scale.transform, score, maximum=scale.maximum) - scale.intercept) / scale.slope
    return min(max(rating, scale.low), scale.high)


def deviation(scale: Scale, score: float, *, expected: float, judgement: Judgement) -> float | None:
    """Return by how many rating points the score lies above what a rating lets expect.

    None where that rating lies beyond the range of the regression: old boards saturate, and nothing is read off there.
    """
    if not scale.low - judgement.saturation_points <= expected <= scale.high + judgement.saturation_points:
        return None
    value = transform(scale.transform, score, maximum=scale.maximum)
    limit = judgement.limit * scale.residual_sd
    return min(max((value - scale.intercept) / scale.slope - expected, -limit), limit)
