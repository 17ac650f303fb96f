"""transformers' caches: tensors that grow with the tokens (`DynamicCache`), no padding.

Read in `cache_utils.py` of the version in `engines.yaml`.
"""

from llmfit.estimate.kv_cache.terms import Term, stored
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.workload import Workload


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps after the last token of every sequence.

    Full: every token; sliding: the last W − 1 tokens beside the current one; state: one for each sequence.
    Encoder-decoder: the answer's tokens, and the keys and values of every source token.
    """
    terms = []
    own, source = answer_tokens(architecture, workload), workload.prefill_tokens
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


def answer_tokens(architecture: Architecture, workload: Workload) -> int:
    """Return the tokens that the decoder keeps: all, or the answer's where an encoder reads the prompt.

    Where nothing is said of the prompt both may be as long as the context.
    """
    if architecture.is_encoder_decoder and workload.prompt_tokens is not None:
        return max(1, workload.context - workload.prefill_tokens)
    return workload.context


def cross_tokens(architecture: Architecture, cache: Cache, *, source: int, images: int) -> int:
    """Return the positions whose keys and values cross-attention keeps.

    An encoder that always sees the same number of positions (Whisper) or of patches an image names it as `window`.
    """
    if architecture.is_encoder_decoder:
        return cache.window or source
    return (cache.window or 0) * images


def compressed_cells(cache: Cache, tokens: int) -> int:
    """Return cells of compressed attention: one for `compression` tokens, and the window beside them."""
    return -(-tokens // cache.compression) + min(tokens, cache.window or 0)
