"""llama.cpp's caches: cells in multiples of 256, whole buffers allocated at start.

Read in `llama-kv-cache.cpp`, `llama-kv-cache-iswa.cpp` and `llama-memory-recurrent.cpp`
of the version in `engines.yaml`.
"""

from llmfit.estimate.kv_cache.terms import Term, compressed_cells, kept_columns, pad, stored
from llmfit.estimate.versions import build_of
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.workload import Workload

CELLS = 256
"""`n_ctx` and the buffers of sliding layers are padded to this many cells."""
LATENT_ATTENTION_BUILD = 5218
"""Before this build MLA models were expanded to the keys and values of every head."""
LATENT_WITHOUT_VALUES_BUILD = 7837
"""Before this build the latent was kept a second time as V."""

WINDOWS_IGNORED = frozenset(
    {"mistral", "mixtral", "phi3", "phimoe", "starcoder2", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe"}
)
"""Families whose sliding windows llama.cpp does not follow: it keeps and sees every token."""


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps.

    Full: pad256(context) cells for each sequence; in one buffer with `unified_kv`.
    Sliding: pad256(min(cells, W·S + n_ubatch)) with `unified_kv`, pad256(min(cells, W + n_ubatch)) in each buffer else.
    State: f32 rows, one for each sequence.
    """
    options = workload.options
    streams, cells = workload.sequences, pad(workload.context, CELLS)
    if options.unified_kv:
        streams, cells = 1, pad(workload.context * workload.sequences, CELLS)
    whole = keeps_all(architecture, workload)
    values = 0 if options.flash_attention else max((cache.value_elements for cache in architecture.caches), default=0)
    seen = workload.sequences if options.unified_kv else 1
    terms = []
    for cache in architecture.caches:
        kind = cache.kind
        if kind is CacheKind.STATE:
            terms.append(_state(architecture, cache, workload))
        elif kind is CacheKind.CROSS:
            continue
        elif kind is CacheKind.LATENT:
            terms.append(_latent(architecture, cache, workload, streams, cells))
        elif kind is CacheKind.COMPRESSED:
            held = pad(compressed_cells(cache, cells), CELLS)
            terms.append(Term(cache, kind.value, len(cache.layers), streams, held, _row(cache, workload, values)))
        elif cache.window and not whole:
            held = min(cells, pad(min(cells, cache.window * seen + options.n_ubatch), CELLS))
            terms.append(Term(cache, kind.value, len(cache.layers), streams, held, _row(cache, workload, values)))
        else:
            terms.append(Term(cache, kind.value, len(cache.layers), streams, cells, _row(cache, workload, values)))
    return terms


def keeps_all(architecture: Architecture, workload: Workload) -> bool:
    """Whether sliding layers keep every token, in the same cache as the others."""
    return workload.options.swa_full or architecture.model_type in WINDOWS_IGNORED


def _row(cache: Cache, workload: Workload, values: int = 0) -> int:
    """Return the bytes of a cell; transposed values, without flash attention, are as wide as the widest layer's."""
    value_format = workload.kv_format_v or workload.kv_format
    keys = cache.key_elements + cache.indexer_elements
    return stored(keys, workload.kv_format) + stored(
        max(cache.value_elements, values) if cache.value_elements else 0, value_format
    )


def _latent(architecture: Architecture, cache: Cache, workload: Workload, streams: int, cells: int) -> Term:
    build = build_of(workload.options.engine_version)
    extra, value_format = architecture.extra, workload.kv_format_v or workload.kv_format
    note, row = "", _row(cache, workload)
    if build is not None and build < LATENT_ATTENTION_BUILD:
        heads = architecture.num_attention_heads
        key = heads * (extra["qk_nope_head_dim"] + extra["qk_rope_head_dim"])
        row = stored(key, workload.kv_format) + stored(heads * extra["v_head_dim"], value_format)
        note = f"Before build {LATENT_ATTENTION_BUILD} the latent is expanded to keys and values of every head"
    elif build is not None and build < LATENT_WITHOUT_VALUES_BUILD:
        row += stored(extra["kv_lora_rank"], value_format)
        note = f"Before build {LATENT_WITHOUT_VALUES_BUILD} the latent is kept once more as V"
    return Term(cache, "latent", len(cache.layers), streams, cells, row, note)


def _state(architecture: Architecture, cache: Cache, workload: Workload) -> Term:
    row = 4 * (kept_columns(architecture, cache) + cache.recurrent_elements)
    return Term(cache, "state", len(cache.layers), workload.sequences, 1, row)
