"""Why a model was recommended: score part by part, rating term by term, evidence with source and date."""

from collections.abc import Sequence

from llmfit.records.recommendation import EvidenceRow, Recommendation, Recommendations, Rejection
from llmfit.render.explain import license_explained, memory_explained
from llmfit.render.prose import Paragraph, notes, said

_WORDS = {
    "type": "other kind of model",
    "task": "not made for the task",
    "specialist": "made for something else",
    "context": "context too short",
    "license": "licence",
    "parameters": "more parameters than asked",
    "download": "larger file than asked",
    "slow": "too slow",
    "unsupported": "cannot be worked out",
    "copy": "copy of another",
    "lineage": "close relative of a pick",
    "outclassed": "a much better one fits",
    "outranked": "further down the list",
}
SHOWN = 20
"""Rejections that a table lists."""


def pick_explained(pick: Recommendation, *, indent: int = 0) -> list[Paragraph]:
    """Return everything that made the pick and its place."""
    quality, inner = pick.quality, indent + 2
    lines = [said((f"score {pick.score:.1f}", "bold"), indent=indent)]
    for part in pick.parts:
        share = f"{part.value:.3f} × {100 * part.weight:.1f} %"
        lines.append(said(f"{part.name} {part.points:.1f} = {share}; {part.detail}", indent=inner))
    rating = f"rating {quality.rating:.0f} ± {quality.standard_error:.0f}"
    lines.append(said((rating, "bold"), f" ({quality.badge})", indent=indent))
    lines += [said(f"{term.label} {term.points:+.1f}; {term.detail}", indent=inner) for term in quality.terms]
    lines += [said(_evidence(row), indent=inner) for row in quality.evidence]
    lines += [*memory_explained(pick.fit.estimate, indent=indent), *license_explained(pick.license, indent=indent)]
    lines += license_read(pick, indent=inner)
    if pick.speed is not None:
        lines.append(said(f"speed from {pick.speed.basis}", indent=indent))
    lines += notes("because", pick.reasons, indent=indent)
    return lines + notes("warning", pick.warnings, indent=indent)


def license_read(pick: Recommendation, *, indent: int = 0) -> list[Paragraph]:
    """Return where the model's own licence was read, so that a reader can judge it; nothing where nobody said."""
    found = [one for one in pick.model.sources if "license" in one.of.split("|")]
    read = [f"{one.source}, {one.checked}{', recalled' * (one.certainty == 'recalled')}" for one in found]
    return [said(f"licence read in: {words}", indent=indent) for words in read]


def _evidence(row: EvidenceRow) -> str:
    mode = f", {row.mode}" if row.mode else ""
    return (
        f"evidence {100 * row.weight:.0f} %: {row.benchmark} {row.score:g} → {row.rating:.0f} "
        f"({row.evidence}{mode}, {row.model}, {row.date}, {row.source})"
    )


def rejected(rejections: Sequence[Rejection]) -> list[Paragraph]:
    """Return one paragraph for each model that was left out, with the reason."""
    return [said(f"{one.model}: {in_words(one.reason)}; {one.detail}", indent=2) for one in rejections]


def in_words(reason: str) -> str:
    """Return the stable word of a rejection as a reader would say it."""
    return _WORDS.get(reason) or reason.replace("_", " ")


def closest(answer: Recommendations) -> list[Paragraph]:
    """Return some of those that were left out, those of the rarest reasons first, and where the others are."""
    counts = answer.rejected
    ordered = sorted(
        answer.rejections, key=lambda rejection: (counts[rejection.reason], rejection.reason, rejection.model)
    )
    lines = rejected(ordered[:SHOWN])
    if len(ordered) > SHOWN:
        more = f"and {len(ordered) - SHOWN:,} more: --json has all of them, --why-not MODEL any one"
        lines.append(said(more, indent=2))
    return lines
