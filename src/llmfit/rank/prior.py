"""What size and age alone say of a model's quality."""

from datetime import date
from math import log2

from llmfit.records.model import Model
from llmfit.records.ranking import Prior
from llmfit.records.recommendation import RatingTerm

_DAYS_OF_YEAR = 365.25


def rate_by_size_and_age(prior: Prior, *, parameters: int, released: date) -> float:
    """Return the rating that the prior gives a model of this size and base release."""
    years = (released - date.fromisoformat(prior.epoch)).days / _DAYS_OF_YEAR
    return prior.intercept + prior.per_doubling * log2(parameters / 1e9) + prior.per_year * years


def prior_terms(prior: Prior, model: Model) -> tuple[RatingTerm, ...]:
    """Return the prior of a model as terms that sum to it."""
    years = (model.released - date.fromisoformat(prior.epoch)).days / _DAYS_OF_YEAR
    doublings = log2(model.parameters / 1e9)
    return (
        RatingTerm(label="model of 1 B", points=prior.intercept, detail=f"at {prior.epoch}; {prior.source}"),
        RatingTerm(
            label="size",
            points=prior.per_doubling * doublings,
            detail=f"{prior.per_doubling:g} x log2({model.parameters / 1e9:.2f} B)",
        ),
        RatingTerm(
            label="age",
            points=prior.per_year * years,
            detail=f"{prior.per_year:g} x {years:.2f} years, base released {model.released.isoformat()}",
        ),
    )
