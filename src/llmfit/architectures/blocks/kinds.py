"""Which layer is of which kind: `layer_types` where stated, the family's pattern where not."""

from collections.abc import Sequence

from llmfit.architectures.reader import Config, Pattern

FULL = "full_attention"
SLIDING = "sliding_attention"
CHUNKED = "chunked_attention"
LINEAR = "linear_attention"
DENSE = "dense"
SPARSE = "sparse"


RENAMED = {"mamba": LINEAR, "attention": FULL, "deepseek_sparse_attention": "indexed_attention"}
"""Older words in `layer_types`, as transformers 5 renames them."""


def layer_types(default: Pattern, *, known: tuple[str, ...] = (FULL, SLIDING), key: str = "layer_types") -> Pattern:
    """Read the kinds from the config; where it has none, take the family's pattern."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        stated = config.items(key, str, length=n)
        if stated is None:
            return default(config, n)
        if not RENAMED.keys().isdisjoint(stated):
            stated = [RENAMED.get(kind, kind) for kind in stated]
        if not set(stated) <= set(known):
            config.unsupported(key, f"names the kinds {', '.join(sorted(set(stated) - set(known)))[:60]}")
        return stated

    return pattern


def always(kind: str) -> Pattern:
    """Every layer is of this kind."""
    return lambda _, n: (kind,) * n


def every(period: int | tuple[str, int], special: str = FULL, other: str = SLIDING) -> Pattern:
    """Every `period`-th layer is special: layers with i + 1 divisible by the period, stated or the config's key."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        step = period if isinstance(period, int) else config.size(period[0], period[1])
        return [other if (i + 1) % step else special for i in range(n)]

    return pattern


def dense_first(default: int, *, key: str = "first_k_dense_replace") -> Pattern:
    """Read `mlp_layer_types`; where absent, so many layers are dense and then every `moe_layer_freq`-th sparse."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        stated = config.items("mlp_layer_types", str, length=n)
        if stated is not None:
            if not set(stated) <= {DENSE, SPARSE}:
                config.unsupported("mlp_layer_types", "names other kinds than dense and sparse")
            return stated
        dense = min(config.count(key, default), n)
        if (config.raw("moe_layer_freq") or 1) == 1:
            return [DENSE] * dense + [SPARSE] * (n - dense)
        step = config.size("moe_layer_freq")
        return [DENSE if i < dense or i % step else SPARSE for i in range(n)]

    return pattern


def grouped(kinds: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the layers of each kind, in the order in which the kinds first appear."""
    names = dict.fromkeys(kinds)
    if len(names) == 1:
        return {kinds[0]: tuple(range(len(kinds)))}
    return {name: tuple(i for i, kind in enumerate(kinds) if kind == name) for name in names}
