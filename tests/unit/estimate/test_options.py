"""Options of the engines: whose they are, what they may be, and what contradicts the model or the load."""

from dataclasses import fields
from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.estimate.options import OPTIONS, option_words, set_options, with_options
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section, Tensor
from llmfit.records.workload import EngineOptions, Workload
from support.loads import make_architecture, make_load

DENSE = make_architecture()
EXPERTS = make_architecture(num_experts=8, num_experts_per_tok=2, moe_intermediate_size=64)
SEES = make_architecture(tensors=(*DENSE.tensors, Tensor(Role.OTHER, "patches", (8, 8), section=Section.VISION)))
CROSSES = make_architecture(caches=(*DENSE.caches, Cache(CacheKind.CROSS, (1,), 128, 128, 2, window=6404)))
PREDICTS = make_architecture(tensors=(*DENSE.tensors, Tensor(Role.NORM, "mtp", (8,), (4,), section=Section.MTP)))


def given(engine: str, architecture: Architecture = DENSE, *, load: Workload | None = None, **options: Any) -> Workload:
    """Return a load of the engine with these options."""
    return with_options(load or make_load(engine), architecture, model="owner/model", given=options)


def test_every_option_of_the_record_has_a_name() -> None:
    """All that the estimator reads can be set; `n_batch` changes no byte and cannot."""
    known = {field.name for field in fields(EngineOptions)} | {"images", "kv_format_v"}
    assert set(OPTIONS) == known - {"n_batch"}


@pytest.mark.parametrize(
    ("engine", "name", "value"),
    [
        ("llama.cpp", "n_ubatch", 1024),
        ("llama.cpp", "flash_attention", False),
        ("llama.cpp", "unified_kv", True),
        ("llama.cpp", "swa_full", True),
        ("llama.cpp", "n_gpu_layers", 0),
        ("vllm", "max_num_seqs", 16),
        ("vllm", "max_num_batched_tokens", 4096),
        ("vllm", "gpu_memory_utilization", 0.8),
        ("vllm", "enforce_eager", True),
        ("vllm", "block_size", 32),
        ("vllm", "tensor_parallel", 2),
        ("vllm", "pipeline_parallel", 2),
        ("transformers", "attn_implementation", "eager"),
    ],
)
def test_an_option_is_set_on_its_own_engine_alone(engine: str, name: str, value: Any) -> None:
    """The others refuse it, and name the engine that has it."""
    found = given(engine, **{name: value})
    assert getattr(found.options, name) == value
    assert set_options(found) == {name: value}
    for other in {"llama.cpp", "vllm", "transformers"} - set(OPTIONS[name].engines):
        with pytest.raises(UsageError, match=f"not of {other}") as caught:
            given(other, **{name: value})
        assert f"--engine {engine}" in caught.value.hint


def test_nothing_given_changes_nothing() -> None:
    """None is not given; the defaults are no options that were set."""
    load = make_load()
    assert given("llama.cpp", load=load, n_ubatch=None, kv_format_v=None) is load
    assert set_options(given("llama.cpp", n_ubatch=512)) == {}
    assert option_words(load) == []


def test_options_are_written_as_one_would_type_them() -> None:
    """Switches without a value, one that is off with `no-`, V's format by its name."""
    load = make_load(kv_format_v="f16", images=1)
    words = option_words(given("llama.cpp", SEES, load=load, flash_attention=False, swa_full=True, n_ubatch=64))
    assert words == ["--ubatch-size 64", "--no-flash-attn", "--swa-full", "--cache-type-v f16", "--images 1"]


@pytest.mark.parametrize(
    ("engine", "architecture", "options", "said"),
    [
        ("llama.cpp", DENSE, {"n_ubatch": 0}, "too small"),
        ("llama.cpp", DENSE, {"n_ubatch": 10**6}, "too large"),
        ("llama.cpp", DENSE, {"n_gpu_layers": 6}, "more than owner/model has: 4 layers and the output"),
        ("llama.cpp", DENSE, {"n_cpu_moe": 1}, "has none"),
        ("llama.cpp", EXPERTS, {"n_cpu_moe": 5}, "more than the 4 layers"),
        ("vllm", DENSE, {"gpu_memory_utilization": 1.5}, "too large"),
        ("vllm", DENSE, {"block_size": 17}, "no such choice"),
        ("vllm", DENSE, {"max_num_seqs": 64, "max_num_batched_tokens": 32}, "less than --max-num-seqs 64"),
        ("vllm", DENSE, {"tensor_parallel": 3}, "8 attention heads cannot be divided among 3"),
        ("transformers", DENSE, {"attn_implementation": "flex"}, "no such choice"),
        ("transformers", DENSE, {"attn_implementation": "awq_fused"}, "needs AWQ weights"),
        ("llama.cpp", DENSE, {"images": 1}, "takes none"),
        ("vllm", SEES, {"images": 1}, "changes nothing on vllm"),
        ("vllm", DENSE, {"speculative": True}, "has none"),
    ],
)
def test_a_contradiction_is_one_sentence_with_a_way_out(
    engine: str, architecture: Architecture, options: dict[str, Any], said: str
) -> None:
    """It names the option, and what would do."""
    with pytest.raises(UsageError, match=said) as caught:
        given(engine, architecture, **options)
    assert caught.value.message.startswith("--")
    assert caught.value.hint


def test_values_at_the_edge_are_taken() -> None:
    """All layers and the output; experts of every layer; images where they have a place."""
    assert given("llama.cpp", n_gpu_layers=5).options.n_gpu_layers == 5
    assert given("llama.cpp", EXPERTS, n_cpu_moe=4).options.n_cpu_moe == 4
    assert given("vllm", CROSSES, images=2).images == 2
    assert given("vllm", PREDICTS, speculative=True).options.speculative
    assert given("vllm", gpu_memory_utilization=1.0).options.gpu_memory_utilization == 1.0


def test_a_quantised_v_needs_flash_attention() -> None:
    """llama.cpp refuses to start without; K alone may be quantised."""
    with pytest.raises(UsageError, match="keeps V as q8_0 with flash attention only"):
        given("llama.cpp", load=make_load(kv_format="q8_0"), flash_attention=False)
    mixed = make_load(kv_format="q8_0", kv_format_v="f16")
    assert not given("llama.cpp", load=mixed, flash_attention=False).options.flash_attention


def test_more_sequences_than_a_step_takes_contradict_each_other() -> None:
    """The server would queue them: they are not at once."""
    with pytest.raises(UsageError, match="fewer at once than --sequences 8"):
        given("vllm", load=make_load("vllm", sequences=8), max_num_seqs=4)


def test_options_need_an_architecture() -> None:
    """Headers alone do not say what an option would change."""
    with pytest.raises(UsageError, match="--swa-full needs a known architecture"):
        with_options(make_load(), None, model="owner/model", given={"swa_full": True})
    assert with_options(make_load(), None, model="owner/model", given={}) == make_load()


def test_images_of_a_model_without_a_described_image_part_are_not_denied() -> None:
    """It takes them, so the sentence says what is missing; text models take none."""
    with pytest.raises(UsageError, match="owner/name takes them, but its image part is not described") as caught:
        with_options(make_load(), DENSE, model="owner/name", given={"images": 1}, takes_images=True)
    assert "Leave it out" in caught.value.hint
    seen = with_options(make_load(), SEES, model="owner/name", given={"images": 2}, takes_images=True)
    assert seen.images == 2
