"""Quantities as people write them."""

from collections.abc import Callable
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


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("-3", "-3: must be at least 1", "Give a number such as 8192 or 8k"),
        ("0k", "0k: must be at least 1", "Give a number such as 8192 or 8k"),
        ("", "'': not a whole number", "Give a number such as 8192 or 8k"),
        ("--3", "--3: not a whole number", "Give a number such as 8192 or 8k"),
        ("1.5", "1.5: not a whole number", "Give a number such as 8192 or 8k"),
        ("8,192", "8,192: not a whole number", "Write 8192"),
        ("128 k", "128 k: not a whole number", "Write 128k"),
        ("8_192", "8_192: not a whole number", "Write 8192"),
        ("1,x", "1,x: not a whole number", "Write 1x"),
        ("9999999999999", "9999999999999: more than anybody can mean", "Give a number such as 8192 or 8k"),
        ("999999999999M", "999999999999M: more than anybody can mean", "Give a number such as 8192 or 8k"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(text: str, message: str, hint: str) -> None:
    """Too small, too large, no number at all, or one with marks that can be left out."""
    with pytest.raises(UsageError) as caught:
        quantities.whole_number(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "hint"), [("-1", "Give a whole number of at least 1"), ("1,000", "Write 1000"), ("x", "Give a whole")]
)
def test_a_number_that_counts_no_tokens_has_a_hint_without_units(text: str, hint: str) -> None:
    """Nobody asks for 8k GPUs."""
    with pytest.raises(UsageError) as caught:
        quantities.number(text)
    assert caught.value.hint.startswith(hint)


def test_the_largest_number_is_one() -> None:
    """A million million, however it is written."""
    assert quantities.whole_number("1" + "0" * 11) == 10**11
    assert quantities.whole_number("900000M") == 900_000 * 1024**2
    with pytest.raises(UsageError, match="more than anybody can mean"):
        quantities.whole_number("1000000M")


@pytest.mark.parametrize(
    ("parse", "text", "message", "hint"),
    [
        (quantities.positive, "8,5", "8,5: not a number above 0", "Write 8.5"),
        (quantities.positive, "8,5,1", "8,5,1: not a number above 0", "Give a number such as 6 or 11.5"),
        (quantities.positive, " ", "'': not a number above 0", "Give a number such as 6 or 11.5"),
        (quantities.share, "90", "90: more than the whole", "Write 0.9 for 90 %"),
        (quantities.share, "1.5", "1.5: more than the whole", "Give a share such as 0.9"),
        (quantities.share, "101", "101: more than the whole", "Give a share such as 0.9"),
        (quantities.gigabytes, "5TB", "5TB: not a number above 0", "The unit is GB: write 5120"),
        (quantities.gigabytes, "512 MiB", "512 MiB: not a number above 0", "The unit is GB: write 0.5"),
        (quantities.gigabytes, "-2GB", "-2GB: not a number above 0", "Give a number such as 6 or 11.5"),
        (quantities.gigabytes, "2,5GB", "2,5GB: not a number above 0", "Write 2.5"),
        (quantities.percent, "101", "101: no share in percent", "Give a number from 0 to below 100, such as 10"),
    ],
)
def test_a_fault_that_is_common_has_its_own_hint(
    parse: Callable[[str], object], text: str, message: str, hint: str
) -> None:
    """A comma, a percentage where a share is meant, another unit."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("24M", "0.0234375"), ("1 tib", "1024"), ("-1TB", ""), ("5", ""), ("xTB", ""), ("1_0MB", ""), ("", ""), ("b", "")],
)
def test_another_unit_is_worked_out(text: str, hint: str) -> None:
    """What is no size of another unit gets nothing."""
    assert quantities.other_unit(text) == (f"The unit is GB: write {hint}" if hint else "")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "x", "", "1_0"])
def test_what_is_no_positive_number_is_refused(text: str) -> None:
    """NaN and infinity are no numbers here."""
    with pytest.raises(UsageError, match="not a number above 0"):
        quantities.positive(text)


def test_counts_begin_at_0() -> None:
    """No layer on the GPU is an answer, too."""
    assert [quantities.count(word) for word in ("0", "00", "7", "1k")] == [0, 0, 7, 1024]
    for word in ("", "0.5", "٠", "none"):
        with pytest.raises(UsageError, match="not a whole number"):
            quantities.count(word)
    with pytest.raises(UsageError) as caught:
        quantities.count("-1")
    assert (caught.value.message, caught.value.hint) == ("-1: must be at least 0", "Give a whole number of at least 0")


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


def test_the_borders_of_what_is_possible() -> None:
    """The largest that passes, and the first that does not."""
    assert quantities.whole_number("999999999999") == 999_999_999_999
    assert (quantities.parameters("1"), quantities.parameters("1e15")) == (1, 10**15)
    assert quantities.gigabytes("1e15") == 10**15 * 1024**3
    assert quantities.gigabytes("6g") == 6 * 1024**3
    for parse, text in ((quantities.gigabytes, "1.1e15"), (quantities.parameters, "1.1e15")):
        with pytest.raises(UsageError):
            parse(text)
    with pytest.raises(UsageError, match="more than anybody can mean"):
        quantities.whole_number("1" * 5000)


def test_a_word_without_marks_has_no_marks_to_leave_out() -> None:
    """The hint shows an example then."""
    with pytest.raises(UsageError) as caught:
        quantities.whole_number("12x")
    assert caught.value.hint == "Give a number such as 8192 or 8k"
