"""AutoAWQ's fused modules: what loading, attention, feed-forward and logits take, by release."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.estimate.activations import estimate_activations, stage
from llmfit.estimate.activations.autoawq import peaks
from llmfit.estimate.kv_cache import estimate_kv_cache
from llmfit.records.architecture import Architecture
from support.loads import GIB, MIB, make_device, make_load

VICUNA = describe(
    {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": False,
    }
)
MIXTRAL = describe(
    {
        "model_type": "mixtral",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "vocab_size": 32000,
        "max_position_embeddings": 32768,
        "tie_word_embeddings": False,
    }
)
BITS = 4 + 20 / 128
"""Of a weight with its scale and zero."""
AMPERE = make_device(24, compute="sm_86")
FUSING = "fusing of the loaded layers"


def stages(
    tokens: int, version: str | None = "4.35.0", *, architecture: Architecture = VICUNA, **changes: Any
) -> dict[str, int]:
    """Return the bytes of every moment of a prompt that fills the context."""
    options = {"attn_implementation": "awq_fused", "engine_version": version}
    load = make_load("transformers", "awq-int4", context=tokens, **options, **changes)
    return {found.label: found.bytes for found in _peaks(architecture, load)}


def _peaks(architecture: Architecture, load: Any) -> list[stage.Stage]:
    return peaks(architecture, load, AMPERE, every_logit=True)


def test_fusing_holds_queries_keys_and_values_twice() -> None:
    """All joined layers beside the old ones, and the last one as zeros too."""
    joined = 3 * 4096 * 4096 * BITS / 8
    rotations = 32 * 2 * 64 * 64 * 8
    rounding = 3 * 32 * MIB // 2
    expected = 33 * joined + rotations + rounding + 8 * MIB + 128 * 1024
    assert stages(64)[FUSING] == pytest.approx(expected, rel=0.001)


def test_a_short_prompt_peaks_while_loading() -> None:
    """What the program measures after a few tokens is what fusing took."""
    load = make_load("transformers", "awq-int4", context=64, attn_implementation="awq_fused", engine_version="4.35.0")
    assert estimate_activations(VICUNA, load, device=AMPERE).bytes == stages(64)[FUSING]


def test_scores_of_a_long_prompt_are_whole_matrices() -> None:
    """Ten bytes for each head and pair of tokens before flash attention came."""
    long, short = (stages(n)["attention of a prefill"] for n in (4096, 2048))
    pairs = 4096**2 - 2048**2
    rows = 2048 * 2 * (2 * 4096 + 6 * 4096)
    rotations = 2048 * 32 * 2 * 64 * 8
    assert long - short == pairs * (10 * 32 + 2) + rows + rotations


def test_flash_attention_makes_no_scores() -> None:
    """From transformers 4.45 on attention grows with the tokens alone."""
    long, short = (stages(n, "4.45.0")["attention of a prefill"] for n in (4096, 2048))
    fixed = stages(1, "4.45.0")["attention of a prefill"]
    assert long - fixed == pytest.approx(2 * (short - fixed), rel=0.001)
    assert long < stages(4096)["attention of a prefill"]


def test_shared_heads_are_repeated_before_flash_attention() -> None:
    """Keys and values of Mixtral's 8 heads are made for all 32."""
    tokens = 1024
    old, new = (
        stages(tokens, version, architecture=MIXTRAL)["attention of a prefill"] for version in ("4.38.0", "4.45.0")
    )
    scores = tokens * tokens * (10 * 32 + 2)
    assert old - new == tokens * 2 * 4096 + scores


def test_first_releases_kept_every_layers_keys_until_the_end() -> None:
    """AutoAWQ 0.1.0 to 0.1.2 handed joined products and rotated keys on: four widths a layer and token here."""
    old, new = stages(2048, "4.33.0"), stages(2048)
    kept = 32 * 2048 * 2 * 4 * 4096
    for label in ("attention of a prefill", "MLP of a prefill", "logits of a prefill", "decoding"):
        assert old[label] - new[label] == kept


def test_first_releases_fused_after_moving_the_rotations() -> None:
    """Transformers' own sines and cosines were on the GPU by then: 2 MiB a layer for 4096 positions."""
    assert stages(64, "4.33.0")[FUSING] - stages(64)[FUSING] == 32 * 2 * 4096 * 128 * 2


def test_stacking_experts_needs_the_gates_of_a_layer_twice_more() -> None:
    """AutoAWQ 0.2.0 joins pairs, then stacks them into a tensor that is made of zeros first."""
    stacked, apart = (stages(64, version, architecture=MIXTRAL)[FUSING] for version in ("4.37.0", "4.36.2"))
    gates = 8 * 2 * 14336 * 4096 * BITS / 8
    assert stacked - apart == pytest.approx(2 * gates, rel=0.001)


