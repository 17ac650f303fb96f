"""The words of `plan`: what goes together, and with which exit code it leaves."""

import pytest

from llmfit.errors import CannotAnswerError, UsageError
from support.planning import wanted
from support.terminal import ask


def test_words_that_go_together_with_nothing_are_refused() -> None:
    """A format that the named engine lacks is usage, a model that nobody knows is no answer."""
    with pytest.raises(UsageError):
        wanted(precision=None, format_name="Q4_K_M")
    with pytest.raises(CannotAnswerError):
        wanted("nobody/nothing-8B")


WORDS = {
    "a device": (0, ("Qwen/Qwen3-8B", "--vram", "12")),
    "a device by several engines": (0, ("Qwen/Qwen3-8B", "--vram", "12", "--engine", "vllm", "--engine", "llama.cpp")),
    "a load": (0, ("Qwen/Qwen3-8B", "--context", "8k")),
    "a model": (0, ("Qwen/Qwen3-8B",)),
    "a launch": (0, ("Qwen/Qwen3-8B", "--vram", "12", "--emit", "ollama")),
    "nothing fits": (1, ("deepseek-ai/DeepSeek-V3", "--vram", "8")),
    "no launch": (1, ("Qwen/Qwen3-32B", "--vram", "8", "--emit", "vllm")),
    "no such launch": (2, ("Qwen/Qwen3-8B", "--vram", "12", "--emit", "vlm")),
    "a launch without a device": (2, ("Qwen/Qwen3-8B", "--emit", "vllm")),
    "two devices": (2, ("Qwen/Qwen3-8B", "--vram", "12", "--here")),
    "RAM without a GPU": (2, ("Qwen/Qwen3-8B", "--ram", "64")),
    "an unknown model": (3, ("nobody/nothing-8B",)),
    "an unknown GPU": (3, ("Qwen/Qwen3-8B", "--gpu", "RTX 9999")),
}


@pytest.mark.parametrize("cause", WORDS)
def test_plan_leaves_with_the_code_of_its_cause(cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where something fits, 1 where nothing does, 2 for usage, 3 without an answer."""
    code, words = WORDS[cause]
    said = ask(capsys, "plan", *words)
    assert said.code == code, said.out + said.err
    if code == 0:
        assert said.out


@pytest.mark.parametrize("output", ["plain", "json", "jsonl", "csv", "markdown"])
def test_every_output_has_the_longest_context(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the form, the figure is the same."""
    words = ("plan", "Qwen/Qwen3-8B", "--gpu", "L4", "--engine", "llama.cpp", "--precision", "int4")
    longest = ask(capsys, *words, "--json").json["variants"][0]["longest_context"]
    text = ask(capsys, *words, "--output", output).out.replace(",", "")
    assert str(longest) in text
