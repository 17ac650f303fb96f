"""What a format costs in quality, by the size of the model."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import log2

from llmfit.records.format import Format
from llmfit.records.ranking import Ranking, Retention
from llmfit.records.recommendation import Quality, RatingTerm
from llmfit.records.task import Task

_ANCHORS = (1.5, 3.5, 10.0, 30.0)
"""Middles of the sizes for which retention was measured, in B."""


def retention(row: Retention, *, parameters: int) -> float:
    """Return the share of quality that remains, between the measured sizes along log2 of the parameters."""
    shares = (row.tiny, row.small, row.medium, row.large)
    x = log2(parameters / 1e9)
    if x <= log2(_ANCHORS[0]):
        return shares[0]
    for (a, low), (b, high) in zip(
        zip(_ANCHORS, shares, strict=True), zip(_ANCHORS[1:], shares[1:], strict=True), strict=False
    ):
        if x <= log2(b):
            return low + (high - low) * (x - log2(a)) / (log2(b) - log2(a))
    return shares[-1]


def retention_of(format_: Format, *, ranking: Ranking, formats: Mapping[str, Format]) -> Retention:
    """Return the measured row of a format, or of the measured format with the next fewer bits."""
    rows = {row.format: row for row in ranking.retentions}
    if format_.id in rows:
        return rows[format_.id]
    fewer = [formats[name] for name in rows if name in formats and formats[name].nominal_bits <= format_.nominal_bits]
    if not fewer:
        return min(ranking.retentions, key=lambda row: row.large)
    return rows[max(fewer, key=lambda f: (f.nominal_bits, f.id)).id]


def loss_points(
    format_: Format, *, parameters: int, tasks: Iterable[Task], ranking: Ranking, formats: Mapping[str, Format]
) -> float:
    """Return the rating points that a format costs a model of this size at these tasks, as a positive figure."""
    row = retention_of(format_, ranking=ranking, formats=formats)
    factor = max((ranking.sensitivity.get(task.id, 1.0) for task in tasks), default=1.0)
    return ranking.shrinkage.loss_points * (1 - retention(row, parameters=parameters)) * factor


def quantised(quality: Quality, format_: Format, *, loss: float) -> Quality:
    """Return the quality of the model in this format."""
    if loss < 0.05:
        return quality
    term = RatingTerm(label=format_.id, points=-loss, detail="what the format costs at this size")
    return replace(quality, rating=quality.rating - loss, terms=(*quality.terms, term))
