"""Laws of estimates and verdicts, whatever the model and the load."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from llmfit.estimate import estimate
from llmfit.estimate.kv_cache import estimate_kv_cache
from llmfit.fit import fit
from llmfit.records.architecture import Architecture, Cache, CacheKind
from llmfit.records.estimate import Verdict
from support.loads import GIB, make_architecture, make_device, make_load

engines = st.sampled_from(["llama.cpp", "transformers", "vllm"])
contexts = st.integers(1, 200_000)
sequences = st.integers(1, 64)
kv_heads = st.sampled_from([1, 2, 4, 8])
windows = st.one_of(st.none(), st.integers(1, 8192))
LAYERS = (0, 1, 2, 3)
ORDER = [Verdict.FITS, Verdict.TIGHT, Verdict.OFFLOAD, Verdict.TOO_LARGE]


def model(heads: int, window: int | None) -> Architecture:
    """Return four layers with so many KV heads, sliding where there is a window."""
    width = heads * 64
    kind = CacheKind.FULL if window is None else CacheKind.SLIDING
    return make_architecture(num_key_value_heads=heads, caches=(Cache(kind, LAYERS, width, width, heads, window),))


@given(engines, contexts, sequences, kv_heads, windows)
@settings(deadline=None)
def test_the_total_is_the_sum_of_its_parts(
    engine: str, context: int, count: int, heads: int, window: int | None
) -> None:
    """Law: total = Σ parts, and no part is negative."""
    found = estimate(model(heads, window), make_load(engine, context=context, sequences=count))
    assert found.total_bytes == sum(part.bytes for part in found.parts)
    assert all(part.bytes >= 0 for part in found.parts)


@given(engines, st.tuples(contexts, contexts), sequences, kv_heads, windows)
@settings(deadline=None)
def test_more_context_never_takes_less(
    engine: str, both: tuple[int, int], count: int, heads: int, window: int | None
) -> None:
    """Law: n ≤ m ⇒ total(n) ≤ total(m)."""
    short, long = sorted(both)
    totals = [
        estimate(model(heads, window), make_load(engine, context=n, sequences=count)).total_bytes for n in (short, long)
    ]
    assert totals[0] <= totals[1]


@given(engines, contexts, st.tuples(sequences, sequences), kv_heads, windows)
@settings(deadline=None)
def test_more_sequences_never_take_less(
    engine: str, context: int, both: tuple[int, int], heads: int, window: int | None
) -> None:
    """Law: S ≤ T ⇒ total(S) ≤ total(T)."""
    few, many = sorted(both)
    totals = [
        estimate(model(heads, window), make_load(engine, context=context, sequences=n)).total_bytes for n in (few, many)
    ]
    assert totals[0] <= totals[1]


@given(contexts, st.integers(0, 100_000), sequences)
@settings(deadline=None)
def test_a_longer_answer_never_takes_less(prompt: int, more: int, count: int) -> None:
    """Law: with a fixed prompt the total grows with the context."""
    totals = [
        estimate(
            model(2, None), make_load("transformers", context=context, prompt_tokens=prompt, sequences=count)
        ).total_bytes
        for context in (prompt, prompt + more)
    ]
    assert totals[0] <= totals[1]


@given(contexts, sequences)
@settings(deadline=None)
def test_more_bits_never_take_less(context: int, count: int) -> None:
    """Law: the total grows along the formats of an engine, and the cache along its own."""
    weights = ["Q4_0", "Q5_0", "Q8_0", "f16", "f32"]
    totals = [
        estimate(make_architecture(), make_load("llama.cpp", name, context=context, sequences=count)).total_bytes
        for name in weights
    ]
    assert totals == sorted(totals)
    caches = [
        estimate_kv_cache(make_architecture(), make_load("llama.cpp", context=context, kv_format=name)).bytes
        for name in ("q4_0", "q5_0", "q8_0", "f16", "f32")
    ]
    assert caches == sorted(caches)


@given(st.sampled_from(["llama.cpp", "transformers"]), contexts, sequences, st.integers(1, 8192))
@settings(deadline=None)
def test_a_window_never_keeps_more_than_everything(engine: str, context: int, count: int, window: int) -> None:
    """Law: window ≤ full."""
    load = make_load(engine, context=context, sequences=count)
    assert estimate_kv_cache(model(2, window), load).bytes <= estimate_kv_cache(model(2, None), load).bytes


@given(contexts, st.integers(1, 8192))
@settings(deadline=None)
def test_a_window_in_vllm_costs_one_block_more_at_most(context: int, window: int) -> None:
    """Law: window ≤ full and one block of 16 tokens in each layer."""
    load = make_load("vllm", context=context)
    full = estimate_kv_cache(model(2, None), load).bytes
    assert estimate_kv_cache(model(2, window), load).bytes <= full + 4 * 16 * 512


@given(engines, contexts, sequences, windows)
@settings(deadline=None)
def test_shared_heads_never_keep_more(engine: str, context: int, count: int, window: int | None) -> None:
    """Law: MQA ≤ GQA ≤ MHA."""
    load = make_load(engine, context=context, sequences=count)
    sizes = [estimate_kv_cache(model(heads, window), load).bytes for heads in (1, 2, 4, 8)]
    assert sizes == sorted(sizes)


@given(engines, contexts, st.floats(0.5, 200), st.floats(0, 100), st.one_of(st.none(), st.floats(0, 512)))
@settings(deadline=None)
def test_a_bigger_gpu_never_turns_a_fit_into_a_misfit(
    engine: str, context: int, gib: float, more: float, ram: float | None
) -> None:
    """Law: the verdict never gets worse with a larger card; vLLM's defaults are held, since they follow the card."""
    load = make_load(engine, context=context, max_num_seqs=256, max_num_batched_tokens=2048)
    verdicts = []
    for size in (gib, gib + more):
        device = make_device(size, ram=ram)
        verdicts.append(ORDER.index(fit(estimate(make_architecture(), load, device=device), device).verdict))
    assert verdicts[1] <= verdicts[0]


@given(contexts, st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None)
def test_layers_in_ram_never_add_to_the_gpu(context: int, one: int, other: int) -> None:
    """Law: fewer layers on the GPU take no more there, and device and host together stay the same."""
    few, many = sorted((one, other))
    load = make_load(context=context)
    found = [
        estimate(make_architecture(), replace(load, options=replace(load.options, n_gpu_layers=n))) for n in (few, many)
    ]
    assert found[0].total_bytes <= found[1].total_bytes
    sums = {estimate_.total_bytes + estimate_.host_bytes for estimate_ in found}
    assert len(sums) == 1


@given(st.integers(1, 8), contexts)
@settings(deadline=None)
def test_no_gpu_holds_more_than_the_whole(gpus: int, context: int) -> None:
    """Law: every share is at most the total, and together they hold at least weights and cache."""
    device = make_device(*[80.0] * gpus)
    found = estimate(make_architecture(), make_load(context=context), device=device)
    assert len(found.per_gpu_bytes) == (0 if gpus == 1 else gpus)
    assert all(0 < share <= found.total_bytes < 2**62 for share in found.per_gpu_bytes)
    assert sum(found.per_gpu_bytes) <= found.total_bytes + GIB
