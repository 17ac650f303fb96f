"""The benchmarks that judge the recommender, each with the task that it judges."""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent))

from regress import BLIND, source_of

from llmfit.catalog.load import Catalog

LEAST_MODELS = 8
RELEASES = (
    "2024-06-24",
    "2024-08-31",
    "2024-11-25",
    "2025-04-02",
    "2025-04-25",
    "2025-05-30",
    "2025-11-25",
    "2026-01-08",
)
PARTS = {
    "global": "chat",
    "language": "writing",
    "if": "structured-output",
    "coding": "code",
    "agentic-coding": "agentic-code",
    "reasoning": "reasoning",
    "mathematics": "math",
}
"""Part of LiveBench → the task that it judges."""
NAMES = {"writing": "language", "structured-output": "instructions", "science": "knowledge"}
"""What a task is called in the report, where its boards ask for one part of it."""


@dataclass(frozen=True)
class Oracle:
    """One benchmark that judges one task; several ids are averaged."""

    task: str
    name: str
    benchmarks: tuple[str, ...]

    @property
    def source(self) -> str:
        """Who ran it."""
        return source_of(self.benchmarks[0])

    @property
    def kind(self) -> str:
        """What the report calls its task."""
        return NAMES.get(self.task, self.task)


OLLV2 = ("ollv2/ifeval", "ollv2/bbh", "ollv2/math-lvl5", "ollv2/gpqa", "ollv2/musr", "ollv2/mmlu-pro")
ORACLES = (
    *(
        Oracle(
            task,
            f"LiveBench {release[:7] if release != '2025-04-02' else release} {part}",
            (f"livebench-{release}/{part}",),
        )
        for release in RELEASES
        for part, task in PARTS.items()
    ),
    Oracle("chat", "Leaderboard v2, average", OLLV2),
    Oracle("structured-output", "Leaderboard v2 IFEval", ("ollv2/ifeval",)),
    Oracle("reasoning", "Leaderboard v2 BBH", ("ollv2/bbh",)),
    Oracle("reasoning", "Leaderboard v2 MuSR", ("ollv2/musr",)),
    Oracle("math", "Leaderboard v2 MATH level 5", ("ollv2/math-lvl5",)),
    Oracle("science", "Leaderboard v2 GPQA", ("ollv2/gpqa",)),
    Oracle("science", "Leaderboard v2 MMLU-Pro", ("ollv2/mmlu-pro",)),
    Oracle("chat", "Leaderboard v1, average", ("ollv1/average",)),
    Oracle("chat", "AlpacaEval 2 LC", ("alpacaeval2/lc-winrate",)),
    Oracle("code", "BigCodeBench Hard instruct", ("bigcodebench-hard/instruct",)),
    Oracle("code", "BigCodeBench Hard complete", ("bigcodebench-hard/complete",)),
    Oracle("code", "BigCodeBench Full instruct", ("bigcodebench-full/instruct",)),
    Oracle("code", "BigCodeBench Full complete", ("bigcodebench-full/complete",)),
    Oracle("code", "HumanEval+", ("evalplus/humaneval-plus",)),
    Oracle("code", "MBPP+", ("evalplus/mbpp-plus",)),
    Oracle("code", "Aider edit", ("aider-edit/pass2",)),
    Oracle("code", "Aider polyglot", ("aider-polyglot/pass2",)),
    Oracle("code", "LiveCodeBench v6 (vendor)", ("exaone-4-card/livecodebench-v6",)),
    Oracle("math", "AIME 2025 (vendor)", ("exaone-4-card/aime-2025",)),
    Oracle("science", "GPQA Diamond (vendor)", ("exaone-4-card/gpqa-diamond",)),
    Oracle("structured-output", "IFEval (vendor)", ("exaone-4-card/ifeval",)),
    Oracle("function-calling", "BFCL v3 (vendor)", ("exaone-4-card/bfcl-v3",)),
    Oracle("korean", "KMMLU-Pro (vendor)", ("exaone-4-card/kmmlu-pro",)),
    Oracle("korean", "LogicKor", ("logickor/default",)),
    Oracle("agentic-code", "SWE-bench Verified", ("swe-bench-verified/resolved",)),
)


def verdicts(full: Catalog, oracle: Oracle) -> dict[str, float]:
    """Return the oracle's score of every model that it measured in all parts, thinking where both modes are there."""
    found: dict[str, dict[str, float]] = {}
    for score in full.scores:
        if score.benchmark in oracle.benchmarks and score.mode != "non-thinking":
            found.setdefault(score.model, {})[score.benchmark] = score.score
    return {
        model: mean(parts.values())
        for model, parts in found.items()
        if len(parts) == len(oracle.benchmarks) and model in full.models and judged(full.models[model].kind, oracle)
    }


def judged(kind: str, oracle: Oracle) -> bool:
    """Whether an oracle can judge models of a kind: boards that cut thinking off cannot judge those that think."""
    return kind == "instruct" or (kind == "reasoning" and oracle.source not in BLIND)
