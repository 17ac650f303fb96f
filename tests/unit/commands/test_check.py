"""The exit codes of `check`, one cause at a time, and what it writes where."""

import json
from pathlib import Path

import pytest

from support.deploying import GOOD, one
from support.terminal import ask

DAY = ("--as-of", "2026-11-21")
L4 = ("--gpu", "NVIDIA L4")
MODEL = "Qwen/Qwen3-8B"
WAIVER = """\
exceptions:
  - deployment: chat
    rule: {rule}
    reason: agreed with legal
    expires: {expires}
"""

WORDS = {
    "it fits": (0, (MODEL, *L4)),
    "it keeps its limits": (0, (MODEL, *L4, "--license", "commercial", "--region", "kr", "--headroom", "10")),
    "it fits at a price": (0, (MODEL, *L4, "--max-price", "2")),
    "too large": (1, ("Qwen/Qwen3-32B", *L4, "--precision", "fp16")),
    "only with part in RAM": (1, ("Qwen/Qwen3-32B", "--vram", "8", "--ram", "64")),
    "too little stays free": (1, (MODEL, *L4, "--headroom", "90")),
    "not a licence that is allowed": (1, (MODEL, *L4, "--license", "mit")),
    "not for commercial use": (1, ("lmsys/vicuna-7b-v1.3", *L4, "--license", "commercial")),
    "nothing granted in a region": (1, ("meta-llama/Llama-3.2-11B-Vision-Instruct", *L4, "--region", "de")),
    "too slow": (1, (MODEL, *L4, "--min-speed", "5000")),
    "too dear": (1, (MODEL, *L4, "--max-price", "0.01")),
    "one of two fails": (1, (MODEL, "Qwen/Qwen3-32B", *L4, "--precision", "int8")),
    "one of three fails, one is unknown": (
        1,
        (MODEL, "nobody/nothing-8B", "Qwen/Qwen3-32B", *L4, "--precision", "int8"),
    ),
    "one of two is unknown": (3, (MODEL, "nobody/nothing-8B", *L4)),
    "no such option": (2, (MODEL, *L4, "--contxt", "1")),
    "no such output": (2, (MODEL, *L4, "--output", "xml")),
    "a word of no vocabulary": (2, (MODEL, *L4, "--format", "Q9_Z")),
    "a context beyond the model": (2, (MODEL, *L4, "--context", "9M")),
    "an option of another engine": (2, (MODEL, *L4, "--engine", "vllm", "--option", "n_cpu_moe=1")),
    "an option that nobody has": (2, (MODEL, *L4, "--option", "speed=11")),
    "an option out of range": (2, (MODEL, *L4, "--engine", "vllm", "--option", "gpu_memory_utilization=2")),
    "no day": (2, (MODEL, *L4, "--as-of", "tomorrow")),
    "no share": (2, (MODEL, *L4, "--headroom", "120")),
    "a licence that nobody knows": (2, (MODEL, *L4, "--license", "zlib-x9")),
    "two outputs at once": (2, (MODEL, *L4, "--json", "--output", "sarif")),
    "a lock to update without a name": (2, (MODEL, *L4, "--update-lock")),
    "a file and a model together": (2, (MODEL, "deploy.yaml")),
    "an option beside a file": (2, ("deploy.yaml", *L4)),
    "no such model": (3, ("nobody/nothing-8B", *L4)),
    "several such GPUs": (3, (MODEL, "--gpu", "RTX 3080")),
    "no such GPU": (3, (MODEL, "--gpu", "RTX 9999")),
    "no such file": (3, ("nowhere/deploy.yaml",)),
    "a price that nobody knows": (3, (MODEL, "--gpu", "RTX 4090", "--max-price", "2")),
    "a price that is out of date": (3, (MODEL, *L4, "--max-price", "2", "--as-of", "2028-01-01")),
    "a speed that nobody knows": (3, (MODEL, "--vram", "24", "--min-speed", "5")),
}

FILES = {
    "all hold": (0, GOOD),
    "an exception excuses": (
        0,
        one("limits: {licenses: [mit]}", more=WAIVER.format(rule="license", expires="2026-11-21")),
    ),
    "an exception has ended": (
        1,
        one("limits: {licenses: [mit]}", more=WAIVER.format(rule="license", expires="2026-11-20")),
    ),
    "an exception for something else": (
        1,
        one("limits: {licenses: [mit]}", more=WAIVER.format(rule="price", expires="2027-01-01")),
    ),
    "one does not hold": (1, one("context: 32768\nsequences: 64")),
    "not valid": (2, one("context: 0")),
    "an unknown model": (3, one(model="nobody/nothing-8B")),
    "an unknown GPU": (3, one(machine="gpu: RTX 9999")),
    "an ambiguous GPU": (3, one(machine="gpu: RTX 3080")),
    "a shape that the model contradicts": (2, one("engine: vllm\ngpu_count: 3\noptions: {tensor_parallel: 3}")),
    "one of several GPUs": (2, one("engine: vllm\ngpu_count: 2\noptions: {tensor_parallel: 1}")),
    "more GPUs than there are": (3, one("engine: vllm\noptions: {tensor_parallel: 2}")),
}


