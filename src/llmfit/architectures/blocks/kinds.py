"""Which layer is of which kind: `layer_types` where stated, the family's pattern where not."""

from collections.abc import Callable, Mapping, Sequence

from llmfit.architectures.reader import Config, Pattern

FULL = "full_attention"
SLIDING = "sliding_attention"
CHUNKED = "chunked_attention"
LINEAR = "linear_attention"


def layer_types(default: Pattern, *, known: tuple[str, ...] = (FULL, SLIDING), key: str = "layer_types") -> Pattern:
    """Read the kinds from the config; where it has none, take the family's pattern."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        stated = config.items(key, str, length=n)
        if stated is None:
            return default(config, n)
        if not set(stated) <= set(known):
            config.unsupported(key, f"names the kinds {', '.join(sorted(set(stated) - set(known)))[:60]}")
        return stated

    return pattern


def always(kind: str) -> Pattern:
    """Every layer is of this kind."""
    return lambda _, n: (kind,) * n


def every(
    period: int | tuple[str, int], special: str = FULL, other: str = SLIDING, *, offset: int = 0, minimum: int = 1
) -> Pattern:
    """Every `period`-th layer is special: layers with (i + 1 - offset) divisible by the period."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        step = period if isinstance(period, int) else max(minimum, config.size(period[0], period[1]))
        return [other if (i + 1 - offset) % step else special for i in range(n)]

    return pattern


def first(count: str, default: int, kind: str, other: str) -> Pattern:
    """The first so many layers, by the config's key, are of one kind; the rest of the other."""

    def pattern(config: Config, n: int) -> Sequence[str]:
        many = min(config.count(count, default), n)
        return [kind] * many + [other] * (n - many)

    return pattern


def grouped(kinds: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the layers of each kind, in the order in which the kinds first appear."""
    names = dict.fromkeys(kinds)
    if len(names) == 1:
        return {kinds[0]: tuple(range(len(kinds)))}
    return {name: tuple(i for i, kind in enumerate(kinds) if kind == name) for name in names}


Rule = Callable[[Config, int], Mapping[str, tuple[int, ...]]]
