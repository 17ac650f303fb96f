"""vLLM's caches: whole blocks of `block_size` tokens from one pool.

Read in `v1/kv_cache_interface.py` of the version in `engines.yaml`: what its own account asks for one request.
"""

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.defaults import vllm_batched_tokens
from llmfit.estimate.kv_cache.terms import (
    Term,
    answer_tokens,
    compressed_cells,
    cross_tokens,
    kept_columns,
    pad,
    stored,
)
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.workload import Workload

PACKED_LATENT = "fp8_ds_mla"
"""Cache format that vLLM has for the latents of DeepSeek's line alone."""
INDEXER_BYTES = 132
"""Indexer keys of one token and layer are always fp8: 128 elements and one fp32 scale."""


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps.

    Full and latent: ceil(n / block) blocks; sliding: ceil(min(n, W − 1 + max_num_batched_tokens) / block) + 1;
    chunked: ceil(min(n, W + max_num_batched_tokens) / block); state: one page for each sequence.
    Several sequences share the tokens of a step: see `_windowed`.

    Raises UnsupportedWorkloadError where the cache's format is not made for the model.
    """
    block, context = workload.options.block_size, answer_tokens(architecture, workload)
    step = vllm_batched_tokens(workload)
    terms = []
    for cache in architecture.caches:
        kind, layers, streams = cache.kind, len(cache.layers), workload.sequences
        if kind is CacheKind.STATE:
            width = 4 if workload.kv_format.id == "f32" else 2
            row = kept_columns(architecture, cache) * width + 4 * cache.recurrent_elements
            terms.append(Term(cache, "state", layers, streams, 1, row))
            continue
        if kind in {CacheKind.SLIDING, CacheKind.CHUNKED} and cache.window:
            streams, cells = _windowed(cache, workload, context=context, step=step)
        elif kind is CacheKind.CROSS:
            held = cross_tokens(architecture, cache, source=workload.prefill_tokens, images=workload.images)
            cells = pad(held, block)
        elif kind is CacheKind.COMPRESSED:
            cells = pad(compressed_cells(cache, context), block)
        else:
            cells = pad(context, block)
        terms.append(Term(cache, kind.value, layers, streams, cells, _row(cache, workload)))
    return terms


def _windowed(cache: Cache, workload: Workload, *, context: int, step: int) -> tuple[int, int]:
    """Return (buffers, cells of each) of a window: one for each sequence, or one pool of them all.

    Blocks behind the window are given back, so that only the step's tokens, however many sequences have a part
    in it, are held beside the windows (`remove_skipped_blocks` of `v1/core/single_type_kv_cache_manager.py`).
    """
    block, window, sequences = workload.options.block_size, cache.window or 0, workload.sequences
    first = block if cache.kind is CacheKind.SLIDING else 0
    before = window - 1 if cache.kind is CacheKind.SLIDING else window
    alone = pad(min(context, before + step), block) + first
    together = sequences * (pad(min(context, window), block) + first) + pad(step, block)
    return (1, together) if together < sequences * alone else (sequences, alone)


def _row(cache: Cache, workload: Workload) -> int:
    if workload.kv_format.id == PACKED_LATENT and cache.value_elements:
        raise UnsupportedWorkloadError(
            f"{PACKED_LATENT} packs latents, and this model has no latent cache", hint="choose fp8 for the cache"
        )
    row = stored(cache.key_elements, workload.kv_format) + stored(cache.value_elements, workload.kv_format)
    return row + (INDEXER_BYTES if cache.indexer_elements else 0)
