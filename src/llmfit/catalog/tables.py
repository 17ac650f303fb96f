"""Which tables the catalog has: their file, their list in it, and the record of a row."""

from importlib import import_module
from pathlib import Path

from llmfit.records.frozen import dataclass

COMPILED = Path(__file__).parent / "compiled"
"""Folder of the compiled tables inside the package."""
BUILT_IN = "built-in"
"""Origin of the rows that come with the program."""


@dataclass(frozen=True, slots=True)
class Table:
    """One list of rows of one file."""

    name: str
    """Name of the list in its YAML file, and of the attribute of the catalog."""
    file: str
    """Stem of the YAML file in `data/`."""
    record: str
    """Dotted path of the record, below `llmfit.records`."""
    key: str = "id"
    """Field that names a row; empty where rows have no name."""
    extendable: bool = False
    """Whether a user's own file may add rows."""
    detached: str = ""
    """Field that is compiled into a file of its own, because an answer needs it for single rows alone."""
    deferred: str = ""
    """Field of every row that is compiled into a file of its own, because an answer looks into few of them."""
    single: bool = False
    """Whether the catalog gives its only row, not a mapping of rows."""
    columns: bool = False
    """Whether rows are compiled column by column: for many rows whose words repeat."""
    grouped: str = ""
    """Field by which such rows are compiled in groups, of which an answer reads some."""

    @property
    def record_type(self) -> type:
        """The record's class, imported on first use."""
        module, name = self.record.split(".")
        loaded: type = getattr(import_module(f"llmfit.records.{module}"), name)
        return loaded

    @property
    def detached_name(self) -> str:
        """Stem of the compiled file of the detached field."""
        return f"{self.name}.{self.detached}"

    @property
    def deferred_name(self) -> str:
        """Stem of the compiled file of the deferred field."""
        return f"{self.name}.{self.deferred}"


TABLES = (
    Table("licenses", "licenses", "license.License", extendable=True),
    Table("tasks", "tasks", "task.Task"),
    Table("formats", "formats", "format.Format"),
    Table("kv_formats", "formats", "format.KvFormat"),
    Table("engines", "engines", "engine.Engine"),
    Table("gpus", "gpus", "device.Gpu", extendable=True, detached="sources"),
    Table("memory_rules", "gpus", "device.MemoryRule", key=""),
    Table("clouds", "clouds", "cloud.CloudInstance", detached="sources"),
    Table(
        *("models", "models", "model.Model"), extendable=True, detached="sources", deferred="architecture", columns=True
    ),
    Table("scores", "scores", "score.Score", key="", columns=True, grouped="benchmark"),
    Table("ranking", "ranking", "ranking.Ranking", single=True),
    Table("training", "training", "training.TrainingFacts", single=True),
)
"""Every table, those that others refer to first."""

QUALITIES = "qualities"
"""Stem of the compiled file with what models were rated at each task."""

BY_NAME = {table.name: table for table in TABLES}
