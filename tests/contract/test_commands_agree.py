"""Five commands, one load, same answer: bytes, GPUs, verdict and format follow one rule each, whoever asks."""

from datetime import date
from functools import cache
from typing import Any, NamedTuple

import pytest

from llmfit.answers.checking.question import check_model
from llmfit.answers.planning import plan_device, wanted_of
from llmfit.answers.words import device_of
from llmfit.api import compare_models, estimate_model, recommend_models
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnsupportedWorkloadError
from llmfit.records.deployment import CheckResult, Limits
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Fit
from llmfit.records.model import Model
from llmfit.records.plan import Variant
from llmfit.records.training import Training
from llmfit.records.workload import Workload

CONTEXT = 4096
TODAY = date(2026, 11, 21)
MODELS = (
    "Qwen/Qwen3-32B",  # 64 heads, 8 KV heads: 3, 5, 6 and 7 GPUs divide its layers
    "Qwen/Qwen2.5-7B-Instruct",  # 28 heads, 4 KV heads: 7 divides the heads alone
    "Qwen/Qwen2.5-72B-Instruct",  # the MLP in 8 parts cuts groups of 128 weights
    "deepseek-ai/DeepSeek-V2-Lite-Chat",  # a latent, which every GPU keeps whole
    "mistralai/Mixtral-8x7B-Instruct-v0.1",  # experts
    "openai/gpt-oss-20b",  # published in MXFP4
)
REFUSED = (
    ("deepseek-ai/DeepSeek-V2-Lite-Chat", "vllm", "int4"),  # rows of no whole groups
    ("openai/gpt-oss-20b", "vllm", "int4"),
)
CASES = tuple(
    (model.id, engine.id, stored.precision)
    for model in map(load_catalog(user_file=None).models.__getitem__, MODELS)
    for engine in load_catalog(user_file=None).engines.values()
    for stored in engine.stores
    if (model.id, engine.id, stored.precision) not in REFUSED
)


class Said(NamedTuple):
    """What a command says of one load on one machine."""

    format: str
    kv_format: str
    total_bytes: int
    per_gpu_bytes: tuple[int, ...]
    verdict: str = ""


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


@cache
def alone(name: str) -> Catalog:
    """Return the facts with one model, so that no other is recommended in its place."""
    return catalog().with_models([catalog().models[name]], alone=True)


@cache
def device(gpus: int) -> Device:
    """Return a machine with so many cards and little RAM."""
    return device_of(catalog(), gpu=[f"{gpus}x L40S"], ram=32)


def said(load: Workload | Training, estimate: Estimate, fit: Fit | None = None) -> Said:
    """Return what an answer says, with a verdict where it has one."""
    assert isinstance(load, Workload)
    verdict = "" if fit is None else fit.verdict.value
    return Said(load.format.id, load.kv_format.id, estimate.total_bytes, estimate.per_gpu_bytes, verdict)


def estimated(model: Model, place: Device, engine: str, precision: str, *, context: int = CONTEXT) -> Said:
    """Return what `estimate` says."""
    found = estimate_model(model, device=place, catalog=catalog(), engine=engine, precision=precision, context=context)
    return said(found.workload, found.estimate, found.fit)


def compared(model: Model, place: Device, engine: str, precision: str) -> Said:
    """Return what `compare` says."""
    (found,) = compare_models(
        [model], device=place, catalog=catalog(), engine=engine, precision=precision, context=CONTEXT
    )
    return said(found.workload, found.estimate, found.fit)


def checked(model: Model, place: Device, engine: str, precision: str) -> CheckResult:
    """Return the result of `check`."""
    load: dict[str, Any] = {"engine": engine, "precision": precision, "context": CONTEXT}
    return check_model(model, device=place, catalog=catalog(), limits=Limits(), today=TODAY, **load)


def recommended(model: Model, place: Device, engine: str, precision: str) -> Said | None:
    """Return what `recommend` says of the model, had it no rivals; None where it does not fit with ease."""
    words: dict[str, Any] = {"task": ["chat"], "engine": [engine], "precision": precision, "context": CONTEXT}
    found = recommend_models(device=place, catalog=alone(model.id), **words)
    return next((said(pick.workload, pick.fit.estimate, pick.fit) for pick in found.picks), None)


