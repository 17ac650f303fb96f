"""What each of several GPUs holds, by hand: whole layers in llama.cpp, a part of every layer in vLLM."""

from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmfit.estimate.kv_cache import cache_terms
from llmfit.estimate.parallel import divide_layers, gpus_used, per_gpu_bytes, vllm_rank_bytes
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section, Tensor
from llmfit.records.device import Device
from llmfit.records.estimate import Part, PartName
from support.loads import make_architecture, make_device, make_load

LAYERS = (0, 1, 2, 3)
Q = OUT = 512 * 512
KV = 128 * 512
MLP = 2048 * 512
VOCABULARY = 1024 * 512
"""1,000 words of 512, padded to a multiple of 64."""
NORM = 512
ROW = 2 * 2 * 64 * 2


def held(architecture: Architecture, *, context: int = 0, **options: Any) -> int:
    """Return what the fullest rank holds of a model in 16 bit; without a context, of its weights alone."""
    load = make_load("vllm", context=context or 16, **options)
    terms = cache_terms(architecture, load) if context else []
    return vllm_rank_bytes(architecture, load, weights=2 * architecture.parameters, terms=terms)


@pytest.mark.parametrize(
    ("gpus", "layer"),
    [
        (1, Q + OUT + 2 * KV + 3 * MLP),
        (2, (Q + OUT + 2 * KV + 3 * MLP) // 2),
        (4, (Q + OUT + 3 * MLP) // 4 + 2 * KV // 2),
        (8, (Q + OUT + 3 * MLP) // 8 + 2 * KV // 2),
    ],
)
def test_matrices_are_divided_and_two_kv_heads_at_most_by_two(gpus: int, layer: int) -> None:
    """Each GPU has its part of every layer, padded words, and the norm whole."""
    expected = 2 * (4 * layer + 2 * VOCABULARY // gpus + NORM)
    assert held(make_architecture(), tensor_parallel=gpus) == expected


def test_a_cache_is_divided_by_its_heads_alone() -> None:
    """Two KV heads go to two GPUs; of four, two hold the same one."""
    weights = {gpus: held(make_architecture(), tensor_parallel=gpus) for gpus in (2, 4)}
    cache = 4 * 1024 * ROW
    assert held(make_architecture(), context=1024, tensor_parallel=2) - weights[2] == cache // 2
    assert held(make_architecture(), context=1024, tensor_parallel=4) - weights[4] == cache // 2


def test_a_latent_is_whole_on_every_gpu() -> None:
    """It has one head, and so has a state that says nothing of heads."""
    for cache in (Cache(CacheKind.LATENT, LAYERS, 576, 0, 1), Cache(CacheKind.STATE, LAYERS, recurrent_elements=288)):
        model = make_architecture(caches=(cache,))
        size = sum(term.bytes for term in cache_terms(model, make_load("vllm", context=1024)))
        assert held(model, context=1024, tensor_parallel=4) - held(model, tensor_parallel=4) == size


def test_groups_share_the_layers() -> None:
    """Two groups of two layers: the first has embedding and norm, which are more than the second's head."""
    layer = Q + OUT + 2 * KV + 3 * MLP
    assert held(make_architecture(), pipeline_parallel=2) == 2 * (2 * layer + VOCABULARY + NORM)
    five = make_architecture(layers=(0, 1, 2, 3, 4))
    assert held(five, pipeline_parallel=2) == 2 * (3 * layer + VOCABULARY + NORM)
    more = held(five, context=1024, pipeline_parallel=2) - held(five, pipeline_parallel=2)
    assert more == 3 * 1024 * ROW


def test_groups_of_gpus_divide_what_their_group_has() -> None:
    """Two by two: half of two layers, and half of the words at one end."""
    layer = (Q + OUT + 2 * KV + 3 * MLP) // 2
    expected = 2 * (2 * layer + VOCABULARY // 2 + NORM)
    assert held(make_architecture(), tensor_parallel=2, pipeline_parallel=2) == expected


def only(*tensors: Tensor, **changes: Any) -> Architecture:
    """Return four layers with these tensors alone, and without a cache."""
    return make_architecture(tensors=tensors, caches=(), **changes)


EMBEDDING = Tensor(Role.EMBEDDING, "embed_tokens", (1024, 512))
HEAD = Tensor(Role.HEAD, "lm_head", (1024, 512))


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_tied_head_is_kept_once_by_each_end(groups: int) -> None:
    """One GPU keeps the shared tensor once; of several groups the first and the last keep one each."""
    tied = only(EMBEDDING, tied_embeddings=True)
    assert held(tied, pipeline_parallel=groups) == 2 * 1024 * 512


def test_the_fuller_end_decides() -> None:
    """A wide head in the last group outweighs the embedding in the first; on one GPU both are there."""
    wide = Tensor(Role.HEAD, "lm_head", (4096, 512))
    assert held(only(EMBEDDING, wide), pipeline_parallel=2) == 2 * 4096 * 512
    assert held(only(EMBEDDING, wide)) == 2 * (1024 + 4096) * 512
    norms = Tensor(Role.NORM, "norm", (512,)), Tensor(Role.OTHER, "projector", (512, 512))
    assert held(only(EMBEDDING, HEAD, *norms), pipeline_parallel=2) == 2 * (1024 * 512 + 512 + 512 * 512)
    other = Tensor(Role.OTHER, "projector", (512, 512))
    assert held(only(EMBEDDING, other, tied_embeddings=True), pipeline_parallel=2) == 2 * (1024 + 512) * 512


def test_prediction_layers_take_nothing_of_a_gpu() -> None:
    """They are loaded for speculation alone: neither the share nor the whole counts them."""
    added = Tensor(Role.MLP_UP, "up_proj", (2048, 512), (4,), section=Section.MTP)
    plain = make_architecture()
    assert held(make_architecture(tensors=(*plain.tensors, added)), tensor_parallel=2) == held(plain, tensor_parallel=2)


@pytest.mark.parametrize(
    ("tensor", "share"),
    [
        (Tensor(Role.ATTN_LATENT, "q_a_proj", (64, 512), LAYERS), 1),
        (Tensor(Role.ATTN_LATENT, "kv_a_proj_with_mqa", (64, 512), LAYERS), 1),
        (Tensor(Role.ATTN_LATENT, "kv_a_proj", (64, 512), LAYERS), 1),
        (Tensor(Role.ATTN_LATENT, "q_b_proj", (512, 64), LAYERS), 4),
        (Tensor(Role.ROUTER, "gate", (8, 512), LAYERS), 1),
        (Tensor(Role.NORM, "norm", (512, 2), LAYERS), 1),
        (Tensor(Role.BIAS, "q_proj", (512,), LAYERS), 1),
        (Tensor(Role.MIXER_STATE, "A_log", (512,), LAYERS), 1),
        (Tensor(Role.POSITION, "wpe", (1024, 512)), 1),
        (Tensor(Role.ATTN_K, "k_proj", (128, 512), LAYERS), 2),
        (Tensor(Role.ATTN_V, "v_proj", (128, 512), LAYERS), 2),
        (Tensor(Role.ATTN_QKV, "qkv_proj", (768, 512), LAYERS), 3),
        (Tensor(Role.EXPERT_UP, "up_proj", (64, 512), LAYERS, 8), 4),
    ],
)
def test_four_gpus_hold_their_share_of_each_tensor(tensor: Tensor, share: int) -> None:
    """Of 8 + 2·2 fused heads each GPU has 2 + 1 + 1, a third; what belongs to no head is whole everywhere."""
    assert held(only(tensor), tensor_parallel=4) == ceil(2 * tensor.parameters / share)


PARTS = (
    Part(name=PartName.WEIGHTS, bytes=7_001),
    Part(name=PartName.KV_CACHE, bytes=3_000),
    Part(name=PartName.ACTIVATION, bytes=201),
    Part(name=PartName.OVERHEAD, bytes=401),
)


def shares(engine: str, device: Device | None, **options: Any) -> tuple[int, ...]:
    """Return what each GPU holds of 10,001 bytes in four layers and an output, buffers of 602 beside them."""
    load = make_load(engine, **options)
    return per_gpu_bytes(make_architecture(), load, parts=PARTS, terms=[], device=device)


def test_llama_cpp_divides_layers_by_the_memory_of_the_cards() -> None:
    """Five layers on 8 and 24 GB: 1.25 and 3.75, the first that crosses is whole: two and three; fullest first."""
    fixed = 201 // 2 + 401 // 2
    assert shares("llama.cpp", make_device(8, 24)) == (6001 + fixed, 4001 + fixed)
    assert shares("llama.cpp", make_device(24, 8)) == (8001 + fixed, 2001 + fixed)


def test_transformers_divides_layers_evenly() -> None:
    """Three and two of five, whatever the cards have."""
    fixed = 201 // 2 + 401 // 2
    assert shares("transformers", make_device(8, 24)) == (6001 + fixed, 4001 + fixed)
    assert shares("transformers", make_device(24, 8)) == (6001 + fixed, 4001 + fixed)


def test_a_card_without_room_is_no_measure() -> None:
    """Where one has nothing usable the layers are divided evenly, and the verdict is left to the comparison."""
    full = make_device(8, 24, used_bytes=24 * 2**30)
    assert shares("llama.cpp", full) == shares("transformers", full)


def test_every_rank_of_vllm_is_alike() -> None:
    """Two by two are four GPUs with the same bytes, and a quarter of the buffers each."""
    load = make_load("vllm", tensor_parallel=2, pipeline_parallel=2)
    one = vllm_rank_bytes(make_architecture(), load, weights=7_001, terms=[])
    assert shares("vllm", None, tensor_parallel=2, pipeline_parallel=2) == (one + 201 // 4 + 401 // 4,) * 4


def test_one_gpu_has_no_shares() -> None:
    """Nor has a load on no device; vLLM's ranks are those that were asked for."""
    assert (
        shares("llama.cpp", None) == shares("transformers", make_device(24)) == shares("vllm", make_device(8, 8)) == ()
    )
    assert gpus_used(make_load("vllm", tensor_parallel=4, pipeline_parallel=2), make_device(24)) == 8
    assert gpus_used(make_load("llama.cpp"), make_device(24, 24, 24)) == 3
    assert gpus_used(make_load("llama.cpp"), make_device(ram=64)) == 1


def test_parts_that_an_estimate_lacks_count_nothing() -> None:
    """A lower bound without cache and buffers is divided as it is."""
    load, device = make_load("llama.cpp"), make_device(8, 8)
    assert per_gpu_bytes(make_architecture(), load, parts=PARTS[:1], terms=[], device=device) == (4201, 2801)
    assert per_gpu_bytes(make_architecture(), load, parts=(), terms=[], device=device) == (0, 0)


@given(st.integers(1, 200), st.lists(st.integers(1, 10**12), min_size=1, max_size=8))
def test_no_layer_is_lost_or_held_twice(layers: int, usable: list[int]) -> None:
    """Law: Σ counts = layers, and no card is more than a layer away from its share."""
    counts = divide_layers(layers, usable)
    assert sum(counts) == layers
    assert all(abs(n - layers * amount / sum(usable)) <= 1 for n, amount in zip(counts, usable, strict=True))


def test_one_kv_head_is_on_every_gpu() -> None:
    """Its keys and values cannot be divided, nor can their cache."""
    model = make_architecture(num_key_value_heads=1)
    layer = (Q + OUT + 3 * MLP) // 2 + 2 * KV // 2
    assert held(model, tensor_parallel=2) == 2 * (4 * layer + 2 * VOCABULARY // 2 + NORM)
    cache = held(model, context=1024, tensor_parallel=2) - held(model, tensor_parallel=2)
    assert cache == 4 * 1024 * ROW // 2


def test_one_layer_is_no_less_than_itself() -> None:
    """A model of one layer holds it whole, on one GPU."""
    one = make_architecture(layers=(0,))
    assert held(one) == 2 * (Q + OUT + 2 * KV + 3 * MLP + 2 * VOCABULARY + NORM)


def test_a_machine_without_a_gpu_is_one() -> None:
    """So that activations and overhead are counted once."""
    assert gpus_used(make_load("transformers"), Device(gpus=(), ram_bytes=1)) == 1
    assert gpus_used(make_load("llama.cpp"), None) == 1
    assert gpus_used(make_load("vllm", tensor_parallel=2, pipeline_parallel=3), None) == 6