def test_experts_sum_partial_results_of_all_their_tokens() -> None:
    """Eight partial products of gate and up for both experts of each token, and their sum."""
    long, short = (stages(n, "4.38.0", architecture=MIXTRAL)["MLP of a prefill"] for n in (2048, 1024))
    rotations = 1024 * 32 * 2 * 64 * 8
    assert long - short == 1024 * 2 * (10 * 2 * 2 * 14336 + 5 * 4096) + rotations


def test_each_gpu_joins_its_own_layers() -> None:
    """Two GPUs share the joined layers, while each needs the last one's copies."""
    load = make_load("transformers", "awq-int4", context=64, attn_implementation="awq_fused", engine_version="4.35.0")
    one, two = (
        {s.label: s.bytes for s in peaks(VICUNA, load, device, every_logit=True)}[FUSING]
        for device in (AMPERE, make_device(24, 24, compute="sm_86"))
    )
    joined = 32 * 3 * 4096 * 4096 * BITS / 8
    rotations, rounding = 32 * 2 * 64 * 64 * 8, 48 * MIB
    assert one - two == pytest.approx((joined + rotations + rounding) / 2, rel=0.001)


def test_logits_of_the_last_token_alone() -> None:
    """Since transformers 4.45 `generate` asks for no others."""
    load = make_load("transformers", "awq-int4", context=2048, attn_implementation="awq_fused")
    every, last = (
        {s.label: s.bytes for s in peaks(VICUNA, load, AMPERE, every_logit=flag)}["logits of a prefill"]
        for flag in (True, False)
    )
    assert every - last == 2047 * 6 * 32000


def test_sequences_multiply_the_scores() -> None:
    """Eight prompts at once attend in one product."""
    one = stages(2048)["attention of a prefill"]
    eight = stages(2048, sequences=8)["attention of a prefill"]
    assert eight > one + 7 * 2048 * 2048 * 10 * 32


def test_no_device_is_taken_as_the_newest() -> None:
    """CuBLAS's workspace is that of a Hopper card where none is named."""
    load = make_load("transformers", "awq-int4", context=64, attn_implementation="awq_fused")
    named = estimate_activations(VICUNA, load, device=make_device(80, compute="sm_90")).bytes
    assert estimate_activations(VICUNA, load).bytes == named


@pytest.mark.parametrize(
    ("tokens", "version", "gib"),
    [(64, "4.35.0", 4.50), (2048, "4.35.0", 6.15), (2048, "4.33.0", 8.08), (512, "4.33.0", 4.80)],
)
def test_vicuna_as_autoawq_published_it(tokens: int, version: str, gib: float) -> None:
    """Allocated memory in the READMEs of AutoAWQ 0.1.0 and 0.1.7, two decimals of GiB."""
    from llmfit.estimate import estimate

    load = make_load(
        "transformers", "awq-int4", context=tokens, attn_implementation="awq_fused", engine_version=version
    )
    found = estimate(VICUNA, load, device=AMPERE)
    allocated = found.total_bytes - found.parts[-1].bytes
    assert allocated / GIB == pytest.approx(gib, rel=0.015)


def test_the_cache_is_there_from_the_start() -> None:
    """A short prompt saves nothing of a cache that is allocated whole."""
    load = make_load("transformers", "awq-int4", context=8192, attn_implementation="awq_fused", engine_version="4.35.0")
    load = replace(load, options=replace(load.options, engine_version="4.38.0"))
    short = estimate_activations(VICUNA, replace(load, prompt_tokens=16), device=AMPERE).bytes
    assert short == {s.label: s.bytes for s in _peaks(VICUNA, load)}[FUSING]


@pytest.mark.parametrize(
    ("version", "prompt", "kept"),
    [
        ("4.36.2", 1024, 3072),
        ("4.36.2", 3072, 3072),
        ("4.36.2", None, 4096),
        ("4.37.0", 1024, 4096),
        (None, 1024, 4096),
    ],
)
def test_first_releases_cached_the_longer_of_prompt_and_answer(
    version: str | None, prompt: int | None, kept: int
) -> None:
    """`max_new_tokens` sized the cache up to AutoAWQ 0.1.8, `max_seq_len` since."""
    load = make_load(
        "transformers",
        "awq-int4",
        context=4096,
        prompt_tokens=prompt,
        attn_implementation="awq_fused",
        engine_version=version,
    )
    assert estimate_kv_cache(VICUNA, load).bytes == 32 * 2 * 32 * 128 * 2 * kept
