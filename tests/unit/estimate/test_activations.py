"""Activations and compute buffers: which moment of a run is the widest, and how wide."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.estimate.activations import estimate_activations
from llmfit.estimate.activations.blocks import rest_of
from llmfit.estimate.activations.transformers import attention_elements, mlp_elements
from llmfit.records.architecture import Architecture, Cache, CacheKind
from support.loads import MIB, make_architecture, make_device, make_load

LLAMA_3 = describe(
    {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": False,
    }
)


def buffer(architecture: Architecture = LLAMA_3, *, context: int = 8192, **options: Any) -> float:
    """Return llama.cpp's compute buffer in MiB."""
    return estimate_activations(architecture, make_load("llama.cpp", "Q4_0", context=context, **options)).bytes / MIB


@pytest.mark.parametrize(
    ("context", "options", "logged"),
    [
        (4096, {}, 112),
        (32768, {}, 140),
        (4096, {"flash_attention": False}, 300),
        (32768, {"flash_attention": False}, 2148),
        (32768, {"n_ubatch": 2048}, 560),
        (32768, {"engine_version": "b9000"}, 258),
        (8192, {"sequences": 4}, 116),
    ],
)
def test_llama_cpp_buffer_of_llama_3(context: int, options: dict[str, Any], logged: int) -> None:
    """What `llama-fit-params` printed for a device of its own, in whole MiB rounded down."""
    assert buffer(context=context, **options) == pytest.approx(logged + 0.5, abs=0.6)


def test_old_builds_without_flash_attention() -> None:
    """A log of May 2024 says 560 MiB at 8192 tokens, and 258.5 at 512."""
    assert buffer(context=8192, flash_attention=False, engine_version="b2900") == 560
    assert buffer(context=512, flash_attention=False, engine_version="b2900") == 258.5


def test_a_quantised_cache_needs_a_copy_of_one_layer() -> None:
    """On CUDA flash attention unpacks one layer's keys and values to f16 behind its output: 2h + 2q beside."""
    copy, mask = 131072 * 2 * 1024 * 2, 131072 * 512 * 2
    assert buffer(context=131072, kv_format="q8_0") == (512 * 4 * 4 * 4096 + copy + mask) / MIB
    assert buffer(context=131072) < buffer(context=131072, kv_format="q8_0")


def test_several_sequences_are_unpacked_together() -> None:
    """Four buffers of 32k cells take the copy of one of 128k."""
    many = buffer(context=32768, sequences=4, kv_format="q8_0")
    assert buffer(context=131072, kv_format="q8_0") - many == (131072 - 32768) * 512 * 2 / MIB


def test_a_short_quantised_cache_is_unpacked_where_the_feed_forward_goes() -> None:
    """The copy is given back before the feed-forward, which is wider at 8k; older builds held it in a pool beside."""
    assert buffer(context=8192, kv_format="q8_0") == (512 * 4 * (3 * 14336 + 2 * 4096) + 8192 * 512 * 2) / MIB
    beside = (131072 * 512 * 2 + 131072 * 2 * 1024 * 2) / MIB
    forward = 512 * 4 * (3 * 14336 + 3 * 4096) / MIB
    assert buffer(context=131072, engine_version="b9000", kv_format="q8_0") == forward + beside


def test_no_copy_of_a_quantised_cache_beyond_cuda() -> None:
    """Vulkan reads the cache as it is."""
    load = make_load("llama.cpp", "Q4_0", context=131072, kv_format="q8_0")
    cuda, vulkan = (
        estimate_activations(LLAMA_3, load, device=make_device(24, platform=name)).bytes for name in ("cuda", "vulkan")
    )
    assert vulkan < cuda


def test_several_gpus_keep_copies_of_the_inputs() -> None:
    """Logged with two RTX 3090: 640 MiB each where one takes 560."""
    load = make_load("llama.cpp", "Q4_0", context=8192, flash_attention=False, engine_version="b2900")
    assert estimate_activations(LLAMA_3, load, device=make_device(24, 24)).bytes == 640 * MIB


