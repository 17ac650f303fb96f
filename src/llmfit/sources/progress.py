"""Says on stderr how far a long reading is; nothing where it is quick, or nobody watches."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

PATIENCE = 1.5
"""Seconds after which people wonder."""
Item = TypeVar("Item")


def shown(
    items: Iterable[Item], *, total: int, what: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Item]:
    """Yield the items, with a line on the terminal that counts them once it takes long; the line goes at the end."""
    start, said = clock(), False
    try:
        for number, item in enumerate(items, 1):
            if sys.stderr.isatty() and clock() - start > PATIENCE:
                sys.stderr.write(f"\rreading {what}: {number} of {total}")
                sys.stderr.flush()
                said = True
            yield item
    finally:
        if said:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
