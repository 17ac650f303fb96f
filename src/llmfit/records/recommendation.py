"""Results: which models to use, how well each scores, and why the others are not there."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal, get_args

from llmfit.records.estimate import Fit
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.score import Evidence
from llmfit.records.speed import Speed
from llmfit.records.workload import Workload

if TYPE_CHECKING:
    from llmfit.records.training import Training

Badge = Literal["measured", "related", "estimated"]
"""Where a quality comes from.

measured   benchmarks of this model that speak for the task
related    benchmarks of its base, or of a neighbouring task
estimated  size, age and family alone
"""
BADGES: tuple[Badge, ...] = get_args(Badge)
Rated = tuple[float, float, Badge]
"""A rating, its standard error, and where it comes from."""

Label = Literal["best quality", "balanced", "fastest", "lightest", "most open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One published score as it entered a quality."""

    benchmark: str
    score: float
    """As published, in the benchmark's own unit."""
    rating: float
    """The same on the rating scale (Elo-like)."""
    weight: float
    """Share of the evidence that it has, 0 to 1; the rows of one quality sum to 1."""
    evidence: Evidence
    model: str
    """Whose score it is: the model's own or its base's."""
    date: str
    source: str
    mode: str | None = None
    """thinking or non-thinking, where the benchmark says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingTerm:
    """One term of a rating; the terms sum to it."""

    label: str
    points: float
    detail: str = ""
    """The figures that it was computed from, with their source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good a model is at a task, on an Elo-like scale (100 points: two wins out of three)."""

    rating: float
    """Sum of the terms, quantisation included."""
    standard_error: float
    badge: Badge
    terms: tuple[RatingTerm, ...]
    """Prior, evidence, caps, quantisation: what the rating consists of, in points."""
    evidence: tuple[EvidenceRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One visible part of a score."""

    name: str
    """quality, speed, context, precision, license …"""
    value: float
    """0 to 1."""
    weight: float
    """Share of the score; the weights of one score sum to 1."""
    detail: str
    """What the value was computed from, in words."""

    @property
    def points(self) -> float:
        """What it adds to the total, which is at most 100."""
        return 100.0 * self.value * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionPick:
    """A further model of a bundle: the embedder or reranker beside the generator."""

    role: str
    """embed or rerank."""
    model: Model
    license: EffectiveLicense
    workload: Workload
    fit: Fit
    """Its estimate on what the others leave free."""
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A model, its best variant, its fit, its score in parts, its reasons."""

    rank: int
    """From 1; in the section that it stands in."""
    model: Model
    active_parameters: int
    license: EffectiveLicense
    workload: Workload
    fit: Fit
    max_context: int | None
    """Longest context of one sequence, or training sequence, that stays within what fits; None where nothing fits."""
    speed: Speed | None
    quality: Quality
    parts: tuple[ScorePart, ...]
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    pareto: bool = False
    """Whether no other pick is at once better, faster (or smaller) and of longer context."""
    companions: tuple[CompanionPick, ...] = ()
    """The rest of a bundle; empty for single models."""
    training: "Training | None" = None
    """The fine-tuning load that was estimated; `workload` then says how the weights are held meanwhile."""

    @property
    def score(self) -> float:
        """Sum of the parts, 0 to 100."""
        return sum(part.points for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a model is not among the picks."""

    model: str
    reason: str
    """Stable word, such as `kind`, `license`, `too_large`, `lineage`, `outranked`."""
    detail: str
    """The figures, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations:
    """The answer to a question."""

    question: Question
    context: int
    """Tokens of one sequence that were asked for or that the task implies."""
    picks: tuple[Recommendation, ...]
    offload: tuple[Recommendation, ...] = ()
    """Better models that run only with part of them in RAM."""
    considered: int
    """How many models were looked at."""
    rejections: tuple[Rejection, ...] = ()
    """One for each model that is neither a pick nor an offload pick."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weights of the score's parts that were used."""
    warnings: tuple[str, ...] = ()

    @property
    def rejected(self) -> dict[str, int]:
        """How many models each reason kept out, most frequent first."""
        counts: dict[str, int] = {}
        for rejection in self.rejections:
            counts[rejection.reason] = counts.get(rejection.reason, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def why_not(self, model_id: str) -> Rejection | None:
        """Return why this model is not a pick; None where it is one or was never considered."""
        return next((r for r in self.rejections if r.model == model_id), None)
