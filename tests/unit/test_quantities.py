"""Quantities as people write them."""

from datetime import date

import pytest

from llmfit import quantities
from llmfit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("8192", 8192), ("8k", 8192), ("128K", 131_072), ("1M", 1_048_576), ("007", 7)]
)
def test_whole_numbers_have_units_of_1024(text: str, value: int) -> None:
    """`8k` tokens are 8,192."""
    assert quantities.whole_number(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e3", "", "k", "eight", "٣", "1_000", "9" * 13, "10000000M", "0k"])
def test_what_is_no_whole_number_of_at_least_1_is_refused(text: str) -> None:
    """Zero, fractions, other scripts' digits and absurd sizes."""
    with pytest.raises(UsageError):
        quantities.whole_number(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "x", "", "1_0"])
def test_what_is_no_positive_number_is_refused(text: str) -> None:
    """NaN and infinity are no numbers here."""
    with pytest.raises(UsageError, match="not a number above 0"):
        quantities.positive(text)


def test_counts_begin_at_0() -> None:
    """No layer on the GPU is an answer, too."""
    assert [quantities.count(word) for word in ("0", "00", "7", "1k")] == [0, 0, 7, 1024]
    for word in ("", "-1", "0.5", "٠", "none"):
        with pytest.raises(UsageError, match="not a whole number"):
            quantities.count(word)


def test_shares_end_at_the_whole() -> None:
    """From just above 0 to 1; what is none gets a hint that shows one."""
    assert [quantities.share(word) for word in ("0.92", "1", "1e-3")] == [0.92, 1.0, 0.001]
    for word in ("0", "-0.5", "1.01", "92", "half", "nan"):
        with pytest.raises(UsageError) as caught:
            quantities.share(word)
        assert "0.9" in caught.value.hint


def test_numbers_with_units() -> None:
    """Parameters in B, M and T; gigabytes with or without their unit; ZeRO stages."""
    assert (quantities.parameters("8B"), quantities.parameters("0.5b")) == (8 * 10**9, 5 * 10**8)
    assert (quantities.parameters("500M"), quantities.parameters("1T"), quantities.parameters("42")) == (
        5 * 10**8,
        10**12,
        42,
    )
    assert quantities.gigabytes("6") == quantities.gigabytes("6 GB") == quantities.gigabytes("6GiB") == 6 * 1024**3
    assert [quantities.zero_stage(word) for word in "0123"] == [0, 1, 2, 3]
    for parse, word in ((quantities.parameters, "B"), (quantities.gigabytes, "GB"), (quantities.zero_stage, "4")):
        with pytest.raises(UsageError):
            parse(word)


@pytest.mark.parametrize("text", ["9e307B", "1e16", "0.2", "-8B", "8 X"])
def test_a_number_of_parameters_is_one_that_a_model_can_have(text: str) -> None:
    """At least one, and none that no computer could hold; what overflows is refused, too."""
    with pytest.raises(UsageError, match="not a number of parameters"):
        quantities.parameters(text)


@pytest.mark.parametrize("text", ["9e307", "1e300 GB", "1e16"])
def test_a_file_larger_than_any_is_refused(text: str) -> None:
    """A figure that would overflow is a typing error."""
    with pytest.raises(UsageError, match="more than any file has"):
        quantities.gigabytes(text)


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("10", 10.0), ("10 %", 10.0), ("99.5%", 99.5)])
def test_percentages_begin_at_0_and_end_below_100(text: str, share: float) -> None:
    """With the sign or without it."""
    assert quantities.percent(text) == share


@pytest.mark.parametrize("text", ["100", "-1", "ten", "1_0", "nan", ""])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """All of the memory cannot stay free."""
    with pytest.raises(UsageError, match="no share in percent"):
        quantities.percent(text)


def test_a_day_is_written_in_one_way() -> None:
    """Year, month, day."""
    assert quantities.iso_date("2026-11-21") == date(2026, 11, 21)
    with pytest.raises(UsageError) as caught:
        quantities.iso_date("21.11.2026")
    assert (caught.value.message, caught.value.hint) == ("21.11.2026: no day", "Write it as YYYY-MM-DD")
