"""Words and figures as people read them: units, and nothing that a terminal would obey."""

from collections.abc import Iterable


def visible(text: str, *, lines: bool = False) -> str:
    """Return the text with control characters, bidirectional marks and the like written out.

    Line breaks stay where `lines` is true.
    """
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode("ascii") for c in text)


def parameters(count: int) -> str:
    """Return a number of parameters as on a model's box: 7.6B, 494M."""
    if count >= 10**12:
        return f"{count / 10**12:.2f}T"
    if count >= 99_950_000_000:
        return f"{count / 10**9:.0f}B"
    if count >= 999_500_000:
        return f"{count / 10**9:.1f}B"
    return f"{count / 10**6:.0f}M"


def tokens(count: int) -> str:
    """Return a number of tokens, in units of 1024 where it is a round number of them."""
    if count >= 1024 * 1024 and count % (1024 * 1024) == 0:
        return f"{count // (1024 * 1024)}M"
    return f"{count // 1024}k" if count >= 1024 and count % 1024 == 0 else f"{count:,}"


def about_tokens(count: int) -> str:
    """Return a number of tokens in at most four letters, rounded down."""
    if count >= 10_000 * 1024:
        return f"{count // (1024 * 1024)}M"
    return f"{count // 1024}k" if count >= 1024 else str(count)


def rate(value: float) -> str:
    """Return tokens per second with as many digits as they deserve."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def count_of(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 model, 2 models."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str], *, none: str = "–") -> str:
    """Return words with commas between them."""
    return ", ".join(words) or none
