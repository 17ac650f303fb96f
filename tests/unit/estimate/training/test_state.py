"""What trains, in bytes and as the sums that they are."""

from typing import Any

import pytest

from llmfit.estimate.training.state import Amount, state_of
from support.formulas import value_of
from support.training import llama, load

P = llama().parameters
RANK = 8
ADAPTER = 4 * RANK * (512 + 512 + 512 + 128)
"""Of q_proj and v_proj in four layers."""


@pytest.mark.parametrize(
    ("amount", "many", "found"),
    [
        (Amount(10, "2·5"), 1, Amount(10, "2·5")),
        (Amount(10, "2·5"), 4, Amount(3, "(2·5) / 4 GPUs")),
        (Amount(12, "2·6"), 4, Amount(3, "(2·6) / 4 GPUs")),
        (Amount(), 4, Amount()),
    ],
)
def test_a_share_is_that_of_the_worst_gpu(amount: Amount, many: int, found: Amount) -> None:
    """Rounded up, and spelled as a division."""
    assert amount.divided(many) == found


@pytest.mark.parametrize(
    ("method", "options", "width"),
    [
        ("full", {"recipe": "bf16"}, 2),
        ("full", {"recipe": "fp32"}, 4),
        ("lora", {}, 4),
        ("lora", {"adapter_dtype": "bf16", "recipe": "fp32"}, 2),
        ("qlora", {"adapter_dtype": "bf16"}, 2),
    ],
)
def test_gradients_are_exchanged_in_the_width_of_what_trains(method: str, options: dict[str, Any], width: int) -> None:
    """The adapter's own under an adapter, the recipe's else."""
    assert state_of(llama(), load(method, **options)).gradient_width == width


def test_everything_that_trains_is_a_sum_of_parameters() -> None:
    """Full fine-tuning with fp32 master weights: 2 B of gradient, 4 + 2 · 4 of state, 6 while it steps."""
    found = state_of(llama(), load("full"))
    assert found.added == Amount()
    assert found.gradients == Amount(2 * P, f"{P:,} trained parameters × 2 B")
    assert found.optimizer == Amount(12 * P, f"{P:,} master weights × 4 B + {2 * P:,} moments × 4 B")
    assert found.step == Amount(6 * P, f"{P:,} trained parameters × 6 B")


def test_ppo_trains_a_value_model_of_the_same_shape() -> None:
    """Everything twice, and the sums say so."""
    one, two = (state_of(llama(), load("lora", lora_rank=RANK, stage=stage)) for stage in ("sft", "ppo"))
    for name in ("added", "gradients", "optimizer"):
        single, double = getattr(one, name), getattr(two, name)
        assert double.bytes == 2 * single.bytes == value_of(double.formula)
    assert two.added.formula.startswith("2 models × (")


def test_a_saved_copy_stands_beside_the_adapter_in_its_own_width() -> None:
    """An fp32 adapter and a copy of the head in 16 bit: two sums."""
    found = state_of(
        llama(), load("qlora", lora_rank=RANK, target_modules=("q_proj", "v_proj"), modules_to_save=("embed_tokens",))
    )
    assert found.added.bytes == 4 * ADAPTER + 2 * 1000 * 512
    assert found.added.formula.endswith("× 4 B + (1·1000·512) × 2 B")
    assert found.gradients.bytes == 4 * ADAPTER + 2 * 1000 * 512
    assert value_of(found.added.formula) == found.added.bytes
