"""Bytes of a model's weights, tensor by tensor, on the device and in RAM."""

from collections.abc import Iterable

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights import gguf
from llmfit.estimate.weights.gguf_models import layer_count
from llmfit.estimate.weights.stored import EXPERT_ROLES, TOWERS, Place, Stored
from llmfit.records.architecture import Architecture, Role
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload

__all__ = ["WeightsByLayer", "estimate_weights", "stored_bytes", "weights_by_layer"]

_LABELS = {
    Role.EMBEDDING: "embeddings and head",
    Role.PER_LAYER_EMBEDDING: "embeddings and head",
    Role.POSITION: "embeddings and head",
    Role.HEAD: "embeddings and head",
    Role.NORM: "norms, biases and others",
    Role.BIAS: "norms, biases and others",
    Role.POOLER: "norms, biases and others",
    Role.OTHER: "norms, biases and others",
    Role.ROUTER: "norms, biases and others",
    Role.MLP_GATE: "feed-forward",
    Role.MLP_UP: "feed-forward",
    Role.MLP_GATE_UP: "feed-forward",
    Role.MLP_DOWN: "feed-forward",
    Role.SHARED_EXPERT: "feed-forward",
    Role.MIXER_IN: "recurrent mixers",
    Role.MIXER_OUT: "recurrent mixers",
    Role.MIXER_CONV: "recurrent mixers",
    Role.MIXER_STATE: "recurrent mixers",
    **dict.fromkeys(EXPERT_ROLES, "experts"),
}


@dataclass(frozen=True, slots=True)
class WeightsByLayer:
    """Bytes of a model's weights as an engine can divide them between GPU and RAM."""

    layers: tuple[int, ...]
    """Bytes of each repeating layer, experts included."""
    experts: tuple[int, ...]
    """Bytes of the routed experts in each layer."""
    input: int
    """Bytes that llama.cpp always keeps in RAM: embeddings; 0 on other engines."""
    output: int
    """Bytes outside the layers on the device: head, final norm, towers."""
    tied: int = 0
    """Part of `output` that is the input embedding once more, which RAM holds anyway."""

    @property
    def total(self) -> int:
        """Bytes of everything on the device with all layers there."""
        return sum(self.layers) + self.output


def estimate_weights(architecture: Architecture, workload: Workload, *, explain: bool = True) -> tuple[Part, int]:
    """Return the weights on the device, and the bytes of weights that stay in RAM.

    `explain` adds lines and assumptions to the part; the bytes are the same.

    Raises UnsupportedWorkloadError where engine, format and model do not go together.
    """
    rows = list(_stored(architecture, workload))
    options = workload.options
    if workload.engine.id == "llama.cpp" and (options.n_gpu_layers is not None or options.n_cpu_moe > 0):
        device, host = _divided(rows, architecture, workload)
        lines: tuple[Line, ...] = (Line("layers on the device", device, f"{device + host:,} - {host:,} B in RAM"),)
    else:
        device = host = 0
        for row in rows:
            size = row.layer_bytes * len(row.layers) if row.layers else row.layer_bytes
            if row.place is Place.HOST:
                host += size
            else:
                device += size
        lines = _lines(rows) if explain else ()
    assumptions = _assumptions(architecture, workload) if explain else ()
    return Part(name=PartName.WEIGHTS, bytes=device, lines=lines, assumptions=assumptions), host


