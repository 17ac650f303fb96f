"""The rules that no score may break: no toy, one pick per lineage."""

from collections.abc import Iterable, Mapping
from functools import cache

from llmfit.rank.candidate import Candidate
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Rejection


def reject_toys(
    candidates: Iterable[Candidate], *, gap: float, ratio: float, knee: float
) -> tuple[list[Candidate], list[Rejection]]:
    """Part models from those that a better one outclasses.

    A model is outclassed where one that fits stands more than `gap` points above it,
    or, where it is below the knee (in B), is both better and more than `ratio` times as large.
    """
    kept: list[Candidate] = []
    toys: list[Rejection] = []
    best: Candidate | None = None
    largest: Candidate | None = None
    for candidate in sorted(candidates, key=lambda c: (-c.quality.rating, c.model.id)):
        rating, parameters = candidate.quality.rating, candidate.model.parameters
        if best is not None and rating < best.quality.rating - gap:
            toys.append(_toy(candidate, best))
        elif parameters < knee * 1e9 and largest is not None and parameters * ratio < largest.model.parameters:
            toys.append(_toy(candidate, largest))
        else:
            kept.append(candidate)
            best = best or candidate
            if largest is None or parameters > largest.model.parameters:
                largest = candidate
    return kept, toys


def _toy(candidate: Candidate, better: Candidate) -> Rejection:
    model = better.model
    words = f"rating {candidate.quality.rating:.0f}; {model.id} ({model.parameters / 1e9:.1f} B)"
    detail = f"{words} fits with {better.quality.rating:.0f}"
    return Rejection(model=candidate.model.id, reason="outclassed", detail=detail)


def one_per_lineage(
    candidates: Iterable[Candidate], *, models: Mapping[str, Model], question: Question, ranking: Ranking
) -> tuple[list[Candidate], list[Rejection]]:
    """Keep the best of each lineage, and of each series at about one size; `candidates` come best first."""
    kept: list[Candidate] = []
    rejected: list[Rejection] = []
    for candidate in candidates:
        rival = None if question.all_variants else _rival(candidate, kept, models, ranking.size_ratio)
        if rival is None:
            kept.append(candidate)
        else:
            detail = f"its close relative {rival.model.id} scores {rival.score:.1f}, this {candidate.score:.1f}"
            rejected.append(Rejection(model=candidate.model.id, reason="lineage", detail=detail))
    return kept, rejected


def _rival(
    candidate: Candidate, kept: Iterable[Candidate], models: Mapping[str, Model], ratio: float
) -> Candidate | None:
    root = lineage_root(candidate.model, models)
    name = series(candidate.model)
    for other in kept:
        sizes = sorted((other.model.parameters, candidate.model.parameters))
        same_size = sizes[1] <= ratio * sizes[0]
        if lineage_root(other.model, models) == root or (series(other.model) == name and same_size):
            return other
    return None


def lineage_root(model: Model, models: Mapping[str, Model]) -> str:
    """Return the id of the oldest known ancestor, the model's own where it has none."""
    seen = {model.id}
    current = model
    while current.base_model is not None and current.base_model not in seen:
        seen.add(current.base_model)
        parent = models.get(current.base_model)
        if parent is None:
            return current.base_model
        current = parent
    return current.id


def series(model: Model) -> tuple[str, str]:
    """Return publisher and family without version figures: Qwen3 and Qwen3.5 are one series."""
    return series_of(model.publisher, model.family)


@cache
def series_of(publisher: str, family: str) -> tuple[str, str]:
    """Return the series of a family, by its publisher and its name without figures."""
    name = "".join(c for c in family if not (c.isdigit() or c in ". ")).casefold()
    return publisher, name.split("-")[0]
