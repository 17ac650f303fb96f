"""Reads quantities as people write them: `8k` tokens, `8B` parameters, `24 GB`, `10 %`, a day."""

import math
from datetime import date

from llmfit.errors import UsageError

MOST = 10**15
"""Parameters or gigabytes beyond which a figure is a typing error."""


def whole_number(text: str) -> int:
    """Return a whole number of at least 1, with `k` for 1024 and `M` for 1024 squared.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    units = {"k": 1024, "m": 1024**2}
    digits, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12 or int(digits) * unit > 10**12:
        raise UsageError(f"{text[:40]}: not a whole number", hint="Give a number such as 8192 or 8k")
    if int(digits) == 0:
        raise UsageError("0: must be at least 1", hint="Give a number of at least 1")
    return int(digits) * unit


def number(text: str) -> int:
    """Return a whole number of at least 1 of what is no token, such as sequences or rows.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    try:
        return whole_number(text)
    except UsageError as error:
        raise UsageError(error.message, hint="Give a whole number of at least 1, such as 5") from None


def count(text: str) -> int:
    """Return a whole number, 0 among them.

    Raises:
        UsageError: It is none, or absurdly large.
    """
    return 0 if text.isascii() and text.isdigit() and not text.strip("0") else whole_number(text)


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
        raise UsageError(f"{text[:40]}: more than the whole", hint=hint)
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
        raise UsageError(f"{text[:40]}: not a number above 0", hint="Give a number such as 6 or 11.5")
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
        raise UsageError(f"{text[:40]}: not a number of parameters", hint="Give a number such as 8B or 500M")
    return round(value)


def gigabytes(text: str) -> int:
    """Return the bytes of a size in GB, 1 GB taken as 1 GiB.

    Raises:
        UsageError: It is none.
    """
    value = positive(text.strip().lower().removesuffix("gib").removesuffix("gb").strip())
    if value > MOST:
        raise UsageError(f"{text[:40]}: more than any file has", hint="The unit is GB: 24 means 24 GB")
    return round(value * 1024**3)


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
        raise UsageError(f"{text[:40]}: no share in percent", hint="Give a number such as 10")
    return value


def iso_date(text: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        UsageError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text[:40]}: no day", hint="Write it as YYYY-MM-DD") from None


def zero_stage(text: str) -> int:
    """Return a ZeRO stage.

    Raises:
        UsageError: It is none.
    """
    if text not in {"0", "1", "2", "3"}:
        raise UsageError(f"{text[:40]}: no ZeRO stage", hint="Give 0, 1, 2 or 3")
    return int(text)
