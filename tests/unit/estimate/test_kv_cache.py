"""Caches and states: every kind of layer on every engine, exact to the byte."""

from typing import Any

import pytest

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.kv_cache import cache_terms, estimate_kv_cache, host_cache_bytes
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from support.loads import make_architecture, make_load

LAYERS = (0, 1, 2, 3)
ROW = 2 * 2 * 64 * 2
"""Bytes of K and V of one token and layer in 16 bit: two KV heads of 64."""


def of_kind(kind: CacheKind, **values: int) -> Architecture:
    """Return four layers that keep one kind of cache."""
    return make_architecture(caches=(Cache(kind, LAYERS, **values),))


def size(architecture: Architecture, engine: str, context: int, **options: Any) -> int:
    """Return the bytes of the cache under a load."""
    return estimate_kv_cache(architecture, make_load(engine, context=context, **options)).bytes


@pytest.mark.parametrize(
    ("engine", "context", "cells"),
    [("transformers", 1000, 1000), ("llama.cpp", 1000, 1024), ("llama.cpp", 1024, 1024), ("vllm", 1000, 1008)],
)
def test_each_engine_has_its_own_cells(engine: str, context: int, cells: int) -> None:
    """The tokens themselves in transformers, multiples of 256 in llama.cpp, blocks of 16 in vLLM."""
    assert size(make_architecture(), engine, context) == 4 * cells * ROW


@pytest.mark.parametrize("engine", ["transformers", "llama.cpp", "vllm"])
def test_sequences_multiply_the_cache(engine: str) -> None:
    """Five sequences keep five times what one keeps."""
    one, five = (size(make_architecture(), engine, 2048, sequences=n) for n in (1, 5))
    assert five == 5 * one


def test_a_unified_buffer_is_padded_once() -> None:
    """Four sequences of 100 tokens fill 512 cells of one buffer, but 256 each in buffers of their own."""
    assert size(make_architecture(), "llama.cpp", 100, sequences=4, unified_kv=True) == 4 * 512 * ROW
    assert size(make_architecture(), "llama.cpp", 100, sequences=4) == 4 * 4 * 256 * ROW


@pytest.mark.parametrize(
    ("options", "cells"),
    [
        ({}, 1536),
        ({"n_ubatch": 2048}, 3072),
        ({"sequences": 4, "unified_kv": True}, 4608),
        ({"sequences": 4}, 4 * 1536),
        ({"swa_full": True}, 8192),
    ],
)
def test_llama_cpp_keeps_window_and_micro_batch(options: dict[str, Any], cells: int) -> None:
    """A window of 1024 takes pad256(min(n, W·S + ubatch)) cells, and all of them with `--swa-full`."""
    windowed = of_kind(CacheKind.SLIDING, key_elements=128, value_elements=128, heads=2, window=1024)
    context = 8192 if "unified_kv" not in options else 2048 * 4
    assert size(windowed, "llama.cpp", context, **options) == 4 * cells * ROW


def test_vllm_keeps_window_and_step_in_blocks() -> None:
    """A request may hold W − 1 + max_num_batched_tokens tokens, in blocks, and one block more."""
    windowed = of_kind(CacheKind.SLIDING, key_elements=128, value_elements=128, heads=2, window=1000)
    assert size(windowed, "vllm", 30000, max_num_batched_tokens=2048) == 4 * (3056 + 16) * ROW
    assert size(windowed, "vllm", 512) == 4 * (512 + 16) * ROW


def test_transformers_keeps_the_window_alone() -> None:
    """Sliding and chunked layers hold no more than their window."""
    for kind in (CacheKind.SLIDING, CacheKind.CHUNKED):
        windowed = of_kind(kind, key_elements=128, value_elements=128, heads=2, window=1000)
        assert size(windowed, "transformers", 30000) == 4 * 1000 * ROW
        assert size(windowed, "transformers", 600) == 4 * 600 * ROW


def test_vllm_packs_nothing_but_latents() -> None:
    """A model with keys and values of its own is refused, not counted in blocks that are not there."""
    with pytest.raises(UnsupportedWorkloadError, match="no latent"):
        size(make_architecture(), "vllm", 16, kv_format="fp8_ds_mla")


