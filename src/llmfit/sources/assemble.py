"""Puts together what was read of a model: configuration, headers, and what its card says."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures import describe
from llmfit.catalog import Catalog
from llmfit.errors import CannotAnswerError, SourceError
from llmfit.records.architecture import Architecture, Section
from llmfit.records.checkpoint import Checkpoint
from llmfit.records.model import ModelKind
from llmfit.records.sourced import UNKNOWN_CONTEXT, UNKNOWN_DATE, SourcedModel
from llmfit.sources.gguf_config import UNKNOWN, config_of
from llmfit.sources.packing import logical_parameters, quantization_of, stored_format

CLOSE = 0.005
"""Share of the parameters by which headers may differ from a translated description before it is not used."""


def assemble(
    catalog: Catalog,
    *,
    model_id: str,
    origin: str,
    config: Mapping[str, Any] | None,
    checkpoint: Checkpoint | None,
    card: Mapping[str, Any] | None = None,
    findings: tuple[str, ...] = (),
) -> SourcedModel:
    """Return the model; `card` holds further fields of it, such as licence and languages.

    Raises:
        SourceError: Neither a configuration nor headers were read, or they hold nothing.
        UnsupportedArchitectureError, InvalidConfigError: The configuration cannot be counted, and there are no headers.
    """
    fields = dict(config or {})
    if not fields and checkpoint is not None and checkpoint.kind == "gguf":
        fields = config_of(checkpoint)
    quantization = quantization_of(fields)
    counted = None if checkpoint is None else logical_parameters(checkpoint, quantization)
    architecture, problem = _described(fields, needed=checkpoint is None)
    said: tuple[str, ...] = ()
    if checkpoint is not None and architecture is not None:
        said = _disagreements(architecture, checkpoint, counted)
        if said and config is None and not _is_close(architecture, counted):
            fields, architecture = {"model_type": f"{UNKNOWN}{fields.get('model_type')}"}, None
    if checkpoint is not None and not checkpoint.tensors:
        raise SourceError(f"{origin} holds no tensors")
    parameters = architecture.parameters if architecture else counted or (checkpoint.elements if checkpoint else 0)
    del problem
    return SourcedModel(
        id=model_id,
        origin=origin,
        checkpoint=checkpoint,
        stored_format=None
        if checkpoint is None
        else stored_format(checkpoint, quantization, formats=catalog.formats, parameters=parameters),
        findings=(*findings, *said),
        architecture=fields,
        parameters=max(1, parameters),
        parameters_certainty="exact" if architecture or counted else "unknown",
        **_facts(architecture, fields, card or {}, model_id=model_id),
    )


def _described(fields: Mapping[str, Any], *, needed: bool) -> tuple[Architecture | None, str]:
    try:
        return describe(fields), ""
    except CannotAnswerError as error:
        if needed:
            raise
        return None, error.message


def _mtp(architecture: Architecture) -> int:
    return sum(tensor.parameters for tensor in architecture.tensors if tensor.section is Section.MTP)


def _is_close(architecture: Architecture, counted: int | None) -> bool:
    wanted = architecture.parameters
    return counted is not None and abs(counted - wanted) <= CLOSE * wanted


def _disagreements(architecture: Architecture, checkpoint: Checkpoint, counted: int | None) -> tuple[str, ...]:
    """Return where the headers contradict the configuration, in words."""
    said = []
    stated = checkpoint.metadata.get("total_size")
    if isinstance(stated, int) and stated != checkpoint.bytes:
        said.append(f"the index states {stated:,} bytes, the headers {checkpoint.bytes:,}; the headers count")
    if counted is None:
        return (*said, "how many weights the packed tensors stand for cannot be told")
    described = architecture.parameters
    head = architecture.vocab_size * architecture.hidden_size
    known = {described, described + _mtp(architecture)}
    if architecture.tied_embeddings:
        known |= {count + head for count in known}
    if counted not in known:
        difference = counted - described
        said.append(
            f"the headers hold {counted:,} weights, the configuration describes {described:,} ({difference:+,});"
            " weight bytes are those of the headers"
        )
    return tuple(said)


def _facts(
    architecture: Architecture | None, fields: Mapping[str, Any], card: Mapping[str, Any], *, model_id: str
) -> dict[str, Any]:
    """Return the fields that are no count: from the card where it has them, else unknown."""
    context = architecture.context_length if architecture else None
    owner, _, name = model_id.rpartition("/")
    facts: dict[str, Any] = {
        "family": str(fields.get("model_type") or name)[:60],
        "publisher": owner or "local",
        "kind": _kind(architecture, card),
        "released": UNKNOWN_DATE,
        "released_certainty": "unknown",
        "license": "unknown",
        "context_length": context or UNKNOWN_CONTEXT,
        "context_certainty": "derived" if context else "unknown",
        "official": True,
    }
    return {**facts, **{name: value for name, value in card.items() if name != "kind"}}


def _kind(architecture: Architecture | None, card: Mapping[str, Any]) -> ModelKind:
    if "kind" in card:
        found: ModelKind = card["kind"]
        return found
    if architecture is not None and architecture.is_encoder_only:
        return "encoder"
    return "seq2seq" if architecture is not None and architecture.is_encoder_decoder else "base"
