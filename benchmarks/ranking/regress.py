"""Regressions of published scores on the prior's rating: one line per benchmark, and what else bends it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import sqrt
from statistics import median
from typing import Any

from llmfit.rank.guards import series_of
from llmfit.rank.prior import counted_size, halvings_below, rate_by_size_and_age
from llmfit.rank.scales import transform
from llmfit.records.ranking import Prior, SmallModels, SparseModels

KINDS = {"instruct", "reasoning", "embedding"}
LEAST_MODELS = 8
LEAST_CORRELATION = 0.25
SKILLS = {
    "livebench/coding": "code",
    "livebench/agentic-coding": "agent",
    "livebench/mathematics": "math",
    "livebench/reasoning": "reasoning",
    "livebench/data-analysis": "reasoning",
    "livebench/if": "instructions",
    "livebench/language": "language",
    "bigcodebench": "code",
    "evalplus": "code",
    "aider-edit": "code",
    "aider-polyglot": "code",
    "artificial-analysis/terminal-bench-hard": "agent",
    "artificial-analysis": "code",
    "swe-bench-verified": "agent",
    "swe-bench-pro": "agent",
    "alpacaeval2": "language",
    "logickor": "korean",
    "ollv1": "knowledge",
    "ollv2/ifeval": "instructions",
    "ollv2/bbh": "reasoning",
    "ollv2/musr": "reasoning",
    "ollv2/math-lvl5": "math",
    "ollv2": "knowledge",
    "exaone-4-card/aime-2025": "math",
    "exaone-4-card/hmmt-feb-2025": "math",
    "exaone-4-card/math500-es": "math",
    "exaone-4-card/livecodebench-v5": "code",
    "exaone-4-card/livecodebench-v6": "code",
    "exaone-4-card/bfcl-v3": "agent",
    "exaone-4-card/tau-bench-airline": "agent",
    "exaone-4-card/tau-bench-retail": "agent",
    "exaone-4-card/ifeval": "instructions",
    "exaone-4-card/multi-if-en": "instructions",
    "exaone-4-card/ksm": "korean",
    "exaone-4-card/kmmlu-pro": "korean",
    "exaone-4-card/kmmlu-redux": "korean",
    "exaone-4-card/ko-longbench": "korean",
    "exaone-4-card": "knowledge",
}
"""Signal, or the source for the rest of it → what it asks for; others ask for everything."""
MAXIMUM = {"logickor": 10.0}
"""Best score of sources that do not count to 100."""
BLIND = {"ollv1", "ollv2"}
"""As `blind_sources` in data/ranking.yaml: no reasoning model is judged by them."""
LIMIT = 2.5
"""As `limit` in data/ranking.yaml."""


@dataclass(frozen=True)
class Known:
    """What the fit needs of a model."""

    id: str
    family: str
    rating: float
    below: float
    sparsity: float
    years: float
    """From the pivot to the release of the base."""
    tasks: tuple[str, ...]
    kind: str
    series: tuple[str, str] = ("", "")
    day: int = 0
    """Ordinal of the release of the base."""

    @property
    def thinks(self) -> bool:
        """Whether it thinks before it answers, always or unless told not to."""
        return self.kind == "reasoning" or "reasoning" in self.tasks


@dataclass(frozen=True)
class Row:
    """One score of a known model."""

    model: Known
    score: float
    thought: bool
    """Whether the model thought for it."""
    evidence: str


@dataclass
class Fitted:
    """One benchmark's line, and how far each model stands from it."""

    benchmark: str
    intercept: float = 0.0
    slope: float = 0.0
    residual_sd: float = 0.0
    correlation: float = 0.0
    mean_share: float = 0.0
    low: float = 0.0
    high: float = 0.0
    points: dict[str, float] = field(default_factory=dict)
    """Model → how far it stands from the line, in rating points."""

    @property
    def skill(self) -> str:
        """What it asks for."""
        return skill_of(self.benchmark)

    @property
    def source(self) -> str:
        """Who ran it: the id before its version and its part."""
        return source_of(self.benchmark)


