"""The engines' options on the command line: what they change, and what the answer says of them."""

from typing import Any

import pytest

from support.terminal import ask

MODEL = "Qwen/Qwen3-8B"


def estimated(capsys: pytest.CaptureFixture[str], *words: str, model: str = MODEL) -> Any:
    """Return the JSON of an estimate on one L4."""
    said = ask(capsys, "estimate", model, "--gpu", "L4", *words, "--json")
    assert said.code in {0, 1}, said.out
    return said.json


@pytest.mark.parametrize(
    ("words", "part", "change"),
    [
        ("--ubatch-size 2048", "activation_bytes", "more"),
        ("--no-flash-attn", "activation_bytes", "more"),
        ("--cache-type-v q8_0", "kv_cache_bytes", "less"),
        ("-ngl 20", "weights_bytes", "less"),
        ("-ngl 0", "kv_cache_bytes", "less"),
        ("--engine vllm --max-num-seqs 8", "activation_bytes", "less"),
        ("--engine vllm --max-num-batched-tokens 65536", "activation_bytes", "more"),
        ("--engine vllm --enforce-eager", "overhead_bytes", "less"),
        ("--engine vllm --block-size 128 --context 8k", "kv_cache_bytes", "same"),
        ("--engine vllm --block-size 128 --context 8100", "kv_cache_bytes", "more"),
        ("--engine transformers --attn-implementation eager", "activation_bytes", "more"),
        ("--engine transformers --engine-version 4.44", "activation_bytes", "more"),
    ],
)
def test_an_option_changes_the_part_that_it_speaks_of(
    words: str, part: str, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No option is taken and then forgotten."""
    given = words.split()
    plain = [word for word in ("--engine", "--context") if word in given]
    base = [given[given.index(word) + place] for word in plain for place in (0, 1)]
    before, after = estimated(capsys, *base)["memory"][part], estimated(capsys, *given)["memory"][part]
    assert change == ("more" if after > before else "less" if after < before else "same")


@pytest.mark.parametrize(
    ("model", "words", "part"),
    [
        ("google/gemma-3-27b-it", "--swa-full", "kv_cache_bytes"),
        ("google/gemma-3-27b-it", "--images 1", "weights_bytes"),
        ("deepseek-ai/DeepSeek-R1", "--speculative", "weights_bytes"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "--engine transformers --images 1", "kv_cache_bytes"),
    ],
)
def test_some_options_matter_to_some_models_alone(
    model: str, words: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows kept whole, a projector loaded, next-token layers, what cross-attention sees of an image."""
    engine = words.split()[:2] if words.startswith("--engine") else []
    before = estimated(capsys, *engine, model=model)["memory"][part]
    assert estimated(capsys, *words.split(), model=model)["memory"][part] > before


def test_the_answer_carries_what_was_set(capsys: pytest.CaptureFixture[str]) -> None:
    """By the engine's own names, with underscores; without options there is no such field."""
    words = ("--ubatch-size", "1k", "--no-flash-attn", "-ngl", "20", "--engine-version", "b6400")
    load = estimated(capsys, *words)["workload"]
    assert load["options"] == {"ubatch_size": 1024, "flash_attn": False, "n_gpu_layers": 20}
    assert load["engine_version"] == "b6400"
    assert "options" not in estimated(capsys)["workload"]
    said = ask(capsys, "estimate", MODEL, "--gpu", "L4", *words)
    assert "llama.cpp b6400, Q4_K_M" in said.out
    assert "--ubatch-size 1024, --no-flash-attn, --n-gpu-layers 20" in " ".join(said.out.split())


def test_a_share_of_the_card_is_all_that_vllm_may_take(capsys: pytest.CaptureFixture[str]) -> None:
    """16-bit weights of 8B fit an L4, and not half of it; a share beyond what is free frees nothing."""
    words = ("--engine", "vllm", "--precision", "fp16")
    whole = estimated(capsys, *words)
    half = estimated(capsys, *words, "--gpu-memory-utilization", "0.5")
    assert (whole["verdict"], half["verdict"]) == ("fits", "too_large")
    assert half["memory"] == whole["memory"]
    assert half["device"]["usable_bytes"] < whole["device"]["usable_bytes"] * 0.6
    assert "0.5 of each card" in half["device"]["notes"][-1]
    every = estimated(capsys, *words, "--gpu-memory-utilization", "1")["device"]["usable_bytes"]
    assert every == estimated(capsys)["device"]["usable_bytes"]
    assert every > whole["device"]["usable_bytes"]


@pytest.mark.parametrize(("model", "option"), [("Qwen/Qwen3-32B", "n_gpu_layers"), ("Qwen/Qwen3-30B-A3B", "n_cpu_moe")])
def test_a_model_too_large_for_the_card_is_divided(model: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The split fits when it is asked for, and with one layer more on the GPU it does not any more."""
    words = ("--format", "Q8_0", "--ram", "64")
    answer = estimated(capsys, *words, model=model)
    split = answer["offload"]
    assert answer["verdict"] == "offload"
    assert split["gpu_bytes"] <= answer["device"]["usable_bytes"]
    flag, more = ("--n-gpu-layers", 1) if option == "n_gpu_layers" else ("--n-cpu-moe", -1)
    taken = estimated(capsys, *words, flag, str(split[option]), model=model)
    assert taken["verdict"] == "fits"
    assert (taken["memory"]["total_bytes"], taken["ram_bytes"]) == (split["gpu_bytes"], split["ram_bytes"])
    beyond = estimated(capsys, *words, flag, str(split[option] + more), model=model)
    assert beyond["memory"]["total_bytes"] > 0.9 * answer["device"]["usable_bytes"]
    said = ask(capsys, "estimate", model, "--gpu", "L4", *words)
    assert f"runs with {'-ngl' if more > 0 else flag} {split[option]}" in said.out


def test_layers_in_ram_must_fit_the_ram(capsys: pytest.CaptureFixture[str]) -> None:
    """Few layers fit any card; the others need a place."""
    words = ("--format", "Q8_0", "-ngl", "5")
    assert estimated(capsys, *words, "--ram", "64", model="Qwen/Qwen3-32B")["verdict"] == "fits"
    short = estimated(capsys, *words, "--ram", "8", model="Qwen/Qwen3-32B")
    assert short["verdict"] == "too_large"
    assert "of RAM, and there is 8.0 GiB" in short["verdict_reason"]


def test_several_models_take_the_same_options(capsys: pytest.CaptureFixture[str]) -> None:
    """`compare` sets them on each."""
    said = ask(capsys, "compare", MODEL, "Qwen/Qwen3-4B", "--gpu", "L4", "--kv-unified", "--sequences", "2", "--json")
    assert [one["workload"]["options"] for one in said.json["estimates"]] == [{"kv_unified": True}] * 2


def test_layers_are_divided_as_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Groups of GPUs instead of a share of each layer."""
    words = ("estimate", MODEL, "--gpu", "2x L4", "--engine", "vllm", "--json")
    divided = ask(capsys, *words, "--tensor-parallel-size", "2").json
    grouped = ask(capsys, *words, "--pipeline-parallel-size", "2").json
    assert divided["workload"]["options"] == {"tensor_parallel_size": 2}
    assert grouped["workload"]["options"] == {"pipeline_parallel_size": 2}
    assert len(divided["per_gpu_bytes"]) == len(grouped["per_gpu_bytes"]) == 2


def test_explain_names_version_and_range_of_each_constant(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a figure was read, at which version, and within which range."""
    found = estimated(capsys, "--engine", "vllm", "--explain")
    (overhead,) = [part for part in found["parts"] if part["name"] == "overhead"]
    assert overhead["low_bytes"] < overhead["bytes"] < overhead["high_bytes"]
    for line in overhead["lines"]:
        assert "read at " in line["source"]
        assert "measured" in line["formula"]
    assert "Rules of vllm 0.33.0" in found["assumptions"]
