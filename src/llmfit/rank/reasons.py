"""Why a model is recommended, and what to beware of, in sentences."""

from collections.abc import Iterator

from llmfit.rank.candidate import Candidate
from llmfit.records.architecture import UNSEEN
from llmfit.records.estimate import Verdict
from llmfit.records.format import Format
from llmfit.records.recommendation import Quality
from llmfit.records.task import Task

_LOW_BITS = 4.2
"""Bits per weight below which a format is called low: Q3_K_M has 4.0, Q4_0 4.5."""


def reasons(candidate: Candidate, *, better: Format | None) -> tuple[str, ...]:
    """Return the sentences that speak for a candidate; `better` is the next format up, which does not fit."""
    return tuple(_reasons(candidate, better))


def _reasons(candidate: Candidate, better: Format | None) -> Iterator[str]:
    model, quality = candidate.model, candidate.quality
    yield f"{size(candidate)}, base of {model.released:%B %Y}: {basis(candidate)}"
    if words := notable(quality):
        yield words
    format_ = candidate.variant.workload.format
    loss = next((-t.points for t in quality.terms if t.label == format_.id), 0.0)
    cost = f"costs about {loss:.0f} points of rating" if loss >= 1.5 else "costs next to nothing"
    if format_.requires_qat:
        yield f"published in {format_.id}, so that format costs nothing"
    elif better is not None:
        yield f"{format_.id} {cost}; {better.id} is too large, and a smaller model would lose more"
    else:
        yield f"{format_.id} {cost}; it is the largest format offered at this size"
    if candidate.license.permissive:
        yield f"permissive licence ({candidate.license.effective_id})"


def basis(candidate: Candidate) -> str:
    """Return what the rating rests on, in words."""
    quality = candidate.quality
    if quality.badge == "measured":
        return "measured on benchmarks for this"
    if any(row.model == candidate.model.id for row in quality.evidence):
        return "measured on benchmarks of neighbouring tasks"
    if quality.evidence:
        return f"judged by benchmarks of {quality.evidence[0].model}; none of its own is known"
    others = ", and by what its relatives measured" if quality.badge == "related" else " alone"
    return f"judged by size and age{others}: no benchmark of it is known"


def size(candidate: Candidate) -> str:
    """Return total and active parameters in words."""
    total = candidate.model.parameters / 1e9
    active = candidate.architecture.active_parameters / 1e9
    words = f"{total:.1f} B parameters"
    return f"{words}, {active:.1f} B of them active" if active < 0.7 * total else words


def notable(quality: Quality) -> str:
    """Return how far benchmarks moved the rating, where it is worth a sentence."""
    points = sum(term.points for term in quality.terms if term.label in {"benchmarks", "series"})
    if abs(points) < 5 or not quality.evidence:
        return ""
    best = quality.evidence[0]
    side = "above" if points > 0 else "below"
    return (
        f"{abs(points):.0f} points {side} what its size and age suggest, by {best.benchmark} ({best.date}) and others"
    )


def warnings(candidate: Candidate, tasks: tuple[Task, ...]) -> Iterator[str]:
    """Yield what to beware of in an answer: what is true of the model, and a format of few bits."""
    yield from model_warnings(candidate)
    yield from (task.note for task in tasks if task.note)
    yield from _of_format(candidate)
    if candidate.variant.workload.images:
        yield from _of_images(candidate)


def _of_images(candidate: Candidate) -> Iterator[str]:
    from llmfit.estimate.options import sees

    if not sees(candidate.architecture):
        yield f"{UNSEEN}: what its vision tower and an image take is not counted"


def _of_format(candidate: Candidate) -> Iterator[str]:
    if candidate.variant.workload.format.nominal_bits < _LOW_BITS:
        yield f"{candidate.variant.workload.format.id} is below the four bits that most people stop at"


def model_warnings(candidate: Candidate) -> Iterator[str]:
    """Yield what to beware of whatever it is used for: licence conditions, extended context, caveats."""
    model, license_ = candidate.model, candidate.license
    if license_.commercial == "no":
        yield f"not for commercial use ({license_.effective_id})"
    if license_.commercial == "unknown":
        unclear = "unknown" if license_.effective_id == "unknown" else f"unclear ({license_.effective_id})"
        yield f"licence {unclear}: read it first"
    if not license_.permissive:
        yield from license_.conditions
    if license_.regions_excluded:
        yield f"licence grants nothing in {', '.join(code.upper() for code in license_.regions_excluded)}"
    yield from license_.data_caveats
    if candidate.variant.workload.context > model.context_length:
        yield f"trained for {model.context_length:,} tokens; longer needs the publisher's RoPE scaling"
    if candidate.variant.fit.verdict is Verdict.OFFLOAD:
        yield candidate.variant.fit.reason
    if model.gated:
        yield "gated: the repository asks for consent before the download"
    yield from candidate.variant.fit.estimate.warnings
