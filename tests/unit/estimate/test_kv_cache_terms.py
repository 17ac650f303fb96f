"""Terms of caches at their borders: states, cross-attention and windows on each engine, layers that stay in RAM."""

from typing import Any

import pytest

from llmfit.estimate.kv_cache import estimate_kv_cache, host_cache_bytes
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from support.loads import make_architecture, make_load

LAYERS = (0, 1, 2, 3)
ROW = 2 * 2 * 64 * 2
"""Bytes of K and V of one token and layer in 16 bit: two KV heads of 64."""


def keeping(*caches: Cache, **changes: Any) -> Architecture:
    """Return four layers with these caches."""
    return make_architecture(caches=caches, **changes)


def size(architecture: Architecture, engine: str, context: int, **options: Any) -> int:
    """Return the bytes of the cache under a load."""
    return estimate_kv_cache(architecture, make_load(engine, context=context, **options)).bytes


def hybrid(*convolutions: Tensor) -> Architecture:
    """Return four layers with a state: 96 channels under a kernel of 4, and 5 heads of 8 × 8."""
    return keeping(
        Cache(CacheKind.STATE, LAYERS, conv_elements=96 * 4, recurrent_elements=5 * 8 * 8), tensors=convolutions
    )


CONVOLUTION = Tensor(Role.MIXER_CONV, "conv1d", (96, 1, 4), LAYERS)


@pytest.mark.parametrize(
    ("engine", "kv_format", "columns", "width"),
    [
        ("llama.cpp", "f16", 3, 4),
        ("llama.cpp", "q8_0", 3, 4),
        ("transformers", "f16", 4, 2),
        ("transformers", "f32", 4, 4),
        ("vllm", "f16", 3, 2),
        ("vllm", "fp8", 3, 2),
        ("vllm", "f32", 3, 4),
    ],
)
def test_a_state_has_its_own_width_on_each_engine(engine: str, kv_format: str, columns: int, width: int) -> None:
    """The matrix is f32 everywhere; of the kernel's four columns transformers alone keeps the newest too."""
    row = 96 * columns * width + 4 * 5 * 8 * 8
    assert size(hybrid(CONVOLUTION), engine, 5000, sequences=3, kv_format=kv_format) == 4 * 3 * row


def test_the_kernel_is_that_of_the_layers_that_keep_the_state() -> None:
    """A convolution of other layers says nothing; without one the whole state is kept."""
    other = Tensor(Role.MIXER_CONV, "conv1d", (96, 1, 2), (0, 1))
    no_convolution = Tensor(Role.MIXER_IN, "in_proj", (96, 1, 2), LAYERS)
    recurrent = 4 * 5 * 8 * 8
    assert size(hybrid(other, CONVOLUTION), "vllm", 16) == 4 * (96 * 3 * 2 + recurrent)
    assert size(hybrid(no_convolution), "vllm", 16) == 4 * (96 * 4 * 2 + recurrent)


@pytest.mark.parametrize(
    ("kind", "window", "cells"),
    [
        (CacheKind.SLIDING, 1009, 3056 + 16),
        (CacheKind.SLIDING, 1010, 3072 + 16),
        (CacheKind.CHUNKED, 1008, 3056),
        (CacheKind.CHUNKED, 1009, 3072),
    ],
)
def test_a_window_of_vllm_counts_the_current_token_once(kind: CacheKind, window: int, cells: int) -> None:
    """W − 1 + 2048 tokens: 1009 are 191 blocks of 16 and 1010 are 192; a chunk is W + 2048 without a further block."""
    windowed = keeping(Cache(kind, LAYERS, 128, 128, 2, window=window))
    assert size(windowed, "vllm", 100_000, max_num_batched_tokens=2048) == 4 * cells * ROW


def test_sources_and_compressed_cells_are_blocks_in_vllm() -> None:
    """100 + 900 tokens are 7 + 57 blocks of 16; 12,800 tokens in cells of 128 are 100 cells, 7 blocks."""
    both = (Cache(CacheKind.FULL, LAYERS, 128, 128, 2), Cache(CacheKind.CROSS, LAYERS, 128, 128, 2))
    assert size(keeping(*both, is_encoder_decoder=True), "vllm", 1000, prompt_tokens=900) == 4 * (112 + 912) * ROW
    packed = keeping(Cache(CacheKind.COMPRESSED, LAYERS, 512, 0, 1, compression=128))
    assert size(packed, "vllm", 12_800) == 4 * 112 * 512 * 2
    assert size(packed, "vllm", 12_800, sequences=2) == 2 * 4 * 112 * 512 * 2


def test_llama_cpp_keeps_no_source() -> None:
    """Keys and values of the encoder's output are computed anew, not kept."""
    both = (Cache(CacheKind.FULL, LAYERS, 128, 128, 2), Cache(CacheKind.CROSS, LAYERS, 128, 128, 2))
    assert size(keeping(*both, is_encoder_decoder=True), "llama.cpp", 256) == 4 * 256 * ROW


@pytest.mark.parametrize(("images", "tokens"), [(0, 0), (1, 1601), (3, 4803)])
def test_a_decoder_looks_back_at_each_image(images: int, tokens: int) -> None:
    """Llama 3.2 Vision keeps the 1,601 patches of every image, and nothing where there is none."""
    seeing = keeping(Cache(CacheKind.CROSS, LAYERS, 128, 128, 2, window=1601))
    assert size(seeing, "transformers", 4096, images=images) == 4 * tokens * ROW


def test_cross_attention_without_a_width_sees_nothing_of_images() -> None:
    """A decoder that says nothing of its images' positions keeps none."""
    assert size(keeping(Cache(CacheKind.CROSS, LAYERS, 128, 128, 2)), "transformers", 4096, images=3) == 0


