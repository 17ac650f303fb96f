"""Which layers slide, are chunked or see everything."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError
from llmfit.records.architecture import Architecture, CacheKind
from support.configs import config, multimodal, tiny


def windows(model: Architecture) -> dict[int, int | None]:
    """Return the window of each layer, None where it keeps every token."""
    return {layer: cache.window for cache in model.caches for layer in cache.layers}


@pytest.mark.parametrize(
    ("model_type", "keys", "full"),
    [
        ("gemma2", {"sliding_window": 32}, [1, 3, 5]),
        ("gemma3_text", {"sliding_window": 32}, [5]),
        ("gemma3_text", {"sliding_window": 32, "sliding_window_pattern": 2}, [1, 3, 5]),
        ("gpt_oss", {"sliding_window": 32, "num_local_experts": 4}, [1, 3, 5]),
        ("cohere2", {"sliding_window": 32}, [3]),
        ("olmo3", {"sliding_window": 32}, [3]),
        ("exaone4", {"sliding_window": 32}, [3]),
        ("exaone4", {"sliding_window": None}, [0, 1, 2, 3, 4, 5]),
        ("granite_swa", {"sliding_window": 32}, [0, 4]),
        ("mistral", {"sliding_window": 32}, []),
        ("mistral", {"sliding_window": None}, [0, 1, 2, 3, 4, 5]),
        ("qwen2", {"sliding_window": 32}, [0, 1, 2, 3, 4, 5]),
        ("qwen2", {"sliding_window": 32, "use_sliding_window": True, "max_window_layers": 4}, [0, 1, 2, 3]),
        ("smollm3", {"sliding_window": 32, "use_sliding_window": True}, [0, 1, 2, 4, 5]),
    ],
)
def test_the_familys_pattern_decides_where_layer_types_is_absent(
    model_type: str, keys: dict[str, Any], full: list[int]
) -> None:
    """Every family alternates in its own way, and its flags can switch windows off."""
    found = windows(tiny(model_type, head_dim=8, **keys))
    assert [layer for layer, window in sorted(found.items()) if window is None] == full
    assert {window for window in found.values() if window} <= {32}


def test_stated_layer_types_win_over_the_pattern() -> None:
    """`layer_types` is the truth where it is there."""
    stated = ["full_attention", "full_attention", "sliding_attention"] * 2
    found = windows(tiny("gemma2", head_dim=8, sliding_window=16, layer_types=stated))
    assert [found[i] for i in range(6)] == [None, None, 16, None, None, 16]


def test_layer_types_must_fit_the_layers_and_be_known() -> None:
    """Five kinds for six layers, or an unknown kind, is no answer."""
    with pytest.raises(InvalidConfigError, match="5 entries for 6 layers"):
        tiny("gemma2", head_dim=8, layer_types=["full_attention"] * 5)
    with pytest.raises(UnsupportedArchitectureError, match="conv"):
        tiny("gemma2", head_dim=8, layer_types=["conv"] * 6)


def test_a_window_that_is_needed_must_be_stated() -> None:
    """Sliding layers without a width cannot be counted."""
    with pytest.raises(InvalidConfigError, match="sliding_window"):
        describe(config("ministral3", sliding_window=0, head_dim=8))


def test_llama4_attends_in_chunks_on_three_of_four_layers() -> None:
    """Layers without RoPE see everything; the others one chunk."""
    text = {"attention_chunk_size": 128, "num_local_experts": 4, "head_dim": 8, "intermediate_size_mlp": 96}
    vision = {"intermediate_size": 128}
    model = describe(multimodal("llama4", text=text, vision=vision))
    kinds = {layer: cache.kind for cache in model.caches for layer in cache.layers}
    assert [kinds[i] for i in range(6)] == [CacheKind.CHUNKED] * 3 + [CacheKind.FULL] + [CacheKind.CHUNKED] * 2


def test_an_encoder_of_both_directions_halves_its_window() -> None:
    """EmbeddingGemma looks half a window to each side."""
    both = tiny("gemma3_text", head_dim=8, sliding_window=512, use_bidirectional_attention=True)
    assert set(windows(both).values()) == {257, None}


def test_layers_that_share_a_cache_keep_none() -> None:
    """Gemma 3n's last layers use the keys and values of earlier ones."""
    model = tiny(
        "gemma3n_text",
        num_hidden_layers=10,
        num_kv_shared_layers=4,
        head_dim=8,
        hidden_size_per_layer_input=4,
        vocab_size_per_layer_input=100,
        sliding_window=32,
    )
    assert sorted(windows(model)) == list(range(6))
    with pytest.raises(InvalidConfigError, match="num_kv_shared_layers"):
        tiny("gemma3n_text", num_kv_shared_layers=6, head_dim=8)
