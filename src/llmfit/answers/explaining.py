"""Adds to a recommendation what a ranking leaves out to be quick: terms of memory, sources of models."""

from collections.abc import Callable
from dataclasses import replace

from llmfit.architectures import describe
from llmfit.estimate import estimate
from llmfit.records.device import Device
from llmfit.records.model import Model
from llmfit.records.recommendation import Recommendation, Recommendations


def explained(answer: Recommendations, *, device: Device) -> Recommendations:
    """Return the same answer, the same bytes, with every term of the picks' memory."""
    return replace(
        answer,
        picks=tuple(_explained(pick, device=device) for pick in answer.picks),
        offload=tuple(_explained(pick, device=device) for pick in answer.offload),
    )


def sourced(answer: Recommendations, *, model: Callable[[str], Model]) -> Recommendations:
    """Return the same answer with where the picks' facts were read; `model` finds a model with its sources by id."""
    return replace(
        answer,
        picks=tuple(replace(pick, model=model(pick.model.id)) for pick in answer.picks),
        offload=tuple(replace(pick, model=model(pick.model.id)) for pick in answer.offload),
    )


def _explained(pick: Recommendation, *, device: Device) -> Recommendation:
    if pick.training is not None:  # its terms are all there
        return pick
    estimated = estimate(describe(pick.model.architecture), pick.workload, device=device, explain=True)
    if estimated.total_bytes != pick.fit.estimate.total_bytes:  # part of it lies in RAM, or beside companions
        return pick
    return replace(pick, fit=replace(pick.fit, estimate=estimated))
