"""Verdicts at their borders, byte by byte: what fits to the last one, and what one more changes."""

import pytest

from llmfit.fit import COMFORTABLE, ROOMY, fit, shares
from llmfit.records.estimate import Estimate, Part, PartName, Verdict
from support.loads import make_device

TEN = 10 * 2**30
NINE = TEN * 9 // 10


def needing(count: int, *, host: int = 0, per_gpu: tuple[int, ...] = (), offloadable: int = 0) -> Estimate:
    """Return an estimate of so many bytes."""
    part = Part(name=PartName.WEIGHTS, bytes=count)
    return Estimate(parts=(part,), host_bytes=host, per_gpu_bytes=per_gpu, offloadable_bytes=offloadable)


@pytest.mark.parametrize(
    ("count", "verdict"),
    [
        (0, Verdict.FITS),
        (NINE, Verdict.FITS),
        (NINE + 1, Verdict.TIGHT),
        (TEN, Verdict.TIGHT),
        (TEN + 1, Verdict.TOO_LARGE),
    ],
)
@pytest.mark.parametrize("place", ["card", "unified", "ram", "two cards"])
def test_one_byte_decides_everywhere_alike(place: str, count: int, verdict: Verdict) -> None:
    """Nine tenths of ten GiB and all of it belong to the better verdict: on cards, in shared memory and in RAM."""
    device = {
        "card": make_device(10),
        "unified": make_device(10, ram=64, unified=True),
        "ram": make_device(ram=10),
        "two cards": make_device(10, 10),
    }[place]
    estimate = needing(2 * count, per_gpu=(count, count)) if place == "two cards" else needing(count)
    found = fit(estimate, device)
    assert found.verdict is verdict
    assert bool(found.reason) is (verdict is not Verdict.FITS)


def test_a_comfortable_load_leaves_what_a_roomy_one_must() -> None:
    """One number decides the verdict, how much a split leaves free, and what the reason says."""
    assert (COMFORTABLE + ROOMY, ROOMY * TEN) == (1, TEN - NINE)
    assert f"more than {100 - 100 * ROOMY:g} %" in fit(needing(TEN), make_device(10)).reason


@pytest.mark.parametrize(
    ("offloadable", "ram", "verdict"),
    [
        (TEN, 10, Verdict.OFFLOAD),
        (TEN - 1, 10, Verdict.TOO_LARGE),
        (TEN + 1, 10, Verdict.OFFLOAD),
        (TEN, 9.999, Verdict.TOO_LARGE),
        (0, 10, Verdict.TOO_LARGE),
    ],
)
def test_just_what_is_missing_must_be_movable_and_have_a_place(offloadable: int, ram: float, verdict: Verdict) -> None:
    """Twenty GiB on a card of ten: ten must move, and ten of RAM are enough for them."""
    assert fit(needing(2 * TEN, offloadable=offloadable), make_device(10, ram=ram)).verdict is verdict


def test_ram_holds_what_lies_there_already_beside_what_moves() -> None:
    """One byte of host memory more than the RAM has left, and nothing can move."""
    assert fit(needing(TEN + 5, host=TEN - 5, offloadable=TEN), make_device(10, ram=10)).verdict is Verdict.OFFLOAD
    assert fit(needing(TEN + 5, host=TEN - 4, offloadable=TEN), make_device(10, ram=10)).verdict is Verdict.TOO_LARGE


def test_a_load_that_fits_needs_all_of_its_ram() -> None:
    """The RAM to the last byte is enough; one more is a misfit with a reason of its own."""
    assert fit(needing(1, host=TEN), make_device(10, ram=10)).verdict is Verdict.FITS
    short = fit(needing(1, host=TEN + 1), make_device(10, ram=10))
    assert short.verdict is Verdict.TOO_LARGE
    assert short.reason.startswith("fits the GPU, but needs 10.0 GiB of RAM")


