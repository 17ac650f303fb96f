"""Measures the recommender against benchmarks that it may not see, and writes the report.

python benchmarks/ranking/harness.py            print the report
python benchmarks/ranking/harness.py --write    put it into docs/concepts/how-it-ranks.md

Oracle: one benchmark. Its whole source is left out of the evidence, and everything is fitted again without it.
Pool: the models that the oracle has measured and that fit the card in a format of the ladder.
Regret: best oracle score in the pool less that of the first pick (or of the best of the first three).
Intervals: 95 %, from resampling the pool's models.
"""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from regress import BLIND, source_of
from trial import Trial, a_card, catalog, fitting, trial

from llmfit.catalog.load import Catalog
from llmfit.rank.candidate import Candidate
from llmfit.rank.prior import rate_by_size_and_age, size_of
from llmfit.rank.recommend import recommend
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.score import Score

CARDS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96)
ROUNDS = 400
LEAST_POOL = 4
BASELINES = ("newest", "largest", "prior")
PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "how-it-ranks.md"
BEGIN, END = "<!-- harness: begin -->\n", "<!-- harness: end -->\n"


@dataclass(frozen=True)
class Oracle:
    """One benchmark that judges one task; several ids are averaged."""

    task: str
    name: str
    benchmarks: tuple[str, ...]
    mode: str | None = None


OLLV2 = ("ollv2/ifeval", "ollv2/bbh", "ollv2/math-lvl5", "ollv2/gpqa", "ollv2/musr", "ollv2/mmlu-pro")
ORACLES = (
    Oracle("chat", "LiveBench 2024-06", ("livebench-2024-06-24/global",)),
    Oracle("chat", "LiveBench 2024-11", ("livebench-2024-11-25/global",)),
    Oracle("chat", "LiveBench 2025-04", ("livebench-2025-04-02/global", "livebench-2025-04-25/global")),
    Oracle("chat", "Open LLM Leaderboard v2", OLLV2),
    Oracle("chat", "AlpacaEval 2 LC", ("alpacaeval2/lc-winrate",)),
    Oracle("code", "LiveBench 2024-06 coding", ("livebench-2024-06-24/coding",)),
    Oracle("code", "LiveBench 2025-04 coding", ("livebench-2025-04-02/coding", "livebench-2025-04-25/coding")),
    Oracle("code", "BigCodeBench Hard", ("bigcodebench-hard/instruct",)),
    Oracle("code", "EvalPlus", ("evalplus/humaneval-plus",)),
    Oracle("code", "Aider edit", ("aider-edit/pass2",)),
    Oracle("reasoning", "LiveBench 2024-06 reasoning", ("livebench-2024-06-24/reasoning",)),
    Oracle(
        "reasoning", "LiveBench 2025-04 reasoning", ("livebench-2025-04-02/reasoning", "livebench-2025-04-25/reasoning")
    ),
    Oracle("reasoning", "Leaderboard v2 GPQA, BBH, MuSR", ("ollv2/gpqa", "ollv2/bbh", "ollv2/musr")),
    Oracle("math", "LiveBench 2024-06 mathematics", ("livebench-2024-06-24/mathematics",)),
    Oracle("math", "Leaderboard v2 MATH level 5", ("ollv2/math-lvl5",)),
    Oracle("korean", "KMMLU-Pro (vendor's card)", ("exaone-4-card/kmmlu-pro",)),
)


def verdicts(full: Catalog, oracle: Oracle) -> dict[str, float]:
    """Return the oracle's score of every model that it measured in all its parts."""
    found: dict[str, dict[str, float]] = {}
    for score in full.scores:
        if score.benchmark in oracle.benchmarks and score.mode != "non-thinking":
            found.setdefault(score.model, {})[score.benchmark] = score.score
    several = oracle.name.startswith("LiveBench 2025")
    least = 1 if several else len(oracle.benchmarks)
    return {model: mean(parts.values()) for model, parts in found.items() if len(parts) >= least}


def judged(kind: str, oracle: Oracle) -> bool:
    """Whether an oracle can judge models of a kind: boards that cut thinking off cannot judge those that think."""
    blind = any(source_of(name) in BLIND for name in oracle.benchmarks)
    return kind == "instruct" or (kind == "reasoning" and not blind)


@dataclass(frozen=True)
class Cell:
    """One card: the fitting pool in the order of each way to choose."""

    gb: float
    orders: dict[str, list[str]]


