"""llama.cpp's compute buffers of many kinds of layers, against the bytes that its own allocator counted.

Figures: llama.cpp 0c1e570, layers on a second device, one output for each sequence (`benchmarks/oracles`).
"""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.estimate.activations import estimate_activations
from llmfit.estimate.activations.llamacpp import host_bytes
from llmfit.estimate.activations.llamacpp_graph import (
    experts,
    feed_forward,
    gap,
    latent_attention,
    query_width,
    recurrent_mixer,
    scan,
)
from llmfit.estimate.kv_cache import cache_terms, estimate_kv_cache
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from support.loads import make_architecture, make_device, make_load
from support.measured import load_architectures

SECOND_DEVICE = make_device(4096, platform="vulkan")
"""Reads a quantised cache as it is, as the device of the oracle does."""


def known(name: str) -> Architecture:
    """Return a measured model."""
    found = load_architectures()[name]
    assert isinstance(found, Architecture)
    return found


def buffer(architecture: Architecture, **options: Any) -> int:
    """Return the bytes of the compute buffer at 4096 tokens."""
    load = make_load("llama.cpp", "F16", **{"context": 4096, **options})
    return estimate_activations(architecture, load, device=SECOND_DEVICE).bytes


@pytest.mark.parametrize(
    ("name", "options", "allocated"),
    [
        ("Qwen/Qwen3-0.6B", {}, 31467552),
        ("microsoft/Phi-3-mini-4k-instruct", {}, 67119136),
        ("google/gemma-2-2b", {}, 78661664),
        ("google/gemma-2-2b", {"flash_attention": False}, 110110752),
        ("google/gemma-4-31B", {}, 193480736),
        ("google/gemma-4-E2B", {}, 124274720),
        ("zai-org/GLM-4.5-Air", {}, 159393824),
        ("MiniMaxAI/MiniMax-M2.5", {}, 104867872),
        ("meta-llama/Llama-4-Scout-17B-16E", {}, 100683808),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", {}, 90187840),
        ("Qwen/Qwen3.5-9B", {"flash_attention": False}, 188756032),
        ("deepseek-ai/DeepSeek-V2-Lite", {}, 84023328),
        ("deepseek-ai/DeepSeek-V3.2", {"context": 32768}, 822159392),
        ("state-spaces/mamba-130m-hf", {}, 19009600),
        ("ai21labs/AI21-Jamba-Reasoning-3B", {}, 67567680),
        ("tiiuae/Falcon-H1-0.5B-Base", {}, 27627584),
        ("ibm-granite/granite-4.0-h-tiny", {}, 54534208),
        ("LiquidAI/LFM2-1.2B", {}, 62941248),
    ],
)
def test_the_buffer_is_what_the_allocator_counted(name: str, options: dict[str, Any], allocated: int) -> None:
    """Within 0.6 %: small inputs such as positions are not counted."""
    assert buffer(known(name), **options) == pytest.approx(allocated, rel=0.006)


def test_queries_wider_than_the_hidden_state_leave_a_wider_gap() -> None:
    """Qwen3 0.6B: 16 heads of 128 over 1024 elements."""
    model = known("Qwen/Qwen3-0.6B")
    assert query_width(model) == 2048
    assert gap(model, None) == 2048
    assert feed_forward(model, free=2048) == 2 * 1024 + 2048 + 3 * 3072


def test_the_widest_heads_count() -> None:
    """Gemma 4's global layers have heads of 512 beside those of 256."""
    assert query_width(known("google/gemma-4-31B")) == 32 * 512


def test_queries_of_one_rotated_product_leave_no_gap() -> None:
    """Phi-3 turns queries out of one product."""
    model = known("microsoft/Phi-3-mini-4k-instruct")
    assert gap(model, None) == 0
    assert buffer(model) == 512 * 4 * (2 * 3072 + 3 * 8192) + 4096 * 512 * 2


def test_what_fits_into_the_gap_takes_no_more() -> None:
    """GLM-4.5 Air's `up` of 11,264 lies where 12,288 of the attention were; its output does not fit beside gate."""
    model = known("zai-org/GLM-4.5-Air")
    assert experts(model, free=12288, mixer=None) == 2 * 4096 + 12288 + 2 * 11264 + 8 * 4096
    assert experts(model, free=0, mixer=None) == 2 * 4096 + 3 * 11264 + 8 * 4096


