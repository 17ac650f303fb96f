"""The facts that a recommendation is made from."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from llmfit.records.engine import Engine
from llmfit.records.format import Format, KvFormat
from llmfit.records.license import License
from llmfit.records.model import Model
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Rated
from llmfit.records.score import Score
from llmfit.records.task import Task

if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # only type checkers need one, and making it takes a millisecond of every answer


class Facts(Protocol):
    """What `recommend` reads; the catalog has it."""

    @property
    def models(self) -> Mapping[str, Model]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def licenses(self) -> Mapping[str, License]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def tasks(self) -> Mapping[str, Task]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def formats(self) -> Mapping[str, Format]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def kv_formats(self) -> Mapping[str, KvFormat]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def engines(self) -> Mapping[str, Engine]: ...  # noqa: D102 - the names say it, records have docstrings
    @property
    def ranking(self) -> Ranking: ...  # noqa: D102 - the names say it, records have docstrings
    def scores_of(self, benchmarks: Collection[str], /) -> Sequence[Score]:
        """Return the scores on these benchmarks, by their ids with version."""

    def qualities_of(self, task: str, /) -> Mapping[str, Rated]:
        """Return what models were rated at this task alone when the facts were compiled, by id.

        Those are left out that the task does not take, and all where there are models besides the compiled ones.
        """
