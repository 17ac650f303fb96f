"""How many bytes the layers' memory of earlier tokens takes: keys and values, latents, recurrent states."""

from importlib import import_module
from typing import cast

from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import Line, Part, PartName
from llmfit.records.workload import Workload

_RULES = {"llama.cpp": "llamacpp", "transformers": "transformers", "vllm": "vllm"}
"""Module of each engine's rules, imported when a load runs on it."""


def cache_terms(architecture: Architecture, workload: Workload) -> list[Term]:
    """Return what each kind of layer keeps, by the rules of the workload's engine."""
    rules = import_module(f"{__name__}.{_RULES[workload.engine.id]}")
    return cast("list[Term]", rules.cache_terms(architecture, workload))


def estimate_kv_cache(
    architecture: Architecture, workload: Workload, *, explain: bool = False, terms: list[Term] | None = None
) -> Part:
    """Return the bytes of caches and states of all sequences, on all GPUs together.

    Exact by construction; `low` and `high` stay empty.
    With `n_gpu_layers` only the layers on the GPU count: see `host_cache_bytes`.
    `explain` adds one line for each kind of layer; `terms` are those of `cache_terms`, if known already.
    """
    if terms is None:
        terms = cache_terms(architecture, workload)
    partial = workload.engine.id == "llama.cpp" and workload.options.n_gpu_layers is not None
    total = sum(term.bytes for term in terms)
    if partial:
        total -= host_cache_bytes(architecture, workload)
    if not explain:
        return Part(name=PartName.KV_CACHE, bytes=total)
    lines = [Line(term.label, term.bytes, term.formula()) for term in terms]
    if partial:
        away = total - sum(term.bytes for term in terms)
        lines.append(Line("of it in RAM", away, f"-{-away:,} B"))
    notes = tuple(dict.fromkeys(term.note for term in terms if term.note))
    return Part(name=PartName.KV_CACHE, bytes=total, lines=tuple(lines), assumptions=notes)


def host_cache_bytes(architecture: Architecture, workload: Workload) -> int:
    """Return the bytes of the caches that stay in RAM with their layers under llama.cpp's `-ngl`.

    The layers on the GPU are the last ones; the output counts as one more layer after them.
    """
    wanted = workload.options.n_gpu_layers
    if workload.engine.id != "llama.cpp" or wanted is None or wanted < 0:
        return 0
    from llmfit.estimate.weights.gguf_models import layer_count

    first = max(layer_count(architecture) + 1 - wanted, 0)
    terms = cache_terms(architecture, workload)
    return sum(term.bytes // max(1, term.layers) * sum(layer < first for layer in term.cache.layers) for term in terms)
