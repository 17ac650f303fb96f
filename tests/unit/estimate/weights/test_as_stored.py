from dataclasses import replace
from typing import Any

import pytest

from llmfit.estimate import estimate
from llmfit.estimate.weights import estimate_weights, stored_bytes, weights_by_layer
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.estimate import PartName
from llmfit.records.workload import Workload
from support.loads import make_architecture, make_device, make_load

EMBEDDING, HEAD, LAYER = 700, 900, 5000


def make_checkpoint(*, layers: int = 4, head: bool = True) -> Checkpoint:
    """Return a GGUF file whose sizes no scheme would give."""
    tensors = [StoredTensor("token_embd.weight", "Q5_K", (1000, 512), EMBEDDING)]
    if head:
        tensors.append(StoredTensor("output.weight", "Q6_K", (1000, 512), HEAD))
    for layer in range(layers):
        tensors.append(StoredTensor(f"blk.{layer}.attn_q.weight", "Q4_K", (512, 512), LAYER - 1000))
        tensors.append(StoredTensor(f"blk.{layer}.ffn_down.weight", "Q6_K", (512, 512), 1000))
    return Checkpoint(kind="gguf", tensors=tuple(tensors), files=("model.gguf",))


def make_stored(checkpoint: Checkpoint, **options: Any) -> Workload:
    """Return a llama.cpp load that runs the checkpoint."""
    return replace(make_load(format_name="Q4_K_M", **options), checkpoint=checkpoint)


def untied() -> Architecture:
    """Return the small model with a head of its own."""
    return make_architecture()


def tied() -> Architecture:
    """Return the small model whose head is its embedding."""
    return make_architecture(tied_embeddings=True, tensors=make_architecture().tensors[:-1])


def test_a_file_counts_as_its_header_says() -> None:
    """The mixture of types in the file decides, not the scheme that it is called by."""
    part, host = estimate_weights(untied(), make_stored(make_checkpoint()))
    assert (part.bytes, host) == (4 * LAYER + HEAD, EMBEDDING)
    assert sum(line.bytes for line in part.lines) == part.bytes
    assert part.assumptions[0] == "weights as stored, from the header of model.gguf"


def test_the_whole_estimate_counts_the_file_too() -> None:
    """The total of the answer holds the stored bytes."""
    found = estimate(untied(), make_stored(make_checkpoint()))
    assert found.part_bytes(PartName.WEIGHTS) == 4 * LAYER + HEAD


def test_a_tied_head_lies_on_the_gpu_beside_the_embedding_in_ram() -> None:
    """llama.cpp keeps the embedding in RAM and copies it where it is the head as well."""
    workload = make_stored(make_checkpoint(head=False))
    part, host = estimate_weights(tied(), workload)
    assert (part.bytes, host) == (4 * LAYER + EMBEDDING, EMBEDDING)
    assert stored_bytes(tied(), workload) == 4 * LAYER + EMBEDDING


def test_a_second_copy_of_a_tied_head_is_not_loaded() -> None:
    """A file that stores the tied head twice is loaded with one, and says so."""
    part, _ = estimate_weights(tied(), make_stored(make_checkpoint()))
    assert part.bytes == 4 * LAYER + EMBEDDING
    assert part.assumptions[1] == f"{HEAD} bytes of a second copy of the tied head are stored and not loaded"


def test_next_token_layers_are_loaded_to_speculate_alone() -> None:
    """Layers beyond the model's own count only where the load asks for them."""
    model = make_architecture()
    predictor = Tensor(Role.ATTN_Q, "q_proj", (512, 512), (4,), section=Section.MTP)
    model = replace(model, tensors=(*model.tensors, predictor))
    plain = make_stored(make_checkpoint(layers=5))
    assert estimate_weights(model, plain)[0].bytes == 4 * LAYER + HEAD
    assert estimate_weights(model, make_stored(make_checkpoint(layers=5), speculative=True))[0].bytes == (
        5 * LAYER + HEAD
    )


@pytest.mark.parametrize(("wanted", "device"), [(0, 0), (1, HEAD), (3, 2 * LAYER + HEAD), (5, 4 * LAYER + HEAD)])
def test_layers_of_a_file_stay_in_ram(wanted: int, device: int) -> None:
    """`-ngl` divides what is stored; nothing is lost between GPU and RAM."""
    part, host = estimate_weights(untied(), make_stored(make_checkpoint(), n_gpu_layers=wanted))
    assert part.bytes == device
    assert part.bytes + host == 4 * LAYER + HEAD + EMBEDDING


def test_the_account_by_layer_is_that_of_the_file() -> None:
    """Each layer has the bytes that its tensors are stored in."""
    found = weights_by_layer(untied(), make_stored(make_checkpoint()))
    assert found.layers == (LAYER,) * 4
    assert (found.input, found.output) == (EMBEDDING, HEAD)


def test_vllm_loads_every_stored_tensor_on_the_card() -> None:
    """Only llama.cpp keeps the input embedding in RAM."""
    names = ["model.embed_tokens.weight", "lm_head.weight", *[f"model.layers.{i}.mlp.up_proj.weight" for i in range(4)]]
    tensors = tuple(StoredTensor(name, "F8_E4M3", (10, 10), 100) for name in names)
    checkpoint = Checkpoint(kind="safetensors", tensors=tensors, files=("a.safetensors", "b.safetensors"))
    workload = replace(make_load("vllm", "fp8"), checkpoint=checkpoint)
    found = estimate(untied(), workload, device=make_device(24), explain=True)
    assert found.part_bytes(PartName.WEIGHTS) == 600
    assert found.parts[0].assumptions[0] == "weights as stored, from the header of 2 files"
