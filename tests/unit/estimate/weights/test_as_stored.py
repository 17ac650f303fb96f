"""A checkpoint's own tensors as weights: every byte has a place, and names decide which."""

from collections.abc import Mapping

import pytest

from llmfit.architectures import describe
from llmfit.catalog import load_catalog
from llmfit.estimate.weights import estimate_weights, stored_bytes, weights_by_layer
from llmfit.estimate.weights.as_stored import estimate_as_stored, skipped, stored
from llmfit.estimate.weights.stored import EXPERT_ROLES, Place
from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.estimate import PartName
from llmfit.records.workload import EngineOptions, Workload

CATALOG = load_catalog(user_file=None)
TINY = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
    "tie_word_embeddings": False,
}
SIZES = {
    "token_embd.weight": 1000,
    "output.weight": 900,
    "output_norm.weight": 8,
    "blk.0.attn_q.weight": 50,
    "blk.0.ffn_up_exps.weight": 400,
    "blk.1.attn_q.weight": 50,
    "blk.1.ffn_up_exps.weight": 300,
    "blk.2.nextn.eh_proj.weight": 70,
    "v.blk.0.attn_q.weight": 11,
}


def checkpoint(sizes: Mapping[str, int] = SIZES) -> Checkpoint:
    """Return a checkpoint with tensors of these bytes."""
    tensors = tuple(StoredTensor(name, "Q8_0", (size,), size) for name, size in sizes.items())
    return Checkpoint(kind="gguf", tensors=tensors, files=("m.gguf",))


def architecture(*, tied: bool = False) -> Architecture:
    """Return the architecture that the tensors belong to."""
    return describe({**TINY, "tie_word_embeddings": tied})


def workload(
    engine: str = "llama.cpp", *, sizes: Mapping[str, int] = SIZES, options: EngineOptions | None = None
) -> Workload:
    """Return a load that runs the checkpoint."""
    return Workload(
        engine=CATALOG.engine(engine),
        format=CATALOG.format("Q8_0" if engine == "llama.cpp" else "f16"),
        kv_format=CATALOG.kv_format("f16"),
        context=100,
        checkpoint=checkpoint(sizes),
        options=options or EngineOptions(),
    )


LOADED = sum(SIZES.values()) - SIZES["blk.2.nextn.eh_proj.weight"]


def test_llama_cpp_keeps_the_input_embedding_in_ram() -> None:
    """Everything else is on the device, next-token layers nowhere."""
    part, host = estimate_weights(architecture(), workload())
    assert (part.bytes, host) == (LOADED - 1000, 1000)
    assert sum(line.bytes for line in part.lines) == part.bytes


def test_other_engines_load_all_of_it() -> None:
    """Transformers and vLLM know no input layer in RAM."""
    part, host = estimate_weights(architecture(), workload("transformers"))
    assert (part.bytes, host) == (LOADED, 0)


def test_a_file_without_a_head_has_the_embedding_twice() -> None:
    """In RAM as input, on the device as head."""
    sizes = {name: size for name, size in SIZES.items() if name != "output.weight"}
    part, host = estimate_weights(architecture(tied=True), workload(sizes=sizes))
    assert (part.bytes, host) == (sum(sizes.values()) - 70, 1000)


def test_a_tied_head_that_is_stored_is_not_loaded() -> None:
    """It is named among what is skipped, as are next-token layers."""
    part, _ = estimate_weights(architecture(tied=True), workload("transformers"))
    assert part.bytes == LOADED - 900
    said = skipped(checkpoint(), architecture(tied=True))
    assert "900 bytes of a second copy of the tied head are stored and not loaded" in said
    assert "70 bytes of next-token layers are stored and not loaded" in said
    assert any("m.gguf" in words for words in part.assumptions)


def test_the_file_holds_all_of_it() -> None:
    """A download is every tensor, loaded or not."""
    assert stored_bytes(architecture(), workload()) == sum(SIZES.values())


def test_layers_and_experts_are_told_apart() -> None:
    """What `-ngl` and `--n-cpu-moe` move is known layer by layer."""
    found = weights_by_layer(architecture(), workload())
    assert found.layers == (450, 350)
    assert found.experts == (400, 300)
    assert (found.input, found.output) == (1000, 900 + 8 + 11)


@pytest.mark.parametrize(
    ("options", "device"),
    [
        (EngineOptions(n_gpu_layers=0), 0),
        (EngineOptions(n_gpu_layers=2), 350 + 919),
        (EngineOptions(n_cpu_moe=1), LOADED - 1000 - 400),
    ],
)
def test_layers_stay_in_ram_where_told(options: EngineOptions, device: int) -> None:
    """Bytes on the device and in RAM are all that is loaded."""
    part, host = estimate_weights(architecture(), workload(options=options))
    assert (part.bytes, host) == (device, LOADED - device)


def test_without_an_architecture_weights_are_all_that_is_known() -> None:
    """Cache, activations and overhead are unknown; nothing is left out."""
    found = estimate_as_stored(workload())
    assert found.total_bytes + found.host_bytes == sum(SIZES.values())
    assert set(found.unknown) == {PartName.KV_CACHE, PartName.ACTIVATION, PartName.OVERHEAD}


NAMES = {
    "model.embed_tokens.weight": (Role.EMBEDDING, Section.TEXT),
    "transformer.wte.weight": (Role.EMBEDDING, Section.TEXT),
    "model.language_model.embed_tokens.weight": (Role.EMBEDDING, Section.TEXT),
    "per_layer_token_embd.weight": (Role.PER_LAYER_EMBEDDING, Section.TEXT),
    "transformer.wpe.weight": (Role.POSITION, Section.TEXT),
    "lm_head.weight": (Role.HEAD, Section.TEXT),
    "model.norm.weight": (Role.NORM, Section.TEXT),
    "model.layers.0.self_attn.q_proj.weight": (Role.ATTN_Q, Section.TEXT),
    "model.layers.1.mlp.experts.7.down_proj.weight": (Role.EXPERT_UP, Section.TEXT),
    "model.layers.1.mlp.shared_expert.up_proj.weight": (Role.SHARED_EXPERT, Section.TEXT),
    "blk.0.ffn_down_shexp.weight": (Role.SHARED_EXPERT, Section.TEXT),
    "model.layers.0.linear_attn.in_proj.weight": (Role.MIXER_IN, Section.TEXT),
    "model.layers.5.mlp.up_proj.weight": (Role.MLP_UP, Section.MTP),
    "mtp.layers.0.mlp.up_proj.weight": (Role.MLP_UP, Section.MTP),
    "visual.blocks.0.attn.qkv.weight": (Role.ATTN_Q, Section.VISION),
    "model.vision_tower.layers.9.mlp.fc1.weight": (Role.MLP_UP, Section.VISION),
    "whatever": (Role.OTHER, Section.TEXT),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_tell_role_and_section(name: str) -> None:
    """By the names of transformers and of llama.cpp."""
    rows = stored(checkpoint({name: 5}), architecture(), engine="transformers", mtp=True)
    (row,) = [row for row in rows if row.place is not Place.COPY]
    assert (row.role, row.section, row.bytes) == (*NAMES[name], 5)
    assert (row.role in EXPERT_ROLES) == ("experts." in name)
