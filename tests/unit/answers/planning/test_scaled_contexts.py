"""Contexts beyond what a model was made for are looked for only where one was asked for, and never started silently."""

import pytest

from support.terminal import ask

LAUNCH = ("plan", "Qwen/Qwen3-8B", "--gpu", "L4", "--engine", "llama.cpp", "--precision", "int4", "--emit", "llama.cpp")


def test_the_longest_context_is_one_that_the_model_was_made_for(capsys: pytest.CaptureFixture[str]) -> None:
    """An 80 GB card would hold far more than the 32,768 tokens of Qwen3-8B."""
    words = ("plan", "Qwen/Qwen3-8B", "--vram", "80", "--engine", "llama.cpp", "--json")
    assert {one["longest_context"] for one in ask(capsys, *words).json["variants"]} == {32768}


def test_the_extension_counts_where_more_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for 100,000 tokens knows of RoPE scaling, and may have as many as its publisher documents."""
    words = ("plan", "Qwen/Qwen3-8B", "--vram", "80", "--engine", "llama.cpp", "--context", "100000", "--json")
    assert max(one["longest_context"] for one in ask(capsys, *words).json["variants"]) == 131072


def test_a_launch_beyond_the_model_says_what_is_left_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The command is whole, and standard error names the scaling that it lacks."""
    said = ask(capsys, *LAUNCH, "--context", "100000")
    assert "-c 100000" in said.out
    assert "RoPE scaling" in said.err
    assert "RoPE scaling" not in ask(capsys, *LAUNCH, "--context", "16384").err


def test_a_recommendation_says_no_context_beyond_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """However much of the card is free."""
    words = ("recommend", "--vram", "80", "--task", "chat", "--top", "5", "--json")
    for one in ask(capsys, *words).json["recommendations"]:
        assert one["max_context"] <= one["model"]["context_length"]