def test_an_encoder_with_fixed_positions_is_always_seen_whole() -> None:
    """Whisper keeps 1,500 positions however short the sound; its answer has one token at least."""
    both = (Cache(CacheKind.FULL, LAYERS, 128, 128, 2), Cache(CacheKind.CROSS, LAYERS, 128, 128, 2, window=1500))
    whisper = keeping(*both, is_encoder_decoder=True)
    assert size(whisper, "transformers", 448, prompt_tokens=448) == 4 * (1 + 1500) * ROW


def test_a_decoder_keeps_its_prompt() -> None:
    """Only an encoder takes the prompt away: without one, prompt and answer both stay."""
    assert size(make_architecture(), "transformers", 1000, prompt_tokens=900) == 4 * 1000 * ROW


@pytest.mark.parametrize(("layers", "kept"), [(-1, 4), (0, 0), (1, 0), (2, 1), (4, 3), (5, 4), (99, 4)])
def test_layers_on_the_gpu_keep_their_cache_there(layers: int, kept: int) -> None:
    """`-ngl n` of 4 layers: the output is the first that comes, −1 is all; the rest of the cache is in RAM."""
    load = make_load(context=1024, n_gpu_layers=layers)
    assert estimate_kv_cache(make_architecture(), load).bytes == kept * 1024 * ROW
    assert host_cache_bytes(make_architecture(), load) == (4 - kept) * 1024 * ROW


def test_a_single_layer_that_keeps_something_is_counted_whole() -> None:
    """The last of four layers alone attends: it is on the GPU with `-ngl 2`, in RAM with `-ngl 1`."""
    one = keeping(Cache(CacheKind.FULL, (3,), 128, 128, 2))
    assert host_cache_bytes(one, make_load(context=256, n_gpu_layers=2)) == 0
    assert host_cache_bytes(one, make_load(context=256, n_gpu_layers=1)) == 256 * ROW


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_other_engines_leave_no_cache_in_ram(engine: str) -> None:
    """`-ngl` is llama.cpp's."""
    assert host_cache_bytes(make_architecture(), make_load(engine, n_gpu_layers=1)) == 0
    assert size(make_architecture(), engine, 512, n_gpu_layers=1) == 4 * 512 * ROW


def test_the_explanation_takes_off_what_lies_in_ram() -> None:
    """Lines of every layer and one of those in RAM sum to what is on the GPU; without `-ngl` nothing is taken off."""
    shown = estimate_kv_cache(make_architecture(), make_load(context=1024, n_gpu_layers=3), explain=True)
    assert [(line.label, line.bytes) for line in shown.lines] == [
        ("full", 4 * 1024 * ROW),
        ("of it in RAM", -2 * 1024 * ROW),
    ]
    whole = estimate_kv_cache(make_architecture(), make_load(context=1024), explain=True)
    assert [line.label for line in whole.lines] == ["full"]


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
def test_each_kind_has_a_line_of_its_own(engine: str) -> None:
    """Full layers and states are told apart, and nothing is assumed that need not be."""
    caches = (
        Cache(CacheKind.FULL, (0,), 128, 128, 2),
        Cache(CacheKind.STATE, (1, 2, 3), conv_elements=8, recurrent_elements=8),
        Cache(CacheKind.LATENT, (0,), 576, 0, 1),
    )
    shown = estimate_kv_cache(keeping(*caches), make_load(engine), explain=True)
    assert [line.label for line in shown.lines] == ["full", "state", "latent"]
    assert shown.assumptions == ()
    plain = estimate_kv_cache(keeping(*caches), make_load(engine))
    assert (plain.bytes, plain.lines, plain.assumptions) == (shown.bytes, (), ())


@pytest.mark.parametrize(
    ("build", "row", "word"),
    [
        ("b5217", 128 * (192 + 128) * 2, "5218"),
        ("b5218", (576 + 512) * 2, "7837"),
        ("b7836", (576 + 512) * 2, "7837"),
        ("b7837", 576 * 2, ""),
    ],
)
def test_a_build_that_keeps_a_latent_otherwise_says_so(build: str, row: int, word: str) -> None:
    """The first build of each rule follows it already, and an older one names the build that changed it."""
    extra = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
    latent = keeping(Cache(CacheKind.LATENT, LAYERS, 576, 0, 1), num_attention_heads=128, extra=extra)
    found = estimate_kv_cache(latent, make_load(context=256, engine_version=build), explain=True)
    assert found.bytes == 4 * 256 * row
    assert [word in note for note in found.assumptions] == [True] * bool(word)


@pytest.mark.parametrize(
    ("model_type", "follows"),
    [
        ("mistral", False),
        ("mixtral", False),
        ("phi3", False),
        ("phimoe", False),
        ("starcoder2", False),
        ("qwen2", False),
        ("qwen2_moe", False),
        ("qwen3", False),
        ("qwen3_moe", False),
        ("gemma2", True),
        ("gpt_oss", True),
    ],
)
def test_llama_cpp_follows_the_windows_of_some_families_alone(model_type: str, follows: bool) -> None:  # noqa: FBT001 - a column of the table above
    """Of the others it keeps every token; a window of 1,000 is kept with the micro-batch behind it."""
    window = Cache(CacheKind.SLIDING, LAYERS, 128, 128, 2, window=1000)
    model = keeping(window, model_type=model_type)
    cells = 1536 if follows else 8192
    assert size(model, "llama.cpp", 8192) == 4 * cells * 2 * 128 * 2
    assert size(model, "llama.cpp", 8192, swa_full=True) == 4 * 8192 * 2 * 128 * 2
