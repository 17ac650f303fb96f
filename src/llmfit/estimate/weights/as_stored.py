"""Weights as a checkpoint's headers list them: exact bytes, whatever mixture of types the files hold.

Names of tensors only decide where an engine keeps them (llama.cpp's input embedding stays in RAM), which layer they
belong to, and what is stored without being loaded: next-token layers, and a tied head that a file holds twice.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from llmfit.estimate.weights.stored import Place, Stored
from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.estimate import Estimate, Line, Part, PartName
from llmfit.records.workload import Workload

_EMBEDDINGS = frozenset(
    {"embed_tokens", "wte", "token_embd", "word_embeddings", "tok_embeddings", "embed_in", "embeddings", "shared"}
)
_HEADS = frozenset({"lm_head", "output", "embed_out"})
_POSITIONS = frozenset({"wpe", "position_embd", "position_embeddings", "embed_positions", "token_types"})
_PER_LAYER = frozenset({"embed_tokens_per_layer", "per_layer_token_embd"})
_LAYERS = frozenset({"layers", "blk", "h", "block", "blocks", "layer"})
_TOWERS = frozenset({"visual", "vision_tower", "vision_model", "multi_modal_projector", "audio_tower"})
_GGUF_TOWERS = frozenset({"v", "mm", "a"})
_BY_WORD = (
    ("shared_expert", Role.SHARED_EXPERT),
    ("shexp", Role.SHARED_EXPERT),
    ("experts", Role.EXPERT_UP),
    ("_exps", Role.EXPERT_UP),
    ("norm", Role.NORM),
    ("ssm", Role.MIXER_IN),
    ("mixer", Role.MIXER_IN),
    ("mamba", Role.MIXER_IN),
    ("linear_attn", Role.MIXER_IN),
    ("conv", Role.MIXER_CONV),
    ("mlp", Role.MLP_UP),
    ("ffn", Role.MLP_UP),
    ("feed_forward", Role.MLP_UP),
    ("fc1", Role.MLP_UP),
    ("fc2", Role.MLP_UP),
    ("attn", Role.ATTN_Q),
    ("attention", Role.ATTN_Q),
)
_INPUT = frozenset({Role.EMBEDDING, Role.POSITION, Role.PER_LAYER_EMBEDDING})


class _Group(NamedTuple):
    role: Role
    section: Section
    dtype: str
    layer: int | None


@lru_cache(maxsize=8)
def stored(checkpoint: Checkpoint, architecture: Architecture | None, *, engine: str, mtp: bool) -> tuple[Stored, ...]:
    """Return what the engine loads of the checkpoint, next-token layers where `mtp`.

    Without an architecture every tensor counts, and a file without a head is taken to share the embedding's.
    """
    groups: dict[_Group, int] = {}
    for group, size in _grouped(checkpoint, architecture):
        groups[group] = groups.get(group, 0) + size
    tied = architecture is not None and architecture.tied_embeddings
    if tied and any(group.role is Role.EMBEDDING for group in groups):
        groups = {group: size for group, size in groups.items() if group.role is not Role.HEAD}
    rows = [row for row in _rows(groups) if mtp or row.section is not Section.MTP]
    return tuple(_placed(rows, architecture) if engine == "llama.cpp" else rows)


def estimate_as_stored(workload: Workload) -> Estimate:
    """Return the bytes of a checkpoint whose architecture is not known: exact weights, and nothing else.

    Cache, activations and overhead are unknown, so that the total is a lower bound.
    """
    checkpoint = workload.checkpoint
    rows = () if checkpoint is None else stored(checkpoint, None, engine=workload.engine.id, mtp=True)
    lines = [Line(layout, sum(r.bytes for r in rows if r.layout == layout)) for layout in {r.layout: 0 for r in rows}]
    device = sum(row.bytes for row in rows if row.place is not Place.HOST)
    return Estimate(
        parts=(Part(name=PartName.WEIGHTS, bytes=device, lines=tuple(lines)),),
        host_bytes=sum(row.bytes for row in rows if row.place is Place.HOST),
        unknown=(PartName.KV_CACHE, PartName.ACTIVATION, PartName.OVERHEAD),
    )


def skipped(checkpoint: Checkpoint, architecture: Architecture | None) -> tuple[str, ...]:
    """Return what is stored and not loaded, in words."""
    sections: dict[str, int] = {}
    for group, size in _grouped(checkpoint, architecture):
        if group.section is Section.MTP:
            sections["next-token layers"] = sections.get("next-token layers", 0) + size
        elif group.role is Role.HEAD and architecture is not None and architecture.tied_embeddings:
            sections["a second copy of the tied head"] = size
    return tuple(f"{size:,} bytes of {what} are stored and not loaded" for what, size in sections.items())


def _rows(groups: dict[_Group, int]) -> list[Stored]:
    """Return one row for all layers whose groups are of one size."""
    layers: dict[tuple[Role, Section, str, int], list[int]] = {}
    rows = []
    for group, size in groups.items():
        if group.layer is None:
            rows.append(Stored(group.role, group.section, group.dtype, size))
        else:
            layers.setdefault((group.role, group.section, group.dtype, size), []).append(group.layer)
    rows += [Stored(*key, tuple(sorted(found))) for key, found in layers.items()]
    return rows


def _placed(rows: list[Stored], architecture: Architecture | None) -> list[Stored]:
    """Return the rows where llama.cpp keeps them: the input layer in RAM, and once more where it is the head."""
    found = [row._replace(place=Place.HOST) if row.role in _INPUT else row for row in rows]
    encoder = architecture is not None and architecture.is_encoder_only
    if not encoder and not any(row.role is Role.HEAD for row in rows):
        found += [row._replace(role=Role.HEAD, place=Place.COPY) for row in rows if row.role is Role.EMBEDDING]
    return found


def _grouped(checkpoint: Checkpoint, architecture: Architecture | None) -> Iterator[tuple[_Group, int]]:
    """Yield the group and bytes of every tensor; layers beyond the model's own are next-token layers."""
    own = None
    if architecture is not None:
        known = (t.layers[-1] + 1 for t in architecture.tensors if t.layers and t.section is not Section.MTP)
        own = max(known, default=architecture.num_hidden_layers)
    for tensor in checkpoint.tensors:
        yield _group(tensor, own), tensor.bytes


def _group(tensor: StoredTensor, own_layers: int | None) -> _Group:
    parts = tensor.name.split(".")
    layer = next((int(number) for word, number in pairwise(parts) if word in _LAYERS and _is_index(number)), None)
    section = Section.TEXT
    if parts[0] in _GGUF_TOWERS or _TOWERS.intersection(parts[:3]):
        section = Section.VISION
    elif (
        parts[0] == "mtp" or "nextn" in parts or (own_layers is not None and layer is not None and layer >= own_layers)
    ):
        section = Section.MTP
    return _Group(_role(parts, layer), section, tensor.dtype, layer)


def _is_index(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 6


def _role(parts: list[str], layer: int | None) -> Role:
    words = set(parts)
    if layer is None:
        for names, role in (
            (_PER_LAYER, Role.PER_LAYER_EMBEDDING),
            (_POSITIONS, Role.POSITION),
            (_HEADS, Role.HEAD),
            (_EMBEDDINGS, Role.EMBEDDING),
        ):
            if words & names:
                return role
    name = ".".join(parts)
    return next((role for word, role in _BY_WORD if word in name), Role.OTHER)
