"""What one decoding step reads: weights but not the input table, and the cache of half the context."""

from dataclasses import replace

import pytest

from llmfit.estimate.speed import memory_class, read_per_step
from llmfit.records.architecture import Cache, CacheKind, Role, Section, Tensor
from llmfit.records.format import KvFormat
from support.speeds import ENGINE, F16, GPU, LAYERS, architecture, workload


def test_reads_weights_and_cache_but_not_the_input_table() -> None:
    """One step reads the layers, the head, and the cache of half the context."""
    read, touched = read_per_step(architecture(), workload(), 8_000_000)
    assert touched == 4_000_000
    assert read == 8_000_000 + 2 * 200 * 1000 * 2


def test_an_encoder_is_not_read_to_decode() -> None:
    """A token of the answer passes the decoder alone, though the encoder lies beside it."""
    encoder = Tensor(Role.MLP_UP, "wi", (2000, 1000), layers=LAYERS, section=Section.ENCODER)
    model = architecture(tensors=(*architecture().tensors, encoder), is_encoder_decoder=True, caches=())
    read, touched = read_per_step(model, workload(), 16_000_000)
    assert (read, touched) == (8_000_000, 4_000_000)


@pytest.mark.parametrize(("images", "weights"), [(0, 8_000_000), (1, 12_000_000)])
def test_a_vision_tower_is_never_read_to_decode(images: int, weights: int) -> None:
    """llama.cpp loads it for images alone; either way a step reads the language model."""
    tower = Tensor(Role.MLP_UP, "fc1", (2000, 1000), section=Section.VISION)
    model = architecture(tensors=(*architecture().tensors, tower), caches=())
    assert read_per_step(model, workload(images=images), weights) == (8_000_000, 4_000_000)


def test_a_sliding_window_is_read_only_as_far_as_it_reaches() -> None:
    """A window of 100 tokens reads 100, however long the context."""
    window = Cache(CacheKind.SLIDING, LAYERS, key_elements=100, value_elements=100, heads=10, window=100)
    read, _ = read_per_step(architecture(caches=(window,)), workload(), 0)
    assert read == 2 * 200 * 100 * 2


def test_a_state_is_read_and_written() -> None:
    """A recurrent state costs twice its size, independent of the context."""
    state = Cache(CacheKind.STATE, LAYERS, conv_elements=10, recurrent_elements=100)
    read, _ = read_per_step(architecture(caches=(state,)), workload(), 0)
    assert read == 2 * (10 * 2 + 100 * 4) * 2


def test_several_sequences_wake_more_experts() -> None:
    """Two sequences read fewer than twice the experts of one, since some coincide."""
    experts = Tensor(Role.EXPERT_UP, "experts.up_proj", (100, 100), layers=LAYERS, copies=8, active_copies=2)
    model = architecture(tensors=(experts,), num_experts=8, num_experts_per_tok=2, tied_embeddings=True)
    _, one = read_per_step(model, workload(), 0)
    _, two = read_per_step(model, workload(sequences=2), 0)
    _, many = read_per_step(model, workload(sequences=200), 0)
    assert one == experts.active_parameters
    assert one < two < 2 * one
    assert many == experts.parameters


def test_an_engine_that_holds_the_input_table_does_not_read_it() -> None:
    """Transformers has it on the card: 2 bytes an element in 16 bit, 4 in fp32; a tied one is the head and is read."""
    load = workload(engine=replace(ENGINE, id="transformers"))
    model = architecture(caches=())
    assert read_per_step(model, load, 10_000_000)[0] == 8_000_000
    wide = replace(load, format=replace(F16, id="f32", precision="fp32"))
    assert read_per_step(model, wide, 20_000_000)[0] == 16_000_000
    tied = replace(model, tied_embeddings=True)
    assert read_per_step(tied, load, 10_000_000) == (10_000_000, 5_000_000)


def test_positions_are_looked_up_and_next_token_layers_idle() -> None:
    """Neither is read by a step, nor counts among what is stored."""
    more = (
        Tensor(Role.POSITION, "wpe", (1000, 1000)),
        Tensor(Role.MLP_UP, "mtp", (1000, 1000), section=Section.MTP),
    )
    model = architecture(tensors=(*architecture().tensors, *more), caches=())
    assert read_per_step(model, workload(), 8_000_000) == (8_000_000, 4_000_000)


def test_a_quantised_cache_is_read_as_it_is_stored() -> None:
    """Of blocks of 32 elements in 34 bytes."""
    load = workload(kv_format=KvFormat(id="q8_0", block_size=32, block_bytes=34, engines=("llama.cpp",)))
    assert read_per_step(architecture(), load, 0)[0] == pytest.approx(2 * 200 * 1000 * 34 / 32)


def test_compressed_attention_reads_fewer_cells() -> None:
    """Four tokens share one."""
    cache = Cache(CacheKind.COMPRESSED, LAYERS, key_elements=100, value_elements=100, heads=10, compression=4)
    assert read_per_step(architecture(caches=(cache,)), workload(), 0)[0] == 2 * 200 * 250 * 2


def test_one_sequence_reads_the_experts_of_one_token_and_a_dense_model_all_of_it() -> None:
    """However many sequences there are; only a mixture's overlap by chance."""
    experts = Tensor(Role.EXPERT_UP, "experts.up_proj", (100, 100), layers=LAYERS, copies=8, active_copies=2)
    mixture = architecture(tensors=(experts,), num_experts=8, num_experts_per_tok=2, tied_embeddings=True)
    assert read_per_step(mixture, workload(sequences=2), 0)[1] == round(160_000 * (1 - 0.75**2))
    assert read_per_step(architecture(), workload(sequences=7), 0)[1] == 4_000_000


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("LPDDR5X", "unified"),
        ("DDR4", "unified"),
        ("DDR5", "unified"),
        ("HBM2e", "hbm"),
        ("GDDR6X", "gddr"),
        (None, "gddr"),
    ],
)
def test_kinds_of_memory_have_a_share_of_their_own(kind: str | None, found: str) -> None:
    """Stacked, of the machine, or of the card, where nobody says otherwise."""
    assert memory_class(replace(GPU, memory_type=kind)) == found
