"""Several GPUs: what is divided, and what the exchange costs."""

from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.sharding import bucket_bytes, gathered, keeps_masters, largest_block, shards
from llmfit.records.estimate import Estimate, PartName
from support.training import llama, load

P = llama().parameters
LAYER = 2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024 + 2 * 512


def estimate(**options: Any) -> Estimate:
    """Return the estimate of the small Llama on four GPUs."""
    return estimate_training(llama(), load("full", **{"gpus": 4, "recipe": "bf16", **options}))


@pytest.mark.parametrize(
    ("stage", "weights", "gradients", "optimizer"), [(0, 1, 1, 1), (1, 1, 1, 4), (2, 1, 4, 4), (3, 4, 4, 4)]
)
def test_zero_divides_the_optimizer_then_gradients_then_weights(
    stage: int, weights: int, gradients: int, optimizer: int
) -> None:
    """Stages 1, 2 and 3 of ZeRO."""
    found = shards(load("full", gpus=4, zero=stage))
    assert (found.weights, found.gradients, found.optimizer) == (weights, gradients, optimizer)


def test_fsdp_divides_everything() -> None:
    """As ZeRO 3 does."""
    found = shards(load("full", gpus=4, fsdp=True))
    assert (found.weights, found.gradients, found.optimizer) == (4, 4, 4)


def test_fsdp_piles_up_whole_gradients_between_steps() -> None:
    """It does not exchange before the last micro-batch."""
    assert shards(load("full", gpus=4, fsdp=True, gradient_accumulation=2)).gradients == 1


def test_parts_are_those_of_all_gpus_and_the_worst_is_named() -> None:
    """Four equal ranks."""
    found = estimate(zero=3)
    assert found.per_gpu_bytes == (found.total_bytes // 4,) * 4
    assert found.part_bytes(PartName.OPTIMIZER) == pytest.approx(4 * P, abs=4)


def test_one_gpu_has_no_ranks() -> None:
    """The total says it all."""
    assert estimate(gpus=1).per_gpu_bytes == ()


def test_every_rank_talks_and_keeps_buffers_for_it() -> None:
    """NCCL's buffers come with the second GPU."""
    lines = {line.label for part in estimate().parts for line in part.lines}
    assert "communication buffers" in lines
    alone = {line.label for part in estimate(gpus=1).parts for line in part.lines}
    assert "communication buffers" not in alone


def test_ddp_copies_every_gradient_into_buckets() -> None:
    """ZeRO fills one bucket of limited size instead; a lone GPU none."""
    exchange = {"gradients": 1000, "width": 2, "bucket_elements": 100}
    assert bucket_bytes(load("full", gpus=2, recipe="bf16"), **exchange) == 1000
    assert bucket_bytes(load("full", gpus=2, zero=2, recipe="bf16"), **exchange) == 200
    assert bucket_bytes(load("full", gpus=2, fsdp=True, recipe="bf16"), **exchange) == 200
    assert bucket_bytes(load("full", recipe="bf16"), **exchange) == 0
    assert bucket_bytes(load("full", zero=1, recipe="bf16"), **exchange) == 200
    assert bucket_bytes(load("lora", gpus=2), **exchange) == 1000
    assert bucket_bytes(load("lora"), **exchange) == 0


@pytest.mark.parametrize("gpus", [1, 2])
def test_deepspeed_fills_one_bucket_wherever_it_keeps_master_weights(gpus: int) -> None:
    """On one GPU too, where its first stage divides nothing."""
    exchange = {"gradients": 1000, "width": 2, "bucket_elements": 100}
    assert bucket_bytes(load("full", gpus=gpus), **exchange) == 200
    assert bucket_bytes(load("freeze", gpus=gpus), **exchange) == 200
    assert bucket_bytes(load("full", gpus=gpus), gradients=50, width=2, bucket_elements=100) == 50


@pytest.mark.parametrize(
    ("method", "options", "kept"),
    [
        ("full", {}, True),
        ("freeze", {}, True),
        ("full", {"recipe": "bf16"}, False),
        ("full", {"recipe": "fp32"}, False),
        ("lora", {}, False),
        ("full", {"trainer": "torchtune"}, False),
    ],
)
def test_who_keeps_master_weights(method: str, options: dict[str, Any], kept: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Weights that train in bf16 beside an fp32 copy, in transformers' world alone."""
    assert keeps_masters(load(method, **options)) is kept


def test_sharded_weights_are_gathered_two_blocks_at_a_time() -> None:
    """But never more than sharding took away."""
    model = llama(vocab_size=100, num_hidden_layers=16)
    assert largest_block(model) == LAYER
    weights = 2 * model.parameters
    assert gathered(model, weights=weights, on_device=weights // 8).bytes == pytest.approx(2 * 2 * LAYER, rel=1e-6)
    assert gathered(model, weights=weights, on_device=weights - 10).bytes == 10
    assert gathered(model, weights=weights, on_device=weights).bytes == 0
    assert gathered(model, weights=weights, on_device=weights + 1).bytes == 0


def test_the_largest_block_may_be_the_embedding() -> None:
    """A wide vocabulary outweighs a layer."""
    assert largest_block(llama(vocab_size=100_000)) == 100_000 * 512


def test_an_offloaded_optimizer_lies_in_ram_with_its_gradients() -> None:
    """ZeRO-Offload steps on the CPU."""
    found = estimate(zero=2, offload_optimizer=True)
    assert found.part_bytes(PartName.OPTIMIZER) == found.part_bytes(PartName.GRADIENTS) == 0
    assert found.host_bytes == (2 + 4) * P


def test_offloaded_weights_leave_only_what_is_gathered() -> None:
    """FSDP with CPU offload takes the optimizer along."""
    found = estimate(fsdp=True, offload_parameters=True)
    assert found.part_bytes(PartName.WEIGHTS) == 0
    assert found.host_bytes == (2 + 2 + 4) * P
    assert any(line.label == "gathered weights" for part in found.parts for line in part.lines)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fsdp": True, "zero": 3}, "exclude"),
        ({"offload_optimizer": True}, "needs ZeRO"),
        ({"zero": 2, "offload_parameters": True}, "stage 3"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(options: dict[str, Any], words: str) -> None:
    """Each says what it needs."""
    with pytest.raises(UsageError, match=words):
        estimate(**options)


def test_two_gpus_already_need_buffers_to_communicate() -> None:
    """One needs none."""
    for gpus, present in ((1, False), (2, True)):
        labels = {line.label for part in estimate(gpus=gpus).parts for line in part.lines}
        assert ("communication buffers" in labels) is present