def cells(full: Catalog, oracle: Oracle, known: dict[str, float]) -> list[Cell]:
    """Return the pool of each card, ordered by us and by the baselines."""
    sources = {source_of(name) for name in oracle.benchmarks}
    facts = trial(full, keep=lambda s: source_of(s.benchmark) not in sources)
    everyone = facts.models
    facts = replace(facts, models={name: everyone[name] for name in known if name in everyone})
    question = Question(tasks=(oracle.task,), context=2048, all_variants=True)
    tasks = dict(facts.tasks)
    tasks[oracle.task] = replace(tasks[oracle.task], language=None, min_context=0)
    facts = replace(facts, tasks=tasks)
    found = []
    for gb in CARDS:
        pool = fitting(facts, question, gb=gb)
        if len(pool) >= LEAST_POOL:
            found.append(Cell(gb, {"llmfit": [c.model.id for c in pool], **baselines(facts, pool)}))
    return found


def baselines(facts: Trial, pool: Sequence[Candidate]) -> dict[str, list[str]]:
    """Return the pool ordered by release, by parameters and by the prior of size and age as published."""
    models = sorted((c.model for c in pool), key=lambda m: m.id)
    straight = (
        replace(facts.ranking.small, per_doubling=0.0, per_doubling_year=0.0),
        replace(facts.ranking.sparse, per_doubling=0.0),
    )

    def prior(m: Model) -> float:
        size = size_of(m.architecture, m.parameters, kind=m.kind)
        return rate_by_size_and_age(facts.ranking.prior, *straight, size=size, released=m.released)

    keys: dict[str, Callable[[Model], Any]] = {
        "newest": lambda m: (m.released, m.parameters),
        "largest": lambda m: (m.parameters, m.released),
        "prior": prior,
    }
    return {name: [m.id for m in sorted(models, key=key, reverse=True)] for name, key in keys.items()}


def regret(order: Sequence[str], known: dict[str, float], *, first: int) -> float:
    """Return how far the best of the first picks stays below the best there is."""
    return max(known[m] for m in order) - max(known[m] for m in order[:first])


def mean_regret(found: Sequence[Cell], known: dict[str, float], *, way: str, first: int, pool: set[str]) -> float:
    """Return the mean regret over the cards, the pool limited to some models."""
    values = []
    for cell in found:
        order = [m for m in cell.orders[way] if m in pool]
        if len(order) >= LEAST_POOL:
            values.append(regret(order, known, first=first))
    return mean(values) if values else 0.0


def interval(found: Sequence[Cell], known: dict[str, float], *, way: str, first: int) -> tuple[float, float, float]:
    """Return (gain over a baseline, lower end, upper end): the baseline's regret less ours."""
    rng = random.Random(0)  # noqa: S311 - resampling needs no secrets, but the same draws
    names = sorted(known)

    def gain(pool: set[str]) -> float:
        theirs = mean_regret(found, known, way=way, first=first, pool=pool)
        return theirs - mean_regret(found, known, way="llmfit", first=first, pool=pool)

    drawn = sorted(gain({rng.choice(names) for _ in names}) for _ in range(ROUNDS))
    return gain(set(names)), drawn[int(0.025 * ROUNDS)], drawn[int(0.975 * ROUNDS)]