@pytest.mark.parametrize("cause", WORDS)
def test_each_cause_has_its_exit_code(cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline can tell no from could not say; nothing but an answer is on stdout."""
    code, words = WORDS[cause]
    said = ask(capsys, "check", *words, *(() if "--as-of" in words else DAY))
    assert said.code == code, said.out + said.err
    assert "Traceback" not in said.err
    if code == 2 and "--json" not in words:
        assert said.out == ""


@pytest.mark.parametrize("cause", FILES)
def test_each_cause_in_a_file_has_its_exit_code(cause: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same in deploy files; what could not be decided is never 0."""
    code, text = FILES[cause]
    path = tmp_path / "deploy.yaml"
    path.write_text(text, "utf-8")
    said = ask(capsys, "check", str(path), *DAY)
    assert said.code == code, said.out + said.err


def test_a_failure_counts_more_than_a_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With one that fails and one that could not be decided the answer is no."""
    path = tmp_path / "deploy.yaml"
    path.write_text(
        one("context: 32768\nsequences: 64") + "  - {name: other, model: nobody/nothing, gpu: NVIDIA L4}\n", "utf-8"
    )
    said = ask(capsys, "check", str(path), "--json", *DAY)
    assert said.code == 1
    assert said.json["summary"] == {"pass": 0, "fail": 1, "undecided": 1}
    assert [item["error_code"] for item in said.json["results"]] == ["", "unknown_model"]


def test_no_gpu_in_a_file_is_not_detected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file means the same on every machine: what it does not name is an error, not this machine."""
    path = tmp_path / "deploy.yaml"
    path.write_text(one(machine=""), "utf-8")
    assert ask(capsys, "check", str(path)).code == 2


def test_the_lock_says_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run writes it, an equal one says nothing, another load says each fact, an update pins it anew."""
    path, lock = tmp_path / "deploy.yaml", tmp_path / "llmfit.lock"
    path.write_text(GOOD, "utf-8")
    words = ("check", str(path), "--lock", str(lock), "--json", *DAY)
    assert "pinned" in ask(capsys, *words).err
    first = lock.read_text("utf-8")
    pinned = json.loads(first)["deployments"]["chat"]
    assert pinned["model"] == MODEL
    assert pinned["engine_rules"] == "0.33.0"
    assert pinned["total_bytes"] > 4 * 2**30
    same = ask(capsys, *words)
    assert (same.json["changed"], same.err) == ([], "")
    path.write_text(GOOD.replace("8192", "4096"), "utf-8")
    changed = ask(capsys, *words).json["changed"]
    assert "chat: context: 8192 became 4096" in changed
    assert lock.read_text("utf-8") == first
    ask(capsys, *words, "--update-lock")
    assert ask(capsys, *words).json["changed"] == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"deployments": 1}', '{"schema_version": 9, "deployments": {}}'])
def test_a_lock_that_is_none_stays_as_it_is(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no lock is not taken for one, and not written over."""
    path, lock = tmp_path / "deploy.yaml", tmp_path / "llmfit.lock"
    path.write_text(GOOD, "utf-8")
    lock.write_text(text, "utf-8")
    assert ask(capsys, "check", str(path), "--lock", str(lock), *DAY).code == 3
    assert lock.read_text("utf-8") == text


@pytest.mark.parametrize("output", ["github", "sarif", "junit"])
def test_a_broken_file_is_annotated_too(output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline sees the errors of an invalid file where it looks: in its report."""
    path = tmp_path / "deploy.yaml"
    path.write_text(one("context: 0"), "utf-8")
    said = ask(capsys, "check", str(path), "--output", output)
    assert said.code == 2
    assert "is out of range" in said.out
    assert str(path) in said.out


def test_the_answer_names_catalog_and_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """What a result follows from is in it: the catalog's version, the engine's, the day."""
    said = ask(capsys, "check", MODEL, *L4, "--engine", "vllm", "--json", *DAY).json
    assert said["catalog"]["version"].startswith("20")
    assert said["as_of"] == "2026-11-21"
    assert said["results"][0]["estimate"]["workload"]["engine_version"] == "0.33.0"


def test_a_small_card_gets_the_share_that_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    """Where vLLM's default share is not free at start, the answer says which one to ask for."""
    said = ask(capsys, "check", "Qwen/Qwen3-0.6B", "--vram", "6", "--engine", "vllm", "--context", "2048", "--json")
    warnings = [one["message"] for one in said.json["results"][0]["findings"] if one["rule"] == "engine"]
    assert len(warnings) == 1
    assert "--gpu-memory-utilization 0.8" in warnings[0]


def test_the_errors_of_a_file_are_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets each error with file, line, column, field and fix."""
    path = tmp_path / "deploy.yaml"
    path.write_text(one("context: 0\nsequences: many"), "utf-8")
    said = ask(capsys, "check", str(path), "--json")
    assert said.code == 2
    error = said.json["error"]
    assert error["code"] == "invalid_file"
    assert [(one["line"], one["column"], one["field"]) for one in error["problems"]] == [
        (6, 5, "context"),
        (7, 5, "sequences"),
    ]


def test_an_unknown_model_hides_no_verdict_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """Among several models, one that nobody knows is undecided, in JSON and in the table."""
    targets = (MODEL, "nobody/nothing-8B", "Qwen/Qwen3-32B", "--vram", "8")
    said = ask(capsys, "check", *targets, "--json")
    assert said.code == 1
    results = said.json["results"]
    assert [one["status"] for one in results] == ["pass", "undecided", "fail"]
    assert results[1]["error_code"] == "unknown_model"
    assert "1 does not hold, 1 could not decide" in ask(capsys, "check", *targets).out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--gpu L4", ""),
        ("--gpu L4 --headroom 80", "weights"),
        ("--gpu L4 --engine vllm --precision bf16 --context 15904", "weights"),
        ("--vram 6 --context 32k", "KV cache"),
    ],
)
def test_a_part_decides_where_there_is_something_to_decide(
    words: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it does not hold, or holds with little left; in the words of every table."""
    lines = ask(capsys, "check", "Qwen/Qwen3-8B", *words.split(), *DAY).out.splitlines()
    (margin,) = [line for line in lines if " GiB of " in line and ": needs " not in line]
    assert margin.endswith(f"; decided by {part}" if part else " free")
