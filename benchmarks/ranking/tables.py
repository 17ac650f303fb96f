"""How well ratings order and predict what an oracle says, beside what size and age alone do."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

sys.path.insert(0, str(Path(__file__).parent))

from regress import MAXIMUM, draw, residual
from regrets import Judged

from llmfit.rank.scales import transform


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the rank correlation of two rows of figures."""
    ranks = [[sorted(row).index(value) for value in row] for row in (a, b)]
    (x, y), n = ranks, len(a)
    mx, my = sum(x) / n, sum(y) / n
    top = sum((i - mx) * (j - my) for i, j in zip(x, y, strict=True))
    return float(top / (sum((i - mx) ** 2 for i in x) * sum((j - my) ** 2 for j in y)) ** 0.5)


def calibration(judged: Sequence[Judged]) -> list[str]:
    """Return, by source, the rank correlations and how much of the evidence's correction comes true."""
    lines = [
        "| source left out | oracles | rank correlation of llmfit | of the prior alone | share that comes true |",
        "|---|---|---|---|---|",
    ]
    found: list[tuple[float, float, float]] = []
    for source in dict.fromkeys(one.oracle.source for one in judged):
        rows = [_agreement(one) for one in judged if one.oracle.source == source]
        row = (mean(r[0] for r in rows), mean(r[1] for r in rows), median(r[2] for r in rows))
        found.append(row)
        lines.append(f"| {source} | {len(rows)} | {row[0]:.2f} | {row[1]:.2f} | {row[2]:.2f} |")
    ours, prior, share = mean(r[0] for r in found), mean(r[1] for r in found), median(r[2] for r in found)
    lines.append(f"| all, each source once | {len(judged)} | {ours:.2f} | {prior:.2f} | {share:.2f} |")
    better = sum(ours > prior for ours, prior, _ in (_agreement(one) for one in judged))
    lines.append(f"\nllmfit orders better than the prior alone on {better} of {len(judged)} oracles.")
    return lines


def _agreement(one: Judged) -> tuple[float, float, float]:
    """Return (rank correlation of ratings, of the prior, slope of what is on what was predicted beside the prior)."""
    names = sorted(one.ratings)
    truth = [one.known[name] for name in names]
    maximum = MAXIMUM.get(one.oracle.source, 100.0)
    y = [transform("logit", value, maximum=maximum) for value in truth]
    ours, prior = [one.ratings[n][0] for n in names], [one.ratings[n][1] for n in names]
    moved = [a - b for a, b in zip(ours, prior, strict=True)]
    slope = max(draw(ours, y).slope, 0.003)
    share = draw(residual(moved, prior), residual(y, prior)).slope / slope
    return spearman(ours, truth), spearman(prior, truth), share
