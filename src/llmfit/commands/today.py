"""The day: the only place where a command asks the clock for it."""

from datetime import UTC, date, datetime


def today() -> date:
    """Return the day in UTC, so that every machine of a pipeline judges prices and exceptions alike."""
    return datetime.now(tz=UTC).date()
