"""What records work out of their own fields."""

from dataclasses import fields, replace
from typing import Any

import pytest

from llmfit.records.architecture import Cache, CacheKind, Role, Section, Tensor
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.deployment import Change, FileProblem, Place
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import Constant, Engine, StoredPrecision, UnknownConstantError
from llmfit.records.estimate import Estimate, Fit, Part, PartName, Verdict
from llmfit.records.model import CHAT_KINDS, DECODERS
from llmfit.records.plan import GpuChoice, GridCell, Variant
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations, Rejection, ScorePart
from llmfit.records.sourced import SourcedModel
from llmfit.records.training import METHODS, TargetModules, TrainingFacts, with_loss_of
from support.answers import WORKLOAD, model, sizing
from support.inverse_answers import plan
from support.loads import make_architecture
from support.picks import pick
from support.training import load


def a_constant(name: str = "step_seconds", **changes: Any) -> Constant:
    """Return a constant that holds on every platform."""
    facts: dict[str, Any] = {"engine": "vllm", "value": 1.0, "low": 1.0, "high": 1.0, "version": "v", "source": "s"}
    return Constant(**{"name": name, "checked": "2026-11-01", **facts, **changes})


@pytest.mark.parametrize(
    ("tensor", "repeats", "parameters", "active"),
    [
        (Tensor(Role.NORM, "norm", (7,)), 1, 7, 7),
        (Tensor(Role.MLP_UP, "up", (2, 3), (0, 1, 4)), 3, 18, 18),
        (Tensor(Role.EXPERT_UP, "up", (2, 3), (0, 1), copies=8, active_copies=2), 16, 96, 24),
        (Tensor(Role.EXPERT_UP, "up", (2, 3), (0, 1), copies=8), 16, 96, 96),
    ],
)
def test_a_tensor_stands_for_all_that_are_like_it(tensor: Tensor, repeats: int, parameters: int, active: int) -> None:
    """Over layers and experts; one outside the layers is one."""
    assert (tensor.repeats, tensor.parameters, tensor.active_parameters) == (repeats, parameters, active)


def test_a_prediction_layer_is_no_part_of_the_model_as_run() -> None:
    """Nor of what a token passes."""
    plain = make_architecture()
    more = (*plain.tensors, Tensor(Role.MLP_UP, "up", (512, 512), (4,), section=Section.MTP))
    for experts in (0, 8):
        one, other = (make_architecture(num_experts=experts, tensors=some) for some in (plain.tensors, more))
        assert (one.parameters, one.active_parameters) == (other.parameters, other.active_parameters)


def test_a_model_without_experts_is_active_as_a_whole() -> None:
    """Its input table too, though a token reads one row of it."""
    dense = make_architecture()
    assert dense.active_parameters == dense.parameters == sum(tensor.parameters for tensor in dense.tensors)


@pytest.mark.parametrize(
    ("tied", "tensor", "counts"),
    [
        (False, Tensor(Role.EMBEDDING, "more", (10, 10)), False),
        (True, Tensor(Role.EMBEDDING, "more", (10, 10)), True),
        (True, Tensor(Role.POSITION, "more", (10, 10)), False),
        (True, Tensor(Role.PER_LAYER_EMBEDDING, "more", (10, 10)), False),
        (False, Tensor(Role.MLP_UP, "more", (10, 10), section=Section.VISION), False),
        (False, Tensor(Role.MLP_UP, "more", (10, 10), section=Section.AUDIO), False),
        (False, Tensor(Role.MLP_UP, "more", (10, 10), section=Section.PROJECTOR), False),
        (False, Tensor(Role.HEAD, "more", (10, 10)), True),
    ],
)
def test_of_a_mixture_counts_what_a_token_is_multiplied_with(tied: bool, tensor: Tensor, counts: bool) -> None:  # noqa: FBT001 - a table of cases
    """Tables are looked up, unless the head is the same; towers read images alone."""
    tensors = make_architecture().tensors
    before = make_architecture(num_experts=4, tied_embeddings=tied, tensors=tensors)
    after = make_architecture(num_experts=4, tied_embeddings=tied, tensors=(*tensors, tensor))
    assert after.active_parameters - before.active_parameters == (100 if counts else 0)


