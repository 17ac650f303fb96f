"""Fits the scales of benchmarks and the shrinkage of evidence, and writes them into data/ranking.yaml.

python benchmarks/ranking/fit.py            write them
python benchmarks/ranking/fit.py --check    fail where data/ranking.yaml says something else

Reads data/models.yaml, data/scores.yaml and the prior in data/ranking.yaml; standard library and PyYAML only.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from regress import (
    MAXIMUM,
    SKILLS,
    Fitted,
    Known,
    common,
    fit_further,
    fit_scales,
    load_known,
    signal_of,
    skill_of,
    source_of,
)

from llmfit.records.ranking import Prior, SmallModels, SparseModels

DATA = Path(__file__).parents[2] / "data"
BEGIN, END = "  # fitted: begin (benchmarks/ranking/fit.py)\n", "  # fitted: end\n"
KNEE = 8.0
PIVOT = "2024-07-01"
"""About the middle of the dates of small models with scores."""
SPARSE_SD = 2.0
PRIOR_ROWS = 20
"""Scores that the common noise counts for when a source's own is estimated."""
NOISE = (0.3, 3.0)
"""A source's own noise over the common one: none is the truth, none worthless."""
NEAR, FAR = 0.3, 0.75
"""Years between releases: up to the first, and from there up to the second, is how the decay in time is read off."""
YEARS = (0.25, 2.0)
"""Bounds of the time in which what a series has in common decays."""
LEAST_PUBLISHERS = 3
LEAST_SERIES = 5
THINKING_SD = 40.0
"""First guess of how far the gains by thinking differ between skills."""
THINKING_ERROR = 15.0
"""Boards of one skill share what they measure: no such gain is surer than this."""


@dataclass(frozen=True)
class Mean:
    """What one source says of one model at one skill."""

    model: Known
    source: str
    skill: str
    points: float
    factor: float
    """Of its class of evidence."""


def means_of(
    scales: Sequence[Fitted], known: dict[str, Known], classes: dict[str, dict[str, float]]
) -> dict[tuple[str, str], list[Mean]]:
    """Series → what each source says of each of its models at each skill; boards that ask for everything repeat it."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for scale in scales:
        if scale.skill != "general":
            for model, value in scale.points.items():
                found.setdefault((model, scale.source, scale.skill), []).append(value)
    series: dict[tuple[str, str], list[Mean]] = {}
    for (model, source, skill), values in found.items():
        row = Mean(known[model], source, skill, sum(values) / len(values), classes[source].get(model, 1.0))
        series.setdefault(row.model.series, []).append(row)
    return series


def moment(products: Sequence[float]) -> float:
    """Return the mean product of deviations: the variance that both have in common."""
    return sum(products) / len(products) if products else 0.0


def fit_decay(near: Sequence[tuple[float, float]], far: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return (what a series has in common at one date, years in which it falls to 1/e) from (years, product) rows."""
    close, distant = (max(moment([product for _, product in rows]), 1.0) for rows in (near, far))
    from_, to = (moment([years for years, _ in rows]) for rows in (near, far))
    fall = log(close / distant) / (to - from_) if close > distant and to > from_ else 0.0
    years = min(max(1 / fall if fall else YEARS[1], YEARS[0]), YEARS[1])
    return close * exp(from_ / years), years


def fit_variances(series: dict[tuple[str, str], list[Mean]], *, limit: float) -> dict[str, Any]:
    """Estimate what sources see alike, from products of the deviations of pairs (method of moments).

    One model in two sources at one skill gives the shared variance; at two skills, what neighbours tell of it;
    two models of a series in two sources, by the time between them, give what the series has in common.
    """
    same: list[float] = []
    other: list[float] = []
    near: list[tuple[float, float]] = []
    far: list[tuple[float, float]] = []
    for rows in series.values():
        for a, b in combinations(rows, 2):
            product, years = a.points * b.points, abs(a.model.day - b.model.day) / 365.25
            if a.model.id == b.model.id:
                if a.source != b.source:
                    (same if a.skill == b.skill else other).append(product)
            elif a.source != b.source and a.skill == b.skill and years <= FAR:
                (near if years <= NEAR else far).append((years, product))
    shared = min(max(moment(same), 100.0), limit)
    crossed = min(max(moment(other), 0.1 * shared), 0.9 * shared)
    alike, decay = fit_decay(near, far)
    return {
        "shared": round(shared, 1),
        "series_share": round(min(0.9, alike / shared), 3),
        "series_years": round(decay, 2),
        "related": round(shared * shared / crossed - shared, 1),
        "pairs": len(same),
    }


