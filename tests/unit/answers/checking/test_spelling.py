"""What a check advises can be written as it stands: appended to the command line, or put into the deploy file."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmfit.answers.checking.spelling import Spelling
from llmfit.answers.words import device_of
from llmfit.records.deployment import Change
from support.planning import catalog, wanted
from support.terminal import ask

DAY = ("--as-of", "2026-11-21")
QUESTIONS = {
    "steps of vLLM": "openai/gpt-oss-20b --vram 16 --engine vllm",
    "steps and a context": "Qwen/Qwen3-8B --gpu 'RTX 3070' --engine vllm",
    "steps and a format": "Qwen/Qwen3-4B --vram 6 --engine vllm --precision fp8 --context 2k",
    "a share of the card": "Qwen/Qwen3-8B --gpu L4 --engine vllm --gpu-memory-utilization 0.3",
    "experts": "openai/gpt-oss-20b --vram 8 --ram 64",
    "layers": "Qwen/Qwen3-32B --gpu 'RTX 3070' --ram 64 --headroom 5",
    "a prompt": "Qwen/Qwen3-8B --vram 8 --context 24k --prompt-tokens 20k",
    "a precision": "Qwen/Qwen3-8B --vram 10 --precision int8 --context 16k --sequences 2",
    "a format of several engines": "Qwen/Qwen3-8B --vram 8 --format bf16",
    "a cache with another V": "Qwen/Qwen3-8B --vram 8 --context 30k --cache-type-v q8_0",
    "a shape": "Qwen/Qwen3-32B --gpu '2x L4' --engine vllm --tensor-parallel-size 2 --format fp8 --context 32k",
    "two kinds of card": "Qwen/Qwen3-32B --gpu 'RTX 3070' --gpu 'RTX 3060 12GB' --precision int8",
}


def without(words: list[str], options: list[str]) -> list[str]:
    """Return the words of a command line without these options and their values."""
    kept, place = [], 0
    while place < len(words):
        if words[place] in options:
            place += 2
        else:
            kept.append(words[place])
            place += 1
    return kept


def pasted(words: tuple[str, ...], write: str) -> list[str]:
    """Return the command line with the advice, as a reader would follow it, each option with its new value."""
    clause = r" (?:in the place of|without) (--[\w-]+)(?: and (--[\w-]+))?"
    out = [option for found in re.findall(clause, write) for option in found]
    advised = shlex.split(re.sub(clause, "", write))
    return [*without(list(words), [*out, *(word for word in advised if word.startswith("--"))]), *advised]


@pytest.mark.parametrize("question", QUESTIONS)
def test_advice_can_be_pasted_into_the_command(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change, written as it says, makes the check pass with the margin that it promises."""
    words = tuple(shlex.split(QUESTIONS[question]))
    said = ask(capsys, "check", *words, "--json", *DAY)
    assert said.code == 1, said.out
    (result,) = said.json["results"]
    assert result["changes"]
    for change in result["changes"]:
        assert change["write"]
        again = ask(capsys, "check", *pasted(words, change["write"]), "--json", *DAY)
        assert again.code == 0, (change["write"], again.out[:300])
    text = " ".join(ask(capsys, "check", *words, *DAY).out.split())
    assert all(f"{change['message']} ({change['write']}); " in text for change in result["changes"])


FILES: dict[str, dict[str, Any]] = {
    "steps of vLLM": {"model": "openai/gpt-oss-20b", "vram_gb": 16, "engine": "vllm", "options": {"block_size": 32}},
    "experts": {"model": "openai/gpt-oss-20b", "vram_gb": 8, "ram_gb": 64},
    "a precision": {"model": "Qwen/Qwen3-8B", "gpu": "RTX 3080 10GB", "precision": "int8", "context": 16384},
    "a prompt": {"model": "Qwen/Qwen3-8B", "vram_gb": 8, "context": 24576, "prompt_tokens": 20480},
    "sequences": {"model": "Qwen/Qwen3-8B", "gpu": "RTX 3060 12GB", "context": 8192, "sequences": 12},
    "a shape": {"model": "Qwen/Qwen3-32B", "gpu": "L4", "gpu_count": 2, "engine": "vllm", "format": "fp8"}
    | {"context": 32768, "options": {"tensor_parallel": 2}},
}


