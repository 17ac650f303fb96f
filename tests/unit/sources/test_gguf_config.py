"""From the metadata of a GGUF file to the fields of `config.json`."""

from functools import cache

import pytest

from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import LlmfitError
from llmfit.records.architecture import Architecture, CacheKind
from llmfit.records.checkpoint import Checkpoint
from llmfit.records.model import Model
from llmfit.sources.gguf_config import UNKNOWN, config_of
from support.gguf_metadata import ARCHITECTURES, gguf_checkpoint


@cache
def catalog() -> Catalog:
    """Return the built-in catalog."""
    return load_catalog(user_file=None)


@cache
def models_of(model_type: str) -> tuple[tuple[Model, Architecture], ...]:
    """Return the catalog's models of a type that can be described."""
    found = []
    for model in catalog().models.values():
        if model.architecture.get("model_type") == model_type:
            try:
                found.append((model, describe(model.architecture)))
            except LlmfitError:
                continue
    return tuple(found)


BIDIRECTIONAL = {"google/embeddinggemma-300m"}
"""llama.cpp has an architecture of its own for it."""


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_metadata_describe_the_model_that_was_converted(model_type: str) -> None:
    """Every model of the catalog comes back with the same parameters and the same caches."""
    models = [(model, before) for model, before in models_of(model_type) if model.id not in BIDIRECTIONAL]
    assert models, "the catalog has none of these to try"
    for model, before in models:
        after = describe(config_of(gguf_checkpoint(before, model.architecture)))
        assert after.parameters == before.parameters, model.id
        assert after.active_parameters == before.active_parameters, model.id
        assert after.caches == before.caches, model.id
        assert after.tied_embeddings == before.tied_embeddings, model.id


def test_an_architecture_without_a_rule_has_an_unknown_model_type() -> None:
    """Nothing is described by the likeness of a name."""
    checkpoint = Checkpoint(kind="gguf", tensors=(), metadata={"general.architecture": "rwkv7"})
    assert config_of(checkpoint) == {"model_type": f"{UNKNOWN}rwkv7"}


@pytest.mark.parametrize("name", [None, 5, "", "\x1b[31m", "x" * 500])
def test_a_strange_architecture_is_unknown(name: object) -> None:
    """Whatever stands where the architecture's name should be, it ends as an unknown type of bounded length."""
    metadata = {} if name is None else {"general.architecture": name}
    found = config_of(Checkpoint(kind="gguf", tensors=(), metadata=metadata))
    assert found["model_type"].startswith(UNKNOWN)
    assert len(found["model_type"]) < 100


def test_llama_cpp_keeps_every_token_of_llama() -> None:
    """A window in the metadata of this architecture is not used by the engine."""
    model, before = models_of("llama")[0]
    checkpoint = gguf_checkpoint(before, {**model.architecture, "sliding_window": 512})
    assert {cache.kind for cache in describe(config_of(checkpoint)).caches} == {CacheKind.FULL}
