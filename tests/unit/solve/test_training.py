"""Inverse questions: the most that still fits."""

from typing import Any

import pytest

from llmfit.estimate.training import estimate_training
from llmfit.fit import fit
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.estimate import Verdict
from llmfit.solve.training import (
    compare_methods,
    highest_rank,
    largest_batch_size,
    longest_sequence,
)
from support.training import llama, load

MIB = 2**20


def card(mebibytes: int) -> Device:
    """Return a device with one GPU of this size."""
    return Device(gpus=(DeviceGpu(name="card", total_bytes=mebibytes * MIB),))


def verdict(device: Device, method: str, **options: Any) -> Verdict:
    """Return whether the small Llama's load fits."""
    return fit(estimate_training(llama(), load(method, **options), device=device), device).verdict


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    """The answer is an edge."""
    device = card(2000)
    found = largest_batch_size(llama(), load("lora", packing=True), device=device)
    assert found is not None
    assert verdict(device, "lora", packing=True, batch_size=found) is Verdict.FITS
    assert verdict(device, "lora", packing=True, batch_size=found + 1) is not Verdict.FITS


def test_the_longest_sequence_fits_and_one_token_more_does_not() -> None:
    """Below the model's own context."""
    device = card(900)
    found = longest_sequence(llama(), load("lora", batch_size=8), device=device)
    assert found is not None
    assert found < 4096
    assert verdict(device, "lora", batch_size=8, sequence_length=found) is Verdict.FITS
    assert verdict(device, "lora", batch_size=8, sequence_length=found + 1) is not Verdict.FITS


def test_a_sequence_is_never_longer_than_the_models_context() -> None:
    """A large card does not make the model able."""
    assert longest_sequence(llama(), load("lora"), device=card(80_000)) == 4096


def test_the_highest_rank_is_bounded_by_the_smallest_adapted_matrix() -> None:
    """A larger rank than the matrix has means nothing: v_proj is 128 × 512, o_proj 512 × 512."""
    assert highest_rank(llama(), load("lora"), device=card(80_000)) == 128
    assert highest_rank(llama(), load("lora", target_modules=("o_proj",)), device=card(80_000)) == 512


def test_the_highest_rank_fits_and_one_more_does_not() -> None:
    """On a card that is nearly full."""
    device = card(740)
    asked = {"sequence_length": 128, "target_modules": ("q_proj", "o_proj", "down_proj")}
    found = highest_rank(llama(), load("lora", **asked), device=device)
    assert found is not None
    assert 1 <= found < 512
    assert verdict(device, "lora", lora_rank=found, **asked) is Verdict.FITS
    assert verdict(device, "lora", lora_rank=found + 1, **asked) is not Verdict.FITS


def test_methods_without_a_rank_have_no_highest_one() -> None:
    """Full fine-tuning, for one."""
    assert highest_rank(llama(), load("full"), device=card(80_000)) is None


def test_what_never_fits_is_none() -> None:
    """Not zero, which would be an answer."""
    tiny = card(100)
    assert largest_batch_size(llama(), load("lora"), device=tiny) is None
    assert longest_sequence(llama(), load("lora"), device=tiny) is None
    assert highest_rank(llama(), load("lora"), device=tiny) is None


def test_methods_are_compared_from_the_most_expensive_down() -> None:
    """Full, freeze, LoRA and QLoRA of the same load."""
    load_ = load("qlora", target_modules=("q_proj", "v_proj"))
    found = compare_methods(llama(), load_, device=card(8000))
    assert [x.training.method for x in found] == ["full", "freeze", "lora", "qlora"]
    totals = [x.estimate.total_bytes for x in found]
    assert totals == sorted(totals, reverse=True)


def test_qlora_is_left_out_where_no_format_is_given() -> None:
    """Nobody guesses how the model would be stored."""
    found = compare_methods(llama(), load("lora"), device=card(8000))
    assert "qlora" not in [x.training.method for x in found]


@pytest.mark.parametrize("gpus", [1, 2])
def test_answers_hold_for_several_gpus(gpus: int) -> None:
    """Each rank against its own card."""
    device = Device(gpus=tuple(DeviceGpu(name="card", total_bytes=2000 * MIB) for _ in range(gpus)))
    found = largest_batch_size(llama(), load("lora", gpus=gpus, zero=2, packing=True), device=device)
    assert found is not None
