"""The figures by which models are ranked: prior, scales of benchmarks, loss by quantisation, weights."""

from typing import Literal

from llmfit.records.base import Field, Record


class Prior(Record):
    """Rating that size and age alone predict: intercept + per_doubling · log2(parameters in B) + per_year · years."""

    intercept: float
    """Rating of a model of 1 B parameters at the epoch."""
    per_doubling: float
    """Points for twice the parameters, all of them counted."""
    per_year: float
    """Points for a year between the epoch and the release of the base weights."""
    epoch: str
    """ISO date from which years are counted."""
    standard_deviation: float = Field(gt=0)
    """Points by which models differ from it."""
    source: str
    checked: str


class SmallModels(Record):
    """How much faster the rating falls below a size than the prior's straight line says."""

    knee: float = Field(gt=0)
    """Size, in B, below which it falls faster."""
    per_doubling: float = Field(ge=0)
    """Points for each halving below the knee at the pivot, on top of the prior's."""
    per_doubling_year: float = Field(ge=0)
    """What a year after the pivot adds to that, in models that write: progress reaches them more slowly."""
    pivot: str
    """ISO date."""
    standard_error: float
    n: int
    """Benchmarks in which enough small models stand to tell."""


class SparseModels(Record):
    """How much less a mixture of experts is worth than a dense model of as many parameters."""

    per_doubling: float = Field(le=0)
    """Points for each doubling of total over active parameters, held near 0 as the prior's own fit was on totals."""
    raw: float
    """The same before it was held near 0."""
    standard_error: float
    n: int
    """Benchmarks in which enough mixtures stand to tell."""


class Scale(Record):
    """How one version of a benchmark maps onto the rating scale: score = intercept + slope · rating."""

    benchmark: str
    """Id with its version, as in `scores.yaml`."""
    signal: str
    """The same without its version, as tasks name it."""
    source: str
    """Who ran it; benchmarks of one source share their errors."""
    skill: str
    """What it asks for (`code`, `language`, …); other skills tell less."""
    transform: Literal["logit", "linear"]
    """What was done to the score before the regression."""
    maximum: float
    """Score of a perfect model."""
    intercept: float
    slope: float
    """Transformed score per rating point."""
    n: int
    """Models in the regression."""
    residual_sd: float
    """Spread around the line, in rating points."""
    low: float
    """Lowest rating in the regression; nothing is read off below it."""
    high: float
    """Highest rating in the regression; nothing is read off above it."""


class Shrinkage(Record):
    """How far evidence moves a rating, estimated from how well sources predict one another; variances in points²."""

    shared: float = Field(gt=0)
    """Variance of models around the prior that sources of one skill see alike."""
    series_share: float = Field(ge=0, le=1)
    """Share of it that models of one series and one date have in common."""
    series_years: float = Field(gt=0)
    """Years between two releases of a series over which that share falls to 1/e."""
    series_mean: float = Field(le=0)
    """Points by which the average series stands below the prior: what one that nobody measured is expected to do."""
    related: float = Field(ge=0)
    """What a benchmark of a neighbouring skill adds to the variance."""
    noise: dict[str, float]
    """By source: what it alone sees, as if it were an independent one."""
    common_noise: float = Field(gt=0)
    """The same for sources that share too few models with others."""
    thinking: dict[str, float]
    """By skill: points that a model which thinks stands above the same without."""
    specialist_points: float
    """Points that models made for code or mathematics have there, and lack elsewhere."""
    loss_points: float
    """Points that the loss of a benchmark's whole score would cost, read off the scales' typical slope."""
    pairs: int
    """Pairs of scores behind the shared variance."""
    fitted: str
    """ISO date."""


class Judgement(Record):
    """What was set by judgement, not fitted: small figures, each with its reason in the file."""

    limit: float
    """Most spreads of its scale that one score may claim."""
    class_factors: dict[str, float]
    """What the variance of a source is multiplied with, by class of evidence."""
    related_factor: float
    """The same for a neighbouring task's benchmarks, and for the scores of the base."""
    finetune_points: float
    """Points that an unmeasured fine-tune by others than the base's publisher stands below its base."""
    blind_sources: tuple[str, ...]
    """Sources that cut off or ignore what a model thinks; they say nothing of reasoning models."""
    saturation_points: float
    """How far beyond the ratings of its regression a scale is still read."""


class Retention(Record):
    """Share of a model's quality that a format keeps, by size of the model."""

    format: str
    """Id in `formats.yaml`."""
    tiny: float
    """Up to 2 B parameters."""
    small: float
    """Around 3 to 4 B."""
    medium: float
    """Around 7 to 14 B."""
    large: float
    """From 27 B."""
    basis: str
    """What was measured, or why it was set."""


class Rung(Record):
    """One format that may be chosen, from the best down, and for which sizes."""

    engine: str
    format: str
    min_parameters: float = 0
    """Smallest model, in B, that keeps enough of itself in it."""
    max_parameters: float | None = None
    """Largest model, in B, for which so many bits are worth their room; None for any."""
    low_bit: bool = False
    """Offered only on request."""


class Ranking(Record):
    """Everything that decides an order."""

    id: str
    prior: Prior
    small: SmallModels
    sparse: SparseModels
    shrinkage: Shrinkage
    judgement: Judgement
    scales: tuple[Scale, ...]
    retentions: tuple[Retention, ...]
    sensitivity: dict[str, float]
    """Factor on the loss by task, where quantisation costs more than on average."""
    ladder: tuple[Rung, ...]
    """Formats to choose from, best first for each engine."""
    engines: tuple[str, ...]
    """Engines that are considered unless the user names some."""
    weights: dict[str, float]
    """Shares of the score's parts; they sum to 1."""
    rating_floor: float
    """Rating that scores 0 for quality."""
    rating_ceiling: float
    """Rating that scores 1 for quality."""
    toy_gap: float
    """Points below the best fitting model at which a model is no answer any more."""
    toy_ratio: float
    """How many times larger a better fitting model must be for the same."""
    size_ratio: float
    """Models of one series closer than this in size share one place."""
    context_comfort: float
    """Context beyond which more room does not score, as a multiple of the context asked for."""
    adoption_low: float
    """Likes that score 0 for adoption."""
    adoption_high: float
    """Likes that score 1."""
    companion_share: float
    """Share of the card that each companion of a bundle may take."""
    specialties: dict[str, tuple[str, ...]]
    """Task that a specialist is made for → tasks at which it counts as one."""
    note: str = ""
