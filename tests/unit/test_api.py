"""The functions that programs call."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import llmfit
from llmfit.answers.estimating import active_parameters
from llmfit.answers.explaining import explained
from llmfit.commands.sink import origin_of
from llmfit.records.sizing import Sizing
from llmfit.render.comparison import ComparisonView
from llmfit.render.sizing import SizingView
from support.terminal import ask

MODEL = "Qwen/Qwen3-8B"
VRAM = ("--vram", "12")


def as_json(sizing: Sizing) -> Any:
    """Return what the command line prints for such a record."""
    view = SizingView(sizing=sizing, origin=origin_of("estimate", llmfit.load_catalog()), explain=False)
    return json.loads(json.dumps(view.envelope()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ()),
        ({"context": "16k", "sequences": 2}, ("--context", "16k", "--sequences", "2")),
        ({"precision": "int8", "prompt_tokens": 100}, ("--precision", "int8", "--prompt-tokens", "100")),
        ({"format_name": "q6_k", "kv_format": "q8_0"}, ("--format", "q6_k", "--kv-format", "q8_0")),
        ({"engine": "vllm", "enforce_eager": True}, ("--engine", "vllm", "--enforce-eager")),
        ({"engine": "vllm", "max_num_seqs": 8}, ("--engine", "vllm", "--max-num-seqs", "8")),
        ({"flash_attn": False, "ubatch_size": 256}, ("--no-flash-attn", "--ubatch-size", "256")),
        ({"n_gpu_layers": 0, "swa_full": False}, ("--n-gpu-layers", "0")),
    ],
)
def test_an_estimate_is_that_of_the_command_line(
    options: Any, words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every field of the JSON."""
    said = ask(capsys, "estimate", MODEL, *VRAM, *words, "--json")
    assert as_json(llmfit.estimate_model(MODEL, vram=12, **options)) == said.json


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ()),
        (
            {"batch_size": 2, "sequence_length": "1k", "packing": True},
            ("--batch-size", "2", "--sequence-length", "1k", "--packing"),
        ),
        (
            {"gradient_checkpointing": False, "optimizer": "adamw-8bit", "target_modules": ["q_proj", "v_proj"]},
            ("--no-gradient-checkpointing", "--optimizer", "adamw-8bit", "--target-modules", "q_proj,v_proj"),
        ),
    ],
)
def test_fine_tuning_is_that_of_the_command_line(
    options: Any, words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every field of the JSON."""
    said = ask(capsys, "estimate", MODEL, *VRAM, "--training", "qlora", *words, "--json")
    assert as_json(llmfit.estimate_finetuning(MODEL, "qlora", vram=12, **options)) == said.json


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": ["code"], "license_": ["commercial"]}, ("--task", "code", "--license", "commercial")),
        (
            {"task": "code", "region": "eu", "language": "Korean"},
            ("--task", "code", "--region", "eu", "--language", "ko"),
        ),
        (
            {"max_parameters": "4B", "max_download": 3, "min_speed": 10, "top": 3},
            ("--max-parameters", "4B", "--max-download", "3", "--min-speed", "10", "--top", "3"),
        ),
        (
            {"weight": {"speed": 0.5}, "top": None},
            ("--weight", "speed=0.5", "--all"),
        ),
        ({"include_base": True, "siblings": True}, ("--include-base", "--siblings")),
        ({"training": "qlora", "task": "chat"}, ("--training", "qlora", "--task", "chat")),
        ({"training": {"method": "lora", "batch_size": 2}}, ("--training", "lora", "--batch-size", "2")),
    ],
)
def test_a_recommendation_is_that_of_the_command_line(
    options: Any, words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same models, bytes and scores in the same order."""
    answer = llmfit.recommend_models(vram=8, **options)
    said = ask(capsys, "recommend", "--vram", "8", *words, "--json").json["recommendations"]
    found = [(pick.model.id, pick.fit.estimate.total_bytes, pick.score) for pick in answer.picks]
    assert found == [(one["model"]["id"], one["memory"]["total_bytes"], one["score"]["total"]) for one in said]
    assert found


def test_a_comparison_is_that_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Every field of the JSON, for models by name or as records."""
    names = [MODEL, "openai/gpt-oss-20b"]
    device, catalog = llmfit.named_device(gpu="RTX 4090"), llmfit.load_catalog()
    sizings = llmfit.compare_models((catalog.model(names[0]), names[1]), device=device, context="4k")
    view = ComparisonView(sizings=sizings, device=device, origin=origin_of("compare", catalog), explain=False)
    said = ask(capsys, "compare", *names, "--gpu", "RTX 4090", "--context", "4k", "--json")
    assert json.loads(json.dumps(view.envelope())) == said.json


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: llmfit.estimate_model(MODEL, sequences=-2), ("estimate", MODEL, "--sequences", "-2")),
        (lambda: llmfit.estimate_model(MODEL, sequences=0), ("estimate", MODEL, "--sequences", "0")),
        (lambda: llmfit.estimate_model(MODEL, context=-5), ("estimate", MODEL, "--context", "-5")),
        (lambda: llmfit.estimate_model(MODEL, prompt_tokens=-3), ("estimate", MODEL, "--prompt-tokens", "-3")),
        (lambda: llmfit.estimate_model(MODEL, context="1G"), ("estimate", MODEL, "--context", "1G")),
        (lambda: llmfit.estimate_model(MODEL, context="1M"), ("estimate", MODEL, "--context", "1M")),
        (lambda: llmfit.estimate_model(MODEL, engine="vlm"), ("estimate", MODEL, "--engine", "vlm")),
        (lambda: llmfit.estimate_model(MODEL, format_name="Q4"), ("estimate", MODEL, "--format", "Q4")),
        (lambda: llmfit.estimate_model(MODEL, max_num_seqs=4), ("estimate", MODEL, "--max-num-seqs", "4")),
        (lambda: llmfit.estimate_model(MODEL, vram=-1), ("estimate", MODEL, "--vram", "-1")),
        (lambda: llmfit.estimate_model(MODEL, gpu="RTX 4090", vram=8), ("estimate", MODEL, "--gpu", "RTX 4090", *VRAM)),
        (lambda: llmfit.estimate_model("Qwen3-8X"), ("estimate", "Qwen3-8X")),
        (
            lambda: llmfit.estimate_model(MODEL, context=8, prompt_tokens=9),
            ("estimate", MODEL, "--context", "8", "--prompt-tokens", "9"),
        ),
        (
            lambda: llmfit.estimate_finetuning(MODEL, "lora", zero=3, fsdp=True),
            ("estimate", MODEL, "--training", "lora", "--zero", "3", "--fsdp"),
        ),
        (lambda: llmfit.estimate_finetuning(MODEL, "lra"), ("estimate", MODEL, "--training", "lra")),
        (lambda: llmfit.recommend_models(vram=8, task="cod"), ("recommend", "--vram", "8", "--task", "cod")),
        (lambda: llmfit.recommend_models(vram=8, top=0), ("recommend", "--vram", "8", "--top", "0")),
        (lambda: llmfit.recommend_models(vram=8, region="xx"), ("recommend", "--vram", "8", "--region", "xx")),
        (
            lambda: llmfit.recommend_models(vram=8, weight={"taste": 1}),
            ("recommend", "--vram", "8", "--weight", "taste=1"),
        ),
        (
            lambda: llmfit.recommend_models(vram=8, training="lora", context=5),
            ("recommend", "--vram", "8", "--training", "lora", "--context", "5"),
        ),
        (lambda: llmfit.named_device(gpu="RTX 9999"), ("recommend", "--gpu", "RTX 9999")),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_command_line(
    call: Callable[[], object], words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same class, sentence and hint."""
    with pytest.raises(llmfit.LlmfitError) as caught:
        call()
    said = ask(capsys, *words, "--json")
    error = {"code": caught.value.code, "message": caught.value.message, "hint": caught.value.hint}
    assert error == said.json["error"]
    assert caught.value.exit_code == said.code


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: llmfit.estimate_model(5), "5: no model"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.estimate_model(None), "None: no model"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.compare_models([]), "No model is named"),
        (lambda: llmfit.compare_models(5), "5: no model"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.compare_models({"a": 1}), "{'a': 1}: no model"),
        (lambda: llmfit.estimate_model(MODEL, device="x"), "x: no device"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.estimate_model(MODEL, catalog={}), "{}: no catalog"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.estimate_finetuning(MODEL, 5), "--training 5: no method"),  # type: ignore[arg-type]  # on purpose
        (lambda: llmfit.load_catalog(user_file=5), "user_file 5: no path"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_what_only_a_program_can_get_wrong_is_a_usage_error(call: Callable[[], object], message: str) -> None:
    """Records of another kind, and no model at all."""
    with pytest.raises(llmfit.LlmfitError) as caught:
        call()
    assert (caught.value.code, caught.value.message) == ("usage", message)
    assert caught.value.hint


@pytest.mark.parametrize("named", [{"gpu": ["RTX 4090"]}, {"vram": 24}, {"ram": 64}])
def test_a_device_and_the_name_of_one_contradict_each_other(named: Any) -> None:
    """Neither is ignored in silence."""
    device = llmfit.named_device(vram=8)
    for call in (llmfit.recommend_models, lambda **words: llmfit.estimate_model(MODEL, **words)):
        with pytest.raises(llmfit.LlmfitError, match=f"device and {next(iter(named))} contradict"):
            call(device=device, **named)


def test_no_gpu_named_is_none_given() -> None:
    """An empty list leaves the device alone."""
    device = llmfit.named_device(vram=8)
    assert llmfit.estimate_model(MODEL, device=device, gpu=[]).device == device


def test_one_model_may_be_compared_with_itself_alone() -> None:
    """One name is one model, not its letters."""
    (alone,) = llmfit.compare_models(MODEL)
    assert alone.model.id == MODEL


def test_an_estimate_is_compared_where_a_device_is_given() -> None:
    """Without one there are bytes and no fit."""
    alone = llmfit.estimate_model(MODEL)
    fitted = llmfit.estimate_model(MODEL, device=llmfit.named_device(gpu=["RTX 4090"]))
    assert (alone.fit, alone.device, alone.speed) == (None, None, None)
    assert fitted.fit is not None
    assert fitted.fit.verdict is llmfit.Verdict.FITS
    assert fitted.speed is not None
    assert fitted.speed.low < fitted.speed.typical < fitted.speed.high


def test_no_speed_is_promised_for_what_does_not_fit() -> None:
    """A model that is too large has none."""
    device = llmfit.named_device(gpu=["RTX 4060"])
    assert llmfit.estimate_model("Qwen/Qwen3-32B", device=device).speed is None


def test_explaining_changes_no_byte() -> None:
    """The explained answer has more lines and the same numbers."""
    device = llmfit.named_device(vram=8)
    answer = llmfit.recommend_models(device=device)
    same = explained(answer, device=device)
    for before, after in zip(answer.picks, same.picks, strict=True):
        assert before.fit.estimate.total_bytes == after.fit.estimate.total_bytes
        assert before.score == after.score


def test_what_cannot_be_answered_is_raised() -> None:
    """With the word, the hint and the exit code that the command line would use."""
    with pytest.raises(llmfit.LlmfitError) as caught:
        llmfit.compare_models([MODEL, "nothing-of-the-kind"])
    assert (caught.value.code, caught.value.exit_code) == ("unknown_model", 3)


def test_active_parameters_are_counted_where_the_architecture_is_known() -> None:
    """A mixture of experts uses a part of itself; an unknown architecture has no figure."""
    from dataclasses import replace

    model = llmfit.load_catalog().model("openai/gpt-oss-20b")
    active = active_parameters(model)
    assert active is not None
    assert active < model.parameters / 3
    assert active_parameters(replace(model, active_parameters=None)) == active
    unknown = replace(model, active_parameters=None, architecture={"model_type": "nobody-knows"})
    assert active_parameters(unknown) is None
