"""llama.cpp's compute buffer: the widest moment of the graph of one micro-batch, in f32.

Checked against `llama-fit-params` of the version in `engines.yaml` with the layers on a second device,
and against logs of GPUs: see `docs/concepts/how-it-estimates.md`.
"""

from llmfit.estimate.activations.llamacpp_graph import (
    Mixer,
    experts,
    feed_forward,
    gap,
    latent_attention,
    latent_gap,
    query_width,
    recurrent_mixer,
    scan,
    scored_attention,
)
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.defaults import platform_of
from llmfit.estimate.kv_cache.llamacpp import CELLS, cache_terms, keeps_all
from llmfit.estimate.kv_cache.terms import Term, pad
from llmfit.estimate.versions import build_of
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.workload import Workload

FEW_OUTPUTS_BUILD = 9470
"""Builds before June 2026 (ggml-org/llama.cpp pull request 23861) keep the logits of a whole micro-batch."""
JOINT_GATE_BUILD = 5760
"""Builds before June 2025 multiplied gate and up in place, which takes one buffer less, and copied into the cache."""
INPUT_COPIES = 4
"""Copies of the inputs that several GPUs working at once keep (`GGML_SCHED_MAX_COPIES`)."""


def peaks(
    architecture: Architecture, workload: Workload, device: Device | None = None, terms: list[Term] | None = None
) -> list[Stage]:
    """Return the stages of one micro-batch of u = `n_ubatch` tokens: `llamacpp_graph` says how wide each is.

    Beside all but the logits: the mask of every kind of cache, 2 bytes a cell with flash attention and 4 without,
    and without it the places of the values, 8 bytes an element, since they are kept transposed.
    """
    options = workload.options
    terms = [term for term in terms or cache_terms(architecture, workload) if term.cells > 1]
    u = _micro_batch(architecture, workload)
    masks = _masks(architecture, workload, terms, u=u, distances=architecture.num_hidden_layers)
    beside, h = masks, architecture.hidden_size
    gpus = len(device.gpus) if device is not None else 1
    if gpus > 1 and options.n_gpu_layers is None and not options.n_cpu_moe:
        beside += INPUT_COPIES * masks + 2 * h * u * 4
    build = build_of(options.engine_version)
    every = (build is not None and build < FEW_OUTPUTS_BUILD) or architecture.is_encoder_decoder
    outputs = u if every else min(u, workload.sequences)
    mixer = recurrent_mixer(architecture)
    unpacked = _unpacked(terms, workload) if platform_of(device) in {"cuda", "rocm"} else 0
    if build is not None and build < FEW_OUTPUTS_BUILD:
        beside, unpacked = beside + unpacked, 0
    attention = _attention(architecture, workload, terms, u=u, unpacked=unpacked, mixer=mixer)
    wide, words = _widest_mlp(architecture, workload, mixer), architecture.vocab_size
    stages = [
        Stage("feed-forward of a micro-batch", u * 4 * wide + beside, lambda: _formula(u * 4 * wide, beside, u=u)),
        Stage("attention of a micro-batch", attention + beside, lambda: _formula(attention, beside, u=u)),
        Stage(
            "logits",
            0 if architecture.is_encoder_only else 4 * (outputs * words + u * h),
            lambda: f"4 B · ({outputs} · {words} + {u} · {h})",
        ),
    ]
    if mixer is not None:
        size = 4 * scan(mixer, architecture, u=u, sequences=workload.sequences)
        stages.append(Stage("scan of a micro-batch", size + beside, lambda: _formula(size, beside, u=u)))
    return stages


def _formula(size: int, beside: int, *, u: int) -> str:
    """Return the bytes as elements a token, a rest that is none, and what lies beside."""
    elements, rest = divmod(size, 4 * u)
    return f"{u} tokens · {elements} elements · 4 B + {rest + beside:,} B of masks and copies"


def host_bytes(architecture: Architecture, workload: Workload, terms: list[Term]) -> int:
    """Return RAM for the inputs of a micro-batch: 2h a token, what every layer takes, and the masks.

    An encoder's positions, and the source of its decoder, take h more.
    """
    u = _micro_batch(architecture, workload)
    layers = architecture.extra.get("hidden_size_per_layer_input", 0) * architecture.num_hidden_layers
    more = architecture.is_encoder_decoder or architecture.is_encoder_only
    grown = [term for term in terms if term.cells > 1]
    masks = _masks(architecture, workload, grown, u=u, distances=1)
    return u * 4 * ((3 if more else 2) * architecture.hidden_size + layers) + masks


