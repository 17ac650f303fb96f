"""What vLLM's share leaves of a device."""

import pytest

from llmfit.solve.share import vllm_budget, within_share
from support.loads import GIB, make_device, make_load


def test_a_share_cuts_each_card_to_its_budget() -> None:
    """Half of every card, and beside it what vLLM takes outside of its share."""
    load, device = make_load("vllm", gpu_memory_utilization=0.5), make_device(24, 16)
    cut = within_share(device, load)
    assert [gpu.usable_bytes for gpu in cut.gpus] == [vllm_budget(load, gpu) for gpu in device.gpus]
    assert 12 * GIB < cut.gpus[0].usable_bytes < 14 * GIB
    assert cut.total_bytes == device.total_bytes
    assert "0.5 of each card" in cut.notes[-1]


def test_a_share_frees_nothing() -> None:
    """What the driver and others hold stays theirs."""
    device = make_device(24, used_bytes=20 * GIB)
    assert within_share(device, make_load("vllm", gpu_memory_utilization=0.9)).usable_bytes == 4 * GIB


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers"])
def test_other_engines_take_the_whole_device(engine: str) -> None:
    """Only vLLM keeps to a share of the card."""
    device = make_device(24)
    assert within_share(device, make_load(engine)) is device


def test_vllm_keeps_to_its_default_share() -> None:
    """Without the option it takes its default, 0.92 of the card, and what lies outside of the share."""
    load, device = make_load("vllm"), make_device(24)
    cut = within_share(device, load)
    assert cut.usable_bytes == min(device.usable_bytes, vllm_budget(load, device.gpus[0]))
    assert "0.92 of each card" in cut.notes[-1]
