"""Reads JSON from strangers: bounded in size, depth and number of values, and without NaN."""

import json
from typing import Any

from llmfit.errors import SourceError
from llmfit.units import MIB

MOST_BYTES = 4 * MIB
"""Bytes of the largest configuration that is read; published ones have at most about a million."""
MOST_VALUES = 1_500_000
"""Values of one text: as Python objects these take about 100 MB at most."""


def parse_json(text: bytes, *, file: str, most: int = MOST_BYTES) -> dict[str, Any]:
    """Return the object that a file holds; `file` is its name in messages.

    Infinity passes, since published configurations hold it (`time_step_limit`); no dimension can be infinite.

    Raises SourceError where it is too large, no JSON object, or holds NaN.
    """
    if len(text) > most:
        raise SourceError(f"{file} is larger than the {most:,} bytes that are read")
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_VALUES:
        raise SourceError(f"{file} has more than the {MOST_VALUES:,} values that are read")
    try:
        decoded = json.loads(text, parse_constant=_infinity)
    except RecursionError:
        raise SourceError(f"{file} is nested too deeply to be read") from None
    except ValueError as error:
        said = str(error) if str(error).startswith("the number") else "it is cut off or damaged"
        raise SourceError(f"{file} is no valid JSON: {said}", hint="Download it again") from None
    if not isinstance(decoded, dict):
        raise SourceError(f"{file} is no JSON object", hint="Download it again")
    return decoded


def _infinity(word: str) -> float:
    if word == "NaN":
        raise ValueError("the number NaN is not allowed")
    return float(word)