def source_of(benchmark: str) -> str:
    """Return who ran a benchmark: `livebench-2024-11-25/coding` → `livebench`."""
    name = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", benchmark.partition("/")[0])
    return {"bigcodebench-hard": "bigcodebench", "bigcodebench-full": "bigcodebench"}.get(name, name)


def signal_of(benchmark: str) -> str:
    """Return a benchmark's id without its version, as tasks name it."""
    return re.sub(r"-\d{4}-\d{2}-\d{2}/", "/", benchmark)


def skill_of(benchmark: str) -> str:
    """Return what a benchmark asks for."""
    return SKILLS.get(signal_of(benchmark)) or SKILLS.get(source_of(benchmark), "general")


def load_known(
    models: Iterable[dict[str, Any]], prior: Prior, small: SmallModels, sparse: SparseModels
) -> dict[str, Known]:
    """Return the models whose scores can be put on the scale."""
    found = {}
    for row in models:
        if row["kind"] not in KINDS:
            continue
        released = row["released"] if isinstance(row["released"], date) else date.fromisoformat(row["released"])
        size = counted_size(row["architecture"], row["parameters"], kind=row["kind"])
        rating = rate_by_size_and_age(prior, small, sparse, size=size, released=released)
        below = halvings_below(small, size)
        years = (released - date.fromisoformat(small.pivot)).days / 365.25
        tasks = tuple(row.get("tasks", ()))
        found[row["id"]] = Known(
            id=row["id"],
            family=row["family"],
            rating=rating,
            below=below,
            sparsity=size.sparsity,
            years=years,
            tasks=tasks,
            kind=row["kind"],
            series=series_of(row["publisher"], row["family"]),
            day=released.toordinal(),
        )
    return found


@dataclass(frozen=True)
class Line:
    """A straight line through one benchmark's scores."""

    slope: float
    error: float
    """Standard error of the slope."""
    correlation: float


def draw(x: Sequence[float], y: Sequence[float]) -> Line:
    """Return the least-squares line of y on x."""
    n, mx, my = len(x), sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - mx) ** 2 for a in x)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    syy = sum((b - my) ** 2 for b in y)
    if sxx == 0 or syy == 0:
        return Line(0.0, float("inf"), 0.0)
    slope = sxy / sxx
    error = sqrt(max(syy - slope * sxy, 1e-12) / max(1, n - 2) / sxx)
    return Line(slope, error, sxy / sqrt(sxx * syy))


def common(values: Sequence[tuple[float, float]], *, between: float, least: float) -> tuple[float, float]:
    """Return (mean, variance between) of several (value, standard error): what the next one is before it was seen.

    By moments, from a first guess of the variance; never below `least`.
    """
    mean = 0.0
    for _ in range(50):
        weights = [1 / (error**2 + between) for _, error in values]
        mean = sum(w * value for w, (value, _) in zip(weights, values, strict=True)) / sum(weights)
        excess = sum(w * w * ((v - mean) ** 2 - e**2) for w, (v, e) in zip(weights, values, strict=True))
        between = max(least, excess / sum(w * w for w in weights))
    return mean, between


def fit_scale(benchmark: str, rows: Sequence[Row], *, slope: float, correlation: float, thinking: float) -> Fitted:
    """Put a line of this slope through the log odds of the scores, and say how far each model stands from it."""
    maximum = MAXIMUM.get(source_of(benchmark), 100.0)
    x = [row.model.rating + thinking * row.thought for row in rows]
    y = [transform("logit", row.score, maximum=maximum) for row in rows]
    intercept = sum(y) / len(y) - slope * sum(x) / len(x)
    errors = [(b - intercept) / slope - a for a, b in zip(x, y, strict=True)]
    sd = sqrt(sum(e * e for e in errors) / max(1, len(errors) - 2))
    points: dict[str, float] = {}
    for row, error in zip(rows, errors, strict=True):
        limited = min(max(error, -LIMIT * sd), LIMIT * sd)
        points[row.model.id] = max(limited, points.get(row.model.id, limited), key=abs)
    share = sum(row.score for row in rows) / len(rows) / maximum
    return Fitted(benchmark, intercept, slope, sd, correlation, share, min(x), max(x), points)