def _lines(rows: Iterable[Stored]) -> tuple[Line, ...]:
    """Return what is on the device, by what it does and how it is stored."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.place is not Place.HOST:
            label = "towers" if row.section in TOWERS else _LABELS.get(row.role, "attention")
            sizes = found.setdefault(label, {})
            sizes[row.layout] = sizes.get(row.layout, 0) + row.bytes
    return tuple(
        Line(label, sum(sizes.values()), " + ".join(f"{size:,} B in {layout}" for layout, size in sizes.items()))
        for label, sizes in found.items()
    )


def weights_by_layer(architecture: Architecture, workload: Workload) -> WeightsByLayer:
    """Return the bytes of each layer, of the experts in it, and of what belongs to no layer."""
    rows = _stored(architecture, workload)
    return _by_layer(rows, architecture)


def stored_bytes(architecture: Architecture, workload: Workload) -> int:
    """Return the bytes of all tensors in the file or files, each counted once; no header or tokenizer.

    Next-token layers count where the workload speculates: published files have them or not.
    """
    if workload.checkpoint is not None:
        return workload.checkpoint.bytes
    return sum(row.bytes for row in _stored(architecture, workload) if row.place is not Place.COPY)


def _stored(architecture: Architecture, workload: Workload) -> Iterable[Stored]:
    engine, format_ = workload.engine.id, workload.format
    if engine not in format_.engines:
        raise UnsupportedWorkloadError(
            f"{engine} does not run {format_.id}", hint=f"{format_.id} runs on {', '.join(format_.engines)}"
        )
    mtp = workload.options.speculative
    if workload.checkpoint is not None:
        from llmfit.estimate.weights import as_stored

        return as_stored.stored(workload.checkpoint, architecture, engine=engine, mtp=mtp)
    if engine == "llama.cpp":
        return gguf.stored(architecture, format_, towers=workload.images > 0, mtp=mtp)
    from llmfit.estimate.weights import floats, quantized

    if format_.family == "float":
        return floats.stored(architecture, format_, mtp=mtp)
    litgpt = format_.family == "bitsandbytes" and workload.options.attn_implementation == "litgpt"
    return quantized.stored(architecture, format_, engine=engine, mtp=mtp, litgpt=litgpt)


def _by_layer(rows: Iterable[Stored], architecture: Architecture) -> WeightsByLayer:
    rows = list(rows)
    last = (row.layers[-1] + 1 for row in rows if row.layers and row.section not in TOWERS)
    n = max(layer_count(architecture), *last)
    layers, experts = [0] * n, [0] * n
    inner = outer = tied = 0
    for row in rows:
        if row.place is Place.COPY:
            tied += row.bytes
        if row.place is Place.HOST:
            inner += row.bytes
        elif not row.layers or row.section in TOWERS:
            outer += row.bytes
        else:
            routed = row.role in EXPERT_ROLES
            for layer in row.layers:
                layers[layer] += row.layer_bytes
                if routed:
                    experts[layer] += row.layer_bytes
    return WeightsByLayer(tuple(layers), tuple(experts), inner, outer, tied)


def _divided(rows: Iterable[Stored], architecture: Architecture, workload: Workload) -> tuple[int, int]:
    """Return bytes on the device and in RAM under `-ngl` and `--n-cpu-moe`.

    llama.cpp counts the output as the last layer: `-ngl 1` puts only it on the GPU, and further
    layers follow from the end. `--n-cpu-moe N` keeps the experts of the first N layers in RAM.
    """
    found, options = _by_layer(rows, architecture), workload.options
    n = len(found.layers)
    wanted = n + 1 if options.n_gpu_layers is None or options.n_gpu_layers < 0 else options.n_gpu_layers
    first = max(n + 1 - wanted, 0)
    moved = sum(found.experts[i] for i in range(first, min(options.n_cpu_moe, n)))
    if wanted == 0:
        return 0, found.input + found.total - found.tied
    device = sum(found.layers[first:]) - moved + found.output
    return device, found.input + found.total - device


def _assumptions(architecture: Architecture, workload: Workload) -> tuple[str, ...]:
    format_ = workload.format
    if workload.checkpoint is not None:
        from llmfit.estimate.weights import as_stored

        files = len(workload.checkpoint.files)
        read = (
            f"weights as stored, from the header of {workload.checkpoint.files[0] if files == 1 else f'{files} files'}"
        )
        return (read, *as_stored.skipped(workload.checkpoint, architecture))
    if workload.engine.id != "llama.cpp":
        return _left_by_bitsandbytes(architecture, workload) or _MAKERS.get(format_.family, ())
    said = []
    if gguf.uses_imatrix(format_):
        said.append("made with an importance matrix")
    if not workload.images and architecture.tensors[-1].section in TOWERS:
        said.append("vision projector not loaded")
    return tuple(said)


def _left_by_bitsandbytes(architecture: Architecture, workload: Workload) -> tuple[str, ...]:
    if workload.format.family != "bitsandbytes" or not architecture.num_experts:
        return ()
    from llmfit.estimate.weights.quantized import EXPERTS_LEFT

    return () if workload.options.attn_implementation == "litgpt" else (EXPERTS_LEFT,)


_MAKERS = {
    "nvfp4": ("checkpoints differ in which layers their makers left in 16 bit",),
    "w8a8": ("checkpoints differ in which layers their makers left in 16 bit",),
    "mxfp4": ("expert matrices padded as on Hopper; kernels of other GPUs pad up to 7 % more",),
}
