"""Every byte of an answer, term by term: formula with its numbers, assumptions, sources."""

from collections.abc import Iterable

from llmfit.records.estimate import Estimate, Line, Part
from llmfit.records.license import EffectiveLicense
from llmfit.render.bar import LABELS
from llmfit.render.terminal import Terminal
from llmfit.render.text import amount, styled, visible, wrap


def memory_explained(estimate: Estimate, *, terminal: Terminal, indent: str = "") -> list[str]:
    """Return each part with its terms, its range and what it assumes, then what the whole assumes."""
    lines: list[str] = []
    for part in estimate.parts:
        lines += _part(part, terminal=terminal, indent=indent)
    if estimate.host_bytes:
        lines += wrap(f"in RAM beside it: {amount(estimate.host_bytes)}", width=terminal.width, first=indent)
    if len(estimate.per_gpu_bytes) > 1:
        each = ", ".join(amount(count) for count in estimate.per_gpu_bytes)
        lines += wrap(f"per GPU: {each}", width=terminal.width, first=indent, indent=indent + "  ")
    return lines + notes("assumes", estimate.assumptions, terminal=terminal, indent=indent)


def _part(part: Part, *, terminal: Terminal, indent: str) -> list[str]:
    spread = ""
    if part.low is not None and part.high is not None and part.low != part.high:
        spread = f" (measured {amount(part.low)} to {amount(part.high)})"
    head = f"{LABELS[part.name]} {part.bytes:,} B = {amount(part.bytes)}{spread}"
    lines = [styled(line, "bold", color=terminal.color) for line in _wrapped(head, terminal=terminal, indent=indent)]
    for line in part.lines:
        lines += _term(line, terminal=terminal, indent=indent + "  ")
    return lines + notes("assumes", part.assumptions, terminal=terminal, indent=indent + "  ")


def _term(line: Line, *, terminal: Terminal, indent: str) -> list[str]:
    formula = f" = {line.formula}" if line.formula else ""
    lines = _wrapped(f"{line.label}: {amount(line.bytes)}{formula}", terminal=terminal, indent=indent)
    return lines + (_source(line.source, terminal=terminal, indent=indent + "  ") if line.source else [])


def _source(source: str, *, terminal: Terminal, indent: str) -> list[str]:
    lines = _wrapped(f"source: {source}", terminal=terminal, indent=indent)
    return [styled(line, "dim", color=terminal.color) for line in lines]


def _wrapped(text: str, *, terminal: Terminal, indent: str) -> list[str]:
    return wrap(visible(text), width=terminal.width, first=indent, indent=indent + "  ")


def notes(word: str, texts: Iterable[str], *, terminal: Terminal, indent: str = "") -> list[str]:
    """Return one line for each text, behind the word."""
    return [line for text in texts for line in _wrapped(f"{word}: {text}", terminal=terminal, indent=indent)]


def license_words(license_: EffectiveLicense) -> str:
    """Return the licence with what it does to commercial use, in a few words."""
    limits = {"yes": "", "conditional": " (conditions)", "no": " (not commercial)", "unknown": " (unclear)"}
    return f"{license_.effective_id}{limits[license_.commercial]}"


def license_explained(license_: EffectiveLicense, *, terminal: Terminal, indent: str = "") -> list[str]:
    """Return what the licence allows, how it came to be over the lineage, and what remains to be done."""
    regions = f"; nothing granted in {', '.join(license_.regions_excluded)}" if license_.regions_excluded else ""
    head = f"licence {license_.effective_id}: commercial use {license_.commercial}{regions}"
    lines = _wrapped(head, terminal=terminal, indent=indent)
    lines += notes("because", license_.because, terminal=terminal, indent=indent + "  ")
    return lines + notes("condition", license_.conditions, terminal=terminal, indent=indent + "  ")