def group(scores: Iterable[dict[str, Any]], known: dict[str, Known]) -> dict[str, list[Row]]:
    """Benchmark → the known models' scores."""
    found: dict[str, list[Row]] = {}
    for row in scores:
        model = known.get(row["model"])
        blind = source_of(row["benchmark"]) in BLIND
        if model is None or (model.kind == "reasoning" and blind):
            continue
        thought = row.get("mode") == "thinking" or (row.get("mode") is None and not blind and model.thinks)
        found.setdefault(row["benchmark"], []).append(
            Row(model, float(row["score"]), thought, row.get("evidence", "independent"))
        )
    return found


def residual(y: Sequence[float], x: Sequence[float]) -> list[float]:
    """Return what a straight line through x leaves of y."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    return [b - my - slope * (a - mx) for a, b in zip(x, y, strict=True)]


def fit_further(
    scores: Iterable[dict[str, Any]], known: dict[str, Known], regressor: Callable[[Row], float], *, unit: float = 1.0
) -> tuple[float, float, int]:
    """Return (points per unit of one more regressor, standard error, benchmarks), pooled over the scales.

    Only benchmarks count in which four models stand more than the unit from 0.
    """
    found: list[tuple[str, float, float]] = []
    for benchmark, rows in group(scores, known).items():
        if len(rows) < 12 or sum(abs(regressor(row)) > unit for row in rows) < 4:
            continue
        maximum = MAXIMUM.get(source_of(benchmark), 100.0)
        x = [row.model.rating for row in rows]
        y = [transform("logit", row.score, maximum=maximum) for row in rows]
        slope = draw(x, y).slope
        ry, rh = residual(y, x), residual([regressor(row) for row in rows], x)
        shh = sum(h * h for h in rh)
        if slope <= 0 or shh == 0:
            continue
        extra = sum(a * h for a, h in zip(ry, rh, strict=True)) / shh
        error = sqrt(sum((a - extra * h) ** 2 for a, h in zip(ry, rh, strict=True)) / (len(rows) - 3) / shh)
        found.append((source_of(benchmark), extra / slope, error / slope))
    return pool(found)


def pool(found: Sequence[tuple[str, float, float]]) -> tuple[float, float, int]:
    """Pool (source, value, error): the median within a source, then by precision between sources."""
    sources = sorted({source for source, _, _ in found})
    rows = [
        (median(v for s, v, _ in found if s == source), median(e for s, _, e in found if s == source))
        for source in sources
    ]
    if not rows:
        return 0.0, 0.0, 0
    precision = sum(1 / e**2 for _, e in rows)
    return sum(v / e**2 for v, e in rows) / precision, 1 / sqrt(precision), len(found)


def fit_scales(scores: Iterable[dict[str, Any]], known: dict[str, Known], thinking: dict[str, float]) -> list[Fitted]:
    """Fit every benchmark that enough models have and that follows the prior at all.

    A slope from few models of like rating says little: each is held near the mean of all by what its error leaves open.
    """
    boards = {
        name: rows
        for name, rows in sorted(group(scores, known).items())
        if len({row.model.id for row in rows}) >= LEAST_MODELS
    }
    lines = {}
    for name, rows in boards.items():
        gain = thinking.get(skill_of(name), 0.0)
        maximum = MAXIMUM.get(source_of(name), 100.0)
        y = [transform("logit", row.score, maximum=maximum) for row in rows]
        lines[name] = draw([row.model.rating + gain * row.thought for row in rows], y)
    if not lines:
        return []
    mean, between = common([(line.slope, line.error) for line in lines.values()], between=9e-6, least=1e-6)
    fitted = []
    for name, line in lines.items():
        if line.correlation < LEAST_CORRELATION:
            continue
        slope = (line.slope / line.error**2 + mean / between) / (1 / line.error**2 + 1 / between)
        gain = thinking.get(skill_of(name), 0.0)
        fitted.append(fit_scale(name, boards[name], slope=slope, correlation=line.correlation, thinking=gain))
    return fitted
