"""A licence, as far as it decides who may run a model where."""

from typing import Literal

from llmfit.records.base import Certainty, Record, Source
from llmfit.records.frozen import dataclass

Commercial = Literal["yes", "conditional", "no", "unknown"]


class License(Record):
    """One licence of model weights."""

    id: str
    """Hugging Face tag where there is one, such as `apache-2.0`, `llama3.1`, `gemma`."""
    name: str
    spdx_id: str | None = None
    """Its id in the SPDX list, where it stands there."""
    aliases: tuple[str, ...] = ()
    permissive: bool
    """Use, change and pass on for any purpose with notices alone."""
    commercial: Commercial
    conditions: tuple[str, ...] = ()
    """What remains to be done or kept, each in one plain sentence."""
    regions_excluded: tuple[str, ...] = ()
    """ISO 3166 codes, or `eu`, where the licence grants nothing."""
    regions_excluded_multimodal: tuple[str, ...] = ()
    """The same, for models that see or hear alone."""
    regions_note: str = ""
    """What else is to be known of regions, in a sentence."""
    passes_to_derivatives: bool
    """Whether models made from the weights carry it."""
    derivatives_allowed: bool = True
    url: str | None = None
    """Where its text can be read."""
    certainty: Certainty
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveLicense:
    """Result: what a model's own licence and those of its ancestors allow together."""

    id: str
    """The licence that the repository states."""
    effective_id: str
    """The strictest licence that holds: the model's own or an ancestor's."""
    commercial: Commercial
    permissive: bool
    """Whether every licence in the lineage is permissive."""
    conditions: tuple[str, ...] = ()
    """What remains to be done or kept, each in one plain sentence."""
    regions_excluded: tuple[str, ...] = ()
    """ISO 3166 codes, or `eu`, where some licence in the lineage grants nothing."""
    because: tuple[str, ...] = ()
    """How it came to be, ancestor by ancestor, in words."""
    ids: tuple[str, ...] = ()
    """Every licence that applies, the model's own first."""
    derivatives_allowed: bool = True
    """Whether all of them let changed versions be passed on."""
    data_caveats: tuple[str, ...] = ()
    """What the training data of the model and its ancestors forbids or warns of."""
    certainty: Certainty = "sourced"
    """How sure the least certain of the licences is."""