def regret_tables(full: Catalog) -> list[str]:
    """Return the lines of the tables of regret."""
    lines = []
    pooled: dict[tuple[str, int], list[float]] = {}
    results = []
    for oracle in ORACLES:
        known = {m: v for m, v in verdicts(full, oracle).items() if m in full.models}
        known = {m: v for m, v in known.items() if judged(full.models[m].kind, oracle)}
        found = cells(full, oracle, known)
        if not found:
            continue
        results.append((oracle, known, found))
    for first in (1, 3):
        lines += [
            f"\nRegret@{first}, in points of the oracle.",
            "In brackets: what a baseline loses more than llmfit, with its interval.\n",
            "| task | oracle | models | spread | llmfit | newest that fits | largest that fits | prior alone |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for oracle, known, found in results:
            ours = mean_regret(found, known, way="llmfit", first=first, pool=set(known))
            row = [oracle.task, oracle.name, str(len(known)), f"{pstdev(known.values()):.1f}", f"{ours:.1f}"]
            for way in BASELINES:
                gain, low, high = interval(found, known, way=way, first=first)
                pooled.setdefault((way, first), []).append(gain / pstdev(known.values()))
                row.append(f"{ours + gain:.1f} ({gain:+.1f}: {low:+.1f} … {high:+.1f})")
            lines.append(f"| {' | '.join(row)} |")
    lines += ["\nMean gain over all oracles, in standard deviations of the oracle, with the oracles resampled:\n"]
    for (way, first), gains in pooled.items():
        rng = random.Random(1)  # noqa: S311 - resampling needs no secrets, but the same draws
        drawn = sorted(mean(rng.choices(gains, k=len(gains))) for _ in range(2000))
        words = f"{mean(gains):+.2f} ({drawn[50]:+.2f} … {drawn[1949]:+.2f})"
        lines.append(f"- regret@{first} against {way}: {words}.")
    return lines


def _until(day: str, score: Score) -> bool:
    return score.date <= day


def _without(source: str, score: Score) -> bool:
    return source_of(score.benchmark) != source


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the rank correlation of two rows of figures."""
    ranks = [[sorted(row).index(value) for value in row] for row in (a, b)]
    (x, y), n = ranks, len(a)
    mx, my = sum(x) / n, sum(y) / n
    top = sum((i - mx) * (j - my) for i, j in zip(x, y, strict=True))
    return float(top / (sum((i - mx) ** 2 for i in x) * sum((j - my) ** 2 for j in y)) ** 0.5)


def time_split(full: Catalog) -> list[str]:
    """Return how well the facts up to a day order what was measured later."""
    lines = [
        "\n| facts up to | judged by | models | rank correlation of llmfit | of the prior alone |",
        "|---|---|---|---|---|",
    ]
    for day, later in (
        ("2024-06-30", "livebench-2024-11-25/global"),
        ("2025-03-31", "livebench-2025-04-25/global"),
        ("2025-05-01", "livebench-2025-11-25/global"),
        ("2025-12-31", "livebench-2026-01-08/global"),
    ):
        facts = trial(full, keep=partial(_until, day))
        known = verdicts(full, Oracle("chat", "later", (later,)))
        question = Question(tasks=("chat",), context=2048, all_variants=True)
        limited = replace(facts, models={m: facts.models[m] for m in known if m in facts.models})
        pool = fitting(limited, question, gb=4096)
        orders = baselines(limited, pool)
        names = sorted(c.model.id for c in pool)
        truth = [known[m] for m in names]
        ours = [-[c.model.id for c in pool].index(m) for m in names]
        prior = [-orders["prior"].index(m) for m in names]
        lines.append(f"| {day} | {later} | {len(names)} | {spearman(ours, truth):.2f} | {spearman(prior, truth):.2f} |")
    return lines


def stability(full: Catalog) -> list[str]:
    """Return the Jaccard index of the first three picks under small changes."""
    tasks, cards = ("chat", "code", "reasoning", "korean"), (4, 6, 8, 12, 16, 24, 48, 80)
    base = trial(full, keep=lambda _: True, refit=False)

    def top(facts: Trial, task: str, gb: float, weights: dict[str, float] | None = None) -> set[str]:
        question = Question(tasks=(task,), top=3, weights=weights or {})
        return {pick.model.id for pick in recommend(question, facts, device=a_card(gb)).picks}

    plain = {(t, g): top(base, t, g) for t in tasks for g in cards}
    changes: dict[str, list[float]] = {}
    for (task, gb), first in plain.items():
        for shift in (-0.5, 0.5):
            changes.setdefault("memory ± 0.5 GB", []).append(jaccard(first, top(base, task, gb + shift)))
        for name, weight in base.ranking.weights.items():
            for factor in (0.9, 1.1):
                other = top(base, task, gb, {name: weight * factor})
                changes.setdefault("one weight ± 10 %", []).append(jaccard(first, other))
    for source in sorted({source_of(s.benchmark) for s in full.scores}):
        facts = trial(full, keep=partial(_without, source))
        for (task, gb), first in plain.items():
            changes.setdefault("one source dropped, all fitted again", []).append(jaccard(first, top(facts, task, gb)))
    lines = ["\n| change | trials | mean Jaccard of the first three | unchanged |", "|---|---|---|---|"]
    for name, values in changes.items():
        same = sum(value == 1 for value in values) / len(values)
        lines.append(f"| {name} | {len(values)} | {mean(values):.2f} | {same:.0%} |")
    return lines


def jaccard(a: set[str], b: set[str]) -> float:
    """Return the share of two sets that they have in common."""
    return len(a & b) / len(a | b) if a | b else 1.0


def main(arguments: Sequence[str]) -> int:
    """Print the report, or write it between the page's fences."""
    full = catalog()
    lines = [*regret_tables(full), "\n### Later benchmarks from earlier facts", *time_split(full)]
    lines += ["\n### Stability", *stability(full)]
    report = "\n".join(lines) + "\n"
    if "--write" not in arguments:
        print(report)
        return 0
    head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(head + BEGIN + report + END + rest.partition(END)[2], encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
