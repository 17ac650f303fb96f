"""How long a context may become."""

from collections.abc import Callable

import pytest

from llmfit.rank.room import likely_room, longest_context
from llmfit.records.estimate import Estimate, Part, PartName


def room_until(most: int, asked: list[int] | None = None, *, token: int = 100) -> Callable[[int], int]:
    """Return how many bytes a context leaves where so many tokens fit."""

    def at(context: int) -> int:
        if asked is not None:
            asked.append(context)
        return (most - context) * token

    return at


def longest(most: int, *, context: int = 8192, limit: int = 131072) -> int:
    """Return the longest context that fits."""
    return longest_context(room_until(most), context=context, limit=limit)


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (10_000, 9 * 1024),
        (9 * 1024, 9 * 1024),
        (8192, 8192),
        (100_000, 97 * 1024),
        (131071, 127 * 1024),
        (10**9, 131072),
    ],
)
def test_the_longest_context_is_found_in_whole_steps(most: int, expected: int) -> None:
    """1,024 tokens a step, the model's own limit at most."""
    assert longest(most) == expected


def test_what_was_asked_is_the_least() -> None:
    """An odd context that fits is not rounded away; nor is one at the limit."""
    assert longest(5000, context=5000) == 5000
    assert longest(5000, context=5000, limit=5000) == 5000


def test_a_limit_between_steps_is_reached() -> None:
    """A model of 40,000 tokens holds 40,000."""
    assert longest(10**9, limit=40_000) == 40_000


def test_few_questions_are_asked_where_the_cache_grows_evenly() -> None:
    """The limit, the context itself, the crossing of the line between them, and its neighbour."""
    asked: list[int] = []
    longest_context(room_until(40_000, asked), context=8192, limit=1_048_576)
    assert len(set(asked)) <= 4


def test_a_cache_that_grows_unevenly_needs_more() -> None:
    """The answer stays the same."""

    def room(context: int) -> int:
        return 10**9 - max(0, context - 30_000) ** 2

    assert longest_context(room, context=8192, limit=1_048_576) == (30_000 + 31_622) // 1024 * 1024


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