def test_a_checkpoint_is_the_sum_of_its_tensors() -> None:
    """By type the largest first, then by name."""
    tensors = [("a", "BF16", (2, 3), 12), ("b", "F32", (), 4), ("c", "F32", (2,), 8), ("d", "Q4_K", (256,), 144)]
    found = Checkpoint(kind="gguf", tensors=tuple(StoredTensor(*one) for one in tensors))
    assert (found.bytes, found.elements) == (168, 6 + 1 + 2 + 256)
    assert list(found.bytes_by_dtype().items()) == [("Q4_K", 144), ("BF16", 12), ("F32", 12)]


def test_a_device_is_the_sum_of_its_gpus() -> None:
    """Less what the driver keeps and others hold, and never less than nothing."""
    small = DeviceGpu(name="small", total_bytes=100, reserved_bytes=10, used_bytes=5)
    full = DeviceGpu(name="full", total_bytes=100, reserved_bytes=60, used_bytes=60)
    found = Device(gpus=(small, full, small))
    assert [gpu.usable_bytes for gpu in found.gpus] == [85, 0, 85]
    assert (found.usable_bytes, found.total_bytes, found.name) == (170, 300, "2x small + full")
    assert Device(gpus=()).name == ""


def test_a_constant_of_the_platform_comes_before_the_general_one() -> None:
    """Wherever it stands in the list; another platform's never counts."""
    general, own = a_constant(value=1.0), a_constant(value=2.0, platform="rocm")
    for constants in ((general, own), (own, general)):
        engine = Engine(id="vllm", version="v", constants=(a_constant("other"), *constants))
        assert engine.constant("step_seconds", "rocm") is own
        assert engine.constant("step_seconds", "cuda") is engine.constant("step_seconds") is general
    lonely = Engine(id="vllm", version="v", constants=(own,))
    for name, platform in (("step_seconds", "cuda"), ("launch_seconds", "rocm")):
        with pytest.raises(UnknownConstantError, match=f"vllm has no constant {name} for {platform}"):
            lonely.constant(name, platform)


def test_an_engine_says_how_it_stores_a_precision() -> None:
    """The first format is the usual one; what it does not have is None."""
    stores = (
        StoredPrecision(precision="fp32", formats=("f32",), kv_format="f32"),
        StoredPrecision(precision="int8", formats=("w8a8", "gptq-int8")),
    )
    engine = Engine(id="vllm", version="v", stores=stores, constants=())
    assert [engine.usual_format(word) for word in ("fp32", "int8", "int4")] == ["f32", "w8a8", None]
    assert [engine.usual_kv_format(word) for word in ("fp32", "int8", "int4", None)] == ["f32", "f16", "f16", "f16"]


def test_an_estimate_is_the_sum_of_its_parts() -> None:
    """An exact part is its own lower and upper end."""
    parts = (
        Part(name=PartName.WEIGHTS, bytes=100),
        Part(name=PartName.OVERHEAD, bytes=10, low=5, high=30),
        Part(name=PartName.OVERHEAD, bytes=1, low=0, high=2),
    )
    found = Estimate(parts=parts)
    assert (found.total_bytes, found.low_bytes, found.high_bytes) == (111, 105, 132)
    assert [found.part_bytes(name) for name in (PartName.WEIGHTS, PartName.OVERHEAD, PartName.KV_CACHE)] == [100, 11, 0]
    device = Device(gpus=(DeviceGpu(name="card", total_bytes=100),))
    assert Fit(estimate=found, device=device, verdict=Verdict.TOO_LARGE).headroom_bytes == -11


