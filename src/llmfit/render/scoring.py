"""Why a model was recommended: score part by part, rating term by term, evidence with source and date."""

from collections.abc import Sequence

from llmfit.records.recommendation import EvidenceRow, Recommendation, Recommendations, Rejection
from llmfit.render.explain import license_explained, memory_explained, notes
from llmfit.render.terminal import Terminal
from llmfit.render.text import styled, visible, wrap

SHOWN = 20
"""Rejections that a table lists."""


def pick_explained(pick: Recommendation, *, terminal: Terminal, indent: str = "") -> list[str]:
    """Return everything that made the pick and its place."""
    inner = indent + "  "
    lines = _head(f"score {pick.score:.1f}", terminal=terminal, indent=indent)
    for part in pick.parts:
        share = f"{part.value:.3f} × {100 * part.weight:.1f} %"
        lines += _item(f"{part.name} {part.points:.1f} = {share}; {part.detail}", terminal=terminal, indent=inner)
    quality = pick.quality
    head = f"rating {quality.rating:.0f} ± {quality.standard_error:.0f} ({quality.badge})"
    lines += _head(head, terminal=terminal, indent=indent)
    for term in quality.terms:
        lines += _item(f"{term.label} {term.points:+.1f}; {term.detail}", terminal=terminal, indent=inner)
    for row in quality.evidence:
        lines += _item(_evidence(row), terminal=terminal, indent=inner)
    lines += memory_explained(pick.fit.estimate, terminal=terminal, indent=indent)
    lines += license_explained(pick.license, terminal=terminal, indent=indent)
    if pick.speed is not None:
        lines += _item(f"speed from {pick.speed.basis}", terminal=terminal, indent=indent)
    lines += notes("because", pick.reasons, terminal=terminal, indent=indent)
    return lines + notes("warning", pick.warnings, terminal=terminal, indent=indent)


def _evidence(row: EvidenceRow) -> str:
    mode = f", {row.mode}" if row.mode else ""
    return (
        f"evidence {100 * row.weight:.0f} %: {row.benchmark} {row.score:g} → {row.rating:.0f} "
        f"({row.evidence}{mode}, {row.model}, {row.date}, {row.source})"
    )


def _head(text: str, *, terminal: Terminal, indent: str) -> list[str]:
    return [styled(line, "bold", color=terminal.color) for line in _item(text, terminal=terminal, indent=indent)]


def _item(text: str, *, terminal: Terminal, indent: str) -> list[str]:
    return wrap(visible(text), width=terminal.width, first=indent, indent=indent + "  ")


def rejection_lines(rejections: Sequence[Rejection], *, terminal: Terminal) -> list[str]:
    """Return one line for each model that was left out, with the reason."""
    return [
        line
        for rejection in rejections
        for line in _item(f"{rejection.model}: {rejection.reason}; {rejection.detail}", terminal=terminal, indent="  ")
    ]


def closest_lines(answer: Recommendations, *, terminal: Terminal) -> list[str]:
    """Return some of those that were left out, those of the rarest reasons first, and where the others are."""
    counts = answer.rejected
    ordered = sorted(
        answer.rejections, key=lambda rejection: (counts[rejection.reason], rejection.reason, rejection.model)
    )
    lines = rejection_lines(ordered[:SHOWN], terminal=terminal)
    if len(ordered) > SHOWN:
        more = f"and {len(ordered) - SHOWN:,} more: --json has all of them, --why-not MODEL any one"
        lines += _item(more, terminal=terminal, indent="  ")
    return lines
