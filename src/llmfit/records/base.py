"""What every record of a fact has in common.

A record is a frozen dataclass that pydantic can validate: `pydantic.TypeAdapter(Model).validate_json(…)` is strict,
names every wrong field, and forbids those that nobody declared.
Importing and making records needs no pydantic, which alone would take longer to load than an answer takes.
"""

import dataclasses
from typing import Any, ClassVar, Literal, dataclass_transform

from llmfit.records.frozen import freeze

Certainty = Literal["exact", "sourced", "derived", "recalled", "estimated", "unknown"]
"""How sure a fact is.

exact      counted or defined
sourced    read in the named source
derived    computed from other facts of the row, as the source says
recalled   common knowledge, no document read
estimated  a judgement
unknown    nobody knows; the value is absent
"""


def Field(  # noqa: N802 - has the name and arguments of pydantic's, which reads its bounds
    default: Any = dataclasses.MISSING,  # noqa: ANN401 - any type of field may have a default
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> Any:  # noqa: ANN401 - stands for the field's own type, as in dataclasses
    """Return a field with bounds, which pydantic checks when it validates."""
    bounds = {"gt": gt, "ge": ge, "lt": lt, "le": le}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return dataclasses.field(default=default, metadata=given)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
class Record:
    """A fact: frozen, strictly typed, without fields that nobody declared.

    The constructor checks nothing: rows from outside go through pydantic first.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "strict": True,
        "extra": "forbid",
        "use_attribute_docstrings": True,
    }
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls) -> None:
        freeze(cls)


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