def edited(row: dict[str, Any], write: str) -> dict[str, Any]:
    """Return the deployment with the advice, as a reader would follow it."""
    row = {**row, "options": dict(row.get("options", {}))}
    for name in re.findall(r"in the place of `(\w+)`", write):
        row.pop(name, None)
    if "without" in write:
        row["options"] = {}
    for name, value, under in re.findall(r"`(\w+): ([^`]+)`( under `options`)?", write):
        (row["options"] if under else row)[name] = value
    return row


def file_of(row: dict[str, Any]) -> str:
    """Return a deploy file with one deployment."""
    options = ", ".join(f"{name}: {value}" for name, value in row.get("options", {}).items())
    lines = [f"    {name}: {value}" for name, value in row.items() if name != "options"]
    return "\n".join(["schema_version: 1", "deployments:", "  - name: chat", *lines, f"    options: {{{options}}}", ""])


@pytest.mark.parametrize("question", FILES)
def test_advice_can_be_pasted_into_the_file(question: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change, written as it says, makes the check of the file pass; no option of a command line is named."""
    row, path = FILES[question], tmp_path / "deploy.yaml"
    path.write_text(file_of(row), "utf-8")
    said = ask(capsys, "check", str(path), "--json", *DAY)
    assert said.code == 1, said.out + said.err
    (result,) = said.json["results"]
    assert result["changes"]
    for change in result["changes"]:
        assert "--" not in change["write"]
        path.write_text(file_of(edited(row, change["write"])), "utf-8")
        again = ask(capsys, "check", str(path), "--json", *DAY)
        assert again.code == 0, (change["write"], again.out[:300], again.err)


def spelling(*, in_file: bool, source: str = "--gpu", **more: object) -> Spelling:
    """Return how changes of a load on two L4 are written."""
    device = device_of(catalog(), gpu=["2x L4"])
    facts = {"words": (), "workload": wanted().workloads[0], "formats": catalog().formats, **more}
    object.__setattr__(device, "source", source)
    return Spelling(in_file=in_file, device=device, **facts)  # type: ignore[arg-type]  # each of its own type


def change(kind: str, setting: str, value: object, **more: object) -> Change:
    """Return a change without words."""
    return Change(kind=kind, setting=setting, value=value, message="", **more)  # type: ignore[arg-type]  # the same


def test_a_number_that_leaves_a_tenth_free_is_named_beside_the_fullest() -> None:
    """In the words of the place; nothing is said where there is none."""
    split = change("options", "n_cpu_moe", 10, roomy=12)
    assert spelling(in_file=False).spelled(split).note == "--n-cpu-moe 12 leaves 10 % of the GPU free"
    assert spelling(in_file=True).spelled(split).note == "`n_cpu_moe: 12` leaves 10 % of the GPU free"
    assert spelling(in_file=True).spelled(change("options", "n_cpu_moe", 10)).note == ""


@pytest.mark.parametrize(
    ("value", "source", "line", "field"),
    [
        ("2x NVIDIA A100", "--gpu", '--gpu "2x NVIDIA A100" in the place of --gpu', "`gpu: NVIDIA A100`"),
        (
            "4x NVIDIA L4",
            "--gpu",
            '--gpu "4x NVIDIA L4" in the place of --gpu',
            "`gpu: NVIDIA L4` and `gpu_count: 4`",
        ),
        (
            "NVIDIA H100",
            "--vram",
            '--gpu "NVIDIA H100" in the place of --vram',
            "`gpu: NVIDIA H100` and `gpu_count: 1` in the place of `vram_gb`",
        ),
        ("4x L4", "--vram", "", "`gpu_count: 4`"),
        ("A + 2x B", "detected", '--gpu "A" --gpu "2x B"', "`gpu: A` and `gpu_count: 1`"),
    ],
)
def test_a_machine_is_written_by_the_names_of_its_cards(value: str, source: str, line: str, field: str) -> None:
    """Counted where it has several, in the place of what named the one that is too small.

    A card of which only the size was said can be counted in a file, and not on a command line.
    """
    asked = change("gpu", "gpu", value)
    assert spelling(in_file=False, source=source).spelled(asked).write == line
    assert spelling(in_file=True, source=source).spelled(asked).write == field


def test_a_shape_of_its_own_does_not_move_to_another_machine() -> None:
    """Two GPUs for each layer say nothing about four."""
    asked = change("gpu", "gpu", "4x NVIDIA L4")
    assert (
        spelling(in_file=False, shaped=True)
        .spelled(asked)
        .write.endswith(" in the place of --gpu without --tensor-parallel-size and --pipeline-parallel-size")
    )
    assert (
        spelling(in_file=True, shaped=True)
        .spelled(asked)
        .write.endswith("`gpu_count: 4` without `tensor_parallel` and `pipeline_parallel`")
    )
    context = change("context", "context", 4096)
    assert spelling(in_file=True, shaped=True).spelled(context).write == "`context: 4096`"


@pytest.mark.parametrize(
    ("asked", "line", "field"),
    [
        (
            ("context", "context", 4096),
            "--context 4096 --prompt-tokens 4096",
            "`context: 4096` and `prompt_tokens: 4096`",
        ),
        (("context", "context", 6000), "--context 6000", "`context: 6000`"),
        (("sequences", "sequences", 2), "--sequences 2", "`sequences: 2`"),
        (
            ("kv_format", "kv_format", "q8_0"),
            "--kv-format q8_0 without --cache-type-v",
            "`kv_format: q8_0` without --cache-type-v",
        ),
        (("options", "n_gpu_layers", 3), "--n-gpu-layers 3", "`n_gpu_layers: 3` under `options`"),
        (
            ("options", "gpu_memory_utilization", 0.5),
            "--gpu-memory-utilization 0.5",
            "`gpu_memory_utilization: 0.5` under `options`",
        ),
        (("format", "format", "Q4_K_M"), "--format Q4_K_M", "`format: Q4_K_M`"),
        (("format", "format", "f16"), "--format f16 --engine vllm", "`format: f16` and `engine: vllm`"),
    ],
)
def test_each_change_is_written_with_what_it_needs(asked: tuple[str, str, object], line: str, field: str) -> None:
    """A prompt no longer than its context, an engine for a format that several have, V stored as K."""
    load = replace(wanted().workloads[0], prompt_tokens=6000, kv_format_v=catalog().kv_format("q8_0"))
    for in_file, written in ((False, line), (True, field)):
        assert spelling(in_file=in_file, workload=load).spelled(change(*asked)).write == written


def test_what_is_said_already_decides_what_is_added() -> None:
    """An engine is not named twice, and a precision gives way to a format."""
    asked = change("format", "format", "f16")
    words = {"engine", "precision"}
    assert spelling(in_file=False, words=words).spelled(asked).write == "--format f16 in the place of --precision"
    assert spelling(in_file=True, words=words).spelled(asked).write == "`format: f16` in the place of `precision`"
    only = change("format", "format", "Q4_K_M")
    assert (
        spelling(in_file=False, words={"precision"}).spelled(only).write.endswith("Q4_K_M in the place of --precision")
    )
    plain = spelling(in_file=False)
    assert plain.spelled(change("context", "context", 1)).write == "--context 1"
    assert plain.spelled(change("kv_format", "kv_format", "fp8")).write == "--kv-format fp8"


def test_two_changes_are_written_one_after_the_other() -> None:
    """In the order of the advice."""
    pair = change("format", "format", "Q4_K_M", also=(change("context", "context", 512),))
    assert spelling(in_file=False).spelled(pair).write == "--format Q4_K_M --context 512"
    assert spelling(in_file=True).spelled(pair).write == "`format: Q4_K_M` and `context: 512`"


@pytest.mark.parametrize(("size", "card"), [("6", "GeForce RTX 3050 6 GB"), ("7", "")])
def test_more_cards_of_a_size_are_named_after_one_that_is_sold(
    size: str, card: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command can be pasted; without a card of that size there is none."""
    words = ("check", "Qwen/Qwen3-8B", "--vram", size, "--context", "32k", "--json")
    (result,) = ask(capsys, *words, *DAY).json["results"]
    (more,) = [change for change in result["changes"] if change["message"].startswith("Divide it among ")]
    assert more["message"] == f"Divide it among 2x {card or '7 GB GPU'}"
    assert more["write"] == (f'--gpu "2x {card}" in the place of --vram' if card else "")
