"""Weights as llama.cpp stores them: each tensor of a GGUF file in the type of its scheme.

`gguf_tensors` says what the file holds, `gguf_rules` which type `llama-quantize` chooses, this
module where llama.cpp keeps it. Read at llama.cpp 0c1e57098.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights.gguf_models import MODELS, GgufModel
from llmfit.estimate.weights.gguf_rules import (
    FLOATS,
    SCHEMES,
    VALUE_SLOTS,
    Mix,
    Slot,
    Traits,
    exceptional,
    fitting,
    head_type,
    mix,
)
from llmfit.estimate.weights.gguf_tensors import Entry, entries
from llmfit.estimate.weights.stored import EXPERT_ROLES, Place, Stored
from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.format import Format

Layouts = Mapping[str, tuple[int, int]]
"""Block size and block bytes by ggml type."""

_INPUT_ROLES = frozenset({Role.EMBEDDING, Role.PER_LAYER_EMBEDDING, Role.POSITION})
_TOWERS = frozenset({Section.VISION, Section.AUDIO, Section.PROJECTOR})
_NAME_ORDER: Mapping[Slot, int] = {Slot.KV_B: 0, Slot.QKV: 1, Slot.V: 2}


def stored(architecture: Architecture, format: Format, *, towers: bool, mtp: bool) -> list[Stored]:  # noqa: A002 - the record's name
    """Return how llama.cpp keeps each group of tensors, next-token layers (where `mtp`) included.

    Raises UnsupportedWorkloadError where llama.cpp has no converter or the scheme cannot be made.
    """
    model = MODELS.get(architecture.model_type)
    if model is None:
        raise UnsupportedWorkloadError(
            f"llama.cpp is not known to convert {architecture.model_type}",
            hint="choose another engine, such as transformers",
        )
    scheme = "MXFP4_MOE" if format.family == "mxfp4" else format.id.upper()
    if scheme == "MXFP4_MOE" and not architecture.num_experts:
        raise UnsupportedWorkloadError(f"{format.id} stores experts, and this model has none", hint="choose Q8_0")
    layouts = {layout.name: (layout.block_size, layout.block_bytes) for layout in format.layouts}
    found = list(_text(architecture, model, scheme, layouts, mtp=mtp))
    if towers:
        found.extend(_towers(architecture))
    return found


def _text(
    architecture: Architecture, model: GgufModel, scheme: str, layouts: Layouts, *, mtp: bool
) -> Iterator[Stored]:
    traits = _traits(architecture, model)
    tied = not any(t.role is Role.HEAD and t.section is Section.TEXT for t in architecture.tensors)
    imatrix = SCHEMES[scheme].imatrix
    rows = list(entries(architecture, model, mtp=mtp))
    depth = _depth(architecture, mtp=model.keeps_mtp)
    for entry in rows:
        tensor, slot = entry.tensor, entry.slot
        chosen: Mix
        if slot is Slot.F32:
            chosen = _F32
        elif slot is Slot.HEAD or (slot is Slot.EMBEDDING and tied):
            chosen = ((None, head_type(scheme, entry.columns, falcon=model.falcon)),)
        elif slot is Slot.KEPT:
            chosen = ((None, scheme if scheme in FLOATS else "F16"),)
        elif entry.stacked and (scheme == "MXFP4_MOE" or (model.native_experts and tensor.role in EXPERT_ROLES)):
            chosen = _MXFP4
        elif scheme == "MXFP4_MOE":
            chosen = _Q8_0
        elif slot is Slot.EMBEDDING:
            chosen = ((None, SCHEMES[scheme].embedding or SCHEMES[scheme].base),)
        else:
            chosen = mix(scheme, slot, traits, imatrix=imatrix)
        place = Place.HOST if tensor.role in _INPUT_ROLES else Place.DEVICE
        for layout, layers in _split(chosen, entry, rows, depth, architecture, scheme):
            size, block_bytes = layouts[layout]
            layer_bytes = entry.columns // size * block_bytes * entry.rows
            yield Stored(tensor.role, tensor.section, layout, layer_bytes, layers, place)
            if slot is Slot.EMBEDDING and tied and tensor.role is Role.EMBEDDING and not architecture.is_encoder_only:
                yield Stored(Role.HEAD, tensor.section, layout, layer_bytes, layers, Place.COPY)


_F32: Mix = ((None, "F32"),)
_MXFP4: Mix = ((None, "MXFP4"),)
_Q8_0: Mix = ((None, "Q8_0"),)


def _traits(architecture: Architecture, model: GgufModel) -> Traits:
    kv_heads = architecture.num_key_value_heads
    gqa = architecture.num_attention_heads // kv_heads if kv_heads else 0
    if model.per_layer_kv_heads and not any(c.key_elements and 0 in c.layers for c in architecture.caches):
        gqa = 0
    seventy = architecture.num_hidden_layers == 80 and (model.seventy == "always" or (model.seventy != "" and gqa > 1))
    return Traits(gqa, architecture.num_experts, model.falcon, seventy)


def _depth(architecture: Architecture, *, mtp: bool) -> int:
    """Return how many layers the file says it has, next-token layers included where it keeps them."""
    n = architecture.num_hidden_layers
    if mtp:
        n += len({i for t in architecture.tensors if t.section is Section.MTP for i in t.layers})
    return n


def _split(
    chosen: Mix, entry: Entry, rows: Sequence[Entry], depth: int, architecture: Architecture, scheme: str
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the types that an entry's layers get, with the layers that get them."""
    columns = entry.columns
    if len(chosen) == 1:
        yield fitting(chosen[0][1], columns), entry.layers
        return
    values = entry.slot in VALUE_SLOTS
    peers = [e for e in rows if (e.slot in VALUE_SLOTS if values else e.slot is entry.slot)]
    if values:
        depth = sum(len(e.layers) for e in peers)
    by_layer = not values and architecture.num_experts > 1 and not scheme.startswith(("IQ1", "IQ2"))
    positions = entry.layers if by_layer else _positions(entry, peers, architecture)
    left = list(zip(positions, entry.layers, strict=True))
    for where, layout in chosen:
        special = None if where is None else exceptional(where, depth)
        taken = tuple(layer for position, layer in left if special is None or position in special)
        if taken:
            yield fitting(layout, columns), taken
        if special is not None:
            left = [pair for pair in left if pair[0] not in special]


