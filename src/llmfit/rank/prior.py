"""What size and age alone say of a model's quality."""

from collections.abc import Mapping
from datetime import date
from math import log2
from typing import Any

from llmfit.records.model import Model
from llmfit.records.ranking import Prior, SmallModels
from llmfit.records.recommendation import RatingTerm

_DAYS_OF_YEAR = 365.25


def thinking_parameters(architecture: Mapping[str, Any], parameters: int) -> int:
    """Return the parameters that compute: all but per-layer embedding tables, which are only looked up (Gemma 3n, 4)."""
    config = architecture.get("text_config") or architecture
    width = config.get("hidden_size_per_layer_input") or 0
    rows = config.get("vocab_size_per_layer_input") or config.get("vocab_size") or 0
    table = width * rows * (config.get("num_hidden_layers") or 0)
    return parameters - table if table < parameters else parameters


def rate_by_size_and_age(prior: Prior, small: SmallModels, *, parameters: int, released: date) -> float:
    """Return the rating that the prior gives a model of this size and base release."""
    years = (released - date.fromisoformat(prior.epoch)).days / _DAYS_OF_YEAR
    size = prior.per_doubling * log2(parameters / 1e9) + small.per_doubling * doublings_below(small, parameters)
    return prior.intercept + size + prior.per_year * years


def doublings_below(small: SmallModels, parameters: int) -> float:
    """Return how many halvings a model lies below the knee, as a negative figure; 0 above it."""
    return min(0.0, log2(parameters / 1e9 / small.knee))


def prior_terms(prior: Prior, small: SmallModels, model: Model) -> tuple[RatingTerm, ...]:
    """Return the prior of a model as terms that sum to it."""
    years = (model.released - date.fromisoformat(prior.epoch)).days / _DAYS_OF_YEAR
    parameters = thinking_parameters(model.architecture, model.parameters)
    billions = parameters / 1e9
    below = doublings_below(small, parameters)
    terms = (
        RatingTerm(label="model of 1 B", points=prior.intercept, detail=f"at {prior.epoch}; {prior.source}"),
        RatingTerm(
            label="size",
            points=prior.per_doubling * log2(billions),
            detail=f"{prior.per_doubling:g} x log2({billions:.2f} B)",
        ),
        RatingTerm(
            label="age",
            points=prior.per_year * years,
            detail=f"{prior.per_year:g} x {years:.2f} years, base released {model.released.isoformat()}",
        ),
    )
    if below == 0:
        return terms
    detail = f"{small.per_doubling:g} x log2({billions:.2f} / {small.knee:g} B): small models fall faster"
    return (*terms, RatingTerm(label="small", points=small.per_doubling * below, detail=detail))
