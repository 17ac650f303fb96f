"""What a check says of one load: warnings, splits, promises."""

import pytest

from support.terminal import ask


def test_check_warns_of_a_context_beyond_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """From the context that the publisher states, not from the configuration's 40,960; estimate says the same."""
    for command in ("check", "estimate"):
        words = (command, "Qwen/Qwen3-8B", "--vram", "48", "--context")
        beyond = "warning: The context of 32769 tokens is longer than the model's 32768"
        assert beyond in ask(capsys, *words, "32769").out
        assert "warning" not in ask(capsys, *words, "32768").out


@pytest.mark.parametrize(
    ("model", "setting"), [("openai/gpt-oss-20b", "n_cpu_moe"), ("Qwen/Qwen3-32B", "n_gpu_layers")]
)
def test_check_offers_to_keep_part_in_ram(model: str, setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the RAM is known, the split that runs is offered, and it passes check; without RAM it is not."""
    words = ("check", model, "--engine", "llama.cpp", "--vram", "8")
    changes = ask(capsys, *words, "--ram", "64", "--json").json["results"][0]["changes"]
    (split,) = [one for one in changes if one["setting"] == setting]
    assert ask(capsys, *words, "--ram", "64", "--option", f"{setting}={split['value']}").code == 0
    bare = ask(capsys, *words, "--json").json["results"][0]["changes"]
    assert setting not in [one["setting"] for one in bare]


def test_check_says_that_ram_helps_only_where_a_split_was_solved(capsys: pytest.CaptureFixture[str]) -> None:
    """Where bytes would suffice but no whole layers do, the verdict is too large and no words promise anything."""
    words = ("check", "Qwen/Qwen3-32B", "--engine", "llama.cpp", "--vram", "8")
    helped = ask(capsys, *words, "--ram", "64", "--json").json["results"][0]
    assert helped["estimate"]["verdict"] == "offload"
    assert helped["estimate"]["offload"]["ram_bytes"] > 0
    assert "runs with part of it in RAM" in helped["findings"][0]["message"]
    need = helped["estimate"]["memory"]["total_bytes"] - helped["device"]["usable_bytes"]
    least = (need + helped["estimate"]["ram_bytes"]) / 1024**3 + 0.01
    stuck = ask(capsys, *words, "--ram", f"{least:.3f}", "--json").json["results"][0]
    assert stuck["estimate"]["verdict"] == "too_large"
    assert "offload" not in stuck["estimate"]
    assert "RAM" not in stuck["findings"][0]["message"]
    assert not [one for one in stuck["changes"] if one["kind"] == "options"]
