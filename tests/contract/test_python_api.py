"""The promise to programs: the options of the command line, and types that a checker can hold them to.

`mypy --strict` reads this file: an option that it should refuse carries a `type: ignore`, which is itself an error
where nothing is refused.
"""

from typing import Any, assert_type

import pytest
import typer

import llmfit
from llmfit.arguments import DEVICE, LOAD, TRAINING, WISHES, flag_of
from llmfit.commands.application import build_app

MODEL = "Qwen/Qwen3-0.6B"
OF_THE_OUTPUT = {"--output", "--json", "--explain", "--all", "--help"}


def flags_of(name: str) -> set[str]:
    """Return the options of a command that are about the question."""
    command: Any = typer.main.get_command(build_app([name]))
    command = command.commands[name] if hasattr(command, "commands") else command
    return {item.opts[0] for item in command.params if item.param_type_name == "option"} - OF_THE_OUTPUT


@pytest.mark.parametrize(
    ("command", "tables", "elsewhere"),
    [
        ("estimate", (DEVICE, LOAD, TRAINING), {"--training"}),
        ("compare", (DEVICE, LOAD), set[str]()),
        ("recommend", (DEVICE, WISHES, TRAINING), {"--training", "--also", "--why-not"}),
    ],
)
def test_programs_have_every_option_of_the_command_line(command: str, tables: Any, elsewhere: set[str]) -> None:
    """By the same names; a method, further models and reasons have a place of their own."""
    assert flags_of(command) - elsewhere <= {flag_of(name) for table in tables for name in table}


def test_programs_have_no_option_of_answering_that_the_command_line_lacks() -> None:
    """What can be asked in one way can be asked in the other."""
    assert {flag_of(name) for name in LOAD} <= flags_of("compare")
    assert {flag_of(name) for name in WISHES} <= flags_of("recommend")


def test_answers_have_types() -> None:
    """A checker knows what each function returns."""
    catalog = llmfit.load_catalog(user_file=None)
    device = assert_type(llmfit.named_device(gpu="RTX 4090", ram="64", catalog=catalog), llmfit.Device)
    sizing = assert_type(
        llmfit.estimate_model(MODEL, device=device, context="4k", format_name="Q8_0", swa_full=True), llmfit.Sizing
    )
    tuned = assert_type(
        llmfit.estimate_finetuning(MODEL, "lora", vram=8, batch_size=2, target_modules=["q_proj"]), llmfit.Sizing
    )
    pair = assert_type(llmfit.compare_models([MODEL, sizing.model], sequences=2), tuple[llmfit.Sizing, ...])
    answer = assert_type(
        llmfit.recommend_models(device=device, task="chat", license_={"commercial"}, max_parameters="1B", top=1),
        llmfit.Recommendations,
    )
    assert assert_type(sizing.estimate, llmfit.Estimate).total_bytes > 0
    assert assert_type(sizing.fit, llmfit.Fit | None) is not None
    assert (tuned.model, len(pair), len(answer.picks)) == (sizing.model, 2, 1)


def test_a_checker_refuses_what_the_program_refuses() -> None:
    """An option that there is not, and values of another type."""
    with pytest.raises(llmfit.LlmfitError, match="contxt"):
        llmfit.estimate_model(MODEL, contxt=5)  # type: ignore[call-arg]  # the name is wrong on purpose
    with pytest.raises(llmfit.LlmfitError, match="--sequences"):
        llmfit.estimate_model(MODEL, sequences=1.5)  # type: ignore[arg-type]  # the type is wrong on purpose
    with pytest.raises(llmfit.LlmfitError, match="--enforce-eager"):
        llmfit.compare_models([MODEL], enforce_eager="no")  # type: ignore[arg-type]  # the type is wrong on purpose
    with pytest.raises(llmfit.LlmfitError, match="lora_rnk"):
        llmfit.estimate_finetuning(MODEL, "lora", lora_rnk=8)  # type: ignore[call-arg]  # the name is wrong on purpose
    with pytest.raises(llmfit.LlmfitError, match="--task"):
        llmfit.recommend_models(vram=8, task=5)  # type: ignore[arg-type]  # the type is wrong on purpose
