"""The JSON of recommendations, typed; `shapes.py` has the nouns that every answer shares."""

import sys
from typing import Literal, NotRequired

from llmfit.render.load_shapes import TrainingWorkload, Verdict, Workload
from llmfit.render.shapes import Memory, Model, Part, Speed

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


class Evidence(TypedDict):
    """One published score as it entered a quality."""

    benchmark: str
    score: float
    rating: float
    """The same on the rating scale."""
    weight: float
    evidence: str
    """Class: human, independent, llm_judge, vendor or self_reported."""
    model: str
    """Whose score it is: the model's own or its base's."""
    date: str
    source: str
    mode: str | None


class RatingTerm(TypedDict):
    """One term of a rating; the terms sum to it."""

    label: str
    points: float
    detail: str


class Quality(TypedDict):
    """How good a model is at the task, on an Elo-like scale."""

    rating: float
    standard_error: float
    badge: Literal["measured", "related", "estimated"]
    terms: list[RatingTerm]


class ScorePart(TypedDict):
    """One part of a score."""

    name: str
    points: float
    """What it adds to the total."""
    value: float
    """0 to 1."""
    weight: float
    """Share of the score; the weights sum to 1."""
    detail: str


class Companion(TypedDict):
    """A further model of a bundle: the embedder or reranker beside the generator."""

    role: str
    model: Model
    workload: Workload
    memory: Memory
    verdict: Verdict


class Recommendation(TypedDict):
    """A model, its best variant, its fit, its score in parts, its reasons."""

    rank: int
    model: Model
    precision: str | None
    format: str
    engine: str
    workload: Workload | TrainingWorkload
    memory: Memory
    ram_bytes: int
    verdict: Verdict
    verdict_reason: str
    headroom_bytes: int
    max_context: int | None
    """Longest context of one sequence, or training sequence, that stays within what fits."""
    speed: Speed | None
    score: dict[str, float]
    """`total`, 0 to 100, and the points of each part, which sum to it."""
    score_parts: list[ScorePart]
    quality: Quality
    evidence: list[Evidence]
    reasons: list[str]
    warnings: list[str]
    labels: list[str]
    pareto: bool
    """Whether no other pick is at once better, faster and of longer context."""
    companions: list[Companion]
    parts: NotRequired[list[Part]]
    """With `--explain`."""


class Rejection(TypedDict):
    """Why a model is not among the picks."""

    model: str
    reason: str
    detail: str


class Question(TypedDict):
    """What was asked, with the ids that the words stand for."""

    tasks: list[str]
    licenses: list[str]
    region: str | None
    languages: list[str]
    context: int
    sequences: int
    engines: list[str]
    precision: str | None
    format: str | None
    kv_format: str | None
    training: str | None
    """Method of fine-tuning; null where the model is to answer."""
