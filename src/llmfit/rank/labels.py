"""Names what a pick is best at, and which picks no other beats in everything."""

from collections.abc import Sequence
from dataclasses import replace

from llmfit.records.recommendation import Label, Recommendation

_OPENNESS = {"yes": 0, "conditional": 1, "unknown": 2, "no": 3}


def label(picks: Sequence[Recommendation]) -> tuple[Recommendation, ...]:
    """Return the picks with their labels; each label goes to one pick, the better-ranked of equals."""
    if not picks:
        return ()
    given: dict[int, list[Label]] = {pick.rank: [] for pick in picks}
    given[max(picks, key=lambda p: (p.quality.rating, -p.rank)).rank].append("best quality")
    given[picks[0].rank].append("balanced")
    timed = [pick for pick in picks if pick.speed is not None]
    if timed:
        given[max(timed, key=lambda p: (p.speed.typical if p.speed else 0, -p.rank)).rank].append("fastest")
    given[min(picks, key=lambda p: (p.fit.estimate.total_bytes, p.rank)).rank].append("lightest")
    given[min(picks, key=_closedness).rank].append("most open")
    return tuple(replace(p, labels=tuple(given[p.rank]), pareto=_is_pareto(p, picks)) for p in picks)


def _closedness(pick: Recommendation) -> tuple[bool, int, int, int]:
    license_ = pick.license
    conditions = 0 if license_.permissive else len(license_.conditions)
    return not license_.permissive, _OPENNESS[license_.commercial], conditions, pick.rank


def _is_pareto(pick: Recommendation, picks: Sequence[Recommendation]) -> bool:
    """Whether no other pick is at least as good in rating, speed or size, and context, and better in one."""
    mine = _merits(pick)
    return not any(
        all(a >= b for a, b in zip(_merits(other), mine, strict=True)) and _merits(other) != mine
        for other in picks
        if other is not pick
    )


def _merits(pick: Recommendation) -> tuple[float, float, float]:
    speed = pick.speed.typical if pick.speed is not None else -float(pick.active_parameters)
    return pick.quality.rating, speed, float(pick.max_context or 0)
