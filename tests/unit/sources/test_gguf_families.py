"""Files that llama.cpp's own converter wrote: encoders, T5, Gemma 3n and 4, recurrent layers, sparse attention.

Each is compared with the description of the same model's `config.json`.
"""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.records.architecture import Architecture, CacheKind, Section
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.sources.gguf_config import config_of
from support.measured import load_architectures, load_reference

ROWS = {row["model"]: row for row in load_reference("gguf_metadata")}
LEFT_OUT = {
    "google-bert/bert-base-uncased": 768 * 768 + 768,  # the pooler
    "BAAI/bge-m3": 1024 * 1024 + 1024 + 2 * 1024,  # the pooler, and two positions that no text reaches
    "google/flan-t5-xl": 32128 * 2048,  # the files here were made with a tied head
    "tiiuae/falcon-mamba-7b": 65024 * 4096,
    "google/gemma-3n-E2B-it": -256 * 30 * 256,  # inputs of every layer are padded to the other vocabulary
}
"""Parameters that the configuration describes and the file does not hold."""
UNUSED = {"google/gemma-3n-E2B-it": 10 * 2 * 2048 * 512 + 10 * 256}
"""Parameters that the file holds and nobody uses: keys and values of layers that share those of others."""


def checkpoint(row: dict[str, Any]) -> Checkpoint:
    """Return the header of a row; tensors that tell nothing are left out."""
    tensors = tuple(StoredTensor(name, "F16", tuple(shape), 0) for name, shape in row["tensors"].items())
    return Checkpoint(kind="gguf", tensors=tensors, metadata=row["metadata"])


def described(name: str) -> Architecture:
    """Return what the file of a model becomes."""
    return describe(config_of(checkpoint(ROWS[name])))


@pytest.mark.parametrize("name", ROWS)
def test_a_file_has_the_caches_of_its_configuration(name: str) -> None:
    """Keys, values, windows, latents, indexers and states of every layer."""
    wanted = load_architectures()[name]
    assert isinstance(wanted, Architecture)
    found = described(name)
    assert set(found.caches) == set(wanted.caches)
    assert (found.hidden_size, found.num_attention_heads) == (wanted.hidden_size, wanted.num_attention_heads)
    assert found.is_encoder_only == wanted.is_encoder_only
    assert found.is_encoder_decoder == wanted.is_encoder_decoder


@pytest.mark.parametrize("name", ROWS)
def test_a_file_has_the_parameters_of_its_configuration(name: str) -> None:
    """Of the text model: towers are files of their own."""
    wanted = load_architectures()[name]
    assert isinstance(wanted, Architecture)
    text = sum(tensor.parameters for tensor in wanted.tensors if tensor.section in {Section.TEXT, Section.ENCODER})
    assert described(name).parameters == text - LEFT_OUT.get(name, 0)


@pytest.mark.parametrize("name", ROWS)
def test_the_description_counts_what_the_file_holds(name: str) -> None:
    """But the routers' corrections, which are no parameters, and scales of single layers: less than one in 100,000."""
    stored = ROWS[name]["parameters"] - UNUSED.get(name, 0)
    assert described(name).parameters == pytest.approx(stored, rel=1e-5)


def test_the_buffers_sizes_are_translated_too() -> None:
    """What a compute buffer follows from: chosen tokens, inputs of every layer, twice as wide feed-forwards."""
    assert described("deepseek-ai/DeepSeek-V3.2").extra["index_topk"] == 2048
    assert described("google/gemma-4-E2B").extra["hidden_size_per_layer_input"] == 256
    assert described("google/gemma-4-E2B").intermediate_size == 2 * 6144


def test_mamba_has_a_state_and_no_cache_that_grows() -> None:
    """24 layers of 1536 x 16, and four columns."""
    caches = described("state-spaces/mamba-130m-hf").caches
    assert [(cache.kind, len(cache.layers), cache.recurrent_elements) for cache in caches] == [
        (CacheKind.STATE, 24, 24576)
    ]


def test_layers_without_kv_heads_are_recurrent() -> None:
    """Jamba states 0 KV heads for them; of 28 layers 2 attend."""
    caches = {cache.kind: cache.layers for cache in described("ai21labs/AI21-Jamba-Reasoning-3B").caches}
    assert caches[CacheKind.FULL] == (7, 21)
    assert len(caches[CacheKind.STATE]) == 26


def test_attention_at_unequal_distances_is_not_guessed() -> None:
    """Jamba's configuration knows a period alone."""
    row = ROWS["ai21labs/AI21-Jamba-Reasoning-3B"]
    heads = [0] * 28
    heads[3] = heads[5] = heads[20] = 1
    changed = {**row, "metadata": {**row["metadata"], "jamba.attention.head_count_kv": heads}}
    assert config_of(checkpoint(changed))["attn_layer_period"] == 0


def test_an_encoder_alone_has_no_decoder() -> None:
    """`t5encoder` is the half of T5 that FLUX and others use."""
    row = ROWS["google-t5/t5-base"]
    metadata = {key.replace("t5.", "t5encoder.", 1): value for key, value in row["metadata"].items()}
    alone = {**row, "metadata": {**metadata, "general.architecture": "t5encoder"}}
    found = describe(config_of(checkpoint(alone)))
    assert found.is_encoder_only
    assert found.caches == ()


def test_positions_of_every_layer_make_it_umt5() -> None:
    """T5 has them in the first layer."""
    row = ROWS["google-t5/t5-base"]
    tensors = {**row["tensors"], "dec.blk.1.attn_rel_b.weight": [32, 12]}
    assert config_of(checkpoint({**row, "tensors": tensors}))["model_type"] == "umt5"


def test_a_list_that_is_too_short_stands_for_nothing() -> None:
    """A value for each layer, or none."""
    row = ROWS["google/gemma-3n-E2B-it"]
    changed = {**row["metadata"], "gemma3n.attention.sliding_window_pattern": [True, False]}
    assert config_of(checkpoint({**row, "metadata": changed}))["layer_types"] is None


def test_granite_without_experts_has_its_width_from_the_feed_forward() -> None:
    """`granitehybrid` is written of dense models too."""
    fields = config_of(checkpoint(ROWS["ibm-granite/granite-4.0-h-micro"]))
    assert fields["num_local_experts"] == 0
    assert (
        fields["shared_intermediate_size"]
        == ROWS["ibm-granite/granite-4.0-h-micro"]["metadata"]["granitehybrid.feed_forward_length"]
    )