def planned(model: Model, place: Device, engine: str, precision: str) -> Variant:
    """Return how far `plan` lets the load go."""
    wanted = wanted_of(catalog(), model, engines=[engine], precision=precision, context=CONTEXT)
    (found,) = plan_device(wanted, place).variants
    return found


def agree(model: Model, place: Device, engine: str, precision: str) -> None:
    """Assert that `estimate`, `compare`, `check`, `recommend` and `plan` say the same of a load."""
    first = estimated(model, place, engine, precision)
    assert compared(model, place, engine, precision) == first
    sizing = checked(model, place, engine, precision).sizing
    assert sizing is not None
    assert said(sizing.workload, sizing.estimate, sizing.fit) == first
    assert recommended(model, place, engine, precision) == (first if first.verdict == "fits" else None)
    found = planned(model, place, engine, precision)
    assert (found.workload.format.id, found.workload.kv_format.id) == (first.format, first.kv_format)
    if found.max_num_seqs is None:  # else it runs with shorter steps, which nobody else was asked for
        assert (found.runs and found.longest_context >= CONTEXT) is (first.verdict in {"fits", "tight"})
    if found.runs and found.max_num_seqs is None and found.estimate is not None:
        longest = estimated(model, place, engine, precision, context=found.longest_context)
        assert said(found.workload, found.estimate) == longest._replace(verdict="")


@pytest.mark.parametrize(("name", "engine", "precision"), CASES)
def test_five_commands_say_the_same_of_one_load(name: str, engine: str, precision: str) -> None:
    """One to eight GPUs: they name the same format and bytes, on as many GPUs, with the same verdict."""
    for gpus in range(1, 9):
        agree(catalog().models[name], device(gpus), engine, precision)


@pytest.mark.parametrize("cards", [("RTX 4090", "RTX 3090"), ("RTX 4090", "2x RTX 3060 12GB"), ("A40", "L40S")])
@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
def test_five_commands_say_the_same_of_unlike_cards(engine: str, cards: tuple[str, ...]) -> None:
    """Cards of several sizes and kinds: each command compares every share with its own card."""
    for name in MODELS[:3]:
        agree(catalog().models[name], device_of(catalog(), gpu=cards, ram=32), engine, "int4")


@pytest.mark.parametrize(("name", "engine", "precision"), REFUSED)
def test_five_commands_refuse_the_same_load(name: str, engine: str, precision: str) -> None:
    """What the engine cannot store is refused by all, and recommended by none."""
    model, place = catalog().models[name], device(2)
    for ask in (estimated, compared):
        with pytest.raises(UnsupportedWorkloadError):
            ask(model, place, engine, precision)
    assert checked(model, place, engine, precision).status == "undecided"
    assert recommended(model, place, engine, precision) is None
    assert planned(model, place, engine, precision).reason


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
@pytest.mark.parametrize("card", ["L4", "RTX 4090", "A100 SXM4 80GB"])
def test_the_longest_context_with_a_tenth_free_is_one(card: str, engine: str, precision: str) -> None:
    """`recommend` says what `plan` does in whole 1,024 tokens, and `estimate` says that it fits, and one more not."""
    place = device_of(catalog(), gpu=[card])
    for name in ("Qwen/Qwen3-8B", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-32B"):
        model = catalog().models[name]
        longest = planned(model, place, engine, precision).comfortable_context
        words: dict[str, Any] = {"task": ["chat"], "engine": [engine], "precision": precision, "context": CONTEXT}
        picks = recommend_models(device=place, catalog=alone(name), **words).picks
        assert [pick.max_context for pick in picks] == (
            [] if longest < CONTEXT else [longest if longest == model.context_length else longest // 1024 * 1024]
        )
        if longest:
            assert estimated(model, place, engine, precision, context=longest).verdict == "fits"
        if 0 < longest < model.context_length:
            assert estimated(model, place, engine, precision, context=longest + 1).verdict == "tight"