def test_a_variant_runs_where_some_context_fits_the_gpus() -> None:
    """With part of it in RAM it does not run as a whole."""
    assert Variant(workload=WORKLOAD, longest_context=1).runs
    assert not Variant(workload=WORKLOAD, longest_context=0).runs
    assert not Variant(workload=WORKLOAD, longest_context=1, in_ram=True).runs


def test_a_plan_answers_where_anything_fits() -> None:
    """A format that reaches some context, a machine, or a card."""
    cell = GridCell(precision="int4", format="Q4_K_M", context=1024, card_gb=None, total_bytes=None)
    bare = plan()
    assert not bare.answers
    assert not replace(bare, grid=(cell,), variants=(Variant(workload=WORKLOAD, longest_context=0),)).answers
    assert replace(bare, grid=(cell, replace(cell, card_gb=8))).answers
    assert replace(bare, variants=(Variant(workload=WORKLOAD, longest_context=2, in_ram=True),)).answers
    machine = GpuChoice(device=Device(gpus=()), total_bytes=1, margin_bytes=1)
    assert replace(bare, smallest=(machine,)).answers
    assert replace(bare, cheapest=(machine,)).answers


def test_a_score_is_made_of_visible_parts() -> None:
    """Each adds its share of 100 points."""
    part = ScorePart(name="quality", value=0.5, weight=0.8, detail="")
    assert part.points == pytest.approx(40.0)
    assert replace(pick(), parts=(part, replace(part, weight=0.2))).score == pytest.approx(50.0)
    assert replace(pick(), parts=()).score == 0


def test_rejections_are_counted_by_reason() -> None:
    """The most frequent first, then by name; each model can be asked for."""
    found = [Rejection(model=name, reason=why, detail="") for name, why in zip("abcde", "yxxzy", strict=True)]
    answer = Recommendations(question=Question(), context=1, picks=(), considered=5, rejections=tuple(found))
    assert list(answer.rejected.items()) == [("x", 2), ("y", 2), ("z", 1)]
    assert answer.why_not("c") is found[2]
    assert answer.why_not("f") is None


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        ("chat", "context", "a.yaml:3:5: chat context: is wrong; put it right"),
        ("", "context", "a.yaml:3:5: context: is wrong; put it right"),
        ("", "", "a.yaml:3:5: is wrong; put it right"),
    ],
)
def test_a_problem_of_a_file_says_where_it_stands(row: str, field: str, text: str) -> None:
    """In the form that editors and terminals can follow."""
    place = Place(file="a.yaml", line=3, column=5)
    assert str(FileProblem(place=place, row=row, field=field, message="is wrong", fix="put it right")) == text


def test_a_change_says_how_it_is_written_where_that_is_known() -> None:
    """Behind the order."""
    change = Change(kind="context", setting="context", value=5, message="Shorten it", write="`context: 5`")
    assert change.advice == "Shorten it (`context: 5`)"
    assert replace(change, write="").advice == "Shorten it"


@pytest.mark.parametrize(("prompt", "prefilled"), [(None, 8192), (100, 100), (9000, 8192)])
def test_no_more_is_prefilled_than_the_context_holds(prompt: int | None, prefilled: int) -> None:
    """All of it where nobody says."""
    assert replace(WORKLOAD, context=8192, prompt_tokens=prompt).prefill_tokens == prefilled


def test_an_option_that_is_set_is_told_from_the_default() -> None:
    """Of the engine, of the prompt's images, or of the cache of V."""
    assert not WORKLOAD.has_options
    assert replace(WORKLOAD, options=replace(WORKLOAD.options, swa_full=True)).has_options
    assert replace(WORKLOAD, images=1).has_options
    assert replace(WORKLOAD, kv_format_v=WORKLOAD.kv_format).has_options


