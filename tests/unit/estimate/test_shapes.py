"""Which ways of dividing a model vLLM accepts."""

from contextlib import nullcontext
from dataclasses import fields, replace
from functools import cache

import pytest

from llmfit.answers.words import device_of
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import CannotAnswerError, UsageError
from llmfit.estimate.defaults import resolve
from llmfit.estimate.shapes import (
    divided,
    refusals,
    refuse_one_of_several,
    shape_problems,
    shaped,
    shapes,
    usual_shape,
)
from llmfit.records.architecture import Architecture
from llmfit.records.checkpoint import Checkpoint
from llmfit.records.workload import EngineOptions, Workload
from support.terminal import ask


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def architecture(name: str = "Qwen/Qwen3-8B") -> Architecture:
    """Return a model's architecture: 32 heads, 8 KV heads, 12,288 columns unless another is named."""
    return describe(catalog().model(name).architecture)


def load(format_: str = "bf16") -> Workload:
    """Return a load on vLLM."""
    known = catalog()
    return Workload(
        engine=known.engines["vllm"], format=known.format(format_), kv_format=known.kv_format("f16"), context=4096
    )


def reasons(tensor: int, *, format_: str = "bf16", pipeline: int = 1, **changes: int) -> str:
    """Return every refusal in one text."""
    changed = replace(architecture(), **changes)  # type: ignore[arg-type]  # each is a number of the architecture
    return "; ".join(one.message for one in refusals(changed, catalog().format(format_), tensor, pipeline))


@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_divisors_of_the_heads_are_accepted(tensor: int) -> None:
    """Powers of two divide everything in a usual model."""
    assert reasons(tensor) == ""
    assert reasons(tensor, format_="awq-int4") == ""


def test_heads_have_to_divide() -> None:
    """Three GPUs cannot share 32 heads."""
    assert "32 attention heads cannot be divided among 3 GPUs" in reasons(3)


def test_kv_heads_divide_or_repeat() -> None:
    """More GPUs than KV heads copy them; numbers that do neither are refused."""
    assert reasons(16) == ""
    assert "6 KV heads can be neither divided among 4 GPUs nor copied" in reasons(4, num_key_value_heads=6)


def test_a_latent_has_no_heads_to_divide() -> None:
    """Multi-head latent attention is not refused for its KV heads."""
    latent = replace(architecture(), num_key_value_heads=6, extra={"kv_lora_rank": 512})
    assert list(refusals(latent, catalog().format("bf16"), 4, 1)) == []


def test_the_vocabulary_is_padded_to_64() -> None:
    """50,257 rows become 50,304, which 2 divides and 256 does not."""
    assert reasons(2, vocab_size=50_257) == ""
    assert "50304 rows" in reasons(256, vocab_size=50_257, num_attention_heads=256)


def test_groups_of_a_quantised_format_stay_whole() -> None:
    """11,008 columns in 4 parts of 2,752 cut groups of 128; the same in 16 bit is fine."""
    assert "cut groups of 128 weights" in reasons(4, format_="gptq-int4", intermediate_size=11_008)
    assert reasons(4, intermediate_size=11_008) == ""


def test_layers_have_to_go_round() -> None:
    """There are no more groups of GPUs than layers."""
    assert "36 layers cannot be divided among 40" in reasons(1, pipeline=40)


def test_shapes_use_exactly_the_gpus_there_are() -> None:
    """Six GPUs: 6x1, 3x2, 2x3 and 1x6, each with its refusals."""
    found = shapes(architecture(), load(), gpus=6)
    assert [(one.tensor_parallel, one.pipeline_parallel) for one in found] == [(6, 1), (3, 2), (2, 3), (1, 6)]
    assert [bool(one.problems) for one in found] == [True, True, False, False]
    assert {one.gpus for one in found} == {6}


def test_a_load_is_divided_in_the_first_accepted_shape() -> None:
    """Three GPUs hold a model in three groups of layers; a load that says how is left alone."""
    device = device_of(catalog(), gpu=["3x L4"])
    options = divided(architecture(), load(), device).options
    assert (options.tensor_parallel, options.pipeline_parallel) == (1, 3)
    asked = shaped(load(), shapes(architecture(), load(), gpus=2)[0])
    assert divided(architecture(), asked, device) == asked


@pytest.mark.parametrize(
    ("name", "gpus", "format_", "shape"),
    [
        ("Qwen/Qwen3-32B", 2, "bf16", (2, 1)),
        ("Qwen/Qwen3-32B", 3, "bf16", (1, 3)),
        ("Qwen/Qwen3-32B", 6, "bf16", (2, 3)),
        ("Qwen/Qwen2.5-7B-Instruct", 7, "bf16", (1, 7)),
        ("Qwen/Qwen2.5-72B-Instruct", 8, "bf16", (8, 1)),
        ("Qwen/Qwen2.5-72B-Instruct", 8, "awq-int4", (1, 8)),
    ],
)
def test_every_gpu_is_used(name: str, gpus: int, format_: str, shape: tuple[int, int]) -> None:
    """Heads, KV heads and groups of weights say how far a layer is divided; groups of layers take the rest."""
    found = usual_shape(architecture(name), catalog().format(format_), gpus=gpus)
    assert (found.tensor_parallel, found.pipeline_parallel) == shape
    assert not found.problems


