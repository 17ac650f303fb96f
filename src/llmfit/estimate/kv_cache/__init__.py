"""How many bytes the layers' memory of earlier tokens takes: keys and values, latents, recurrent states."""

from llmfit.estimate.kv_cache import llamacpp, transformers, vllm
from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.workload import Workload

_RULES = {"llama.cpp": llamacpp.cache_terms, "transformers": transformers.cache_terms, "vllm": vllm.cache_terms}


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps, by the rules of the workload's engine."""
    return _RULES[workload.engine.id](architecture, workload)


def estimate_kv_cache(architecture: Architecture, workload: Workload, *, explain: bool = False) -> Part:
    """Return the bytes of caches and states of all sequences, on all GPUs together.

    Exact by construction; `low` and `high` stay empty.
    `explain` adds one line for each kind of layer.
    """
    terms = cache_terms(architecture, workload)
    total = sum(term.bytes for term in terms)
    if not explain:
        return Part(name=PartName.KV_CACHE, bytes=total)
    lines = tuple(Line(term.label, term.bytes, term.formula()) for term in terms)
    notes = tuple(dict.fromkeys(term.note for term in terms if term.note))
    return Part(name=PartName.KV_CACHE, bytes=total, lines=lines, assumptions=notes)
