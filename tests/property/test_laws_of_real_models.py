"""Laws of estimates and verdicts over every model of the catalog and every engine.

The laws over made-up models are those of `test_estimate.py`; here they meet each family's own tensors and caches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import LlmfitError
from llmfit.estimate import estimate
from llmfit.estimate.kv_cache import estimate_kv_cache
from llmfit.fit import fit
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.estimate import Estimate, Verdict
from llmfit.records.workload import Workload
from support.loads import make_device
from support.loads import make_load as uncached_load
from support.ranking import built_in

ENGINES = ("llama.cpp", "transformers", "vllm")
CONTEXTS = (1, 17, 512, 4097, 131_072)
SEQUENCES = (1, 2, 17, 64)
WEIGHTS = {
    "llama.cpp": ("Q2_K", "Q4_K_M", "Q8_0", "f16"),
    "transformers": ("nf4", "int8", "bf16", "f32"),
    "vllm": ("awq-int4", "gptq-int8", "bf16", "f32"),
}
CACHES = {
    "llama.cpp": ("q4_0", "q5_0", "q8_0", "f16", "f32"),
    "transformers": ("f16", "f32"),
    "vllm": ("fp8", "f16"),
}
WINDOWED = (CacheKind.SLIDING, CacheKind.CHUNKED)
ORDER = (Verdict.FITS, Verdict.TIGHT, Verdict.OFFLOAD, Verdict.TOO_LARGE)
make_load: Callable[..., Workload] = cache(uncached_load)


@cache
def described() -> Mapping[str, Architecture]:
    """Return every model of the catalog that can be described, by its id."""
    found = {}
    for model in built_in().models.values():
        try:
            found[model.id] = describe(model.architecture)
        except LlmfitError:
            continue
    return found


def estimates(engine: str, loads: Sequence[Workload]) -> Iterator[tuple[str, list[Estimate]]]:
    """Yield each model that the engine runs with every load, and what each takes."""
    ran = 0
    for name, architecture in described().items():
        try:
            found = [estimate(architecture, load) for load in loads]
        except LlmfitError:
            continue
        ran += 1
        yield name, found
    assert ran > 300, f"{engine} runs too few models for a law to say much"


def falling(engine: str, loads: Sequence[Workload]) -> dict[str, list[int]]:
    """Return the models whose totals do not grow along these loads."""
    totals = {name: [one.total_bytes for one in found] for name, found in estimates(engine, loads)}
    return {name: sizes for name, sizes in totals.items() if sizes != sorted(sizes)}


def test_most_models_can_be_described() -> None:
    """The laws would say little of a catalog that nobody can read."""
    assert len(described()) > 0.95 * len(built_in().models)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_total_is_the_sum_of_its_parts_and_each_part_of_its_lines(engine: str) -> None:
    """Law: total = Σ parts, part = Σ lines, nothing is negative, and every model has weights."""
    for name, architecture in described().items():
        try:
            found = estimate(architecture, make_load(engine, sequences=3), explain=True)
        except LlmfitError:
            continue
        assert found.total_bytes == sum(part.bytes for part in found.parts), name
        assert min(part.bytes for part in found.parts) >= 0, name
        assert found.parts[0].bytes > 0, name
        for part in found.parts:
            assert part.bytes == sum(line.bytes for line in part.lines), (name, part.name)


@pytest.mark.parametrize("engine", ENGINES)
def test_more_context_never_takes_less(engine: str) -> None:
    """Law: n ≤ m ⇒ total(n) ≤ total(m)."""
    assert falling(engine, [make_load(engine, context=n) for n in CONTEXTS]) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_more_sequences_never_take_less(engine: str) -> None:
    """Law: S ≤ T ⇒ total(S) ≤ total(T)."""
    assert falling(engine, [make_load(engine, sequences=n) for n in SEQUENCES]) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_more_bits_of_the_weights_never_take_less(engine: str) -> None:
    """Law: the weights grow along the formats of an engine."""
    loads = [make_load(engine, name) for name in WEIGHTS[engine]]
    sizes = {name: [one.parts[0].bytes + one.host_bytes for one in found] for name, found in estimates(engine, loads)}
    assert {name: found for name, found in sizes.items() if found != sorted(found)} == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_more_bits_of_the_cache_never_take_less(engine: str) -> None:
    """Law: the cache grows along the formats that an engine has for it, wherever layers keep keys."""
    for name, architecture in described().items():
        try:
            sizes = [
                estimate_kv_cache(architecture, make_load(engine, kv_format=kind)).bytes for kind in CACHES[engine]
            ]
        except LlmfitError:
            continue
        assert sizes == sorted(sizes), name
        if any(kept.key_elements and kept.kind is not CacheKind.CROSS for kept in architecture.caches):
            assert sizes[0] < sizes[-1], name


def unwindowed(kept: Cache) -> Cache:
    """Return the same cache without its window."""
    return replace(kept, kind=CacheKind.FULL, window=None) if kept.kind in WINDOWED else kept


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("context", [100, 4096, 65_536])
def test_a_window_never_keeps_more_than_everything(engine: str, context: int) -> None:
    """Law: window ≤ full; in vLLM, which may hold the block before the window, by one block of 16 tokens a layer."""
    load, seen = make_load(engine, context=context), 0
    for name, architecture in described().items():
        sliding = [kept for kept in architecture.caches if kept.kind in WINDOWED]
        if not sliding:
            continue
        full = replace(architecture, caches=tuple(unwindowed(kept) for kept in architecture.caches))
        blocks = sum(len(c.layers) * 16 * 2 * (c.key_elements + c.value_elements) for c in sliding)
        spare = blocks if engine == "vllm" else 0
        assert estimate_kv_cache(architecture, load).bytes <= estimate_kv_cache(full, load).bytes + spare, name
        seen += 1
    assert seen > 50


def with_own_heads(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the config with as many KV heads as heads; None where it has no grouped heads."""
    nested = config.get("text_config")
    if isinstance(nested, dict):
        inner = with_own_heads(nested)
        return None if inner is None else {**config, "text_config": inner}
    heads, shared = config.get("num_attention_heads"), config.get("num_key_value_heads")
    if not isinstance(heads, int) or not isinstance(shared, int) or shared >= heads:
        return None
    return {**config, "num_key_value_heads": heads}


