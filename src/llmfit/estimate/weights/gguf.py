"""Weights as llama.cpp stores them: each tensor of a GGUF file in the type of its scheme.

`gguf_tensors` says what the file holds, `gguf_rules` which type `llama-quantize` chooses, this
module where llama.cpp keeps it. Read at llama.cpp 0c1e57098.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights.gguf_models import MODELS, GgufModel, layer_count
from llmfit.estimate.weights.gguf_rules import (
    SCHEMES,
    VALUE_SLOTS,
    Mix,
    Slot,
    Traits,
    choices,
    divided,
    fitting,
    head_type,
)
from llmfit.estimate.weights.gguf_tensors import Entry, entries
from llmfit.estimate.weights.stored import EXPERT_ROLES, TOWERS, Place, Stored, loaded
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.format import Format

_INPUT_ROLES = frozenset({Role.EMBEDDING, Role.PER_LAYER_EMBEDDING, Role.POSITION})
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
    tensors = loaded(architecture, towers=False, mtp=mtp)
    found = _File(architecture, model, scheme, tensors.matrices).stored(format)
    found.extend(tensors.stored_vectors("F32", 4))
    if towers:
        found.extend(_towers(architecture))
    return found


def uses_imatrix(format: Format) -> bool:  # noqa: A002 - the record's name
    """Whether files of this scheme are made with an importance matrix."""
    return format.family == "gguf" and SCHEMES[format.id].imatrix


_MXFP4: Mix = ((None, "MXFP4"),)


class _File:
    """One GGUF file: its tensors, and what their types depend on."""

    __slots__ = ("architecture", "entries", "model", "scheme", "traits")

    def __init__(self, architecture: Architecture, model: GgufModel, scheme: str, matrices: Sequence[Tensor]) -> None:
        self.architecture = architecture
        self.model = model
        self.scheme = scheme
        self.entries = entries(architecture, model, matrices)
        self.traits = _traits(architecture, model)

    def stored(self, format: Format) -> list[Stored]:  # noqa: A002 - the record's name
        """Return each entry in its type or types."""
        layouts = {layout.name: layout for layout in format.layouts}
        types = choices(self.scheme, self.traits)
        head = Slot.HEAD not in [entry.slot for entry in self.entries]
        found: list[Stored] = []
        for entry in self.entries:
            tensor, slot, columns = entry.tensor, entry.slot, entry.columns
            mix: Mix
            if slot is Slot.HEAD or (head and slot is Slot.EMBEDDING):
                mix = ((None, head_type(self.scheme, columns, falcon=self.model.falcon)),)
            elif entry.stacked and self._is_native(tensor.role):
                mix = _MXFP4
            else:
                mix = types[slot]
            parts = ((mix[0][1], entry.layers),) if len(mix) == 1 else self._split(entry, mix)
            for layout, layers in parts:
                block = layouts[layout if columns % 256 == 0 else fitting(layout, columns)]
                layer_bytes = columns // block.block_size * block.block_bytes * entry.rows
                place = Place.HOST if tensor.role in _INPUT_ROLES else Place.DEVICE
                found.append(Stored(tensor.role, tensor.section, block.name, layer_bytes, layers, place))
        if head and not self.architecture.is_encoder_only:
            found.extend(row._replace(role=Role.HEAD, place=Place.COPY) for row in found if row.role is Role.EMBEDDING)
        return found

    def _is_native(self, role: Role) -> bool:
        return self.scheme == "MXFP4_MOE" or (self.model.native_experts and role in EXPERT_ROLES)

    def _split(self, entry: Entry, mix: Mix) -> Sequence[tuple[str, tuple[int, ...]]]:
        """Return the types that an entry's layers get, with the layers that get them."""
        values = entry.slot in VALUE_SLOTS
        peers = [e for e in self.entries if (e.slot in VALUE_SLOTS if values else e.slot is entry.slot)]
        depth = sum([len(e.layers) for e in peers]) if values else layer_count(self.architecture)
        positions = self._positions(entry, peers)
        parts = divided(mix, depth, positions)
        if positions == entry.layers:
            return parts
        layer_of = dict(zip(positions, entry.layers, strict=True))
        return [(layout, tuple(layer_of[position] for position in taken)) for layout, taken in parts]

    def _positions(self, entry: Entry, peers: Sequence[Entry]) -> tuple[int, ...]:
        """Return where an entry's tensors stand in the count that decides: by layer, or in the file's order.

        Feed-forward tensors of a model with experts go by layer, in schemes above two bits.
        """
        if entry.slot not in VALUE_SLOTS and self.traits.experts > 1 and not self.scheme.startswith(("IQ1", "IQ2")):
            return entry.layers
        if len(peers) == 1:
            return tuple(range(len(entry.layers)))
        groups = tuple((_file_order(peer), peer.layers) for peer in peers)
        own = next(number for number, peer in enumerate(peers) if peer is entry)
        return _places(groups, spelled=self.architecture.is_encoder_decoder)[own]


Group = tuple[tuple[bool, int, bool], tuple[int, ...]]
"""How tensors of one name sort within a layer, and the layers that have them."""


def _file_order(entry: Entry) -> tuple[bool, int, bool]:
    tensor = entry.tensor
    return (
        tensor.section is Section.ENCODER,
        _NAME_ORDER.get(entry.slot, 0),
        tensor.role is Role.SHARED_EXPERT or tensor.role is Role.CROSS_ATTN,
    )


@lru_cache(maxsize=1024)
def _places(groups: tuple[Group, ...], *, spelled: bool) -> tuple[tuple[int, ...], ...]:
    """Return where each group's tensors stand in the file, layer by layer.

    Tensors lie by layer, then by name; those of an encoder-decoder (`spelled`) by name alone, decoder first.
    """
    order = sorted(
        ((encoder, str(layer) if spelled else f"{layer:06}", name, late), number, layer)
        for number, ((encoder, name, late), layers) in enumerate(groups)
        for layer in layers
    )
    place = {(number, layer): position for position, (_, number, layer) in enumerate(order)}
    return tuple(tuple(place[number, layer] for layer in layers) for number, (_, layers) in enumerate(groups))


def _traits(architecture: Architecture, model: GgufModel) -> Traits:
    kv_heads = architecture.num_key_value_heads
    gqa = architecture.num_attention_heads // kv_heads if kv_heads else 0
    if model.per_layer_kv_heads and not any(c.key_elements and 0 in c.layers for c in architecture.caches):
        gqa = 0
    seventy = architecture.num_hidden_layers == 80 and (model.seventy == "always" or (model.seventy != "" and gqa > 1))
    return Traits(gqa, architecture.num_experts, model.falcon, seventy)


def _towers(architecture: Architecture) -> Iterator[Stored]:
    """Vision and audio towers: a file of their own, matrices in F16, the rest in F32."""
    for tensor in architecture.tensors:
        if tensor.section in TOWERS:
            wide = len(tensor.shape) >= 2 and tensor.role is not Role.POSITION
            layer_bytes = prod(tensor.shape) * tensor.copies * (2 if wide else 4)
            yield Stored(tensor.role, tensor.section, "F16" if wide else "F32", layer_bytes, tensor.layers)
