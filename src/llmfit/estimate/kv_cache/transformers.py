"""transformers' caches: tensors that grow with the tokens (`DynamicCache`), no padding.

Read in `cache_utils.py` of the version in `engines.yaml`.
"""

from llmfit.estimate.kv_cache.terms import Term, answer_tokens, compressed_cells, cross_tokens, stored
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture, CacheKind
from llmfit.records.workload import Workload

ANSWER_ALONE = (4, 37)
"""Before AutoAWQ 0.2.0, of the time of this version, fused modules sized their cache by `max_new_tokens`."""


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps after the last token of every sequence.

    Full: every token; sliding: the last W − 1 tokens beside the current one; state: one for each sequence.
    Encoder-decoder: the answer's tokens, and the keys and values of every source token.
    """
    terms = []
    own, source = kept_tokens(architecture, workload), workload.prefill_tokens
    for cache in architecture.caches:
        kind, layers, streams = cache.kind, len(cache.layers), workload.sequences
        if kind is CacheKind.STATE:
            width = workload.kv_format.block_bytes // workload.kv_format.block_size or 2
            row = cache.conv_elements * width + 4 * cache.recurrent_elements
            terms.append(Term(cache, "state", layers, streams, 1, row))
            continue
        cells = own
        if kind is CacheKind.CROSS:
            cells = cross_tokens(architecture, cache, source=source, images=workload.images)
        elif kind is CacheKind.COMPRESSED:
            cells = compressed_cells(cache, own)
        elif cache.window:
            cells = min(own, cache.window)
        row = stored(cache.key_elements + cache.indexer_elements, workload.kv_format)
        row += stored(cache.value_elements, workload.kv_format)
        terms.append(Term(cache, kind.value, layers, streams, cells, row))
    return terms


def kept_tokens(architecture: Architecture, workload: Workload) -> int:
    """Return the tokens that a cache over everything keeps.

    AutoAWQ's fused modules roll older tokens out of a cache that holds the prompt or the answer, whichever is longer.
    """
    options = workload.options
    if options.attn_implementation == "awq_fused" and is_before(options.engine_version, ANSWER_ALONE):
        return max(1, workload.prefill_tokens, workload.context - workload.prefill_tokens)
    return answer_tokens(architecture, workload)