def series_mean(series: dict[tuple[str, str], list[Mean]], *, shared: float) -> float:
    """Return by how much the average series stands below the prior, each counted once, held near nothing by its error.

    Large series, which everybody measures, draw the lines of the boards; most others stand below them.
    """
    means = []
    for rows in series.values():
        models = {row.model.id: [r.points for r in rows if r.model.id == row.model.id] for row in rows}
        means.append(sum(sum(points) / len(points) for points in models.values()) / len(models))
    if len(means) < LEAST_SERIES:
        return 0.0
    mean = sum(means) / len(means)
    error = sum((m - mean) ** 2 for m in means) / (len(means) - 1) / len(means)
    return min(0.0, mean * shared / (shared + error))


def fit_noise(series: dict[tuple[str, str], list[Mean]], *, shared: float) -> tuple[dict[str, float], float]:
    """Return (source → what it alone sees, the same over all), as if all were independent sources."""
    rows = [row for found in series.values() for row in found]
    own: dict[str, list[float]] = {}
    for row in rows:
        own.setdefault(row.source, []).append((row.points**2 - shared) / row.factor)
    usual = max(0.2 * shared, sum(sum(values) for values in own.values()) / len(rows))
    noise = {
        source: min(max((sum(v) + PRIOR_ROWS * usual) / (len(v) + PRIOR_ROWS), NOISE[0] * usual), NOISE[1] * usual)
        for source, v in sorted(own.items())
    }
    return {source: round(value, 1) for source, value in noise.items()}, round(usual, 1)


def specialist_points(scales: Sequence[Fitted], known: dict[str, Known], *, shared: float) -> float:
    """Return how far models made for code stand above the prior on boards for code, each publisher counted once.

    Held near nothing by what few publishers leave open, as boards rather measure the coders that are good.
    """
    values: dict[str, list[float]] = {}
    for scale in scales:
        if scale.skill == "code":
            for model, value in scale.points.items():
                if known[model].kind != "reasoning" and is_specialist(known[model].tasks, "code"):
                    values.setdefault(known[model].series[0], []).append(value)
    means = [sum(v) / len(v) for v in values.values()]
    if len(means) < LEAST_PUBLISHERS:
        return 0.0
    mean = sum(means) / len(means)
    error = sum((m - mean) ** 2 for m in means) / (len(means) - 1) / len(means)
    return max(0.0, mean * shared / (shared + error))


def fit_thinking(scores: Sequence[dict[str, Any]], known: dict[str, Known]) -> dict[str, float]:
    """Return, by skill, the points that a model which thinks gains on boards that let it.

    Each skill is held near the mean of all by what its error leaves open; a skill without boards has the mean.
    """
    seen: dict[str, tuple[float, float]] = {}
    for skill in sorted({skill_of(row["benchmark"]) for row in scores}):
        rows = [row for row in scores if skill_of(row["benchmark"]) == skill]
        value, error, count = fit_further(rows, known, lambda row: float(row.thought), unit=0.5)
        if count:
            seen[skill] = (value, max(error, THINKING_ERROR))
    if not seen:
        return {}
    mean, between = common(list(seen.values()), between=THINKING_SD**2, least=THINKING_ERROR**2)
    found = {}
    for skill in sorted({"general", *SKILLS.values()}):
        value, error = seen.get(skill, (mean, THINKING_ERROR))
        found[skill] = round(max(0.0, (value / error**2 + mean / between) / (1 / error**2 + 1 / between)), 1)
    return found


def fit_shrinkage(
    scales: Sequence[Fitted],
    known: dict[str, Known],
    classes: dict[str, dict[str, float]],
    *,
    thinking: dict[str, float],
    sd: float,
) -> dict[str, Any]:
    """Estimate how far evidence moves a rating."""
    chat = [s for s in scales if not s.benchmark.startswith(("mteb", "korean-rag"))]
    series = means_of(chat, known, classes)
    variances = fit_variances(series, limit=0.9 * sd**2)
    noise, mean_noise = fit_noise(series, shared=variances["shared"])
    loss = median(1 / (s.slope * (1 - s.mean_share)) for s in chat if s.source in {"livebench", "aider-edit", "ollv2"})
    return {
        **{name: variances[name] for name in ("shared", "series_share", "series_years", "related")},
        "series_mean": round(series_mean(series, shared=variances["shared"]), 1),
        "noise": "{" + ", ".join(f"{k}: {v}" for k, v in noise.items()) + "}",
        "common_noise": mean_noise,
        "thinking": "{" + ", ".join(f"{k}: {v}" for k, v in thinking.items()) + "}",
        "specialist_points": round(specialist_points(chat, known, shared=variances["shared"]), 1),
        "loss_points": float(round(loss)),
        "pairs": variances["pairs"],
    }


