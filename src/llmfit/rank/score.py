"""The score in visible parts: quality first, speed up to what the task needs, context, adoption."""

from collections.abc import Mapping
from math import log, log1p

from llmfit.errors import UsageError
from llmfit.records.device import Device
from llmfit.records.model import Model
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Quality, ScorePart
from llmfit.records.speed import Speed
from llmfit.records.task import Task

_UNKNOWN = 0.5
"""Value of a part about which nothing is known: neither praise nor blame."""


def weights_of(
    ranking: Ranking, *, asked: Mapping[str, float], tasks: tuple[Task, ...], device: Device, answering: bool = True
) -> dict[str, float]:
    """Return the shares of the score's parts, which sum to 1.

    Speed counts only where the model is to answer, the device's bandwidth is known and a task needs speed.

    Raises:
        UsageError: A weight is negative, no number, or of an unknown part; or all are 0.
    """
    weights = dict(ranking.weights)
    for name, weight in asked.items():
        if name not in weights:
            raise UsageError(f"The score has no part {name}", hint=f"Parts: {', '.join(weights)}")
        if not 0 <= weight < float("inf"):
            raise UsageError(f"The weight of {name} must be 0 or more")
        weights[name] = weight
    if not answering or useful_speed(tasks) is None or not any(gpu.bandwidth_gbps for gpu in device.gpus):
        weights.pop("speed", None)
    total = sum(weights.values())
    if total == 0:
        raise UsageError("All weights of the score are 0", hint="Give quality a weight")
    return {name: weight / total for name, weight in weights.items()}


def useful_speed(tasks: tuple[Task, ...]) -> float | None:
    """Return the fastest decoding that one of the tasks can use, in tokens a second; None where none decodes."""
    return max((t.useful_tokens_per_second for t in tasks if t.useful_tokens_per_second is not None), default=None)


def quality_part(quality: Quality, *, ranking: Ranking, weight: float) -> ScorePart:
    """Return the rating between the scale's floor and ceiling."""
    value = (quality.rating - ranking.rating_floor) / (ranking.rating_ceiling - ranking.rating_floor)
    detail = f"rating {quality.rating:.0f} ± {quality.standard_error:.0f}, {quality.badge}"
    return ScorePart(name="quality", value=_clip(value), weight=weight, detail=detail)


def speed_part(speed: Speed | None, *, useful: float | None, weight: float) -> ScorePart:
    """Return the typical speed on a log scale, up to what the task can use."""
    if speed is None or useful is None:
        return ScorePart(name="speed", value=_UNKNOWN, weight=weight, detail="unknown, counted as half")
    value = log1p(speed.typical) / log1p(useful)
    detail = f"{speed.typical:.0f} tokens/s typical, {useful:.0f} are enough"
    return ScorePart(name="speed", value=_clip(value), weight=weight, detail=detail)


def context_part(room: int, *, asked: int, ranking: Ranking, weight: float) -> ScorePart:
    """Return how much longer than asked the context could be, up to what is comfortable."""
    value = room / (asked * ranking.context_comfort)
    detail = f"about {room:,} tokens fit, {asked:,} are asked for"
    return ScorePart(name="context", value=_clip(value), weight=weight, detail=detail)


def adoption_part(model: Model, *, ranking: Ranking, weight: float) -> ScorePart:
    """Return how many people liked the model, on a log scale."""
    if model.likes is None:
        return ScorePart(name="adoption", value=_UNKNOWN, weight=weight, detail="likes unknown, counted as half")
    low, high = ranking.adoption_low, ranking.adoption_high
    value = (log(max(1, model.likes)) - log(low)) / (log(high) - log(low))
    return ScorePart(name="adoption", value=_clip(value), weight=weight, detail=f"{model.likes:,} likes")


def _clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)
