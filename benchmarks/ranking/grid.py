"""Writes docs/reference/recommendations.md: the first three picks for every card and task.

python benchmarks/ranking/grid.py            write it
python benchmarks/ranking/grid.py --check    fail where it is stale
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from trial import catalog

from llmfit.answers.finetuning import to_finetune
from llmfit.answers.words import device_of
from llmfit.catalog.load import Catalog
from llmfit.rank import recommend
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendation, Recommendations

CARDS = (4, 6, 8, 12, 16, 24, 48, 80)
TASKS = ("chat", "code", "reasoning", "embed", "korean", "vision")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "recommendations.md"
METHODS = ("qlora", "lora", "full")
HEAD = """# What llmfit recommends

The first three picks of `llmfit recommend --vram SIZE --task TASK`: llama.cpp, the usual context of the task.
The last section is of models to fine-tune.
The bandwidth of a card that is only named by its memory is unknown, so speed does not count here.
`±` is the standard error of the rating; a rating without benchmarks of the model is marked *estimated*.
Written by `benchmarks/ranking/grid.py`; [how it ranks](../concepts/how-it-ranks.md) says how the order comes about.
"""


def grid(full: Catalog) -> str:
    """Return the page."""
    lines = [HEAD]
    for task in TASKS:
        answers = {gb: recommend(Question(tasks=(task,), top=3), full, device=device_of(full, vram=gb)) for gb in CARDS}
        context = next(iter(answers.values())).context
        lines += [f"## {task}\n", f"Context: {context:,} tokens.\n", *_table(answers)]
    lines += ["## Fine-tuning for chat\n", "One sequence of 2,048 tokens, AdamW, checkpointing, rank 16.\n"]
    for method in METHODS:
        tuned = {gb: _tuned(full, method, gb) for gb in CARDS}
        lines += [f"### {method}\n", *_table(tuned)]
    return "\n".join(lines)


def _tuned(full: Catalog, method: str, gb: int) -> Recommendations:
    question, device = to_finetune(full, Question(top=3), device=device_of(full, vram=gb), training=method)
    return recommend(question, full, device=device)


def _table(answers: Mapping[int, Recommendations]) -> list[str]:
    lines = ["| card | first | second | third |", "|---|---|---|---|"]
    for gb, answer in answers.items():
        cells = [_cell(pick) for pick in answer.picks] + ["–"] * (3 - len(answer.picks))
        lines.append(f"| {gb} GB | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(pick: Recommendation) -> str:
    size = pick.fit.estimate.total_bytes / 2**30
    mark = {"estimated": ", *estimated*", "related": ", related", "measured": ""}[pick.quality.badge]
    rating = f"{pick.quality.rating:.0f} ± {pick.quality.standard_error:.0f}"
    return f"{pick.model.id} {pick.workload.format.id}, {size:.1f} GiB, {rating}{mark}"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it with `--check`."""
    text = grid(catalog())
    if "--check" in arguments:
        stale = not PAGE.is_file() or PAGE.read_text("utf-8") != text
        if stale:
            print("error: stale\n\nhint: run `python benchmarks/ranking/grid.py`", file=sys.stderr)
        return int(stale)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