def test_experts_without_a_gate_keep_their_output_beside() -> None:
    """Squared in place, the product lives until it is multiplied down."""
    plain = make_architecture(num_experts=8, num_experts_per_tok=4, moe_intermediate_size=4096, gated_mlp=False)
    assert experts(plain, free=512, mixer=None) == 2 * 512 + 512 + 4 * 4096 + 4 * 512


def test_a_dense_layer_may_be_wider_than_the_experts() -> None:
    """DeepSeek V2 Lite begins with one of 10,944 where six experts of 1,408 follow."""
    model = known("deepseek-ai/DeepSeek-V2-Lite")
    free = gap(model, None)
    assert free == 16 * 128
    assert feed_forward(model, free=free) > experts(model, free=free, mixer=None)


def test_both_caches_have_a_mask_even_where_they_are_as_long() -> None:
    """Gemma 2 at 4096 tokens: its window of 4096 and all tokens."""
    sliding = Cache(CacheKind.SLIDING, (2, 3), 128, 128, 2, window=4096)
    both = make_architecture(caches=(Cache(CacheKind.FULL, (0, 1), 128, 128, 2), sliding))
    assert buffer(both) - buffer(make_architecture()) == 4096 * 512 * 2
    assert buffer(replace(both, model_type="qwen2")) == buffer(make_architecture())


def test_transposed_values_have_places() -> None:
    """Without flash attention each element of a value has an index of 8 bytes, since the values lie transposed."""
    model = make_architecture()
    scores = 8 * 4096 * 512 * 4
    assert buffer(model, flash_attention=False) == scores + 512 * (4 * 4 * 512 + 4 * 4096 + 8 * 128)


def test_wider_values_of_some_layers_widen_all() -> None:
    """Gemma 4 without flash attention: every layer keeps rows of the widest values."""
    model = known("google/gemma-4-31B")
    wide, plain = (make_load("llama.cpp", "F16", context=4096, flash_attention=flag) for flag in (False, True))
    assert estimate_kv_cache(model, plain).bytes == 1593835520
    assert estimate_kv_cache(model, wide).bytes == 1761607680


@pytest.mark.parametrize(
    ("name", "kind", "first"),
    [
        ("state-spaces/mamba-130m-hf", "mamba", True),
        ("ai21labs/AI21-Jamba-Reasoning-3B", "mamba", True),
        ("ibm-granite/granite-4.0-h-tiny", "mamba2", True),
        ("Qwen/Qwen3.5-9B", "delta", True),
        ("LiquidAI/LFM2-1.2B", "conv", True),
    ],
)
def test_the_kind_of_a_mixer_follows_from_its_tensors(name: str, kind: str, *, first: bool) -> None:
    """Mamba projects its input again, Mamba 2 skips it by D, a short convolution has no state."""
    mixer = recurrent_mixer(known(name))
    assert mixer is not None
    assert (mixer.kind, mixer.first) == (kind, first)
    assert recurrent_mixer(known("Qwen/Qwen3-0.6B")) is None


def test_mambas_scan_is_what_its_graph_holds() -> None:
    """130M: twice 768, the product of 3072, three of 1536, and the state of 24,576."""
    model = known("state-spaces/mamba-130m-hf")
    mixer = recurrent_mixer(model)
    assert mixer is not None
    assert scan(mixer, model, u=512, sequences=1) == 512 * (2 * 768 + 3072 + 3 * 1536) + 24576
    assert scan(mixer, model, u=512, sequences=4) - scan(mixer, model, u=512, sequences=1) == 3 * 24576


def test_a_state_that_does_not_fit_where_the_input_lay_goes_behind() -> None:
    """Mamba 2: with few tokens the state outgrows the convolution's input."""
    model = make_architecture(
        model_type="mamba2",
        tensors=(
            Tensor(Role.MIXER_IN, "in_proj", (2624, 512), (0, 1, 2, 3)),
            Tensor(Role.MIXER_CONV, "conv1d", (1536, 1, 4), (0, 1, 2, 3)),
            Tensor(Role.MIXER_STATE, "D", (16,), (0, 1, 2, 3)),
            Tensor(Role.MIXER_OUT, "out_proj", (512, 1024), (0, 1, 2, 3)),
        ),
        caches=(Cache(CacheKind.STATE, (0, 1, 2, 3), conv_elements=6144, recurrent_elements=262144),),
    )
    mixer = recurrent_mixer(model)
    assert mixer is not None
    kept = 3 * 1536
    wide = scan(mixer, model, u=2048, sequences=1) - 2048 * (2 * 512 + 1024 + 2624 + 2 * 1536) - kept
    assert wide == 262144
    narrow = scan(mixer, model, u=128, sequences=1) - 128 * (2 * 512 + 1024 + 2624 + 2 * 1536) - kept
    assert narrow == 128 * 1024 + 262144


