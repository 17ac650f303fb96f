"""What every record of a fact has in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Certainty = Literal["exact", "sourced", "derived", "recalled", "estimated", "unknown"]
"""How sure a fact is.

exact      counted or defined
sourced    read in the named source
derived    computed from other facts of the row, as the source says
recalled   common knowledge, no document read
estimated  a judgement
unknown    nobody knows; the value is absent
"""


class Record(BaseModel):
    """A fact: frozen, strictly typed, without fields that nobody declared."""

    # Reading the attributes' docstrings here would parse every module's source at start (100 ms): the tool that
    # writes the JSON Schema turns `use_attribute_docstrings` on for itself.
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)


class Source(Record):
    """Where a fact was read."""

    of: str
    """The fields that it vouches for, separated by `|`."""

    source: str
    """A document, repository file or data set that a reader can open."""

    checked: str
    """ISO date on which it was read: YYYY-MM-DD, or YYYY-MM where the day is unknown."""

    certainty: Certainty = "sourced"
    """How sure the fact is."""
