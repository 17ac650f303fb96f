"""What attention layers remember: whole, sliding and chunked caches."""

from llmfit.architectures.blocks.kinds import CHUNKED, FULL, SLIDING, grouped
from llmfit.architectures.reader import Pattern
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Cache, CacheKind

_KIND = {FULL: CacheKind.FULL, SLIDING: CacheKind.SLIDING, CHUNKED: CacheKind.CHUNKED}


def keep(
    stack: Stack,
    layers: tuple[int, ...],
    *,
    key: int,
    value: int,
    heads: int,
    kinds: Pattern | None = None,
    window: str = "sliding_window",
    halved: bool = False,
) -> None:
    """Add the KV caches of these layers: whole ones, or by kind where the family has several."""
    if kinds is None:
        stack.caches.append(Cache(CacheKind.FULL, layers, key, value, heads))
        return
    names = kinds(stack.config, stack.n)
    wanted = layers if len(layers) < stack.n else None
    for name, members in grouped(names).items():
        if wanted is not None:
            members = tuple(i for i in wanted if names[i] == name)  # noqa: PLW2901 - narrowed in place
        if name not in _KIND or not members:
            continue
        width = None if name == FULL else stack.config.size(window)
        if width and halved and stack.config.flag("use_bidirectional_attention"):
            width = width // 2 + 1
        stack.caches.append(Cache(_KIND[name], members, key, value, heads, width))
