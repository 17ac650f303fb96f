"""The functions that programs call."""

import pytest

import llmfit
from llmfit.estimating import active_parameters
from llmfit.explaining import explained


def test_the_same_answer_as_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One question, two ways, one answer."""
    from support.terminal import ask

    answer = llmfit.recommend_models(vram=8, task=["code"], license_=["commercial"])
    said = ask(capsys, "recommend", "--vram", "8", "--task", "code", "--license", "commercial", "--json")
    assert [pick.model.id for pick in answer.picks] == [pick["model"]["id"] for pick in said.json["recommendations"]]
    assert [pick.score for pick in answer.picks] == [pick["score"]["total"] for pick in said.json["recommendations"]]


def test_an_estimate_is_compared_where_a_device_is_given() -> None:
    """Without one there are bytes and no fit."""
    alone = llmfit.estimate_model("Qwen/Qwen3-8B")
    fitted = llmfit.estimate_model("Qwen/Qwen3-8B", device=llmfit.named_device(gpu=["RTX 4090"]))
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
        llmfit.compare_models(["Qwen/Qwen3-8B", "nothing-of-the-kind"])
    assert (caught.value.code, caught.value.exit_code) == ("unknown_model", 3)


def test_active_parameters_are_counted_where_the_architecture_is_known() -> None:
    """A mixture of experts uses a part of itself; an unknown architecture has no figure."""
    from dataclasses import replace

    model = llmfit.load_catalog().model("openai/gpt-oss-20b")
    active = active_parameters(model)
    assert active is not None
    assert active < model.parameters / 3
    assert active_parameters(replace(model, architecture={"model_type": "nobody-knows"})) is None