def test_shared_heads_never_keep_more_than_heads_of_their_own() -> None:
    """Law: GQA ≤ MHA for every engine, by just the factor of the heads where no layer has a window or a state."""
    seen = 0
    for model in built_in().models.values():
        own = with_own_heads(model.architecture)
        try:
            shared, whole = described()[model.id], None if own is None else describe(own)
        except (KeyError, LlmfitError):
            continue
        if whole is None:
            continue
        for engine in ENGINES:
            load = make_load(engine, context=2048)
            sizes = [estimate_kv_cache(one, load).bytes for one in (shared, whole)]
            assert sizes[0] <= sizes[1], (model.id, engine)
            if all(kept.kind is CacheKind.FULL for kept in (*shared.caches, *whole.caches)) and len(shared.caches) == 1:
                assert sizes[1] * shared.num_key_value_heads == sizes[0] * whole.num_key_value_heads, (model.id, engine)
                seen += 1
    assert seen > 300


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ram", [None, 64])
def test_a_bigger_gpu_never_turns_a_fit_into_a_misfit(engine: str, ram: int | None) -> None:
    """Law: the verdict never gets worse from 4 to 192 GiB; vLLM's defaults are held, since they follow the card."""
    load = make_load(engine, max_num_seqs=256, max_num_batched_tokens=2048)
    devices = [make_device(size, ram=ram) for size in (4, 8, 16, 24, 48, 192)]
    met = set()
    for name, architecture in described().items():
        try:
            places = [ORDER.index(fit(estimate(architecture, load, device=one), one).verdict) for one in devices]
        except LlmfitError:
            continue
        assert places == sorted(places, reverse=True), name
        met.update(places)
    assert {0, 3} <= met
