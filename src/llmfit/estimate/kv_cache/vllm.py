"""vLLM's caches: whole blocks of `block_size` tokens from one pool.

Read in `v1/kv_cache_interface.py` of the version in `engines.yaml`: what its own account asks for one request.
"""

from llmfit.estimate.defaults import vllm_batched_tokens
from llmfit.estimate.kv_cache.terms import Term, kept_columns, pad, stored
from llmfit.estimate.kv_cache.transformers import answer_tokens, compressed_cells, cross_tokens
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.workload import Workload

INDEXER_BYTES = 132
"""Indexer keys of one token and layer are always fp8: 128 elements and one fp32 scale."""


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps.

    Full and latent: ceil(n / block) blocks; sliding: ceil(min(n, W − 1 + max_num_batched_tokens) / block) + 1;
    chunked: ceil(min(n, W + max_num_batched_tokens) / block); state: one page for each sequence.
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
        if kind is CacheKind.SLIDING and cache.window:
            cells = pad(min(context, cache.window - 1 + step), block) + block
        elif kind is CacheKind.CHUNKED and cache.window:
            cells = pad(min(context, cache.window + step), block)
        elif kind is CacheKind.CROSS:
            held = cross_tokens(architecture, cache, source=workload.prefill_tokens, images=workload.images)
            cells = pad(held, block)
        elif kind is CacheKind.COMPRESSED:
            cells = pad(compressed_cells(cache, context), block)
        else:
            cells = pad(context, block)
        terms.append(Term(cache, kind.value, layers, streams, cells, _row(cache, workload)))
    return terms


def _row(cache: Cache, workload: Workload) -> int:
    row = stored(cache.key_elements, workload.kv_format) + stored(cache.value_elements, workload.kv_format)
    return row + (INDEXER_BYTES if cache.indexer_elements else 0)
