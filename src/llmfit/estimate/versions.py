"""Engine versions, compared as numbers: `4.44`, `0.11.0`, llama.cpp's `b5218`."""


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
