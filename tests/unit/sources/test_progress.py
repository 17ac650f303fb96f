"""What is said while a reading takes long."""

import pytest

from llmfit.sources.progress import shown


class Terminal:
    """A stderr that may be a terminal."""

    def __init__(self, *, watched: bool) -> None:
        self.watched, self.text = watched, ""

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self.watched

    def write(self, text: str) -> int:
        """Keep what is written."""
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(("watched", "step", "said"), [(True, 1.0, True), (True, 0.01, False), (False, 1.0, False)])
def test_only_a_long_reading_on_a_terminal_is_shown(
    monkeypatch: pytest.MonkeyPatch, *, watched: bool, step: float, said: bool
) -> None:
    """After a while a line counts, and it is gone at the end; pipes and quick readings see nothing."""
    stderr = Terminal(watched=watched)
    monkeypatch.setattr("sys.stderr", stderr)
    times = iter(step * i for i in range(100))
    assert list(shown("abc", total=3, what="headers", clock=lambda: next(times))) == ["a", "b", "c"]
    assert ("reading headers: 3 of 3" in stderr.text) is said
    assert stderr.text.endswith("\r\x1b[K") is said


def test_the_line_goes_where_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error leaves no half-written line behind."""
    stderr = Terminal(watched=True)
    monkeypatch.setattr("sys.stderr", stderr)
    times = iter(range(100))
    reading = shown("abc", total=3, what="headers", clock=lambda: next(times))
    next(reading)
    next(reading)
    reading.close()  # type: ignore[attr-defined]  # a generator, though typed as an iterator
    assert stderr.text.endswith("\r\x1b[K")
