"""Blocks of PyTorch's allocator: how much larger they are than what is put into them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmfit.estimate.activations.blocks import ROUNDED, SEGMENT, SMALL, rest_of, undivided_bytes
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from support.loads import MIB, make_architecture, make_load


@pytest.mark.parametrize(
    ("size", "rest"),
    [
        (MIB, 0),  # a small block is cut to its size
        (int(1.375 * MIB), 0.75 / 14 * MIB),  # 14 of them leave 0.75 MiB of a segment to the last one
        (int(8.4375 * MIB), 0),  # 2 of them leave 3.1 MiB, which others may take
        (int(21.5 * MIB), 0.5 * MIB),  # rounded up to 22 MiB, and too little is left to cut off
        (int(24.5 * MIB), 0),  # of 26 MiB the rest of 1.5 is cut off
        (25 * MIB, MIB),  # a rest of exactly 1 MiB stays
        (28 * MIB, 0),
    ],
)
def test_rest_of_a_block(size: int, rest: float) -> None:
    """By its size: cut exactly, cut from a segment of 20 MiB, or rounded up to 2 MiB."""
    assert rest_of(size) == pytest.approx(rest)


@given(st.integers(min_value=1, max_value=2**34))
def test_a_rest_is_at_most_one_mebibyte(size: int) -> None:
    """A larger one would be cut off and given to others."""
    assert 0 <= rest_of(size) <= SMALL


@given(st.integers(min_value=SEGMENT // 2, max_value=2**34))
def test_a_large_block_with_its_rest_is_a_multiple_of_two_mebibytes(size: int) -> None:
    """Where the rest stays with it."""
    rest = rest_of(size)
    assert rest == 0 or (size + rest) % ROUNDED == 0


def _one_matrix(*, role: Role = Role.MLP_UP, copies: int = 1, section: Section = Section.TEXT) -> Architecture:
    """Return two layers of one matrix of 11008 × 4096: 86 MiB in 16 bit, 21.5 in 4 bit."""
    matrix = Tensor(role, "up_proj", (11008, 4096), (0, 1), copies=copies, section=section)
    return make_architecture(tensors=(matrix, Tensor(Role.NORM, "norm", (4096,))))


def test_a_quantised_matrix_is_a_block_without_its_scales() -> None:
    """21.5 MiB of packed weights in 22; in 16 bit nothing is over."""
    packed, plain = (undivided_bytes(_one_matrix(), make_load("transformers", name)) for name in ("awq-int4", "bf16"))
    assert packed == 2 * MIB // 2
    assert plain == 0


def test_experts_are_blocks_of_their_own_up_to_4() -> None:
    """From 5.0 on the experts of a layer are one tensor, which is rounded once."""
    made = _one_matrix(role=Role.EXPERT_UP, copies=3)
    apart, together = (
        undivided_bytes(made, make_load("transformers", "awq-int4", engine_version=version))
        for version in ("4.51.3", "5.0.0")
    )
    assert apart == 2 * 3 * MIB // 2
    assert together == 0 + 2 * rest_of(3 * 43 * MIB // 2)


def test_layers_that_are_not_loaded_have_no_blocks() -> None:
    """Next-token layers stay in the file."""
    assert undivided_bytes(_one_matrix(section=Section.MTP), make_load("transformers", "awq-int4")) == 0


def test_fp32_blocks_are_twice_as_large() -> None:
    """A block follows the width of what is put into it."""
    made = make_architecture(tensors=(Tensor(Role.MLP_UP, "up_proj", (2816, 1024), (0,)),))
    half, full = (undivided_bytes(made, make_load("transformers", name)) for name in ("fp16", "fp32"))
    assert half == pytest.approx(rest_of(2816 * 1024 * 2), abs=1)
    assert full == pytest.approx(rest_of(2816 * 1024 * 4), abs=1)
    assert full == MIB
