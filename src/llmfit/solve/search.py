"""Finds the largest number that still leaves room, by the line through two answers or by halving."""

from collections.abc import Callable


def largest(margin: Callable[[int], int], *, limit: int, start: int = 1, step: int = 1) -> int:
    """Return the largest n in start..limit whose margin is not negative; start - 1 where not even that leaves room.

    `margin` never grows with n. Where it falls in a straight line over multiples of `step`, the second probe is the
    answer and the third proves it; elsewhere each third step halves the interval.
    """
    high = limit
    high_margin = margin(high)
    if high_margin >= 0:
        return high
    low, low_margin = start, margin(start)
    if low_margin < 0:
        return start - 1
    slow = 0  # steps along the line, one after the other, that did not halve the interval
    while high - low > 1:
        middle = (low + high) // 2 if slow == 2 else _on_line(low, low_margin, high, high_margin, step)
        found = margin(middle)
        before = high - low
        if found >= 0:
            low, low_margin = middle, found
        else:
            high, high_margin = middle, found
        slow = slow + 1 if slow < 2 and (high - low) * 2 > before else 0
    return low


def _on_line(low: int, low_margin: int, high: int, high_margin: int, step: int) -> int:
    """Return where the line through both ends crosses zero, on the last number of its step, strictly between them.

    Where that is not above the lower end: the last number of its step, or the first of the next one, which then no
    longer fits.
    """
    crossing = low + low_margin * (high - low) // (low_margin - high_margin)
    snapped = crossing // step * step
    if snapped <= low:
        snapped = max(-(-low // step) * step, low + 1) if low % step else low + 1
    return min(max(snapped, low + 1), high - 1)
