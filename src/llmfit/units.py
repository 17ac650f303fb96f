"""Units of memory and time, and bytes as people read them."""

MIB = 1024**2
GIB = 1024**3
DAYS_PER_YEAR = 365.25


def gib(count: float, *, digits: int = 2) -> str:
    """Return bytes as GiB, without the unit."""
    return f"{count / GIB:.{digits}f}"


def in_gib(count: float, *, digits: int = 2) -> str:
    """Return bytes as GiB, whatever their size, so that sentences of the same kind can be compared."""
    return f"{gib(count, digits=digits)} GiB"


def amount(count: int) -> str:
    """Return bytes with the unit that suits them."""
    if abs(count) >= GIB // 10:
        return in_gib(count)
    if abs(count) >= MIB // 10:
        return f"{count / MIB:.1f} MiB"
    return f"{count / 1024:.1f} KiB" if abs(count) >= 1024 else f"{count} B"
