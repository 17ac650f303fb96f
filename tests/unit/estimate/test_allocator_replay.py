"""The replay of PyTorch's allocator that comparisons with a driver's figure use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmfit.estimate.activations.blocks import rest_of
from support.allocator import MIB, Allocator, Block, unused_bytes
from support.loads import make_architecture, make_load


def taken(*sizes: float) -> Allocator:
    """Return an allocator that handed out blocks of these MiB."""
    memory = Allocator()
    for size in sizes:
        memory.take(round(size * MIB))
    return memory


@pytest.mark.parametrize(
    ("sizes", "reserved"),
    [
        ((0.5,), 2),  # small blocks come from segments of 2 MiB
        ((0.5, 0.5, 0.5, 0.5), 2),
        ((0.5, 0.5, 0.5, 0.75), 4),
        ((1.5,), 20),  # larger ones from segments of 20 MiB
        ((9.0, 9.0), 20),
        ((9.0, 9.0, 9.0), 40),
        ((10.5,), 12),  # from 10 MiB on a segment each, rounded up to 2 MiB
        ((21.5,), 22),
        ((24.5, 1.5), 26),  # the rest of 1.5 MiB is cut off and handed out
    ],
)
def test_segments_that_are_asked_for(sizes: tuple[float, ...], reserved: int) -> None:
    """By the size of a block, unless a free one is large enough."""
    assert taken(*sizes).reserved == reserved * MIB


@pytest.mark.parametrize("size", [1.375, 8.4375, 21.5, 24.5, 25.0])
def test_blocks_hold_the_rest_that_the_estimate_counts(size: float) -> None:
    """As many as fill segments hold what `rest_of` says, each its share."""
    fitting = max(1, int(20 // size)) if size < 10 else 1
    memory = taken(*(size for _ in range(fitting * 3)))
    assert memory.allocated == pytest.approx(3 * fitting * (size * MIB + rest_of(round(size * MIB))))


def test_a_block_given_back_is_used_again() -> None:
    """The smallest that is large enough, without another segment."""
    memory = Allocator()
    first, second = memory.take(40 * MIB), memory.take(12 * MIB)
    memory.give(first)
    memory.give(second)
    memory.take(11 * MIB)
    assert memory.reserved == 52 * MIB
    assert memory.allocated == 12 * MIB  # a rest of 1 MiB stays with it


def test_neighbours_are_joined() -> None:
    """Two halves of a segment become one again, whichever is given back first."""
    for order in ((0, 1), (1, 0)):
        memory = Allocator()
        blocks = [memory.take(9 * MIB), memory.take(9 * MIB)]
        for place in order:
            memory.give(blocks[place])
        memory.take(18 * MIB)
        assert memory.reserved == 20 * MIB


@given(st.lists(st.tuples(st.integers(1, 64 * MIB), st.booleans()), max_size=40))
def test_no_byte_is_handed_out_twice(steps: list[tuple[int, bool]]) -> None:
    """What is out is at most what was asked for from the driver; all of it given back leaves nothing out."""
    memory, out = Allocator(), list[Block]()
    for size, back in steps:
        out.append(memory.take(size))
        if back:
            memory.give(out.pop(0))
        assert sum(block.size for block in out) == memory.allocated <= memory.peak <= memory.reserved
    for block in out:
        memory.give(block)
    assert memory.allocated == 0


def test_a_pass_over_longer_prompts_leaves_larger_holes() -> None:
    """Results that are kept lie in the way of the next pass."""
    model = make_architecture(intermediate_size=8192)
    options = {"attn_implementation": "eager", "engine_version": "4.35.0"}
    short, long = (
        unused_bytes(model, make_load("transformers", "awq-int4", context=n, **options)) for n in (512, 8192)
    )
    assert 0 <= short < long
