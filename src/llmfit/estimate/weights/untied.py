"""A model whose head is a matrix of its own, as libraries without tied weights hold it."""

from dataclasses import replace
from functools import lru_cache

from llmfit.records.architecture import Architecture, Role, Tensor


@lru_cache(maxsize=32)
def with_own_head(architecture: Architecture) -> Architecture:
    """Return the model with an output projection beside the embedding; the same model where it has one."""
    if not architecture.tied_embeddings:
        return architecture
    head = Tensor(Role.HEAD, "lm_head", (architecture.vocab_size, architecture.hidden_size))
    return replace(architecture, tied_embeddings=False, tensors=(*architecture.tensors, head))
