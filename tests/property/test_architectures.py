"""Laws of every description: junk never crashes, parts sum, more layers are more."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmfit.architectures import describe, known_model_types
from llmfit.errors import CannotAnswerError, LlmfitError
from llmfit.records.architecture import Architecture, Section
from support.configs import EXPERTS, LATENT, LLAMA, VISION, config, growing

TYPES = known_model_types()
KEYS = sorted(
    {*LLAMA, *EXPERTS, *LATENT, *VISION}
    | {"layer_types", "sliding_window", "head_dim", "attention_bias", "architectures", "block_configs", "text_config"}
    | {"vision_config", "audio_config", "mlp_layer_types", "moe_layer_freq", "hybrid_override_pattern", "n_embd"}
    | {"attention_types", "compress_ratios", "id2label", "rope_scaling", "expand", "state_size", "encoder", "decoder"}
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=0, max_value=300),
    st.floats(allow_nan=True),
    st.text(max_size=12),
    st.sampled_from(["full_attention", "sliding_attention", "LlamaForCausalLM", "mistral", "gated-gelu", "M*-E"]),
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


def answer(values: dict[str, Any]) -> str:
    """Return the count, or the words in which it is refused."""
    try:
        return str(describe(values).parameters)
    except LlmfitError as refusal:
        return refusal.message


def total(architecture: Architecture, section: Section) -> int:
    """Return the parameters of one section."""
    return sum(t.parameters for t in architecture.tensors if t.section is section)


@settings(max_examples=600, deadline=None)
@given(model_type=st.sampled_from(TYPES), keys=st.dictionaries(st.sampled_from(KEYS), junk, max_size=16))
def test_no_json_makes_it_crash(model_type: str, keys: dict[str, Any]) -> None:
    """Whatever a config holds, the answer is a description or one of our own errors."""
    assert answer({**keys, "model_type": model_type})


@settings(max_examples=400, deadline=None)
@given(model_type=st.sampled_from(TYPES), key=st.sampled_from(KEYS), value=junk)
def test_one_damaged_value_in_a_good_config(model_type: str, key: str, value: object) -> None:
    """A single value that cannot be is refused by name or does not matter."""
    good = {**config(model_type), **EXPERTS, **LATENT, "text_config": dict(LLAMA), "vision_config": dict(VISION)}
    assert answer({**good, key: value})


@given(junk)
def test_anything_but_an_object_with_a_type_is_refused(value: Any) -> None:
    """A list, a number, or an object without `model_type` is no config."""
    if isinstance(value, dict) and "model_type" in value:
        return
    with pytest.raises(CannotAnswerError):
        describe(value)


sizes = st.fixed_dictionaries(
    {
        "num_hidden_layers": st.integers(1, 12),
        "num_attention_heads": st.sampled_from([4, 8, 16]),
        "num_key_value_heads": st.sampled_from([1, 2, 4]),
        "hidden_size": st.sampled_from([64, 128]),
        "intermediate_size": st.integers(1, 300),
        "vocab_size": st.integers(1, 2000),
        "head_dim": st.sampled_from([8, 16]),
        "sliding_window": st.integers(1, 64),
    }
)
dense = st.sampled_from(
    ["llama", "qwen2", "qwen3", "gemma2", "gemma3_text", "mistral", "glm4", "olmo2", "phi3", "cohere2"]
)


@given(model_type=dense, keys=sizes)
def test_the_total_is_the_sum_of_its_sections(model_type: str, keys: dict[str, Any]) -> None:
    """Nothing is counted twice or left out."""
    found = describe(config(model_type, **keys))
    assert found.parameters == sum(total(found, section) for section in Section if section is not Section.MTP)
    assert found.active_parameters <= found.parameters


@given(model_type=dense, keys=sizes)
def test_one_more_layer_is_more(model_type: str, keys: dict[str, Any]) -> None:
    """Parameters grow and the cache never shrinks with the number of layers."""
    taller = {**keys, "num_hidden_layers": keys["num_hidden_layers"] + 1}
    low, high = describe(config(model_type, **keys)), describe(config(model_type, **taller))
    assert high.parameters > low.parameters
    assert growing(high) >= growing(low)


@given(keys=sizes)
def test_grouped_queries_never_keep_more(keys: dict[str, Any]) -> None:
    """A cache of shared heads is at most that of one head for each."""
    shared = describe(config("llama", **keys))
    own = describe(config("llama", **{**keys, "num_key_value_heads": None}))
    assert growing(shared) <= growing(own)
    assert shared.parameters <= own.parameters


@given(model_type=dense, keys=sizes)
def test_layers_of_caches_and_tensors_are_layers_of_the_model(model_type: str, keys: dict[str, Any]) -> None:
    """Indices lie within the model, each layer keeps its tokens once."""
    found = describe(config(model_type, **keys))
    everyone = set(range(found.num_hidden_layers))
    assert all(set(tensor.layers) <= everyone for tensor in found.tensors)
    kept = [layer for cache in found.caches for layer in cache.layers]
    assert sorted(kept) == sorted(everyone)


@given(keys=sizes)
def test_foreign_keys_change_nothing(keys: dict[str, Any]) -> None:
    """What a family does not know has no effect."""
    plain = describe(config("llama", **keys))
    noisy = describe(config("llama", **keys, torch_dtype="bfloat16", rope_theta=1e6, foo=[1, {"bar": None}]))
    assert plain == noisy
