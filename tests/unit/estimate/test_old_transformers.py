"""What earlier versions of transformers kept on the GPU, each up to the version in which it went."""

import pytest

from llmfit.architectures import describe
from llmfit.estimate import estimate
from llmfit.estimate.activations import estimate_activations
from llmfit.estimate.activations.resident import rotation_bytes
from llmfit.estimate.overhead import estimate_overhead
from llmfit.records.estimate import PartName
from support.loads import MIB, make_architecture, make_load

QWEN2 = describe(
    {
        "model_type": "qwen2",
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "max_position_embeddings": 32768,
        "tie_word_embeddings": False,
    }
)


def beside(version: str | None, *, context: int = 2048, prompt: int = 1, attention: str = "sdpa") -> int:
    """Return the bytes beside weights and cache of a short prompt and a long answer."""
    load = make_load(
        "transformers",
        context=context,
        prompt_tokens=prompt,
        engine_version=version,
        attn_implementation=attention,
    )
    return estimate_activations(QWEN2, load).bytes


@pytest.mark.parametrize(
    ("model_type", "last", "first"),
    [
        ("llama", "4.37.2", "4.38.0"),
        ("mistral", "4.41.2", "4.42.0"),
        ("qwen2", "4.44.2", "4.45.0"),
        ("qwen2_moe", "4.44.2", "4.45.0"),
        ("starcoder2", "4.44.2", "4.45.0"),
    ],
)
def test_layers_kept_sines_and_cosines_of_every_position(model_type: str, last: str, first: str) -> None:
    """Two tables of 16 bit a layer, positions times the width of a head, up to the version that took them out."""
    made = make_architecture(model_type=model_type, context_length=32768)
    assert rotation_bytes(made, last) == 4 * 2 * 32768 * 64 * 2
    assert rotation_bytes(made, first) == 0
    assert rotation_bytes(made, None) == 0


def test_the_tables_are_as_wide_as_the_weights() -> None:
    """They are made in the dtype that the model is loaded in."""
    made = make_architecture(model_type="qwen2")
    assert rotation_bytes(made, "4.40.0", width=4) == 2 * rotation_bytes(made, "4.40.0")


def test_a_model_that_never_had_tables_has_none() -> None:
    """Only families whose layers were read to keep them count."""
    assert rotation_bytes(make_architecture(model_type="gemma2"), "4.40.0") == 0


def test_a_model_without_a_stated_length_has_no_tables() -> None:
    """How many positions they hold is not known there."""
    assert rotation_bytes(make_architecture(context_length=None), "4.36.0") == 0


def test_generating_kept_the_cache_twice() -> None:
    """Up to 4.41 the old keys and values of all layers are there until the step has ended."""
    cache = 28 * 2048 * 2 * 4 * 128 * 2
    one_layer_of_keys = 2048 * 4 * 128 * 2
    old, new = (beside(version, attention="flash_attention_2") for version in ("4.41.2", "4.42.0"))
    assert old - new == cache - one_layer_of_keys


def test_a_forward_pass_alone_has_one_cache() -> None:
    """Where the whole context is prefilled no step follows that would copy it."""
    old, new = (
        beside(version, context=16, prompt=16, attention="flash_attention_2") for version in ("4.41.2", "4.42.0")
    )
    assert old == new


def test_sdpa_repeated_shared_heads() -> None:
    """Up to 4.53 a layer's keys and values were made once for every head while a token was decoded."""
    repeated = 2 * 28 * 128 * 2 * 2048
    own_keys = 4 * 128 * 2 * 2048
    assert beside("4.53.3") - beside("4.54.0") == repeated - own_keys
    assert beside("4.53.3", attention="flash_attention_2") == beside("4.54.0")


def test_eager_attention_still_repeats_them() -> None:
    """It multiplies whole matrices of every head in any version."""
    assert beside("4.54.0", attention="eager") == beside("4.53.3", attention="eager")
    assert beside("4.54.0", attention="eager") > beside("4.54.0")


def test_heads_of_their_own_need_no_repetition() -> None:
    """A model without shared heads takes the same in both versions."""
    own = make_architecture(num_key_value_heads=8)
    loads = [make_load("transformers", context=4096, prompt_tokens=1, engine_version=v) for v in ("4.53.3", "4.54.0")]
    first, second = (estimate_activations(own, load).bytes for load in loads)
    assert first == second


def test_awq_summed_partial_results_of_any_length() -> None:
    """Before AutoAWQ 0.2.0 eight partial products were kept however long the prompt was."""
    made = make_architecture(model_type="other")
    old, new = (
        estimate_activations(made, make_load("transformers", "awq-int4", context=4096, engine_version=version)).bytes
        for version in ("4.36.2", "4.38.2")
    )
    assert old - 32 * MIB - 32 * 1000 == 2 * 4096 * (10 * 2048 + 4 * 512)
    assert new < old


def test_an_old_context_is_larger() -> None:
    """With torch up to 2.1, that is transformers up to 4.37, libraries and kernels took 1.3 GiB."""
    old, new = (
        estimate_overhead(QWEN2, make_load("transformers", engine_version=version), explain=True)
        for version in ("4.37.2", "4.38.0")
    )
    assert old.bytes == 1343 * MIB
    assert new.bytes == 644245094
    assert old.lines[0].label == "old context"


def test_versions_change_no_weights_and_no_cache() -> None:
    """Only what lies beside them follows the version."""
    parts = []
    for version in ("4.35.0", "4.41.0", "4.51.3", None):
        found = estimate(QWEN2, make_load("transformers", context=4096, engine_version=version))
        parts.append((found.part_bytes(PartName.WEIGHTS), found.part_bytes(PartName.KV_CACHE)))
    assert len(set(parts)) == 1


def test_activations_never_grow_with_the_version() -> None:
    """Each change took something away: a later version needs no more for the same load."""
    versions = ("4.31", "4.37", "4.38", "4.41", "4.42", "4.44", "4.45", "4.53", "4.54", "5.23")
    found = [beside(version, context=4096, prompt=2048) for version in versions]
    assert found == sorted(found, reverse=True)