def _micro_batch(architecture: Architecture, workload: Workload) -> int:
    """Return the tokens of one micro-batch; an encoder must see a whole text in one (`encode` of llama-context.cpp)."""
    options = workload.options
    tokens = pad(workload.context * (workload.sequences if options.unified_kv else 1), CELLS)
    whole = pad(workload.context, CELLS) if architecture.is_encoder_only else 0
    return max(min(options.n_ubatch, tokens), whole)


def _masks(architecture: Architecture, workload: Workload, terms: list[Term], *, u: int, distances: int) -> int:
    """Return the masks, one for each cache (`llama-kv-cache-iswa.cpp`), and the values' places without flash attention.

    Full and sliding layers have a cache each; sparse attention has one for its indexer.
    T5's decoder has tables of the distance of every pair, one for each layer on the GPU, and the mask of the source.
    """
    flash = workload.options.flash_attention
    if architecture.is_encoder_only:
        return u * u * (2 if flash else 4)
    whole = keeps_all(architecture, workload)
    cells = {(bool(term.cache.window) and not whole, term.cache.compression): term.cells for term in terms}
    total = sum(cells.values())
    if any(term.cache.indexer_elements for term in terms):
        total *= 2
    found = u * total * (2 if flash else 4)
    build = build_of(workload.options.engine_version)
    if not flash and (build is None or build >= JOINT_GATE_BUILD):
        found += u * 8 * len(cells) * max((term.cache.value_elements for term in terms), default=0)
    if architecture.is_encoder_decoder:
        found += u * 4 * distances * total + u * u * (2 if flash else 4)
    return found


def _widest_mlp(architecture: Architecture, workload: Workload, mixer: Mixer | None) -> int:
    """Return elements a token of the widest feed-forward, dense or of experts."""
    build = build_of(workload.options.engine_version)
    if build is not None and build < JOINT_GATE_BUILD and architecture.gated_mlp and not architecture.num_experts:
        return 2 * (architecture.intermediate_size + architecture.hidden_size)
    turned = workload.kv_format.block_size > 1 and workload.options.flash_attention and build is None
    free = gap(architecture, mixer, quantised=turned)
    dense = feed_forward(architecture, free=free)
    if not architecture.num_experts:
        return dense
    return max(dense, experts(architecture, free=free, mixer=mixer))


def _attention(
    architecture: Architecture, workload: Workload, terms: list[Term], *, u: int, unpacked: int, mixer: Mixer | None
) -> int:
    """Return bytes of the widest attention: 2h + 2q, and without flash attention the scores of every cell and head.

    A copy of a quantised cache lies behind the output.
    Builds before June 2025 took 4h without flash attention. T5 keeps three times the scores: they, and the bias of
    each pair as it was looked up and transposed (`build_pos_bias`), whatever `--flash-attn` says.
    """
    h, heads, flash = architecture.hidden_size, architecture.num_attention_heads, workload.options.flash_attention
    build = build_of(workload.options.engine_version)
    cells = max((term.cells for term in terms), default=u if architecture.is_encoder_only else 0)
    scores = heads * cells * u * 4
    if "kv_lora_rank" in architecture.extra:
        joined = u * 4 * latent_attention(architecture, cells=cells)
        output = u * 4 * heads * architecture.extra["kv_lora_rank"] + unpacked
        behind = output if unpacked and output > u * 4 * latent_gap(architecture) else 0
        return joined + behind + (0 if flash else scores)
    q = query_width(architecture)
    if architecture.is_encoder_decoder:
        return 3 * scores + u * 4 * 2 * h + 2 * cells * q
    if flash:
        return u * 4 * (2 * h + 2 * q) + unpacked
    if build is not None and build < JOINT_GATE_BUILD:
        return u * 4 * 4 * h + scores
    return u * 4 * scored_attention(architecture, mixer) + scores


def _unpacked(terms: list[Term], workload: Workload) -> int:
    """Return the f16 copy of one layer's cache that flash attention makes of a quantised one (`fattn.cu`).

    It is part of the attention's output since June 2026 (pull request 23907); before, a pool of its own held it.
    """
    if workload.kv_format.block_size == 1 or not workload.options.flash_attention:
        return 0
    return max(
        (2 * term.streams * term.cells * (term.cache.key_elements + term.cache.value_elements) for term in terms),
        default=0,
    )
