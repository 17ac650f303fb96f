"""The model of litgpt's own under inference."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.catalog import load_catalog
from llmfit.estimate import estimate
from llmfit.records.architecture import Architecture
from llmfit.records.workload import EngineOptions, Workload
from support.training import llama

WIDE = {"vocab_size": 128_000, "tie_word_embeddings": False}


def run(model: Architecture, *, form: str = "nf4", implementation: str = "litgpt", **changes: Any) -> dict[str, int]:
    """Return the bytes of each part of a short load."""
    catalog = load_catalog(user_file=None)
    load = Workload(
        engine=catalog.engine("transformers"),
        format=catalog.format(form),
        kv_format=catalog.kv_format("f16"),
        context=60,
        prompt_tokens=10,
        options=EngineOptions(attn_implementation=implementation),
    )
    return {part.name.value: part.bytes for part in estimate(model, replace(load, **changes)).parts}


def test_a_quantised_head_takes_4_and_a_half_bit_a_weight() -> None:
    """Where bitsandbytes replaces every linear layer, the head's 2 B a weight become 0.5625."""
    model = llama(**WIDE)
    saved = run(model, implementation="sdpa")["weights"] - run(model)["weights"]
    assert saved == 128_000 * 512 * (2 - 0.5625)


@pytest.mark.parametrize("form", ["bf16", "nf4", "nf4-dq"])
def test_a_tied_head_becomes_a_matrix_of_its_own(form: str) -> None:
    """Nothing is tied, in any format."""
    tied, own = llama(vocab_size=128_000), llama(**WIDE)
    assert run(tied, form=form) == run(own, form=form)


def test_a_prompt_unpacks_the_head_twice() -> None:
    """It takes fp16 and its bf16 copy, 4 B a weight, where a 16-bit head needs none."""
    model = llama(**WIDE)
    unpacked = run(model)["activation"] - run(model, form="bf16")["activation"]
    assert 0.95 * 4 * 128_000 * 512 < unpacked <= 4 * 128_000 * 512


def test_the_cache_holds_keys_and_values_of_every_query_head() -> None:
    """Eight query heads over two shared ones take four times the cache, counted beside what is shared."""
    shared, own = llama(), llama(num_key_value_heads=8)
    beside = [run(model, form="bf16", context=4000) for model in (shared, own)]
    more = beside[0]["activation"] - beside[1]["activation"]
    assert more == pytest.approx(beside[1]["kv_cache"] - beside[0]["kv_cache"], rel=0.05)
