"""Words and figures."""

import pytest

from llmfit.render import text as t


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("한국어 모델", "한국어 모델"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("\u202eevil", "\\u202eevil"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_nothing_that_a_terminal_obeys_stays(raw: str, shown: str) -> None:
    """Control characters and invisible marks are written out, letters of any script stay."""
    assert t.visible(raw) == shown


def test_line_breaks_stay_where_they_are_meant() -> None:
    """A message of several lines keeps them, and nothing else."""
    assert t.visible("a\nb\r\x1b", lines=True) == "a\nb\\r\\x1b"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (22_713_216, "23M"),
        (494_032_768, "494M"),
        (999_400_000, "999M"),
        (999_600_000, "1.0B"),
        (7_615_616_512, "7.6B"),
        (99_940_000_000, "99.9B"),
        (99_960_000_000, "100B"),
        (671_026_419_200, "671B"),
        (1_026_000_000_000, "1.03T"),
    ],
)
def test_parameters_read_as_on_a_box(count: int, shown: str) -> None:
    """Rounding never shows a thousand of the smaller unit."""
    assert t.parameters(count) == shown


@pytest.mark.parametrize(
    ("count", "exact", "about"),
    [
        (512, "512", "512"),
        (8192, "8k", "8k"),
        (10_000, "10,000", "9k"),
        (1024**2, "1M", "1024k"),
        (10**8, "100,000,000", "95M"),
    ],
)
def test_tokens_are_short_where_they_are_round(count: int, exact: str, about: str) -> None:
    """One form is exact; the other has at most five letters and never says too much."""
    assert t.tokens(count) == exact
    assert t.about_tokens(count) == about


def test_small_things() -> None:
    """Rates, counts and lists."""
    assert (t.rate(3.14159), t.rate(44.9)) == ("3.1", "45")
    assert (t.count_of(1, "model"), t.count_of(1200, "model")) == ("1 model", "1,200 models")
    assert t.count_of(2, "entry", "entries") == "2 entries"
    assert (t.listed([]), t.listed(["a", "b"])) == ("–", "a, b")
