"""Guards: no toy, one pick per lineage."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmfit.rank.candidate import Candidate
from llmfit.rank.guards import lineage_root, one_per_lineage, reject_toys, series
from llmfit.records.question import Question
from llmfit.records.ranking import Ranking
from support.ranking import ranked

RANKING = cast("Ranking", SimpleNamespace(size_ratio=1.5))


def candidate(
    name: str, *, rating: float, score: float | None = None, billions: float = 8, **changes: Any
) -> Candidate:
    """Return a candidate as far as the guards look at it."""
    made = SimpleNamespace(
        model=ranked(name, billions, **changes), quality=SimpleNamespace(rating=rating), score=score or rating / 20
    )
    return cast("Candidate", made)


def kept_ids(kept: list[Candidate]) -> list[str]:
    """Return the ids of candidates."""
    return [c.model.id for c in kept]


def test_what_stands_far_below_is_a_toy() -> None:
    """More than the gap below the best that fits."""
    good, toy = candidate("a/good", rating=1400), candidate("a/toy", rating=1289)
    kept, toys = reject_toys([toy, good], gap=110, ratio=3, knee=8)
    assert kept_ids(kept) == ["a/good"]
    assert [t.reason for t in toys] == ["outclassed"]
    assert "a/good" in toys[0].detail


def test_at_the_gap_itself_a_model_stays() -> None:
    """More than the gap is too much; the gap is not."""
    kept, toys = reject_toys(
        [candidate("a/good", rating=1400), candidate("a/near", rating=1290)], gap=110, ratio=3, knee=8
    )
    assert kept_ids(kept) == ["a/good", "a/near"]
    assert toys == []


def test_a_toy_learns_who_is_better_and_how_large() -> None:
    """Both ratings, and the parameters of the better one in B."""
    _, toys = reject_toys(
        [candidate("a/good", rating=1400, parameters=31_300_000_000), candidate("a/toy", rating=1200)],
        gap=110,
        ratio=3,
        knee=8,
    )
    assert toys[0].detail == "rating 1200; a/good (31.3 B) fits with 1400"


@pytest.mark.parametrize(("parameters", "places"), [(12_000_000_000, 1), (12_000_000_001, 2)])
def test_one_size_is_up_to_half_as_large_again(parameters: int, places: int) -> None:
    """The border belongs to the same size, whichever of the two is the larger."""
    sizes = (8_000_000_000, parameters)
    for first, second in (sizes, sizes[::-1]):
        pair = [
            candidate("q/new", rating=1300, family="Q2", publisher="Q", parameters=first),
            candidate("q/old", rating=1290, family="Q1", publisher="Q", parameters=second),
        ]
        models = {c.model.id: c.model for c in pair}
        kept, _ = one_per_lineage(pair, models=models, question=Question(), ranking=RANKING)
        assert len(kept) == places


@pytest.mark.parametrize(
    ("small", "large", "stays"),
    [
        (2_000_000_000, 6_000_000_000, True),
        (2_000_000_000, 6_000_000_001, False),
        (8_000_000_000, 70_000_000_000, True),
    ],
)
def test_below_the_knee_and_beyond_the_ratio_alone(small: int, large: int, *, stays: bool) -> None:
    """Exactly three times as large is not more than that; a model at the knee is not below it."""
    pair = [candidate("a/large", rating=1300, parameters=large), candidate("a/small", rating=1299, parameters=small)]
    kept, _ = reject_toys(pair, gap=110, ratio=3, knee=8)
    assert ("a/small" in kept_ids(kept)) is stays


def test_a_small_model_beside_a_better_one_thrice_as_large_is_a_toy() -> None:
    """A 1 B model is no answer where an 8 B one fits and is better, however close the ratings."""
    kept, _ = reject_toys(
        [candidate("a/big", rating=1300), candidate("a/small", rating=1299, billions=1)], gap=110, ratio=3, knee=8
    )
    assert kept_ids(kept) == ["a/big"]


def test_the_largest_of_the_better_ones_decides_who_is_a_toy() -> None:
    """A 3 B model may stand beside a better 8 B one, but not beside a better 70 B one, whichever of the two leads."""
    small = candidate("a/3", rating=1280, billions=3)
    for eight, seventy in ((1300, 1290), (1290, 1300)):
        better = [candidate("a/8", rating=eight), candidate("a/70", rating=seventy, billions=70)]
        kept, toys = reject_toys([*better, small], gap=110, ratio=3, knee=8)
        assert sorted(kept_ids(kept)) == ["a/70", "a/8"]
        assert "a/70" in toys[0].detail
    kept, _ = reject_toys([candidate("a/8", rating=1300), small], gap=110, ratio=3, knee=8)
    assert kept_ids(kept) == ["a/8", "a/3"]


def test_a_better_small_model_is_no_toy() -> None:
    """Size alone makes no model good."""
    kept, _ = reject_toys(
        [candidate("a/old", rating=1200), candidate("a/new", rating=1290, billions=1)], gap=110, ratio=3, knee=8
    )
    assert kept_ids(kept) == ["a/new", "a/old"]


def test_above_the_knee_size_makes_no_toys() -> None:
    """A 14 B model may stand beside a 70 B one."""
    kept, _ = reject_toys(
        [candidate("a/70", rating=1300, billions=70), candidate("a/14", rating=1290, billions=14)],
        gap=110,
        ratio=3,
        knee=8,
    )
    assert kept_ids(kept) == ["a/70", "a/14"]


def test_no_candidates_no_toys() -> None:
    """Nothing in, nothing out."""
    assert reject_toys([], gap=110, ratio=3, knee=8) == ([], [])


def test_a_lineage_has_one_pick() -> None:
    """The better of base and fine-tune stays; the other says which."""
    base = candidate("a/base", rating=1300)
    tuned = candidate("b/tuned", rating=1290, base_model="a/base")
    models = {c.model.id: c.model for c in (base, tuned)}
    kept, rejected = one_per_lineage([base, tuned], models=models, question=Question(), ranking=RANKING)
    assert kept_ids(kept) == ["a/base"]
    assert rejected[0].model == "b/tuned"
    assert "a/base" in rejected[0].detail


def test_a_series_has_one_pick_per_size() -> None:
    """Two generations of one series at one size share a place; another size has its own."""
    new = candidate("q/new-8", rating=1300, family="Qwen3.5", publisher="Q")
    old = candidate("q/old-8", rating=1290, family="Qwen2.5", publisher="Q")
    big = candidate("q/old-32", rating=1280, family="Qwen2.5", publisher="Q", billions=32)
    models = {c.model.id: c.model for c in (new, old, big)}
    kept, _ = one_per_lineage([new, old, big], models=models, question=Question(), ranking=RANKING)
    assert kept_ids(kept) == ["q/new-8", "q/old-32"]


def test_all_variants_keeps_everybody() -> None:
    """The user may ask for every model of a lineage."""
    base = candidate("a/base", rating=1300)
    tuned = candidate("b/tuned", rating=1290, base_model="a/base")
    models = {c.model.id: c.model for c in (base, tuned)}
    kept, rejected = one_per_lineage(
        [base, tuned], models=models, question=Question(all_variants=True), ranking=RANKING
    )
    assert len(kept) == 2
    assert rejected == []


def test_the_root_is_the_oldest_ancestor() -> None:
    """Even where the catalog has no row for it, and where the lineage is a circle."""
    a = ranked("a/a", base_model="x/unknown")
    b = ranked("b/b", base_model="a/a")
    c, d = ranked("c/c", base_model="d/d"), ranked("d/d", base_model="c/c")
    models = {m.id: m for m in (a, b, c, d)}
    assert lineage_root(b, models) == "x/unknown"
    assert lineage_root(c, models) == "d/d"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("Qwen2.5", "Qwen3", True), ("Gemma 3n", "Gemma 4", False), ("Llama 3.1", "Phi-4", False)],
)
def test_a_series_is_a_family_without_figures(first: str, second: str, same: bool) -> None:  # noqa: FBT001 - one column of a table
    """Version figures do not part a series; letters do."""
    a, b = ranked("a/a", family=first, publisher="P"), ranked("a/b", family=second, publisher="P")
    assert (series(a) == series(b)) is same


def test_order_of_equals_is_fixed() -> None:
    """Score, rating, official, newer, smaller, id."""
    from llmfit.rank.candidate import Candidate as Real

    def make(name: str, **changes: Any) -> Real:
        made = SimpleNamespace(
            parts=(), score=50.0, quality=SimpleNamespace(rating=1300.0), model=ranked(name, **changes)
        )
        return cast("Real", made)

    def order(c: Real) -> Any:
        return Real.order.fget(c)  # type: ignore[attr-defined]  # a property of a stand-in is read directly

    newer = make("z/new", released=date(2026, 1, 1))
    assert order(newer) < order(make("a/old"))
    assert order(make("b/x")) < order(make("a/x", official=False))
    assert order(make("a/x")) < order(make("b/x"))