def test_sequences_of_vllm_share_the_tokens_of_a_step() -> None:
    """Twenty windows, and the tokens of one step, whichever sequences they belong to."""
    windowed = of_kind(CacheKind.SLIDING, key_elements=128, value_elements=128, heads=2, window=1024)
    chunked = of_kind(CacheKind.CHUNKED, key_elements=128, value_elements=128, heads=2, window=1024)
    load = {"max_num_batched_tokens": 2048, "sequences": 20}
    assert size(windowed, "vllm", 30000, **load) == 4 * (20 * (1024 + 16) + 2048) * ROW
    assert size(chunked, "vllm", 30000, **load) == 4 * (20 * 1024 + 2048) * ROW
    assert size(windowed, "vllm", 512, **load) == 4 * 20 * (512 + 16) * ROW


def test_a_chunk_of_llama_4_is_a_window_in_vllm() -> None:
    """A chunk of 8192 holds itself and one step."""
    chunked = of_kind(CacheKind.CHUNKED, key_elements=128, value_elements=128, heads=2, window=8192)
    assert size(chunked, "vllm", 100_000, max_num_batched_tokens=2048) == 4 * 10240 * ROW


@pytest.mark.parametrize(
    ("kv_format", "row"),
    [("f16", 512), ("f32", 1024), ("q8_0", 2 * 4 * 34), ("q4_0", 2 * 4 * 18)],
)
def test_a_quantised_cache_is_counted_in_blocks(kv_format: str, row: int) -> None:
    """q8_0 keeps 32 elements in 34 bytes, q4_0 in 18."""
    assert size(make_architecture(), "llama.cpp", 256, kv_format=kv_format) == 4 * 256 * row


def test_keys_and_values_may_have_formats_of_their_own() -> None:
    """`--cache-type-k q8_0 --cache-type-v f16`."""
    assert size(make_architecture(), "llama.cpp", 256, kv_format="q8_0", kv_format_v="f16") == 4 * 256 * (136 + 256)


