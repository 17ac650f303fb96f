"""Fits the scales of benchmarks and the shrinkage of evidence, and writes them into data/ranking.yaml.

python benchmarks/ranking/fit.py            write them
python benchmarks/ranking/fit.py --check    fail where data/ranking.yaml says something else

Reads data/models.yaml, data/scores.yaml and the prior in data/ranking.yaml; standard library and PyYAML only.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from regress import MAXIMUM, Fitted, Known, fit_further, fit_scales, load_known, signal_of

from llmfit.records.ranking import Prior, SmallModels, SparseModels

DATA = Path(__file__).parents[2] / "data"
BEGIN, END = "  # fitted: begin (benchmarks/ranking/fit.py)\n", "  # fitted: end\n"
KNEE = 8.0
PIVOT = "2024-07-01"
"""About the middle of the dates of small models with scores."""
SPARSE_SD = 2.0
THINKING_SIGNALS = ("reasoning", "mathematics", "aime", "math-lvl5", "hmmt")
CODE_SIGNALS = ("coding", "code", "humaneval", "mbpp", "pass2")
PRIOR_PAIRS = 5
"""Models in common that the common loading counts for."""
LOADING = (0.15, 0.85)
"""No source is worthless, none is the truth."""


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
        if known[model].kind != "reasoning" and is_specialist(known[model].tasks, "code")
    ]
    return max(0.0, sum(values) / len(values)) if values else 0.0


def thinks(model: Known) -> float:
    """Return 1 for a model that thinks, always or on request."""
    return float(model.kind == "reasoning" or "reasoning" in model.tasks)


def fit_thinking(scores: Iterable[dict[str, Any]], known: dict[str, Known]) -> float:
    """Return the points that thinking models gain on exams of reasoning and mathematics.

    Elsewhere the same regression finds no gain, so there is no such term.
    """
    exams = [
        row
        for row in scores
        if any(part in row["benchmark"] for part in THINKING_SIGNALS) and row.get("mode") != "non-thinking"
    ]
    return max(0.0, fit_further(exams, known, thinks, unit=0.5)[0])


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
        # As any deviation that single boards see, shrunk by how far boards agree.
        "specialist_points": round(specialist_points(chat, known, sd=sd) * sqrt(agreement), 1),
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
    curve = f"knee: {small.knee}, per_doubling: {small.per_doubling}, per_doubling_year: {small.per_doubling_year}"
    curve += f', pivot: "{small.pivot}", standard_error: {small.standard_error}'
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
    straight = SmallModels(knee=KNEE, per_doubling=0.0, per_doubling_year=0.0, pivot=PIVOT, standard_error=0.0, n=0)
    dense = SparseModels(per_doubling=0.0, raw=0.0, standard_error=0.0, n=0)
    extra, error, n = fit_further(scores, load_known(models, prior, straight, dense), lambda m: m.below)
    small = replace(straight, per_doubling=round(max(0.0, extra), 1), standard_error=round(error, 1), n=n)
    later, _, _ = fit_further(scores, load_known(models, prior, small, dense), lambda m: m.below * m.years, unit=0.5)
    small = replace(small, per_doubling_year=round(max(0.0, later), 1))
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
    shrinkage["thinking_points"] = round(fit_thinking(scores, known) * sqrt(shrinkage["agreement"]), 1)
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
