"""How long a context may become."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from llmfit.rank.room import likely_room, longest_context
from llmfit.records.estimate import Estimate, Fit, Part, PartName, Verdict


def fits_until(limit: int | None, asked: list[int] | None = None) -> Callable[[int], Fit | None]:
    """Return a question that says `fits` up to a number of tokens."""

    def at(context: int) -> Fit | None:
        if asked is not None:
            asked.append(context)
        if limit is None:
            return None
        verdict = Verdict.FITS if context <= limit else Verdict.TOO_LARGE
        return cast("Fit", SimpleNamespace(verdict=verdict))

    return at


def longest(until: int | None, *, context: int = 8192, limit: int = 131072, guess: int = 20_000) -> int:
    """Return the longest context that fits."""
    return longest_context(fits_until(until), context=context, limit=limit, guess=guess)


@pytest.mark.parametrize("guess", [0, 8192, 9000, 10_000, 50_000, 131072, 10**9])
@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (10_000, 9 * 1024),
        (9 * 1024, 9 * 1024),
        (8192, 8192),
        (100_000, 97 * 1024),
        (131071, 127 * 1024),
        (10**9, 131072),
    ],
)
def test_the_longest_context_is_found_in_whole_steps(until: int, expected: int, guess: int) -> None:
    """1,024 tokens a step, the model's own limit at most, whatever the guess."""
    assert longest(until, guess=guess) == expected


def test_what_was_asked_is_the_least() -> None:
    """An odd context that fits is not rounded away; nor is one at the limit."""
    assert longest(5000, context=5000) == 5000
    assert longest(5000, context=5000, limit=5000) == 5000


def test_a_limit_between_steps_is_reached() -> None:
    """A model of 40,000 tokens holds 40,000."""
    assert longest(10**9, limit=40_000) == 40_000


def test_a_good_guess_needs_few_questions() -> None:
    """Three around the guess, a dozen from far away."""
    for guess, most in ((40_000, 4), (900_000, 24)):
        asked: list[int] = []
        longest_context(fits_until(40_000, asked), context=8192, limit=1_048_576, guess=guess)
        assert len(asked) <= most


def cache_of(amount: int) -> Estimate:
    """Return an estimate whose cache takes some bytes."""
    return Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=1000), Part(name=PartName.KV_CACHE, bytes=amount)))


def test_free_bytes_become_tokens() -> None:
    """100 tokens take 500 bytes; 1,000 free bytes hold 200 more."""
    assert likely_room(cache_of(500), context=100, sequences=1, budget=2500, limit=10**6) == 300


def test_sequences_share_the_room() -> None:
    """Two sequences take two caches."""
    assert likely_room(cache_of(1000), context=100, sequences=2, budget=4000, limit=10**6) == 300


def test_without_a_cache_the_model_is_the_limit() -> None:
    """Encoders keep nothing."""
    assert likely_room(cache_of(0), context=100, sequences=1, budget=4000, limit=512) == 512


def test_a_full_card_has_no_room() -> None:
    """Nothing free, nothing longer."""
    assert likely_room(cache_of(500), context=100, sequences=1, budget=1000, limit=10**6) == 100
