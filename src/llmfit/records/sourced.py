"""A model that was read from a folder, a file or the Hub instead of the catalog."""

from datetime import date

from llmfit.records.checkpoint import Checkpoint
from llmfit.records.format import Format
from llmfit.records.model import Model

UNKNOWN_DATE = date.min
"""Stands for a release date that the source does not tell; `released_certainty` is then `unknown`."""
UNKNOWN_CONTEXT = 1_000_000_000
"""Stands for a context length that the source does not tell; `context_certainty` is then `unknown`."""


class SourcedModel(Model):
    """A model as its source describes it, with its checkpoint where headers of one were read."""

    origin: str
    """What was read, in words: a path, or repository and revision."""
    checkpoint: Checkpoint | None = None
    """Every stored tensor; None where only a configuration was read."""
    stored_format: Format | None = None
    """The format of the stored tensors; None without a checkpoint."""
    findings: tuple[str, ...] = ()
    """Where configuration and headers disagree, and what was not read; shown as warnings."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """What should make a reader careful: of the data, and of how the model was read."""
        return (*self.findings, *self.data_caveats)
