"""Splits of a model between GPU and RAM: the most on the GPU, the longest context, the words of the verdict."""

import pytest

from llmfit.estimate import estimate
from llmfit.fit import fit
from llmfit.records.estimate import Verdict
from llmfit.solve.offload import estimate_offload, longest_offloaded, roomy_offload, settle
from support.loads import GIB, make_architecture, make_device, make_large, make_load


def test_offload_moves_as_few_layers_as_it_can() -> None:
    """One more layer on the GPU would not fit."""
    device = make_device(2, ram=64)
    found = estimate_offload(make_large(), make_load(), device=device)
    assert found is not None
    assert found.n_gpu_layers is not None
    assert found.estimate.total_bytes <= device.usable_bytes
    more = make_load(n_gpu_layers=found.n_gpu_layers + 1)
    assert estimate(make_large(), more, device=device).total_bytes > device.usable_bytes


def test_offload_leaves_room_on_every_card() -> None:
    """On unequal cards the sum of the room is no measure: each share fits its own card."""
    device = make_device(1.8, 1.2, ram=64)
    found = estimate_offload(make_large(), make_load(), device=device)
    assert found is not None
    largest, smallest = found.estimate.per_gpu_bytes
    assert largest <= 1.8 * GIB
    assert smallest <= 1.2 * GIB
    assert estimate_offload(make_large(), make_load(), device=make_device(ram=64)) is None


def test_experts_move_before_layers_do() -> None:
    """A sparse model keeps all layers on the GPU and some experts in RAM."""
    found = estimate_offload(make_large(experts=256), make_load(), device=make_device(2, ram=64))
    assert found is not None
    assert found.n_gpu_layers is None
    assert 0 < found.n_cpu_moe <= 10
    assert found.estimate.host_bytes > 0


def test_offload_needs_room_for_buffers_and_ram() -> None:
    """No split helps a card smaller than the context, nor a machine without RAM for the rest."""
    assert estimate_offload(make_large(), make_load(), device=make_device(0.2, ram=64)) is None
    assert estimate_offload(make_large(), make_load(), device=make_device(2, ram=0.1)) is None


def test_what_fits_needs_no_offload() -> None:
    """Every layer stays on the GPU."""
    found = estimate_offload(make_architecture(), make_load(), device=make_device(24, ram=64))
    assert found is not None
    assert found.n_gpu_layers == 5


def test_a_roomy_split_leaves_a_tenth_free() -> None:
    """It would get the verdict `fits`, and one more layer would not."""
    device = make_device(2, ram=64)
    found = roomy_offload(make_large(), make_load(), device=device)
    assert found is not None
    assert found.n_gpu_layers is not None
    assert found.estimate.total_bytes <= 0.9 * device.usable_bytes
    more = make_load(n_gpu_layers=found.n_gpu_layers + 1)
    assert estimate(make_large(), more, device=device).total_bytes > 0.9 * device.usable_bytes
    assert fit(estimate(make_large(), found.applied_to(make_load()), device=device), device).verdict is Verdict.FITS


def test_where_no_split_leaves_a_tenth_the_fullest_is_taken() -> None:
    """Buffers that take 95 % of the card run all the same."""
    bare = estimate(make_large(), make_load(n_gpu_layers=0), device=make_device(8, ram=64)).total_bytes
    device = make_device(bare / 0.95 / GIB, ram=64)
    assert estimate_offload(make_large(), make_load(), device=device, headroom=0.1) is None
    found = roomy_offload(make_large(), make_load(), device=device)
    assert found is not None
    assert found.estimate.total_bytes > 0.9 * device.usable_bytes


@pytest.mark.parametrize("experts", [0, 256])
@pytest.mark.parametrize("ram", [3.0, 4.0, 64.0])
def test_the_longest_context_in_ram_is_maximal(experts: int, ram: float) -> None:
    """A split runs at that length, and none does one token further, unless the limit is reached."""
    device, architecture, limit = make_device(1, ram=ram), make_large(experts=experts), 1 << 20
    longest = longest_offloaded(architecture, make_load(), device=device, limit=limit)
    assert longest > 0
    assert estimate_offload(architecture, make_load(context=longest), device=device) is not None
    if longest < limit:
        assert estimate_offload(architecture, make_load(context=longest + 1), device=device) is None


def test_more_ram_never_shortens_the_context() -> None:
    """Without RAM for the layers there is none at all."""
    lengths = [
        longest_offloaded(make_large(), make_load(), device=make_device(1, ram=ram), limit=1 << 18)
        for ram in (0.1, 2.5, 3.0, 3.5, 8.0)
    ]
    assert lengths[0] == 0
    assert lengths == sorted(lengths)


def test_the_verdict_says_how_much_moves() -> None:
    """What moves and what lies in RAM in any case are together what the RAM holds."""
    device = make_device(2, ram=64)
    whole = estimate(make_large(), make_load(), device=device)
    fitted, split = settle(make_large(), make_load(), fit(whole, device))
    assert split is not None
    assert split.ram_bytes == split.moved_bytes + whole.host_bytes
    assert split.gpu_bytes + split.moved_bytes >= whole.total_bytes - GIB // 100
    assert fitted.verdict is Verdict.OFFLOAD
    assert fitted.reason == f"{split.moved_bytes / GIB:.2f} GiB of it would have to move to RAM"


def test_a_verdict_that_no_split_makes_true_is_too_large() -> None:
    """Bytes can be counted out between GPU and RAM, whole layers are more than the RAM has."""
    whole = estimate(make_large(), make_load(), device=make_device(2))
    least = whole.total_bytes - 2 * GIB + whole.host_bytes
    device = make_device(2, ram=least / GIB + 0.01)
    fitted = fit(whole, device)
    assert fitted.verdict is Verdict.OFFLOAD
    settled, split = settle(make_large(), make_load(), fitted)
    assert (settled.verdict, split) == (Verdict.TOO_LARGE, None)
    assert "RAM too small" in settled.reason


def test_other_verdicts_need_no_split() -> None:
    """What fits stays as it was judged."""
    device = make_device(24, ram=64)
    fitted = fit(estimate(make_large(), make_load(), device=device), device)
    assert settle(make_large(), make_load(), fitted) == (fitted, None)
