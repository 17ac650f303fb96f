"""Fits the scales of benchmarks and the shrinkage of evidence, and writes them into data/ranking.yaml.

python benchmarks/ranking/fit.py            write them
python benchmarks/ranking/fit.py --check    fail where data/ranking.yaml says something else

Reads data/models.yaml, data/scores.yaml and the prior in data/ranking.yaml; standard library and PyYAML only.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from llmfit.rank.prior import halvings_below, rate_by_size_and_age, size_of
from llmfit.rank.scales import transform
from llmfit.records.ranking import Prior, SmallModels, SparseModels

DATA = Path(__file__).parents[2] / "data"
BEGIN, END = "  # fitted: begin (benchmarks/ranking/fit.py)\n", "  # fitted: end\n"
KINDS = {"instruct", "reasoning", "embedding"}
LEAST_MODELS = 8
LEAST_CORRELATION = 0.4
MAXIMUM = {"logickor": 10.0}
CODE_SIGNALS = ("coding", "code", "humaneval", "mbpp", "pass2")
LIMIT = 2.5
KNEE = 8.0
BLIND = {"ollv1", "ollv2"}
"""As `blind_sources` in data/ranking.yaml: no reasoning model is judged by them."""
THINKING_SIGNALS = ("reasoning", "mathematics", "aime", "math-lvl5", "hmmt")
SPARSE_SD = 4.0
PRIOR_PAIRS = 5
"""Models in common that the common loading counts for."""
LOADING = (0.15, 0.85)
"""No source is worthless, none is the truth."""


@dataclass(frozen=True)
class Known:
    """What the fit needs of a model."""

    id: str
    family: str
    rating: float
    below: float
    sparsity: float
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
        tasks = tuple(row.get("tasks", ()))
        found[row["id"]] = Known(row["id"], row["family"], rating, below, size.sparsity, tasks, row["kind"])
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


def mean_product(pairs: Iterable[tuple[float, float]]) -> tuple[float, int]:
    """Return (mean product of standardised deviations, number of pairs): their correlation."""
    products = [a * b for a, b in pairs]
    return (sum(products) / len(products) if products else 0.0), len(products)


def source_means(scales: Sequence[Fitted]) -> dict[str, dict[str, float]]:
    """Source → model → mean standardised deviation over the source's benchmarks."""
    found: dict[str, dict[str, list[float]]] = {}
    for scale in scales:
        for model, value in scale.spreads.items():
            found.setdefault(scale.source, {}).setdefault(model, []).append(value)
    return {s: {m: sum(v) / len(v) for m, v in models.items()} for s, models in found.items()}


