"""Which engines run on whose GPUs, in every command."""

import pytest

from llmfit.errors import UnsupportedWorkloadError
from llmfit.records.format import EngineName
from llmfit.solve.platforms import check_platform, runs_on
from support.loads import make_device
from support.terminal import ask

MAC = ("--gpu", "Apple M3 Max 64 GB")


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
@pytest.mark.parametrize("platform", ["cuda", "rocm", "vulkan", "metal"])
def test_only_vllm_is_missing_and_only_on_apple(engine: EngineName, platform: str) -> None:
    """The other engines have kernels everywhere."""
    device = make_device(24, platform=platform)
    missing = engine == "vllm" and platform == "metal"
    assert runs_on(engine, device) is not missing
    assert runs_on(engine, None)
    if missing:
        with pytest.raises(UnsupportedWorkloadError, match="Apple"):
            check_platform(engine, device)
    else:
        check_platform(engine, device)


def test_plan_offers_no_engine_that_does_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """On Apple vLLM is left out; asked for by name it says why."""
    rows = ask(capsys, "plan", "Qwen/Qwen3-8B", *MAC, "--json").json["variants"]
    assert {row["workload"]["engine"] for row in rows} == {"llama.cpp", "transformers"}
    named = ask(capsys, "plan", "Qwen/Qwen3-8B", *MAC, "--engine", "vllm", "--json")
    assert named.code == 1
    assert {row["reason"] for row in named.json["variants"]} == {"vllm does not run on Apple's GPUs"}
    assert ask(capsys, "plan", "Qwen/Qwen3-8B", *MAC, "--emit", "vllm").code == 1


@pytest.mark.parametrize("command", ["estimate", "check", "compare"])
def test_asked_for_on_apple_vllm_is_no_answer(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3: the question is good, and nothing is known."""
    models = ("Qwen/Qwen3-8B", "Qwen/Qwen3-4B")[: 2 if command == "compare" else 1]
    said = ask(capsys, command, *models, *MAC, "--engine", "vllm")
    assert said.code == 3
    assert "vllm does not run on Apple's GPUs" in said.out + said.err


def test_recommend_takes_no_engine_that_does_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by its name, nor for a precision that it alone has."""
    for words in (("--engine", "vllm"), ("--precision", "fp8")):
        found = ask(capsys, "recommend", *MAC, *words, "--json").json
        assert found["recommendations"] == []
        assert found["rejected"]["unsupported"] > 0