LATENT = make_architecture(
    caches=(Cache(CacheKind.LATENT, LAYERS, 576, 0, 1),),
    num_attention_heads=128,
    extra={"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
)


@pytest.mark.parametrize(
    ("build", "row"),
    [(None, 576 * 2), ("b9000", 576 * 2), ("b6000", (576 + 512) * 2), ("b4000", 128 * (192 + 128) * 2)],
)
def test_llama_cpp_learned_latent_attention_in_three_steps(build: str | None, row: int) -> None:
    """First every head's keys and values, then the latent twice, today once."""
    assert size(LATENT, "llama.cpp", 256, engine_version=build) == 4 * 256 * row


def test_indexer_keys_come_on_top_of_a_latent() -> None:
    """DeepSeek V3.2 keeps 128 more elements a token; vLLM always keeps them as fp8 with one scale."""
    sparse = of_kind(CacheKind.LATENT, key_elements=576, heads=1, indexer_elements=128)
    assert size(sparse, "transformers", 100) == 4 * 100 * (576 + 128) * 2
    assert size(sparse, "vllm", 160) == 4 * 160 * (576 * 2 + 132)


def test_vllm_packs_a_latent_in_656_bytes() -> None:
    """`fp8_ds_mla`: 512 fp8 elements, four scales and 64 rotary ones in 16 bit."""
    assert size(LATENT, "vllm", 16, kv_format="fp8_ds_mla") == 4 * 16 * 656


HYBRID = make_architecture(
    tensors=(Tensor(Role.MIXER_CONV, "conv1d", (10240, 1, 4), LAYERS),),
    caches=(Cache(CacheKind.STATE, LAYERS, conv_elements=10240 * 4, recurrent_elements=48 * 128 * 128),),
)


def test_a_state_does_not_grow_with_the_context() -> None:
    """Gated DeltaNet of Qwen3.5 27B: llama.cpp logs 5.62 + 144 MiB for 48 layers, three columns of four in f32."""
    expected = 4 * 4 * (10240 * 3 + 48 * 128 * 128)
    assert expected * 12 / 2**20 == pytest.approx(5.625 + 144)
    assert size(HYBRID, "llama.cpp", 256) == size(HYBRID, "llama.cpp", 100_000) == expected


def test_transformers_keeps_the_whole_kernel_in_16_bit() -> None:
    """Its convolution state has all four columns, in the model's type."""
    assert size(HYBRID, "transformers", 256) == 4 * (10240 * 4 * 2 + 4 * 48 * 128 * 128)


def test_compressed_cells_grow_more_slowly() -> None:
    """128 tokens of DeepSeek V4 share one cell."""
    packed = of_kind(CacheKind.COMPRESSED, key_elements=512, heads=1, compression=128)
    assert size(packed, "transformers", 12800) == 4 * 100 * 1024
    assert size(packed, "llama.cpp", 128 * 256) == 4 * 256 * 1024


def seq2seq() -> Architecture:
    """Return a decoder that looks back at an encoder."""
    return make_architecture(
        is_encoder_decoder=True,
        caches=(Cache(CacheKind.FULL, LAYERS, 128, 128, 2), Cache(CacheKind.CROSS, LAYERS, 128, 128, 2)),
    )


def test_an_encoder_decoder_keeps_answer_and_source() -> None:
    """The decoder's own cache grows with the answer, cross-attention with the source."""
    assert size(seq2seq(), "transformers", 1000, prompt_tokens=900) == 4 * (100 + 900) * ROW
    assert size(seq2seq(), "transformers", 1000) == 4 * (1000 + 1000) * ROW


def test_an_encoder_keeps_nothing() -> None:
    """Without caches there is nothing to keep."""
    encoder = make_architecture(is_encoder_only=True, caches=())
    assert all(size(encoder, engine, 512) == 0 for engine in ("transformers", "vllm", "llama.cpp"))


def test_lines_add_up_and_say_how() -> None:
    """`explain` shows each kind with its product, and changes no byte."""
    load = make_load(context=1000)
    plain, shown = (estimate_kv_cache(make_architecture(), load, explain=flag) for flag in (False, True))
    assert plain.bytes == shown.bytes == sum(line.bytes for line in shown.lines)
    assert shown.lines[0].formula == "4 layers · 1 buffer · 1024 cells · 512 B"
    several = estimate_kv_cache(make_architecture(), make_load(context=1000, sequences=3), explain=True)
    assert several.lines[0].formula == "4 layers · 3 buffers · 1024 cells · 512 B"


def test_layers_in_ram_keep_their_cache_there() -> None:
    """With `-ngl 3` of 4 layers the output and the last two are on the GPU."""
    load = make_load(context=1024, n_gpu_layers=3)
    whole = sum(term.bytes for term in cache_terms(make_architecture(), load))
    assert host_cache_bytes(make_architecture(), load) == whole // 2
    assert estimate_kv_cache(make_architecture(), load).bytes == whole // 2


def test_next_token_layers_in_the_file_count_as_layers_that_stay_in_ram() -> None:
    """GLM-4.5's file has one layer more than attends: `-ngl 5` of 4 + 1 + output leaves the first in RAM."""
    load = make_load(context=1024, n_gpu_layers=5)
    plain = make_architecture(model_type="glm4_moe")
    more = make_architecture(model_type="glm4_moe", extra={"num_nextn_predict_layers": 1})
    dropped = make_architecture(model_type="deepseek_v3", extra={"num_nextn_predict_layers": 1})
    assert host_cache_bytes(more, load) == 1024 * ROW
    assert host_cache_bytes(plain, load) == host_cache_bytes(dropped, load) == 0


@pytest.mark.parametrize(("family", "cells"), [("mistral", 8192), ("phi3", 8192), ("gemma2", 4608)])
def test_llama_cpp_ignores_some_windows(family: str, cells: int) -> None:
    """It keeps every token of Mistral and Phi-3 (`llama-fit-params`: 12,288 MiB for Phi-3 mini at 32k)."""
    windowed = make_architecture(
        model_type=family, caches=(Cache(CacheKind.SLIDING, LAYERS, 128, 128, 2, window=4096),)
    )
    assert size(windowed, "llama.cpp", 8192) == 4 * cells * ROW