def test_in_unified_memory_nothing_moves_and_nothing_is_missing_beside() -> None:
    """Both sides are one sum, and the RAM of the machine is no second place."""
    device = make_device(10, ram=1, unified=True)
    assert fit(needing(4 * 2**30, host=4 * 2**30), device).verdict is Verdict.FITS
    assert (
        fit(needing(TEN, host=1, offloadable=TEN), make_device(10, ram=64, unified=True)).verdict is Verdict.TOO_LARGE
    )


def test_without_a_gpu_unknown_ram_is_unknown() -> None:
    """The reason says that there is nothing to compare with."""
    found = fit(needing(1, offloadable=1), make_device())
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "no GPU, and nothing is known of the RAM")


def test_every_part_without_a_figure_is_named() -> None:
    """Two unknown parts are told with a comma."""
    estimate = Estimate(parts=(), unknown=(PartName.KV_CACHE, PartName.ACTIVATION))
    assert fit(estimate, make_device(80)).reason == "no figure for kv_cache, activation"


def test_the_fullest_share_meets_the_largest_card() -> None:
    """In whichever order cards and shares come; a card beyond the shares stays empty."""
    estimate = needing(18, per_gpu=(5, 12, 1))
    gib = 2**30
    assert shares(estimate, make_device(8, 24, 12, 4)) == [(12, 24 * gib), (5, 12 * gib), (1, 8 * gib)]
    assert shares(needing(7), make_device(8, 24)) == [(7, 24 * gib)]
    assert shares(needing(7, per_gpu=(7,)), make_device(8, 24)) == [(7, 24 * gib)]
    assert shares(needing(7, per_gpu=(4, 3)), make_device(8)) == [(7, 0)]


def test_shares_without_a_gpu_are_those_of_the_ram() -> None:
    """Everything lies there; where its size is unknown there is none."""
    assert shares(needing(7, host=3), make_device(ram=10)) == [(10, TEN)]
    assert shares(needing(7, host=3), make_device()) == [(10, 0)]
    assert shares(needing(7, host=3), make_device(10, ram=64, unified=True)) == [(10, TEN)]


def test_the_relatively_fullest_card_decides() -> None:
    """A share of 9 on 10 is worse than one of 20 on 24, and its figures are those of the reason."""
    gib = 2**30
    found = fit(needing(29 * gib + gib // 2, per_gpu=(20 * gib, 9 * gib + gib // 2)), make_device(24, 10))
    assert (found.verdict, found.reason) == (
        Verdict.TIGHT,
        "needs 9.5 GiB of 10.0 GiB usable on the fullest GPU, more than 90 %",
    )


def test_a_range_is_the_sum_of_the_ends_that_are_known() -> None:
    """An exact part stands at both ends, and a part that is not there counts nothing."""
    estimate = Estimate(
        parts=(
            Part(name=PartName.WEIGHTS, bytes=100),
            Part(name=PartName.ACTIVATION, bytes=10, low=0, high=30),
            Part(name=PartName.OVERHEAD, bytes=5, low=4),
        )
    )
    assert (estimate.low_bytes, estimate.total_bytes, estimate.high_bytes) == (104, 115, 135)
    assert (estimate.part_bytes(PartName.ACTIVATION), estimate.part_bytes(PartName.ADAPTER)) == (10, 0)


def test_a_load_that_fits_neither_place_is_not_said_to_fit_the_card() -> None:
    """What the card lacks comes first; what RAM lacks beside it changes nothing."""
    found = fit(needing(TEN + 2**30, host=TEN), make_device(10, ram=1))
    assert (found.verdict, found.reason) == (Verdict.TOO_LARGE, "needs 11.0 GiB, 1.0 GiB more than is usable")


def test_no_gpu_is_spoken_of_where_there_is_none() -> None:
    """In RAM alone there is no fullest card; on several there is."""
    assert fit(needing(TEN), make_device(ram=10)).reason == "needs 10.0 GiB of 10.0 GiB usable, more than 90 %"
    several = fit(needing(2 * TEN, per_gpu=(TEN, TEN)), make_device(10, 10)).reason
    assert several == "needs 10.0 GiB of 10.0 GiB usable on the fullest GPU, more than 90 %"