def test_mlp_of_a_prefill_is_what_transformers_peaks_at() -> None:
    """3I + 4h elements of 16 bit for each prompt token; cuBLAS and sampling beside them."""
    part = estimate_activations(
        LLAMA_3, make_load("transformers", context=8192), device=make_device(80, compute="sm_80")
    )
    forward = 8192 * 2 * (3 * 14336 + 4 * 4096)
    assert part.bytes - forward == 8 * MIB + 128 * 1024 + 32 * 128256


def test_a_short_prompt_leaves_decoding_as_the_peak() -> None:
    """One prompt token: the workspace, sampling, and the copy of one layer's keys."""
    load = make_load("transformers", context=2049, prompt_tokens=1)
    assert estimate_activations(LLAMA_3, load).bytes == 32 * MIB + 32 * 128256 + 2049 * 2048


def test_old_transformers_computed_all_logits() -> None:
    """Up to 4.44 six bytes for each token and word."""
    old, new = (
        estimate_activations(LLAMA_3, make_load("transformers", context=8192, engine_version=version)).bytes
        for version in ("4.44.2", "4.45.0")
    )
    assert old - new == pytest.approx(8192 * (6 * 128256 + 4 * 4096 - 2 * (3 * 14336 + 4 * 4096)), rel=0.001)


def test_eager_attention_adds_the_scores() -> None:
    """Eight bytes for each head and pair of tokens, and keys and values once for every head that shares them."""
    eager, fast = (
        estimate_activations(LLAMA_3, make_load("transformers", context=4096, attn_implementation=name)).bytes
        for name in ("eager", "sdpa")
    )
    assert eager > fast
    elements = 2 * 4096 * (attention_elements(LLAMA_3) + 2 * 32 * 128)
    assert eager - 32 * MIB - 32 * 128256 == elements + 8 * 32 * 4096 * 4096


def test_decoding_later_hides_the_prefill() -> None:
    """A long answer's cache is not there yet while the prompt is prefilled."""
    whole = estimate_activations(LLAMA_3, make_load("transformers", context=5120, prompt_tokens=4096)).bytes
    alone = estimate_activations(LLAMA_3, make_load("transformers", context=4096)).bytes
    assert alone - whole == 1024 * 131072


def test_gptq_unpacks_the_largest_matrix() -> None:
    """Exllama keeps a 16-bit copy of it for the whole run."""
    plain, packed = (
        estimate_activations(LLAMA_3, make_load("transformers", name, context=100)).bytes
        for name in ("bf16", "gptq-int4")
    )
    assert packed - plain == 2 * 4096 * 14336


def test_a_tied_head_is_loaded_beside_the_embedding() -> None:
    """AutoAWQ up to transformers 4.50, every format up to 4.44; the fp8 loader keeps it."""
    tied = make_architecture(tied_embeddings=True, vocab_size=200_000, tensors=_with_vocabulary(200_000))
    copy = 2 * 200_000 * 512
    old, new, kept = (
        estimate_activations(tied, make_load("transformers", name, context=2, engine_version=version)).bytes
        for name, version in (("bf16", "4.38.2"), ("bf16", "4.46.0"), ("fp8-block", "4.51.3"))
    )
    cache = 4 * 2 * 2 * 128 * 2  # not there yet while loading, and counted as a part of its own
    assert old == copy + rest_of(copy) - cache
    assert new < old
    assert kept - new == copy


def _with_vocabulary(words: int) -> tuple[object, ...]:
    from llmfit.records.architecture import Role, Tensor

    return (Tensor(Role.EMBEDDING, "embed_tokens", (words, 512)),)


