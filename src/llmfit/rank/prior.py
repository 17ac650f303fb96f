"""What size and age alone say of a model's quality."""

from collections.abc import Mapping
from datetime import date
from math import log2
from typing import Any

from llmfit.architectures import describe
from llmfit.errors import CannotAnswerError
from llmfit.records.frozen import dataclass
from llmfit.records.model import DECODERS, Model
from llmfit.records.ranking import Prior, SmallModels, SparseModels
from llmfit.records.recommendation import RatingTerm
from llmfit.units import DAYS_PER_YEAR

_WRITING = DECODERS | {"seq2seq"}
"""Kinds whose size says how well they write."""


@dataclass(frozen=True, slots=True)
class Size:
    """A model's size as the prior reads it."""

    billions: float
    """Parameters that compute, in B."""
    sparsity: float
    """log2 of total over active parameters; 0 for a dense model."""
    writes: bool = True
    """Whether it produces text; others were not in the fit of what a year adds."""


def size_of(model: Model) -> Size:
    """Return the size of a model by the counts of its row, or by its architecture where nobody counted yet."""
    if model.computing_parameters is None:
        return counted_size(model.architecture, model.parameters, kind=model.kind)
    return _size(model.computing_parameters, model.parameters, active=model.active_parameters, kind=model.kind)


def counted_size(architecture: Mapping[str, Any], parameters: int, *, kind: str) -> Size:
    """Return the size of a model from the fields of its `config.json`.

    A mixture that cannot be described counts as dense.
    """
    active = active_parameters(architecture) if is_mixture(architecture) else None
    return _size(computing_parameters(architecture, parameters), parameters, active=active, kind=kind)


def _size(computing: int, parameters: int, *, active: int | None, kind: str) -> Size:
    return Size(computing / 1e9, log2(parameters / active) if active else 0.0, writes=kind in _WRITING)


def computing_parameters(architecture: Mapping[str, Any], parameters: int) -> int:
    """Return the parameters without the embedding tables per layer (Gemma 3n, 4), which are only looked up."""
    text = architecture.get("text_config") or architecture
    width = text.get("hidden_size_per_layer_input") or 0
    rows = text.get("vocab_size_per_layer_input") or text.get("vocab_size") or 0
    table: int = width * rows * (text.get("num_hidden_layers") or 0)
    return parameters - table if table < parameters else parameters


def is_mixture(architecture: Mapping[str, Any]) -> bool:
    """Whether the fields speak of experts."""
    return any("expert" in key for key in architecture.get("text_config") or architecture)


def active_parameters(architecture: Mapping[str, Any]) -> int | None:
    """Count the parameters that a token passes through; None where no experts, or no description, part them."""
    try:
        described = describe(architecture)
    except CannotAnswerError:
        return None
    return described.active_parameters if described.num_experts else None


def halvings_below(small: SmallModels, size: Size) -> float:
    """Return how many halvings a model lies below the knee, as a negative figure; 0 above it."""
    return min(0.0, log2(size.billions / small.knee))


def small_slope(small: SmallModels, size: Size, released: date) -> float:
    """Return the points of one halving below the knee for a model of this date."""
    years = (released - date.fromisoformat(small.pivot)).days / DAYS_PER_YEAR
    return max(0.0, small.per_doubling + small.per_doubling_year * years) if size.writes else small.per_doubling


def years_since(prior: Prior, released: date) -> float:
    """Return years from the prior's epoch to the release of the base weights."""
    return (released - date.fromisoformat(prior.epoch)).days / DAYS_PER_YEAR


def rate_by_size_and_age(
    prior: Prior, small: SmallModels, sparse: SparseModels, *, size: Size, released: date
) -> float:
    """Return the rating that the prior gives a model of this size and base release."""
    return sum(prior_points(prior, small, sparse, size=size, released=released).values())


def prior_points(
    prior: Prior, small: SmallModels, sparse: SparseModels, *, size: Size, released: date
) -> dict[str, float]:
    """Return the points of the prior by what they are for, in the order in which they are shown."""
    points = {
        "model of 1 B": prior.intercept,
        "size": prior.per_doubling * log2(size.billions),
        "age": prior.per_year * years_since(prior, released),
    }
    if below := halvings_below(small, size):
        points["small"] = small_slope(small, size, released) * below
    if size.sparsity:
        points["mixture"] = sparse.per_doubling * size.sparsity
    return points


def prior_terms(
    prior: Prior, small: SmallModels, sparse: SparseModels, *, size: Size, model: Model
) -> tuple[RatingTerm, ...]:
    """Return the prior of a model as terms that sum to it."""
    years, slope = years_since(prior, model.released), small_slope(small, size, model.released)
    details = {
        "model of 1 B": f"at {prior.epoch}; {prior.source}",
        "size": f"{prior.per_doubling:g} x log2({size.billions:.2f} B)",
        "age": f"{prior.per_year:g} x {years:.2f} years, base released {model.released.isoformat()}",
        "small": f"{slope:.1f} x log2({size.billions:.2f} / {small.knee:g} B): small models fall faster",
        "mixture": f"{sparse.per_doubling:g} x {size.sparsity:.1f}, log2 of total over active parameters",
    }
    points = prior_points(prior, small, sparse, size=size, released=model.released)
    return tuple(RatingTerm(label=label, points=value, detail=details[label]) for label, value in points.items())
