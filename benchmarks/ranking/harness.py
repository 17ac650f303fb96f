"""Measures the recommender against benchmarks that it may not see, and writes the report.

python benchmarks/ranking/harness.py            print the report
python benchmarks/ranking/harness.py --write    put it into docs/concepts/how-it-ranks.md; takes ten minutes
python benchmarks/ranking/harness.py --check    fail where the page's report was made from other facts

Oracle: one benchmark. Its whole source is left out of the evidence, and everything that is fitted is fitted again
without it (nested): slopes, scales, variances, what thinking gains.
Pool: the models that the oracle has measured and that fit the card in a format of the ladder.
Regret: best oracle score in the pool less that of the first pick (or of the best of the first three).
Intervals: 95 %, from resampling models, the same ones for all oracles.
"""

import hashlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent))

from regress import source_of
from regrets import BASELINES, DEPTHS, Gains, Judged, baselines, draws, gains, judge, pooled, regrets, without
from tables import calibration, spearman
from trial import Trial, a_card, catalog, fitting, trial

from llmfit.catalog.load import Catalog
from llmfit.rank.recommend import recommend
from llmfit.records.question import Question
from llmfit.records.score import Score
from oracles import Oracle, verdicts

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "how-it-ranks.md"
BEGIN, END = "<!-- harness: begin", "<!-- harness: end -->\n"


def regret_tables(judged: Sequence[Judged]) -> list[str]:
    """Return the lines of the tables of regret: by task with intervals, and by oracle."""
    plain, drawn = [gains(one) for one in judged], draws(judged)
    lines = [
        "What a baseline loses more than llmfit, in standard deviations of the oracle.\n",
        f"| task | sources | oracles | {' | '.join(f'@{first} {way}' for first in DEPTHS for way in BASELINES)} |",
        f"|---|---|---|{'---|' * len(DEPTHS) * len(BASELINES)}",
    ]
    kinds, sources = [one.oracle.kind for one in judged], [one.oracle.source for one in judged]
    for kind in dict.fromkeys(kinds):
        places = [place for place, name in enumerate(kinds) if name == kind]
        count = f"{len({sources[place] for place in places})} | {len(places)}"
        lines.append(_pooled_row(f"{kind} | {count}", [[place] for place in places], plain, drawn))
    total = f"{len(set(sources))} | {len(judged)}"
    lines.append(_pooled_row(f"all | {total}", [[place] for place in range(len(judged))], plain, drawn))
    once = [[place for place, name in enumerate(sources) if name == source] for source in dict.fromkeys(sources)]
    lines.append(_pooled_row(f"all, each source once | {total}", once, plain, drawn))
    beaten = {first: [g is not None and all(g[w, first] > -1e-9 for w in BASELINES) for g in plain] for first in DEPTHS}
    lines.append("")
    lines += [
        f"- At @{first}, llmfit loses to none of the three on {sum(beaten[first])} of {len(judged)} oracles."
        for first in DEPTHS
    ]
    lines += ["\n### Each oracle\n", "Regret in points of the oracle.\n"]
    lines += [
        "| task | oracle | models | llmfit @1 | newest | largest | prior | llmfit @3 | newest | largest | prior |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|---|---|---|"]
    for one in judged:
        found = regrets(one) or {}
        cells = [f"{found[way, first]:.1f}" for first in DEPTHS for way in ("llmfit", *BASELINES)]
        lines.append(f"| {one.oracle.kind} | {one.oracle.name} | {len(one.known)} | {' | '.join(cells)} |")
    return lines


def _pooled_row(
    head: str,
    groups: Sequence[Sequence[int]],
    plain: Sequence[Gains | None],
    drawn: Sequence[Sequence[Gains | None]],
) -> str:
    cells = []
    for first in DEPTHS:
        for way in BASELINES:
            value = pooled(plain, (way, first), groups) or 0.0
            several = sorted(v for draw in drawn if (v := pooled(draw, (way, first), groups)) is not None)
            low, high = several[int(0.025 * len(several))], several[int(0.975 * len(several)) - 1]
            cells.append(f"{value:+.2f} ({low:+.2f} … {high:+.2f})")
    return f"| {head} | {' | '.join(cells)} |"


def _until(day: str, score: Score) -> bool:
    return score.date <= day


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
        pool = fitting(facts, question, gb=4096, names=known)
        orders = baselines(facts, pool)
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
        facts = trial(full, keep=partial(without, source))
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


def digest(full: Catalog) -> str:
    """Return a short name of the facts that the report follows from: scores, what rates a model, what was judged."""
    scores = sorted((s.model, s.benchmark, s.mode, s.score, s.evidence, s.date) for s in full.scores)
    measured = {score.model for score in full.scores}
    models = [
        (m.id, m.released, m.parameters, m.active_parameters, m.kind, m.publisher, m.family, m.base_model, m.likes)
        for m in sorted(full.models.values(), key=lambda m: m.id)
        if m.id in measured
    ]
    judged = (full.ranking.prior, full.ranking.judgement, full.ranking.weights)
    return hashlib.sha256(repr((scores, models, judged)).encode()).hexdigest()[:12]


def report(full: Catalog) -> str:
    """Run every trial and return the report."""
    judged = judge(full)
    lines = [*regret_tables(judged), "\n### Calibration\n", *calibration(judged)]
    lines += ["\n### Later benchmarks from earlier facts", *time_split(full)]
    lines += ["\n### Stability", *stability(full)]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Print the report, write it between the page's fences, or see whether its facts are today's."""
    full = catalog()
    fence = f"{BEGIN}, facts {digest(full)} -->\n"
    page = PAGE.read_text("utf-8")
    if "--check" in arguments:
        if fence in page:
            return 0
        print("stale: the report in how-it-ranks.md; run `python benchmarks/ranking/harness.py --write`")
        return 1
    text = report(full)
    if "--write" not in arguments:
        print(text)
        return 0
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(head + fence + text + END + rest.partition(END)[2], encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