def test_vllm_profiles_its_sampler() -> None:
    """1024 sequences on an H100: 4.76 GiB measured for Llama 3.1 8B."""
    load = make_load("vllm", context=16000, max_num_seqs=1024, max_num_batched_tokens=8192)
    assert estimate_activations(LLAMA_3, load).bytes / 2**30 == pytest.approx(4.76, rel=0.02)


def test_vllm_profiles_long_steps_where_the_vocabulary_is_small() -> None:
    """With 32k tokens a step the MLP is wider than the sampler."""
    load = make_load("vllm", context=16000, max_num_seqs=16, max_num_batched_tokens=32768)
    assert estimate_activations(LLAMA_3, load).bytes == 32768 * 2 * mlp_elements(LLAMA_3)


def test_experts_are_multiplied_together_since_version_5() -> None:
    """Each token then has k inputs, gates and outputs at once."""
    sparse = make_architecture(num_experts=8, num_experts_per_tok=4, moe_intermediate_size=4096)
    assert mlp_elements(sparse) == 4 * (2 * 512 + 3 * 4096) + 4 * 512
    assert mlp_elements(sparse, together=False) == (2 * 512 + 3 * 4096) + 4 * 512


def test_experts_without_a_gate_hold_one_product_less() -> None:
    """What Nemotron's experts keep: their input, the product and its square, the output."""
    plain = make_architecture(num_experts=8, num_experts_per_tok=4, moe_intermediate_size=4096, gated_mlp=False)
    assert mlp_elements(plain) == 4 * (2 * 512 + 2 * 4096) + 4 * 512


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
def test_the_widest_stage_is_named(engine: str) -> None:
    """`explain` says which moment counts and what it was compared with."""
    load = make_load(engine, context=4096)
    plain, shown = (estimate_activations(LLAMA_3, load, explain=flag) for flag in (False, True))
    assert plain.bytes == shown.bytes == shown.lines[0].bytes
    assert "take less" in shown.assumptions[0]


def test_masks_of_both_caches_count() -> None:
    """gpt-oss has a second mask for its window of 128."""
    both = make_architecture(
        caches=(
            Cache(CacheKind.FULL, (0, 1), 128, 128, 2),
            Cache(CacheKind.SLIDING, (2, 3), 128, 128, 2, window=128),
        )
    )
    assert buffer(both, context=4096) - buffer(make_architecture(), context=4096) == 768 * 512 * 2 / MIB


def test_models_without_a_cache_have_buffers_too() -> None:
    """An encoder sees one micro-batch at once, and its attention leaves no gap: 2h + 3I."""
    encoder = make_architecture(is_encoder_only=True, caches=())
    feed_forward = 512 * 4 * (3 * 2048 + 2 * 512) / MIB
    assert buffer(encoder, context=512) == feed_forward + 512 * 512 * 2 / MIB
    assert buffer(encoder, context=8192) == 16 * feed_forward + 8192 * 8192 * 2 / MIB


@pytest.mark.parametrize(
    ("experts", "wide", "elements"),
    [(2, 14336, 3 * 2 * 14336), (8, 768, 3 * 8 * 768 + 8 * 4096), (8, 2048, 3 * 8 * 2048)],
)
def test_expert_outputs_reuse_what_gate_and_up_leave(experts: int, wide: int, elements: int) -> None:
    """Mixtral's k·h fit into 2·k·I; with narrow experts they need space of their own."""
    sparse = make_architecture(
        hidden_size=4096, num_experts=8, num_experts_per_tok=experts, moe_intermediate_size=wide, caches=()
    )
    assert buffer(sparse, context=4096) == 512 * 4 * (elements + 2 * 4096 + 512) / MIB


def test_a_plain_mlp_keeps_one_wide_tensor() -> None:
    """GPT-2, MPT, Falcon, Bloom: I + 3h."""
    assert buffer(make_architecture(gated_mlp=False, caches=()), context=4096) == 512 * 4 * (2048 + 3 * 512) / MIB