@pytest.mark.parametrize("gpus", range(2, 9))
def test_no_model_of_the_catalog_leaves_a_gpu_idle(gpus: int) -> None:
    """Where it has layers enough; the shape is the accepted one with most tensor parallelism."""
    for model in list(catalog().models.values())[::4]:
        try:
            described = describe(model.architecture)
        except CannotAnswerError:
            continue
        for format_ in map(catalog().format, ("bf16", "awq-int4")):
            found = usual_shape(described, format_, gpus=gpus)
            assert found.gpus == gpus or described.num_hidden_layers < gpus
            more = [n for n in range(found.tensor_parallel + 1, gpus + 1) if found.gpus % n == 0]
            assert all(list(refusals(described, format_, n, found.gpus // n)) for n in more)


def test_fewer_gpus_are_used_where_layers_do_not_go_round() -> None:
    """Two layers of seven heads run on no three GPUs, but on two."""
    small = replace(architecture(), num_hidden_layers=2, num_attention_heads=7, num_key_value_heads=7)
    assert usual_shape(small, catalog().format("bf16"), gpus=3).gpus == 2
    assert usual_shape(replace(small, num_hidden_layers=0), catalog().format("bf16"), gpus=3).gpus == 1


def test_the_server_fills_in_the_same_shape() -> None:
    """Whoever resolves a load on three GPUs gets what `divided` says, and one GPU or another engine stays whole."""
    three, one = device_of(catalog(), gpu=["3x L4"]), device_of(catalog(), gpu=["L4"])
    filled = resolve(architecture(), load(), device=three).options
    wanted = divided(architecture(), load(), three).options
    assert filled == replace(wanted, max_num_seqs=256, max_num_batched_tokens=2048)
    assert resolve(architecture(), load(), device=one).options.tensor_parallel == 1
    assert divided(architecture(), load(), None) == load()
    plain = replace(load(), engine=catalog().engines["transformers"])
    assert resolve(architecture(), plain, device=three) is plain


def test_nothing_of_a_load_is_lost_when_it_is_resolved() -> None:
    """Each field but the options comes out as it went in, whatever fields a load has."""
    one = device_of(catalog(), gpu=["L4"])
    kv_format = catalog().kv_format("fp8")
    changes = {"context": 5, "sequences": 3, "prompt_tokens": 4, "images": 2, "kv_format": kv_format}
    changes |= {"kv_format_v": kv_format, "checkpoint": Checkpoint(kind="gguf", tensors=())}
    full = replace(load(), **changes)  # type: ignore[arg-type]  # each is a field of its own type
    plain = load()
    names = {field.name for field in fields(full)} - {"options", "engine", "format"}
    assert all(getattr(full, name) != getattr(plain, name) for name in names)
    found = resolve(architecture(), full, device=one)
    assert replace(found, options=full.options) == full
    options = replace(EngineOptions(), enforce_eager=True, block_size=32, gpu_memory_utilization=0.5)
    given = resolve(architecture(), replace(full, options=options), device=one).options
    assert replace(given, max_num_seqs=None, max_num_batched_tokens=None) == options


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, False),
        ({"tensor_parallel": 1}, True),
        ({"pipeline_parallel": 1}, True),
        ({"tensor_parallel": 1, "pipeline_parallel": 1}, True),
        ({"tensor_parallel": 1, "pipeline_parallel": 2}, False),
        ({"tensor_parallel": 2}, False),
        ({"tensor_parallel": None, "block_size": 1}, False),
    ],
)
def test_nobody_names_several_gpus_for_one(given: dict[str, int | None], *, refused: bool) -> None:
    """What vLLM would run on the first GPU alone is refused; on a machine with one GPU it is what is meant."""
    refuse_one_of_several(given, device_of(catalog(), gpu=["L4"]))
    with pytest.raises(UsageError, match="One of the 2 GPUs alone") if refused else nullcontext():
        refuse_one_of_several(given, device_of(catalog(), gpu=["2x L4"]))


@pytest.mark.parametrize("command", ["estimate", "check", "plan"])
def test_every_command_refuses_one_of_several_gpus(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the same words."""
    words = ("Qwen/Qwen3-8B", "--gpu", "2x L4", "--engine", "vllm", "--tensor-parallel-size", "1")
    said = ask(capsys, command, *words)
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: One of the 2 GPUs alone would be used\n\nhint: Name one GPU\n"


def test_problems_name_what_is_missing() -> None:
    """More GPUs than there are, and a card without bf16, are problems of the load on this device."""
    one = device_of(catalog(), gpu=["Tesla T4"])
    two = shaped(load(), shapes(architecture(), load(), gpus=2)[0])
    messages = [problem.message for problem in shape_problems(architecture(), two, one)]
    assert messages[0].endswith("needs 2 GPUs, there are 1")
    assert any("has no bf16" in message for message in messages)
    assert shape_problems(architecture(), load("f16"), one) == ()
