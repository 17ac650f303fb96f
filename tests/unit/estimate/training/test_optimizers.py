"""What optimizers keep per parameter."""

import pytest

from llmfit.estimate.training.optimizers import Kept, state_bytes, state_terms, step_width, sum_of
from llmfit.estimate.training.precision import ADAPTERS, RECIPES
from llmfit.estimate.training.trained import Trained
from llmfit.records.architecture import Role
from llmfit.records.training import Optimizer

MATRIX = Trained("model", "q_proj", (512, 256), 3, Role.ATTN_Q)
VECTOR = Trained("model", "norm", (512,), 3, Role.NORM)
TABLE = Trained("model", "embed_tokens", (1000, 512), 1, Role.EMBEDDING)


@pytest.mark.parametrize(
    ("optimizer", "bytes_per_parameter"),
    [("adamw", 8), ("paged_adamw", 8), ("sgd", 0), ("sgd_momentum", 4), ("lion", 4), ("muon", 4)],
)
def test_states_of_a_matrix_in_fp32(optimizer: Optimizer, bytes_per_parameter: int) -> None:
    """Two states for Adam, one for Lion, Muon and momentum, none for plain SGD."""
    assert state_bytes(MATRIX, RECIPES["fp32"], optimizer=optimizer) == bytes_per_parameter * MATRIX.parameters


def test_muon_falls_back_to_adam_outside_hidden_matrices() -> None:
    """Norms and embeddings have two states."""
    for tensor in (VECTOR, TABLE):
        assert state_bytes(tensor, RECIPES["fp32"], optimizer="muon") == 8 * tensor.parameters


def test_pure_bf16_keeps_states_in_bf16() -> None:
    """Torch optimizers make states in the dtype of the weight."""
    assert state_bytes(MATRIX, RECIPES["bf16"], optimizer="adamw") == 4 * MATRIX.parameters


def test_master_weights_are_part_of_the_optimizer() -> None:
    """fp32 master, momentum and variance: 12 bytes a parameter (ZeRO, section 3.1)."""
    assert state_bytes(MATRIX, RECIPES["bf16-master"], optimizer="adamw") == 12 * MATRIX.parameters


def test_8_bit_states_have_a_scale_per_256_elements() -> None:
    """2 · (1 + 4/256) bytes a parameter."""
    assert state_bytes(MATRIX, RECIPES["bf16"], optimizer="adamw_8bit") == 2 * (
        MATRIX.parameters + MATRIX.parameters // 64
    )


def test_8_bit_leaves_small_tensors_and_embeddings_in_32_bit() -> None:
    """Bitsandbytes skips what has fewer than 4096 elements; the HF Trainer skips embeddings."""
    for tensor in (VECTOR, TABLE):
        assert state_bytes(tensor, RECIPES["bf16"], optimizer="paged_adamw_8bit") == 8 * tensor.parameters


def test_adafactor_keeps_a_row_and_a_column() -> None:
    """Its memory is sublinear in matrices and a full fp32 vector elsewhere."""
    assert state_bytes(MATRIX, RECIPES["bf16"], optimizer="adafactor") == 3 * 4 * (512 + 256)
    assert state_bytes(VECTOR, RECIPES["bf16"], optimizer="adafactor") == 3 * 4 * 512


def test_galore_projects_hidden_matrices_to_its_rank() -> None:
    """Two states of r × long and the projection r × short; embeddings keep Adam's."""
    rank = 32
    assert state_bytes(MATRIX, RECIPES["fp32"], optimizer="galore", galore_rank=rank) == 4 * 3 * (
        2 * rank * 512 + rank * 256
    )
    assert state_bytes(TABLE, RECIPES["fp32"], optimizer="galore", galore_rank=rank) == 8 * TABLE.parameters


def test_galore_with_a_rank_as_wide_as_the_matrix_is_adam() -> None:
    """Nothing is won by projecting to the full rank."""
    assert state_bytes(MATRIX, RECIPES["fp32"], optimizer="galore", galore_rank=256) == 8 * MATRIX.parameters


def test_adapters_keep_fp32_states_unless_told_otherwise() -> None:
    """16 bytes a parameter for an fp32 adapter with Adam, 8 of them states."""
    assert state_bytes(MATRIX, ADAPTERS["fp32"], optimizer="adamw") == 8 * MATRIX.parameters
    assert state_bytes(MATRIX, ADAPTERS["bf16"], optimizer="adamw") == 4 * MATRIX.parameters


def test_the_step_needs_an_fp32_gradient_for_master_weights() -> None:
    """DeepSpeed flattens the share that it steps in 16 bit and casts that to fp32."""
    assert step_width(RECIPES["bf16-master"], foreach=False) == step_width(RECIPES["bf16-master"], foreach=True) == 6


def test_foreach_needs_one_state_more_while_it_steps() -> None:
    """Torch takes the root of all second moments at once; the fused variant needs nothing."""
    assert step_width(RECIPES["bf16"], foreach=True) == 2
    assert step_width(RECIPES["bf16"], foreach=False) == 0


def test_equal_kinds_are_summed_and_what_takes_nothing_is_left_out() -> None:
    """The sum has one term for each kind and width, and comes to the bytes."""
    kept = [Kept("moments", 10, 4), Kept("scales", 3, 4), Kept("moments", 5, 4), Kept("moments", 7, 1), Kept("x", 9, 0)]
    assert sum_of(kept, models=1) == (79, "15 moments × 4 B + 3 scales × 4 B + 7 moments × 1 B")
    assert sum_of(kept, models=2) == (158, "30 moments × 4 B + 6 scales × 4 B + 14 moments × 1 B")
    assert sum_of([], models=1) == (0, "")


def test_a_block_that_is_not_full_has_a_scale_too() -> None:
    """5,000 elements are 19 full blocks of 256 and one more, for each of two states."""
    odd = Trained("model", "odd", (50, 100), 3)
    found = list(state_terms(odd, RECIPES["bf16"], optimizer="adamw_8bit"))
    assert found == [Kept("moments", 3 * 2 * 5000, 1), Kept("scales", 3 * 2 * 20, 4)]


def test_muon_keeps_a_momentum_of_matrices_inside_layers_and_moments_elsewhere() -> None:
    """And both say so."""
    for tensor, what, many in ((MATRIX, "momentums", 1), (VECTOR, "moments", 2)):
        found = list(state_terms(tensor, RECIPES["bf16-master"], optimizer="muon"))
        assert found == [Kept("master weights", tensor.parameters, 4), Kept(what, many * tensor.parameters, 4)]