def test_the_choice_of_tokens_is_kept_for_every_layer() -> None:
    """DeepSeek V3.2: f32 for each of 2048 chosen tokens and 61 layers; what V3 takes besides."""
    sparse, dense = known("deepseek-ai/DeepSeek-V3.2"), known("deepseek-ai/DeepSeek-V3")
    assert sparse.extra["index_topk"] == 2048
    assert latent_attention(sparse, cells=4096) - latent_attention(dense, cells=4096) == 61 * 2048
    assert latent_attention(sparse, cells=1024) - latent_attention(dense, cells=1024) == 61 * 1024


def test_an_unpacked_latent_lies_behind_where_it_does_not_fit() -> None:
    """DeepSeek V3, q8_0, CUDA: at 32k the copy fits where the queries' parts lay, at 128k it does not."""
    model, device = known("deepseek-ai/DeepSeek-V3"), make_device(80)
    found = [
        estimate_activations(
            model, make_load("llama.cpp", "F16", context=context, kv_format="q8_0"), device=device
        ).bytes
        for context in (32768, 131072)
    ]
    assert found == [pytest.approx(429922336, rel=0.001), pytest.approx(815798304, rel=0.001)]


def test_relative_positions_are_scores_three_times() -> None:
    """T5's decoder: scores, looked-up and transposed bias, and a table of distances for each layer."""
    t5 = make_architecture(
        is_encoder_decoder=True,
        gated_mlp=False,
        caches=(Cache(CacheKind.FULL, (0, 1, 2, 3), 512, 512, 8), Cache(CacheKind.CROSS, (0, 1, 2, 3), 512, 512, 8)),
    )
    pairs = 4096 * 512
    scores, tables, masks = 3 * 8 * pairs * 4, 4 * pairs * 4, pairs * 2 + 512 * 512 * 2
    assert buffer(t5) == scores + tables + masks + 512 * 4 * 2 * 512 + 2 * 4096 * 512


def test_ram_holds_the_inputs_of_a_micro_batch() -> None:
    """Gemma 4 E2B: the embedding twice, the inputs of 35 layers and both masks; the allocator counted 29,906,976."""
    model = known("google/gemma-4-E2B")
    load = make_load("llama.cpp", "F16", context=4096)
    assert host_bytes(model, load, cache_terms(model, load)) == pytest.approx(29906976, rel=0.001)


@pytest.mark.parametrize("name", ["Qwen/Qwen3.5-9B", "google/gemma-2-2b", "deepseek-ai/DeepSeek-V3.2"])
def test_more_tokens_at_once_take_more(name: str) -> None:
    """A wider micro-batch never takes less, nor does a longer context."""
    model = known(name)
    by_batch = [buffer(model, n_ubatch=tokens) for tokens in (128, 256, 512, 1024, 2048)]
    by_context = [buffer(model, context=tokens) for tokens in (512, 4096, 16384, 32768, 131072)]
    assert by_batch == sorted(by_batch)
    assert by_context == sorted(by_context)


def test_queries_turned_for_a_quantised_cache_leave_no_gap() -> None:
    """Llama 3.1 70B at 32k in q8_0: the allocator counted what 2h + 3I and the mask take."""
    model = known("meta-llama/Llama-3.1-70B")
    elements = 2 * 8192 + 3 * 28672
    assert buffer(model, context=32768, kv_format="q8_0") == 512 * 4 * elements + 32768 * 512 * 2
    assert gap(model, None, quantised=True) == 0
    assert gap(known("Qwen/Qwen3-8B"), None, quantised=True) == 4096


def test_experts_within_a_latent_give_it_back() -> None:
    """Nemotron 3 Super: 22 experts' outputs of 1024, not of 4096."""
    model = known("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8")
    assert model.extra["moe_latent_size"] == 1024
    assert experts(model, free=8192, mixer=None) == 2 * 4096 + 8192 + 22 * 2688 + 22 * 1024


def test_the_dense_layers_between_experts_are_wider() -> None:
    """Llama 4 Maverick: 16,384 in every second layer; Scout has none of them."""
    assert known("meta-llama/Llama-4-Maverick-17B-128E").intermediate_size == 16384
    assert known("meta-llama/Llama-4-Scout-17B-16E").intermediate_size == 8192
