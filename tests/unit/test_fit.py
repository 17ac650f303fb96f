"""Verdicts: one card, several, unified memory, RAM."""

import pytest

from llmfit.fit import fit
from llmfit.records.estimate import Estimate, Part, PartName, Verdict
from support.loads import GIB, make_device


def needing(gib: float, *, host: float = 0, per_gpu: tuple[float, ...] = (), offloadable: float = 0) -> Estimate:
    """Return an estimate of so many GiB."""
    return Estimate(
        parts=(Part(name=PartName.WEIGHTS, bytes=round(gib * GIB)),),
        host_bytes=round(host * GIB),
        per_gpu_bytes=tuple(round(share * GIB) for share in per_gpu),
        offloadable_bytes=round(offloadable * GIB),
    )


@pytest.mark.parametrize(
    ("gib", "verdict"),
    [
        (8.99, Verdict.FITS),
        (9.0, Verdict.FITS),
        (9.01, Verdict.TIGHT),
        (10.0, Verdict.TIGHT),
        (10.01, Verdict.TOO_LARGE),
    ],
)
def test_ninety_percent_fits_and_all_of_it_is_tight(gib: float, verdict: Verdict) -> None:
    """A card of 10 GiB: the limits themselves still count as the better verdict."""
    assert fit(needing(gib), make_device(10)).verdict is verdict


def test_what_others_hold_is_not_usable() -> None:
    """Reserved and used bytes are taken off before anything is compared."""
    device = make_device(10, reserved_bytes=GIB, used_bytes=2 * GIB)
    assert fit(needing(6.3), device).verdict is Verdict.FITS
    assert fit(needing(7.5), device).verdict is Verdict.TOO_LARGE


def test_a_verdict_other_than_fits_has_a_reason() -> None:
    """The reason names what is needed and what is missing."""
    assert fit(needing(5), make_device(10)).reason == ""
    assert fit(needing(9.5), make_device(10)).reason == "needs 9.5 GiB of 10.0 GiB usable, more than 90 %"
    assert fit(needing(12), make_device(10)).reason == "needs 12.0 GiB, 2.0 GiB more than is usable"


def test_an_unknown_part_makes_the_verdict_unknown() -> None:
    """A total that is only a lower bound is never said to fit."""
    estimate = Estimate(parts=needing(1).parts, unknown=(PartName.KV_CACHE,))
    found = fit(estimate, make_device(80))
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "no figure for kv_cache")


def test_the_worst_of_several_gpus_decides() -> None:
    """A share too large for its card is too large, however much room the other has."""
    assert fit(needing(18, per_gpu=(9, 9)), make_device(10, 10)).verdict is Verdict.FITS
    assert fit(needing(18, per_gpu=(9.5, 8.5)), make_device(10, 10)).verdict is Verdict.TIGHT
    assert fit(needing(18, per_gpu=(9, 9)), make_device(24, 8)).verdict is Verdict.TOO_LARGE


def test_mixed_cards_are_not_summed() -> None:
    """A load on one GPU does not grow into the memory of a second one."""
    assert fit(needing(20), make_device(16, 16)).verdict is Verdict.TOO_LARGE


def test_more_ranks_than_cards_do_not_fit() -> None:
    """Four shares need four cards."""
    assert fit(needing(4, per_gpu=(1, 1, 1, 1)), make_device(80, 80)).verdict is Verdict.TOO_LARGE


def test_offload_needs_ram_and_an_engine_that_can() -> None:
    """Twenty GiB on a card of ten: only with RAM for the rest, and only where layers may move."""
    movable = needing(20, host=1, offloadable=19)
    assert fit(movable, make_device(10, ram=16)).verdict is Verdict.OFFLOAD
    assert fit(movable, make_device(10, ram=10)).verdict is Verdict.TOO_LARGE
    assert fit(movable, make_device(10)).verdict is Verdict.TOO_LARGE
    assert fit(needing(20), make_device(10, ram=64)).verdict is Verdict.TOO_LARGE


def test_buffers_that_exceed_the_card_cannot_be_offloaded() -> None:
    """What may not move has to fit the card itself."""
    assert fit(needing(20, offloadable=5), make_device(10, ram=64)).verdict is Verdict.TOO_LARGE


def test_what_lies_beside_the_card_must_fit_the_ram() -> None:
    """Layers that were moved on purpose need a place; where the RAM is unknown nothing is said of it."""
    divided = needing(4, host=20)
    assert fit(divided, make_device(10, ram=20)).verdict is Verdict.FITS
    assert fit(divided, make_device(10)).verdict is Verdict.FITS
    short = fit(divided, make_device(10, ram=19))
    assert (short.verdict, short.reason) == (
        Verdict.TOO_LARGE,
        "fits the GPU, but needs 20.0 GiB of RAM, and there is 19.0 GiB",
    )


def test_unified_memory_holds_device_and_host_bytes() -> None:
    """Where GPU and CPU share one memory there is nothing to move to."""
    device = make_device(16, ram=32, unified=True, platform="metal", vendor="apple")
    assert fit(needing(13, host=1), device).verdict is Verdict.FITS
    assert fit(needing(14, host=1), device).verdict is Verdict.TIGHT
    assert fit(needing(15, host=2, offloadable=15), device).verdict is Verdict.TOO_LARGE


def test_without_a_gpu_the_ram_counts() -> None:
    """CPU alone: everything lies in RAM, which has to be known."""
    assert fit(needing(8, host=1), make_device(ram=10)).verdict is Verdict.FITS
    assert fit(needing(10, host=1), make_device(ram=10)).verdict is Verdict.TOO_LARGE
    assert fit(needing(1), make_device()).verdict is Verdict.UNKNOWN


def test_headroom_is_what_stays_free() -> None:
    """Negative where it does not fit."""
    assert fit(needing(4), make_device(10)).headroom_bytes == 6 * GIB
    assert fit(needing(12), make_device(10)).headroom_bytes == -2 * GIB


def test_what_one_card_lacks_goes_to_ram_though_another_has_room() -> None:
    """Shares of 9 GiB on cards of 12 and 8: one GiB must move, and the free 3 do not help."""
    found = fit(needing(18, per_gpu=(9, 9), offloadable=16), make_device(12, 8, ram=16))
    assert (found.verdict, found.reason) == (Verdict.OFFLOAD, "at least 1.0 GiB of it would have to move to RAM")
