"""What the other models of a series let expect of one, the nearest in time the most."""

from collections.abc import Iterable
from math import exp

from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.ranking import Shrinkage
from llmfit.units import DAYS_PER_YEAR

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Seen:
    """One measured model of a series."""

    model: Model
    points: float
    """Deviation from the prior."""
    variance: float


class Relatives:
    """The measured models of one series, grouped by family (its versions), as a process in time (kriging)."""

    def __init__(self, seen: Iterable[Seen], *, shrinkage: Shrinkage, mean: float) -> None:
        """Group what was seen; `mean` is what a series is expected to deviate by before any of it was."""
        self._common = shrinkage.shared * shrinkage.series_share
        self._own = shrinkage.shared - self._common
        self._years = shrinkage.series_years
        self._mean = mean
        groups: dict[str, list[Seen]] = {}
        for one in sorted(seen, key=lambda s: s.model.id):
            groups.setdefault(one.model.family, []).append(one)
        self._groups = list(groups)
        self._precision = [sum(1 / (s.variance + self._own) for s in rows) for rows in groups.values()]
        self._total = [sum(s.points / (s.variance + self._own) for s in rows) for rows in groups.values()]
        self._dates = [sum(s.model.released.toordinal() for s in rows) / len(rows) for rows in groups.values()]
        self._inverse = _inverse(self._covariances())

    def _covariances(self) -> list[list[float]]:
        found = [[self._covariance(a, b) for b in self._dates] for a in self._dates]
        for place, precision in enumerate(self._precision):
            found[place][place] += 1 / precision
        return found

    def _covariance(self, a: float, b: float) -> float:
        return self._common * exp(-abs(a - b) / (DAYS_PER_YEAR * self._years))

    def expect(self, model: Model, *, own: Seen | None) -> tuple[float, float]:
        """Return (points, variance) that the others let expect; `own` is among the seen and does not count."""
        day = model.released.toordinal()
        towards = [self._covariance(day, date) for date in self._dates]
        gains = [sum(a * b for a, b in zip(row, towards, strict=True)) for row in self._inverse]
        means = [total / precision for total, precision in zip(self._total, self._precision, strict=True)]
        if own is not None:
            place = self._groups.index(model.family)
            share = 1 / (own.variance + self._own)
            left = self._precision[place] - share
            alone = left < _NOTHING
            means[place] = self._mean if alone else (self._total[place] - share * own.points) / left
            # Without its own share the group is less sure: one diagonal entry grows (Sherman and Morrison).
            column, pivot = self._inverse[place], self._inverse[place][place]
            growth = 0.0 if alone else 1 / left - 1 / self._precision[place]
            factor = (1 / pivot if alone else growth / (1 + growth * pivot)) * gains[place]
            gains = [gain - factor * entry for gain, entry in zip(gains, column, strict=True)]
        points = self._mean + sum(gain * (mean - self._mean) for gain, mean in zip(gains, means, strict=True))
        known = sum(gain * toward for gain, toward in zip(gains, towards, strict=True))
        return points, self._common - known + self._own


def _inverse(matrix: list[list[float]]) -> list[list[float]]:
    """Return the inverse of a symmetric positive definite matrix (Gauss and Jordan, in place)."""
    rows = [list(row) for row in matrix]
    for i, pivot_row in enumerate(rows):
        pivot = pivot_row[i]
        pivot_row[i] = 1.0
        pivot_row[:] = [entry / pivot for entry in pivot_row]
        for j, row in enumerate(rows):
            if j != i:
                factor, row[i] = row[i], 0.0
                row[:] = [a - factor * b for a, b in zip(row, pivot_row, strict=True)]
    return rows