@pytest.mark.parametrize(
    ("options", "sharding"),
    [({}, "ddp"), ({"zero": 1}, "zero-1"), ({"zero": 2}, "zero-2"), ({"zero": 3}, "zero-3"), ({"fsdp": True}, "fsdp")],
)
def test_training_is_spread_over_gpus_in_one_way(options: Any, sharding: str) -> None:
    """By DeepSpeed's stage, or FSDP."""
    assert load("full", **options).sharding == sharding


@pytest.mark.parametrize(
    ("method", "options", "tokens"),
    [
        ("full", {}, 300),
        ("full", {"stage": "dpo"}, 600),
        ("full", {"stage": "reward"}, 600),
        ("full", {"stage": "ppo"}, 300),
        ("prompt", {"virtual_tokens": 10}, 330),
        ("prefix", {"virtual_tokens": 10}, 300),
    ],
)
def test_pairs_and_virtual_tokens_pass_through_the_model(method: str, options: Any, tokens: int) -> None:
    """Chosen and rejected answers go together; a prefix lies in the cache."""
    assert load(method, batch_size=3, sequence_length=100, **options).tokens == tokens


def test_adapters_leave_the_model_frozen() -> None:
    """All methods that train something beside it."""
    frozen = {method for method in METHODS if replace(load("full"), method=method).is_adapter}
    assert frozen == set(METHODS) - {"full", "freeze"}


@pytest.mark.parametrize(
    ("kind", "loss", "found"),
    [
        ("embedding", "full", "contrastive"),
        ("reranker", "full", "contrastive"),
        ("embedding", "fused", "fused"),
        ("instruct", "full", "full"),
    ],
)
def test_vectors_are_learned_without_words(kind: str, loss: str, found: str) -> None:
    """Unless another loss is asked for."""
    assert with_loss_of(load("full", loss=loss), kind).loss == found


def test_facts_of_training_are_found_by_name() -> None:
    """A constant that there is not is an error, an architecture without defaults is None."""
    row = TargetModules(model_type="llama", lora=("q_proj",))
    constant = a_constant("workspace_bytes")
    facts = TrainingFacts(id="peft-0", target_modules=(row,), constants=(a_constant("other"), constant))
    assert facts.constant("workspace_bytes") is constant
    with pytest.raises(KeyError, match="peft-0 has no constant nothing"):
        facts.constant("nothing")
    assert facts.targets("llama") is row
    assert facts.targets("gpt2") is None


def test_a_sizing_knows_its_device_where_it_was_compared() -> None:
    """None else."""
    compared = sizing()
    assert compared.fit is not None
    assert compared.device is compared.fit.device
    assert replace(compared, fit=None).device is None


def test_what_a_cache_does_not_say_it_does_not_keep() -> None:
    """Its elements are counted where they are named; nothing is compressed unless it is said."""
    cache = Cache(CacheKind.FULL, (0,))
    assert (cache.key_elements, cache.value_elements, cache.heads, cache.compression) == (0, 0, 0, 1)
    assert (cache.indexer_elements, cache.conv_elements, cache.recurrent_elements) == (0, 0, 0)
    plain = make_architecture()
    assert (plain.is_encoder_only, plain.is_encoder_decoder, plain.num_experts_per_tok) == (False, False, 0)
    assert plain == replace(plain, extra={"figure": 1})


def test_a_model_warns_of_its_data_and_of_how_it_was_read() -> None:
    """What was found in its files comes first; a row of the catalog has none."""
    row = replace(model(), data_caveats=("made with answers of a closed model",))
    facts = {field.name: getattr(row, field.name) for field in fields(row)}
    read = SourcedModel(**facts, origin="a file", findings=("headers and configuration differ",))
    assert row.caveats == ("made with answers of a closed model",)
    assert read.caveats == ("headers and configuration differ", "made with answers of a closed model")


def test_what_writes_is_what_chats_and_its_base() -> None:
    """Encoders, embedders and rerankers write nothing."""
    assert CHAT_KINDS < DECODERS
    assert {"base"} == DECODERS - CHAT_KINDS