def is_specialist(tasks: Sequence[str], task: str) -> bool:
    """Whether a model was made for this task and not for prose."""
    return task in tasks and not {"writing", "summarize", "vision"} & set(tasks)


def render(
    scales: Sequence[Fitted], shrinkage: dict[str, Any], small: SmallModels, sparse: SparseModels, fitted: str
) -> str:
    """Return the fitted part of data/ranking.yaml."""
    lines = ["  shrinkage:", *(f"    {name}: {value}" for name, value in shrinkage.items()), f'    fitted: "{fitted}"']
    curve = f"knee: {small.knee}, per_doubling: {small.per_doubling}, per_doubling_year: {small.per_doubling_year}"
    curve += f', pivot: "{small.pivot}", standard_error: {small.standard_error}'
    mixture = f"per_doubling: {sparse.per_doubling}, raw: {sparse.raw}, standard_error: {sparse.standard_error}"
    lines += [f"  small: {{{curve}, n: {small.n}}}", f"  sparse: {{{mixture}, n: {sparse.n}}}", "  scales:"]
    for s in scales:
        maximum = MAXIMUM.get(s.source, 100.0)
        lines.append(
            f"  - {{benchmark: {s.benchmark}, signal: {signal_of(s.benchmark)}, source: {s.source},"
            f" skill: {s.skill}, transform: logit,"
            f" maximum: {maximum}, intercept: {s.intercept:.4f}, slope: {s.slope:.6f}, n: {len(s.points)},"
            f" residual_sd: {s.residual_sd:.1f}, low: {s.low:.1f}, high: {s.high:.1f}}}"
        )
    return "\n".join(lines) + "\n"


def fit_curve(
    models: Iterable[dict[str, Any]], scores: Sequence[dict[str, Any]], prior: Prior
) -> tuple[SmallModels, SparseModels]:
    """Fit how the rating bends for small models, then for mixtures of experts.

    The prior was fitted on total parameters, so the second is held near 0 as by an estimate of 0 ± SPARSE_SD.
    """
    straight = SmallModels(knee=KNEE, per_doubling=0.0, per_doubling_year=0.0, pivot=PIVOT, standard_error=0.0, n=0)
    dense = SparseModels(per_doubling=0.0, raw=0.0, standard_error=0.0, n=0)
    extra, error, n = fit_further(scores, load_known(models, prior, straight, dense), lambda row: row.model.below)
    small = replace(straight, per_doubling=round(max(0.0, extra), 1), standard_error=round(error, 1), n=n)
    later, _, _ = fit_further(
        scores, load_known(models, prior, small, dense), lambda row: row.model.below * row.model.years, unit=0.5
    )
    small = replace(small, per_doubling_year=round(max(0.0, later), 1))
    raw, error, n = fit_further(scores, load_known(models, prior, small, dense), lambda row: row.model.sparsity)
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
    models: Iterable[dict[str, Any]], scores: Sequence[dict[str, Any]], prior: Prior, factors: dict[str, float]
) -> tuple[list[Fitted], dict[str, Any], SmallModels, SparseModels]:
    """Fit everything on these scores: the bends, what thinking gains, the scales, the shrinkage.

    Boards of embedders have slopes of their own kind and bend nothing: the bends are of models that write.
    """
    rows = list(models)
    embedders = {row["id"] for row in rows if row["kind"] == "embedding"}
    written = [row for row in scores if row["model"] not in embedders]
    embedded = [row for row in scores if row["model"] in embedders]
    small, sparse = fit_curve(rows, written, prior)
    known = load_known(rows, prior, small, sparse)
    thinking = fit_thinking(written, known)
    scales = fit_scales(written, known, thinking) + fit_scales(embedded, known, {})
    scales.sort(key=lambda scale: scale.benchmark)
    classes: dict[str, dict[str, float]] = {}
    for row in scores:
        classes.setdefault(source_of(row["benchmark"]), {})[row["model"]] = factors[row["evidence"]]
    shrinkage = fit_shrinkage(scales, known, classes, thinking=thinking, sd=prior.standard_deviation)
    return scales, shrinkage, small, sparse


def main(arguments: Sequence[str]) -> int:
    """Write the fit, or compare it with `--check`."""
    text = (DATA / "ranking.yaml").read_text("utf-8")
    figures = yaml.load(text, Loader=yaml.CSafeLoader)["ranking"][0]
    prior, factors = Prior(**figures["prior"]), figures["judgement"]["class_factors"]
    models, scores = load_rows("models"), load_rows("scores")
    scales, shrinkage, small, sparse = refit(models, scores, prior, factors)
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
