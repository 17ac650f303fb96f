"""Engine versions, compared as numbers: `4.44`, `0.11.0`, llama.cpp's `b5218`."""

from llmfit.errors import UsageError
from llmfit.records.engine import Engine

OLDEST = {"llama.cpp": (1500,), "transformers": (4, 31)}
"""The oldest versions that any figure was read at; vLLM has rules for one version alone."""
SPELLED = {"llama.cpp": "b6400", "transformers": "4.44 or 4.44.2", "vllm": "0.33.0"}


def build_of(version: str | None) -> int | None:
    """Return llama.cpp's build number, None for the default.

    >>> build_of("b5218")
    5218
    """
    if version is None or not version[1:].isdigit():
        return None
    return int(version[1:])


def is_before(version: str | None, limit: tuple[int, ...]) -> bool:
    """Whether a version such as `4.44.2` comes before the limit; the default (None) never does.

    >>> is_before("4.44.2", (4, 45))
    True
    """
    if version is None:
        return False
    numbers = tuple(int(word) for word in version.lstrip("v").split(".") if word.isdigit())
    return numbers[: len(limit)] < limit


def checked_version(engine: Engine, version: str) -> str:
    """Return the version as the rules compare it: without a `v` before its numbers.

    Raises:
        UsageError: It is no version of the engine, or one whose rules were not read.
    """
    word = version.strip().lower()
    if engine.id == "llama.cpp":
        digits = word[1:] if word[:1] == "b" else ""
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
            raise _no_version(engine, version)
        if int(digits) < OLDEST[engine.id][0]:
            raise UsageError(f"Rules of llama.cpp {word} were not read", hint=f"They begin at b{OLDEST[engine.id][0]}")
        return word
    word = word.removeprefix("v")
    numbers = _numbers(word)
    if not numbers:
        raise _no_version(engine, version)
    newest = _numbers(engine.version)[:2]
    oldest = OLDEST.get(engine.id, newest)
    if not oldest <= numbers[:2] <= newest:
        first = ".".join(map(str, oldest))
        known = f"They were read from {first} to {engine.version}" if oldest < newest else f"Only those of {first} were"
        raise UsageError(f"Rules of {engine.id} {word} were not read", hint=known)
    return word


def _numbers(version: str) -> tuple[int, ...]:
    """Return the two or three numbers of a version; none where it is spelled otherwise."""
    words = version.split(".")
    plain = 2 <= len(words) <= 3 and all(word.isascii() and word.isdigit() and len(word) <= 4 for word in words)
    return tuple(int(word) for word in words) if plain else ()


def _no_version(engine: Engine, version: str) -> UsageError:
    hint = f"Write it as in {SPELLED[engine.id]}"
    return UsageError(f"--engine-version {version[:40]}: no version of {engine.id}", hint=hint)
