"""Reads quantities as people write them: `8k` tokens, `8B` parameters, `24 GB`, `10 %`, a day."""

import math
from datetime import date

from llmfit.errors import UsageError
from llmfit.units import GIB

MOST = 10**15
"""Parameters or gigabytes beyond which a figure is a typing error."""
LARGEST = 10**12
"""Tokens, layers or rows beyond which a number is one."""


def whole_number(text: str) -> int:
    """Return a whole number of at least 1, with `k` for 1024 and `M` for 1024 squared.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    units = {"k": 1024, "m": 1024 * 1024}
    digits, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    example = "Give a number such as 8192 or 8k"
    if not _is_digits(digits.removeprefix("-")):
        raise UsageError(f"{shown(text)}: not a whole number", hint=_without_marks(text) or example)
    if digits.startswith("-") or not digits.strip("0"):
        raise UsageError(f"{shown(text)}: must be at least 1", hint=example)
    if len(digits) > 12 or int(digits) * unit > LARGEST:
        raise UsageError(f"{shown(text)}: more than anybody can mean", hint=example)
    return int(digits) * unit


def shown(text: str) -> str:
    """Return a word for a message: not too long, and visible where it is empty."""
    return text[:40] if text.strip() else "''"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _without_marks(text: str) -> str:
    """Return what to write in place of `8,192`, `8 192` or `8_192`; empty where marks are not what is wrong."""
    joined = text.translate({ord(mark): None for mark in " ,_"})
    return f"Write {joined}" if joined != text and _is_digits(joined[:-1] or joined) else ""


def number(text: str) -> int:
    """Return a whole number of at least 1 of what is no token, such as sequences or rows.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    try:
        return whole_number(text)
    except UsageError as error:
        hint = _without_marks(text) or "Give a whole number of at least 1"
        raise UsageError(error.message, hint=hint) from None


def count(text: str) -> int:
    """Return a whole number, 0 among them.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    if _is_digits(text) and not text.strip("0"):
        return 0
    try:
        return whole_number(text)
    except UsageError as error:
        message = error.message.replace("at least 1", "at least 0")
        raise UsageError(message, hint="Give a whole number of at least 0") from None


def share(text: str) -> float:
    """Return a share above 0, up to 1.

    Raises:
        UsageError: It is none.
    """
    hint = "Give a share such as 0.9"
    try:
        value = positive(text)
    except UsageError as error:
        raise UsageError(error.message, hint=hint) from None
    if value > 1:
        percent = f"Write {value / 100:g} for {value:g} %" if 2 <= value <= 100 else hint
        raise UsageError(f"{shown(text)}: more than the whole", hint=percent)
    return value


def positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        UsageError: It is none.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        comma = text.replace(",", ".")
        hint = f"Write {comma}" if comma != text and _is_digits(comma.replace(".", "", 1)) else ""
        raise UsageError(f"{shown(text)}: not a number above 0", hint=hint or "Give a number such as 6 or 11.5")
    return value


def parameters(text: str) -> int:
    """Return a number of parameters, such as 8B, 500M or 8000000000.

    Raises:
        UsageError: It is none.
    """
    units = {"b": 10**9, "m": 10**6, "t": 10**12}
    number, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    try:
        value = positive(number) * unit
    except UsageError:
        value = math.inf
    if not 1 <= value <= MOST:
        raise UsageError(f"{shown(text)}: not a number of parameters", hint="Give a number such as 8B or 500M")
    return round(value)


def gigabytes(text: str) -> int:
    """Return the bytes of a size in GB, 1 GB taken as 1 GiB.

    Raises:
        UsageError: It is none.
    """
    word = text.strip().lower()
    for unit in ("gib", "gb", "g"):
        if word.endswith(unit):
            word = word.removesuffix(unit).strip()
            break
    try:
        value = positive(word)
    except UsageError as error:
        message = error.message.rpartition(": ")[2]
        raise UsageError(f"{shown(text)}: {message}", hint=other_unit(text) or error.hint) from None
    if value > MOST:
        raise UsageError(f"{shown(text)}: more than any file has", hint="The unit is GB: 24 means 24 GB")
    return round(value * GIB)


def other_unit(text: str) -> str:
    """Return what to write in GB for a size in MB or TB; empty where it is none."""
    word = text.strip().lower().removesuffix("b").removesuffix("i")
    number, scale = word[:-1].strip(), {"m": 1 / 1024, "t": 1024.0}.get(word[-1:])
    try:
        value = float(number) if scale is not None and "_" not in number else math.nan
    except ValueError:
        value = math.nan
    return f"The unit is GB: write {value * scale:g}" if scale is not None and 0 < value < MOST else ""


def percent(text: str) -> float:
    """Return a share in percent, from 0 up to 100.

    Raises:
        UsageError: It is none.
    """
    word = text.strip().removesuffix("%").strip()
    try:
        value = float(word) if "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if not 0 <= value < 100:
        raise UsageError(f"{shown(text)}: no share in percent", hint="Give a number from 0 to below 100, such as 10")
    return value


def iso_date(text: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        UsageError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{shown(text)}: no day", hint="Write it as YYYY-MM-DD") from None


def zero_stage(text: str) -> int:
    """Return a ZeRO stage.

    Raises:
        UsageError: It is none.
    """
    if text not in {"0", "1", "2", "3"}:
        raise UsageError(f"{shown(text)}: no ZeRO stage", hint="Give 0, 1, 2 or 3")
    return int(text)