def _positions(entry: Entry, peers: Sequence[Entry], architecture: Architecture) -> tuple[int, ...]:
    """Return where an entry's tensors stand among their peers in the order of the file."""
    if len(peers) == 1:
        return tuple(range(len(entry.layers)))
    spelled = architecture.is_encoder_decoder
    order = sorted(
        (
            (e.tensor.section is Section.ENCODER, str(layer)) if spelled else (False, f"{layer:05d}"),
            _NAME_ORDER.get(e.slot, 0) if e.tensor.role is not Role.SHARED_EXPERT else 9,
            number,
        )
        for number, e in enumerate(peers)
        for layer in e.layers
    )
    own = next(number for number, e in enumerate(peers) if e is entry)
    places = [position for position, (_, _, number) in enumerate(order) if number == own]
    if spelled:
        by_name = sorted(range(len(entry.layers)), key=lambda i: str(entry.layers[i]))
        return tuple(place for _, place in sorted(zip(by_name, places, strict=True)))
    return tuple(places)


def _towers(architecture: Architecture) -> Iterator[Stored]:
    """Vision and audio towers: a file of their own, matrices in F16, the rest in F32."""
    for tensor in architecture.tensors:
        if tensor.section in _TOWERS:
            wide = len(tensor.shape) >= 2 and tensor.role is not Role.POSITION
            layer_bytes = prod(tensor.shape) * tensor.copies * (2 if wide else 4)
            yield Stored(tensor.role, tensor.section, "F16" if wide else "F32", layer_bytes, tensor.layers)


def keeps_mtp(architecture: Architecture) -> bool:
    """Whether the file holds the model's next-token layers."""
    return MODELS.get(architecture.model_type, GgufModel()).keeps_mtp
