"""Regressions of published scores on the prior's rating: one line per benchmark, and what else bends it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import sqrt
from statistics import median
from typing import Any

from llmfit.rank.prior import halvings_below, rate_by_size_and_age, size_of
from llmfit.rank.scales import transform
from llmfit.records.ranking import Prior, SmallModels, SparseModels

KINDS = {"instruct", "reasoning", "embedding"}
LEAST_MODELS = 8
LEAST_CORRELATION = 0.4
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
    spreads: dict[str, float] = field(default_factory=dict)

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


def load_known(
    models: Iterable[dict[str, Any]], prior: Prior, small: SmallModels, sparse: SparseModels
) -> dict[str, Known]:
    """Return the models whose scores can be put on the scale."""
    found = {}
    for row in models:
        if row["kind"] not in KINDS:
            continue
        released = row["released"] if isinstance(row["released"], date) else date.fromisoformat(row["released"])
        size = size_of(row["architecture"], row["parameters"], kind=row["kind"])
        rating = rate_by_size_and_age(prior, small, sparse, size=size, released=released)
        below = halvings_below(small, size)
        years = (released - date.fromisoformat(small.pivot)).days / 365.25
        tasks = tuple(row.get("tasks", ()))
        found[row["id"]] = Known(row["id"], row["family"], rating, below, size.sparsity, years, tasks, row["kind"])
    return found


def fit_scale(benchmark: str, points: Sequence[tuple[str, float, float]], *, maximum: float) -> Fitted:
    """Regress log odds of the score on the prior's rating; `points` are (model, rating, score)."""
    x = [rating for _, rating, _ in points]
    y = [transform("logit", score, maximum=maximum) for _, _, score in points]
    n, mx, my = len(x), sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - mx) ** 2 for a in x)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    syy = sum((b - my) ** 2 for b in y)
    slope = sxy / sxx
    intercept = my - slope * mx
    errors = [b - intercept - slope * a for a, b in zip(x, y, strict=True)]
    sd = sqrt(sum(e * e for e in errors) / max(1, n - 2))
    spreads: dict[str, float] = {}
    for (model, _, _), error in zip(points, errors, strict=True):
        limited = min(max(error / sd, -LIMIT), LIMIT)
        spreads[model] = max(limited, spreads.get(model, limited), key=abs)
    share = sum(score for _, _, score in points) / n / maximum
    return Fitted(benchmark, intercept, slope, sd / slope, sxy / sqrt(sxx * syy), share, min(x), max(x), spreads)


def group(scores: Iterable[dict[str, Any]], known: dict[str, Known]) -> dict[str, list[tuple[Known, float]]]:
    """Benchmark → the known models' scores."""
    found: dict[str, list[tuple[Known, float]]] = {}
    for row in scores:
        model = known.get(row["model"])
        if model is not None and not (model.kind == "reasoning" and source_of(row["benchmark"]) in BLIND):
            found.setdefault(row["benchmark"], []).append((model, float(row["score"])))
    return found


def residual(y: Sequence[float], x: Sequence[float]) -> list[float]:
    """Return what a straight line through x leaves of y."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    return [b - my - slope * (a - mx) for a, b in zip(x, y, strict=True)]


def fit_further(
    scores: Iterable[dict[str, Any]], known: dict[str, Known], regressor: Callable[[Known], float], *, unit: float = 1.0
) -> tuple[float, float, int]:
    """Return (points per unit of one more regressor, standard error, benchmarks), pooled over the scales.

    Only benchmarks count in which four models stand more than the unit from 0.
    """
    found: list[tuple[str, float, float]] = []
    for benchmark, rows in group(scores, known).items():
        if len(rows) < 12 or sum(abs(regressor(model)) > unit for model, _ in rows) < 4:
            continue
        maximum = MAXIMUM.get(source_of(benchmark), 100.0)
        x = [model.rating for model, _ in rows]
        y = [transform("logit", score, maximum=maximum) for _, score in rows]
        slope = fit_scale(benchmark, [(m.id, m.rating, s) for m, s in rows], maximum=maximum).slope
        ry, rh = residual(y, x), residual([regressor(model) for model, _ in rows], x)
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


def fit_scales(scores: Iterable[dict[str, Any]], known: dict[str, Known]) -> list[Fitted]:
    """Fit every benchmark that enough models have and that follows the prior at all."""
    points = {
        name: [(model.id, model.rating, score) for model, score in rows] for name, rows in group(scores, known).items()
    }
    fitted = []
    for benchmark, found in sorted(points.items()):
        if len({model for model, _, _ in found}) < LEAST_MODELS:
            continue
        scale = fit_scale(benchmark, found, maximum=MAXIMUM.get(source_of(benchmark), 100.0))
        if scale.correlation >= LEAST_CORRELATION:
            fitted.append(scale)
    return fitted
