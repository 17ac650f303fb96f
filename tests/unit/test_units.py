"""Bytes as people read them."""

import pytest

from llmfit.units import GIB, MIB, amount, gib, in_gib

KIB = 1024


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (36 * MIB, "36.0 MiB"),
        (GIB // 2, "0.50 GiB"),
        (-GIB, "-1.00 GiB"),
        (1536 * GIB, "1536.00 GiB"),
    ],
)
def test_bytes_have_the_unit_that_suits_them(count: int, shown: str) -> None:
    """GiB are 1024³ and say so."""
    assert amount(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "1 B"),
        (KIB - 1, "1023 B"),
        (KIB, "1.0 KiB"),
        (MIB // 10 - 1, "102.4 KiB"),
        (MIB // 10, "0.1 MiB"),
        (GIB // 10 - 1, "102.4 MiB"),
        (GIB // 10, "0.10 GiB"),
        (-KIB, "-1.0 KiB"),
        (-MIB, "-1.0 MiB"),
        (-(GIB // 10), "-0.10 GiB"),
        (1 - KIB, "-1023 B"),
    ],
)
def test_bytes_change_their_unit_at_a_tenth_of_the_larger(count: int, shown: str) -> None:
    """Of a GiB as of a MiB; kibibytes begin at one. What is missing reads as what is there."""
    assert amount(count) == shown


def test_digits_are_those_asked_for() -> None:
    """Two where nothing is said."""
    assert (gib(GIB + GIB // 4), gib(GIB + GIB // 4, digits=0), gib(-GIB, digits=1)) == ("1.25", "1", "-1.0")


def test_sentences_of_one_kind_keep_their_unit() -> None:
    """A small amount is a small part of a GiB there."""
    assert (in_gib(GIB // 64), in_gib(-GIB // 2, digits=1)) == ("0.02 GiB", "-0.5 GiB")
    assert (MIB, GIB) == (1_048_576, 1_073_741_824)
