"""Where a figure changes its unit: the last one of the smaller and the first of the larger, by hand."""

import pytest

from llmfit.render import text as t


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0M"),
        (999_499_999, "999M"),
        (999_500_000, "1.0B"),
        (99_949_999_999, "99.9B"),
        (99_950_000_000, "100B"),
        (999_499_999_999, "999B"),
        (10**12, "1.00T"),
    ],
)
def test_parameters_change_their_unit_where_rounding_would_reach_it(count: int, shown: str) -> None:
    """A thousand millions are never shown, and a hundred billions have no decimal."""
    assert t.parameters(count) == shown


@pytest.mark.parametrize(
    ("count", "exact", "about"),
    [
        (1, "1", "1"),
        (1023, "1,023", "1023"),
        (1024, "1k", "1k"),
        (1025, "1,025", "1k"),
        (2047, "2,047", "1k"),
        (1024 * 1024 - 1024, "1023k", "1023k"),
        (3 * 1024 * 1024, "3M", "3072k"),
        (1024 * 1024 + 1024, "1025k", "1025k"),
        (10_000 * 1024 - 1, "10,239,999", "9999k"),
        (10_000 * 1024, "10000k", "9M"),
    ],
)
def test_tokens_change_their_unit_where_it_says_the_same(count: int, exact: str, about: str) -> None:
    """The exact form has a unit where nothing is lost; the short one is never more than there is."""
    assert (t.tokens(count), t.about_tokens(count)) == (exact, about)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.04, "0.0"), (9.94, "9.9"), (9.96, "10"), (10, "10"), (10.6, "11"), (1234.4, "1234")]
)
def test_rates_lose_their_decimal_at_ten(value: float, shown: str) -> None:
    """Nobody feels a tenth of a token in a second beyond, and rounding does not bring the decimal back."""
    assert t.rate(value) == shown


def test_none_and_many_take_the_plural() -> None:
    """One alone is singular; a list without words is a dash, or what it was told to be."""
    assert [t.count_of(n, "GPU") for n in (0, 1, 2)] == ["0 GPUs", "1 GPU", "2 GPUs"]
    assert t.count_of(1, "entry", "entries") == "1 entry"
    assert t.listed((), none="none") == "none"