def agreements(means: dict[str, dict[str, float]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Pair of sources → (correlation of deviations, models in common)."""
    return {
        (a, b): mean_product((means[a][m], means[b][m]) for m in means[a].keys() & means[b].keys())
        for a, b in combinations(sorted(means), 2)
    }


def fit_loadings(pairs: dict[tuple[str, str], tuple[float, int]]) -> dict[str, float]:
    """Split each agreement into one loading per source: agreement(a, b) = loading(a) x loading(b).

    Least squares, weighted by the models in common, held near the common loading as by PRIOR_PAIRS models.
    """
    total = sum(n for _, n in pairs.values())
    common = sqrt(max(0.05, sum(value * n for value, n in pairs.values()) / total))
    loadings = dict.fromkeys(sorted({name for pair in pairs for name in pair}), common)
    for _ in range(200):
        for name in loadings:
            top, bottom = PRIOR_PAIRS * common, float(PRIOR_PAIRS)
            for (a, b), (value, n) in pairs.items():
                if name in {a, b}:
                    other = loadings[b if name == a else a]
                    top, bottom = top + n * value * other, bottom + n * other * other
            loadings[name] = min(max(top / bottom, LOADING[0]), LOADING[1])
    return {name: round(value, 3) for name, value in loadings.items()}


def row_agreement(scales: Sequence[Fitted]) -> float:
    """Return how benchmarks of one source agree on models."""
    return mean_product(
        (a.spreads[m], b.spreads[m])
        for a, b in combinations(scales, 2)
        if a.source == b.source
        for m in a.spreads.keys() & b.spreads.keys()
    )[0]


def family_share(means: dict[str, dict[str, float]], known: dict[str, Known], *, agreement: float) -> float:
    """Return the share of the agreement that different models of one family have in different sources."""
    shared, _ = mean_product(
        (va, vb)
        for a, b in combinations(means.values(), 2)
        for ma, va in a.items()
        for mb, vb in b.items()
        if ma != mb and known[ma].family == known[mb].family
    )
    return min(0.8, max(0.0, shared / agreement))


def specialist_points(scales: Sequence[Fitted], known: dict[str, Known], *, sd: float) -> float:
    """Return how far models made for code stand above the prior on boards for code."""
    values = [
        value * sd
        for scale in scales
        if any(part in scale.benchmark for part in CODE_SIGNALS)
        for model, value in scale.spreads.items()
        if is_specialist(known[model].tasks, "code")
    ]
    return max(0.0, sum(values) / len(values)) if values else 0.0


def thinks(model: Known) -> float:
    """Return 1 for a model that thinks, always or on request."""
    return float(model.kind == "reasoning" or "reasoning" in model.tasks)


def fit_thinking(scores: Iterable[dict[str, Any]], known: dict[str, Known]) -> tuple[float, float]:
    """Return the points that thinking gains on exams of reasoning and mathematics, and on all other benchmarks.

    On the exams every model that can think counts, elsewhere only those that always do.
    """
    exams: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for row in scores:
        exam = any(part in row["benchmark"] for part in THINKING_SIGNALS)
        if not exam or row.get("mode") != "non-thinking":
            (exams if exam else others).append(row)
    there, _, _ = fit_further(exams, known, thinks, unit=0.5)
    elsewhere, _, _ = fit_further(others, known, lambda model: float(model.kind == "reasoning"), unit=0.5)
    return max(0.0, there), max(0.0, elsewhere)


def fit_shrinkage(scales: Sequence[Fitted], known: dict[str, Known], *, sd: float) -> dict[str, Any]:
    """Estimate how far sources agree on deviations from the prior, within and between families."""
    chat = [s for s in scales if not s.benchmark.startswith(("mteb", "korean-rag"))]
    means = source_means(chat)
    pairs = agreements(means)
    many = sum(n for _, n in pairs.values())
    agreement = max(0.05, sum(value * n for value, n in pairs.values()) / many)
    loss = median(1 / (s.slope * (1 - s.mean_share)) for s in chat if s.source in {"livebench", "aider-edit", "ollv2"})
    return {
        "agreement": round(agreement, 3),
        "loadings": "{" + ", ".join(f"{k}: {v}" for k, v in fit_loadings(pairs).items()) + "}",
        "row_agreement": round(max(agreement, row_agreement(chat)), 3),
        "family_share": round(family_share(means, known, agreement=agreement), 3),
        "specialist_points": round(specialist_points(chat, known, sd=sd), 1),
        "loss_points": float(round(loss)),
        "pairs": many,
    }


def is_specialist(tasks: Sequence[str], task: str) -> bool:
    """Whether a model was made for this task and not for prose."""
    return task in tasks and not {"writing", "summarize", "vision"} & set(tasks)


def render(
    scales: Sequence[Fitted], shrinkage: dict[str, Any], small: SmallModels, sparse: SparseModels, fitted: str
) -> str:
    """Return the fitted part of data/ranking.yaml."""
    lines = ["  shrinkage:", *(f"    {name}: {value}" for name, value in shrinkage.items()), f'    fitted: "{fitted}"']
    curve = f"knee: {small.knee}, per_doubling: {small.per_doubling}, standard_error: {small.standard_error}"
    mixture = f"per_doubling: {sparse.per_doubling}, raw: {sparse.raw}, standard_error: {sparse.standard_error}"
    lines += [f"  small: {{{curve}, n: {small.n}}}", f"  sparse: {{{mixture}, n: {sparse.n}}}", "  scales:"]
    for s in scales:
        maximum = MAXIMUM.get(s.source, 100.0)
        lines.append(
            f"  - {{benchmark: {s.benchmark}, signal: {signal_of(s.benchmark)}, source: {s.source}, transform: logit,"
            f" maximum: {maximum}, intercept: {s.intercept:.4f}, slope: {s.slope:.6f}, n: {len(s.spreads)},"
            f" residual_sd: {s.residual_sd:.1f}, low: {s.low:.1f}, high: {s.high:.1f}}}"
        )
    return "\n".join(lines) + "\n"


def fit_curve(
    models: Iterable[dict[str, Any]], scores: Sequence[dict[str, Any]], prior: Prior
) -> tuple[SmallModels, SparseModels]:
    """Fit how the rating bends for small models, then for mixtures of experts.

    The prior was fitted on total parameters, so the second is held near 0 as by an estimate of 0 ± SPARSE_SD.
    """
    straight = SmallModels(knee=KNEE, per_doubling=0.0, standard_error=0.0, n=0)
    dense = SparseModels(per_doubling=0.0, raw=0.0, standard_error=0.0, n=0)
    extra, error, n = fit_further(scores, load_known(models, prior, straight, dense), lambda m: m.below)
    small = SmallModels(knee=KNEE, per_doubling=round(max(0.0, extra), 1), standard_error=round(error, 1), n=n)
    raw, error, n = fit_further(scores, load_known(models, prior, small, dense), lambda m: m.sparsity)
    held = min(0.0, raw) * SPARSE_SD**2 / (SPARSE_SD**2 + error**2)
    sparse = SparseModels(per_doubling=round(held, 1), raw=round(raw, 1), standard_error=round(error, 1), n=n)
    return small, sparse


def newest(scores: Iterable[dict[str, Any]]) -> str:
    """Return the day of the newest score: the date of the fit, the same for every run on the same data."""
    return max((str(row["date"]) for row in scores), default="")


def load_rows(stem: str) -> list[dict[str, Any]]:
    """Return the rows of one file of facts."""
    loaded = yaml.load((DATA / f"{stem}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return list(loaded[stem])


def refit(
    models: Iterable[dict[str, Any]], scores: Sequence[dict[str, Any]], prior: Prior
) -> tuple[list[Fitted], dict[str, Any], SmallModels, SparseModels]:
    """Fit everything on these scores: the scales, the shrinkage, the bends."""
    rows = list(models)
    small, sparse = fit_curve(rows, scores, prior)
    known = load_known(rows, prior, small, sparse)
    scales = fit_scales(scores, known)
    shrinkage = fit_shrinkage(scales, known, sd=prior.standard_deviation)
    # Exams show more of it than other sources would: shrunk as any deviation that one source sees.
    there, elsewhere = fit_thinking(scores, known)
    shrinkage["thinking_points"] = round(there * sqrt(shrinkage["agreement"]), 1)
    shrinkage["thinking_elsewhere"] = round(elsewhere * sqrt(shrinkage["agreement"]), 1)
    return scales, shrinkage, small, sparse


def main(arguments: Sequence[str]) -> int:
    """Write the fit, or compare it with `--check`."""
    text = (DATA / "ranking.yaml").read_text("utf-8")
    prior = Prior(**yaml.safe_load(text)["ranking"][0]["prior"])
    models, scores = load_rows("models"), load_rows("scores")
    scales, shrinkage, small, sparse = refit(models, scores, prior)
    block = render(scales, shrinkage, small, sparse, newest(scores))
    head, rest = text.split(BEGIN)
    fresh = head + BEGIN + block + END + rest.split(END)[1]
    if "--check" in arguments:
        if fresh != text:
            print("error: data/ranking.yaml is stale\n\nhint: run `python benchmarks/ranking/fit.py`", file=sys.stderr)
        return int(fresh != text)
    (DATA / "ranking.yaml").write_text(fresh, encoding="utf-8", newline="\n")
    print(f"{len(scales)} scales of {len({s.source for s in scales})} sources")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
