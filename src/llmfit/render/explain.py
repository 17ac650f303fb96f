"""Every byte of an answer, term by term: formula with its numbers, assumptions, sources."""

from llmfit.records.estimate import LABELS, Estimate, Line, Part
from llmfit.records.license import EffectiveLicense
from llmfit.render.prose import Paragraph, notes, said
from llmfit.units import amount


def memory_explained(estimate: Estimate, *, indent: int = 0) -> list[Paragraph]:
    """Return each part with its terms, its range and what it assumes, then what the whole assumes."""
    lines = [line for part in estimate.parts if part.bytes for line in _part(part, indent=indent)]
    if estimate.host_bytes:
        lines.append(said(f"in RAM beside it: {amount(estimate.host_bytes)}", indent=indent))
    if len(estimate.per_gpu_bytes) > 1:
        each = ", ".join(amount(count) for count in estimate.per_gpu_bytes)
        lines.append(said(f"per GPU: {each}", indent=indent))
    return lines + notes("assumes", estimate.assumptions, indent=indent)


def _part(part: Part, *, indent: int) -> list[Paragraph]:
    spread = ""
    if part.low is not None and part.high is not None and part.low != part.high:
        spread = f" (measured {amount(part.low)} to {amount(part.high)})"
    lines = [said((LABELS[part.name], "bold"), f" {part.bytes:,} B = {amount(part.bytes)}{spread}", indent=indent)]
    for line in part.lines:
        lines += _term(line, indent=indent + 2)
    return lines + notes("assumes", part.assumptions, indent=indent + 2)


def _term(line: Line, *, indent: int) -> list[Paragraph]:
    formula = f" = {line.formula}" if line.formula else ""
    source = [said(f"source: {line.source}", indent=indent + 2, style="dim")] if line.source else []
    return [said(f"{line.label}: {amount(line.bytes)}{formula}", indent=indent), *source]


def license_words(license_: EffectiveLicense) -> str:
    """Return the licence with what it does to commercial use, in a few words."""
    if license_.effective_id == "unknown":
        return "licence unknown"
    limits = {"yes": "", "conditional": " (conditions)", "no": " (not commercial)", "unknown": " (unclear)"}
    return f"{license_.effective_id}{limits[license_.commercial]}"


def license_explained(license_: EffectiveLicense, *, indent: int = 0) -> list[Paragraph]:
    """Return what the licence allows, how it came to be over the lineage, and what remains to be done."""
    regions = f"; nothing granted in {', '.join(license_.regions_excluded)}" if license_.regions_excluded else ""
    head = said(
        ("licence", "bold"), f" {license_.effective_id}: commercial use {license_.commercial}{regions}", indent=indent
    )
    because = notes("because", license_.because, indent=indent + 2)
    return [head, *because, *notes("condition", license_.conditions, indent=indent + 2)]
