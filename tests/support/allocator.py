"""A replay of PyTorch's caching allocator over forward passes: what it holds and cannot use.

A driver's figure counts memory that the allocator asked for, not the tensors in it. The rules are those of PyTorch's
CUDA caching allocator (sizes: `c10/core/AllocatorConfig.h` of torch 2.13): the smallest free block that is large
enough, cut where the rest is worth it, joined with free neighbours when it is given back. Nothing is returned to the
driver.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import count

from llmfit.records.architecture import Architecture
from llmfit.records.workload import Workload

MIB = 2**20
SMALL = MIB
LARGE = 10 * MIB
PASSES = 5
"""Passes after which what is held no longer grows."""


@dataclass(eq=False, slots=True)
class Block:
    """A piece of a segment."""

    size: int
    small: bool
    free: bool = False
    before: "Block | None" = None
    after: "Block | None" = None


@dataclass(slots=True)
class Allocator:
    """Blocks handed out and held on one GPU."""

    reserved: int = 0
    allocated: int = 0
    peak: int = 0
    _free: dict[bool, list[tuple[int, int, Block]]] = field(default_factory=lambda: {True: [], False: []})
    _numbers: "count[int]" = field(default_factory=count)

    def take(self, size: int) -> Block:
        """Hand out a block of this size."""
        size = -(-max(size, 1) // 512) * 512
        small = size <= SMALL
        pool = self._free[small]
        place = bisect_left(pool, (size,))
        block = pool.pop(place)[2] if place < len(pool) else self._segment(size, small=small)
        block.free = False
        rest = block.size - size
        if rest >= 512 if small else rest > SMALL:
            cut = Block(rest, small, free=True, before=block, after=block.after)
            if cut.after is not None:
                cut.after.before = cut
            block.size, block.after = size, cut
            self._keep(cut)
        self.allocated += block.size
        self.peak = max(self.peak, self.allocated)
        return block

    def give(self, block: Block) -> None:
        """Take a block back and join it with free neighbours."""
        self.allocated -= block.size
        block.free = True
        if block.before is not None and block.before.free:
            block = self._join(block.before, block)
        if block.after is not None and block.after.free:
            self._free[block.small].remove(self._entry(block.after))
            block = self._join(block, block.after, listed=False)
        self._keep(block)

    def _join(self, first: Block, second: Block, *, listed: bool = True) -> Block:
        if listed:
            self._free[first.small].remove(self._entry(first))
        first.size += second.size
        first.after = second.after
        if first.after is not None:
            first.after.before = first
        return first

    def _entry(self, block: Block) -> tuple[int, int, Block]:
        pool = self._free[block.small]
        place = bisect_left(pool, (block.size,))
        while pool[place][2] is not block:
            place += 1
        return pool[place]

    def _keep(self, block: Block) -> None:
        insort(self._free[block.small], (block.size, next(self._numbers), block))

    def _segment(self, size: int, *, small: bool) -> Block:
        whole = 2 * MIB if small else 20 * MIB if size < LARGE else -(-size // (2 * MIB)) * 2 * MIB
        self.reserved += whole
        return Block(whole, small)


def unused_bytes(architecture: Architecture, load: Workload) -> int:
    """Return what is held beyond the peak of the tensors, where each result is kept until the next one is there."""
    allocator, kept = Allocator(), list[Block]()
    for _ in range(PASSES):
        result = _forward(allocator, architecture, load)
        for block in kept:
            allocator.give(block)
        kept = result
    return allocator.reserved - allocator.peak


def _forward(memory: Allocator, architecture: Architecture, load: Workload) -> list[Block]:
    """Replay one pass of eager attention and AWQ's kernel over whole prompts; return cache and fp32 logits."""
    prompt = load.prefill_tokens
    tokens = load.sequences * prompt
    row = 2 * tokens
    h, heads, words = architecture.hidden_size, architecture.num_attention_heads, architecture.vocab_size
    q, kv = heads * architecture.head_dim, architecture.num_key_value_heads * architecture.head_dim
    stream, mask = memory.take(row * h), memory.take(2 * load.sequences * prompt * prompt)
    cache: list[Block] = []
    for _ in range(architecture.num_hidden_layers):
        normed = _norm(memory, row * h)
        query, key, value = (_product(memory, row * width) for width in (q, kv, kv))
        query, key = _rotated(memory, query), _rotated(memory, key)
        cache += [key, value]
        heads_of_their_own = [memory.take(row * q) for _ in range(2)] if kv < q else []
        scores = _scores(memory, 2 * load.sequences * heads * prompt * prompt)
        mixed = _replaced(memory, memory.take(row * q), row * q)
        attended = _product(memory, row * h)
        for block in (mixed, scores, query, *heads_of_their_own):
            memory.give(block)
        stream = _sum(memory, stream, attended, normed)
        normed = _norm(memory, row * h)
        wide = row * architecture.intermediate_size
        gate = _replaced(memory, _product(memory, wide), wide)
        up = _product(memory, wide)
        both = memory.take(wide)
        for block in (gate, up):
            memory.give(block)
        down = _product(memory, row * h)
        memory.give(both)
        stream = _sum(memory, stream, down, normed)
    normed = _norm(memory, row * h)
    memory.give(stream)
    logits = memory.take(row * words)
    single = memory.take(2 * row * words)
    for block in (logits, normed, mask):
        memory.give(block)
    return [*cache, single]


def _product(memory: Allocator, size: int) -> Block:
    """Replay eight partial results and their sum."""
    partial = memory.take(8 * size)
    whole = memory.take(size)
    memory.give(partial)
    return whole


def _replaced(memory: Allocator, block: Block, size: int) -> Block:
    new = memory.take(size)
    memory.give(block)
    return new


def _norm(memory: Allocator, size: int) -> Block:
    """Replay a norm: fp32 copy, its square, the scaled copy, and two results in 16 bit."""
    copy = memory.take(2 * size)
    memory.give(memory.take(2 * size))
    scaled = _replaced(memory, copy, 2 * size)
    return _replaced(memory, _replaced(memory, scaled, size), size)


def _rotated(memory: Allocator, block: Block) -> Block:
    """Replay a rotation: times the cosine, its halves swapped, times the sine, the sum."""
    first, swapped = memory.take(block.size), memory.take(block.size)
    second = _replaced(memory, swapped, block.size)
    whole = memory.take(block.size)
    for old in (first, second, block):
        memory.give(old)
    return whole


def _scores(memory: Allocator, size: int) -> Block:
    """Replay products, scaled, masked, their softmax in fp32, and that in 16 bit."""
    masked = _replaced(memory, _replaced(memory, memory.take(size), size), size)
    soft = memory.take(2 * size)
    found = memory.take(size)
    for block in (soft, masked):
        memory.give(block)
    return found


def _sum(memory: Allocator, stream: Block, added: Block, normed: Block) -> Block:
    whole = memory.take(stream.size)
    for block in (added, stream, normed):
        memory.give(block)
    return whole
