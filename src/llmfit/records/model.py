"""A model: one set of weights with its architecture, licence, tasks and lineage."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from llmfit.records.base import Certainty, Field, Record, Source

ModelKind = Literal["base", "instruct", "reasoning", "encoder", "seq2seq", "embedding", "reranker"]
"""What a model was made to do; a type, not a taste.

base       pretrained decoder, continues text
instruct   follows instructions in a chat template (may think or not)
reasoning  always thinks before it answers
encoder    masked language model
seq2seq    encoder-decoder
embedding  one vector per text
reranker   one score per pair of texts
"""

Relation = Literal["finetune", "instruct", "distill", "merge", "quantized", "adapter", "pruned", "continued", "repack"]

CHAT_KINDS: frozenset[ModelKind] = frozenset(("instruct", "reasoning"))
"""Kinds that answer whoever writes to them."""
DECODERS: frozenset[ModelKind] = CHAT_KINDS | {"base"}
"""Kinds that continue text token by token."""
WRITE_NOTHING: frozenset[ModelKind] = frozenset(("embedding", "reranker"))
"""Kinds that answer without a token: with a vector or a score."""
COPY_RELATIONS: frozenset[Relation] = frozenset(("quantized", "repack"))
"""Relations in which the weights are another's own: its licence and its quality hold, whatever the copy says."""


class Model(Record):
    """One set of weights that llmfit can reason about."""

    id: str
    """Hugging Face id, `owner/name`."""

    family: str
    """Name by which users know its relatives, such as `Qwen3`."""

    publisher: str
    """Organisation that released the weights."""

    kind: ModelKind
    """What it was made to do."""

    architecture: Mapping[str, Any]
    """Fields of `config.json` from which each parameter and cache byte is counted."""

    parameters: int = Field(gt=0)
    """Parameters of the model as run, without multi-token-prediction layers and buffers."""

    active_parameters: int | None = Field(default=None, gt=0)
    """Those of `Architecture.active_parameters`, of a mixture; counted when the catalog is compiled."""

    computing_parameters: int | None = Field(default=None, gt=0)
    """Parameters that compute, without tables per layer that are only looked up; counted with the active ones."""

    parameters_certainty: Certainty = "exact"
    """How sure the count is."""

    parameters_note: str = ""
    """Why the count differs from the one that the repository prints, if it does."""

    released: date
    """Release of the base weights; a re-upload or fine-tune does not change it."""

    released_certainty: Certainty = "sourced"
    """How sure the date is."""

    license: str
    """Id of the licence that the repository states, in `licenses.yaml`; `unknown` if none."""

    base_model: str | None = None
    """Id of the model that this one was made from."""

    base_relation: Relation | None = None
    """How it was made from it."""

    lineage_licenses: tuple[str, ...] = ()
    """Licences inherited from ancestors or data that the catalog has no row for."""

    data_caveats: tuple[str, ...] = ()
    """What the training data forbids or warns of, such as output of a closed model."""

    tasks: tuple[str, ...] = ()
    """Ids in `tasks.yaml` for which it was made."""

    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that its publisher claims; empty where nothing is claimed."""

    context_length: int = Field(gt=0)
    """Tokens that it was trained for, without extension by a changed RoPE."""

    context_certainty: Certainty = "sourced"
    """How sure the context is."""

    context_extended: int | None = None
    """Tokens that the publisher documents with RoPE scaling, if more."""

    gated: bool | None = None
    """Whether the repository asks for consent; None where unknown."""

    native_format: str | None = None
    """Id in `formats.yaml` of the only form in which the weights were published."""

    official: bool = True
    """Whether the weights come from those who trained them, not from a re-upload."""

    likes: int | None = None
    """Likes on the Hub when `sources` was checked."""

    downloads: int | None = None
    """Downloads of 30 days on the Hub when `sources` was checked."""

    notes: str = ""
    """What a reader of the row should know."""

    sources: tuple[Source, ...] = ()
    """Where the facts were read."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """What should make a reader careful: of the data, and of how the model was read."""
        return self.data_caveats
