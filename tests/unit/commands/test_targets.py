"""What `check` is asked about, and in which order it says what is wrong with it."""

import os
from pathlib import Path

import pytest

from llmfit.errors import NoGpuFoundError
from support.deploying import GOOD, one
from support.terminal import ask

DAY = ("--as-of", "2026-11-21")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at a machine without a GPU."""

    def none() -> None:
        raise NoGpuFoundError("No usable GPU found", hint="Say what you have")

    monkeypatch.setattr("llmfit.detect.detect_device", none)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with files that are neither models nor deploy files."""
    monkeypatch.chdir(tmp_path)
    for file in ("README.md", "notes"):
        Path(file).write_text("# Notes\n", "utf-8")
    Path("folder").mkdir()
    os.mkfifo("pipe")


@pytest.mark.usefixtures("bare", "folder")
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("README.md", 2, "neither a deploy file nor a model"),
        ("notes", 2, "neither a deploy file nor a model"),
        ("pipe", 3, "no regular file"),
        ("folder", 3, "holds no config.json"),
        ("missing.gguf", 3, "is not a file"),
        ("missing.yaml", 3, "no such file"),
        ("nobody-knows-it", 3, "No model is called"),
        ("Qwen/Qwen3-8B", 3, "No usable GPU found"),
    ],
)
def test_what_is_wrong_first_is_said_first(name: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file before a model, a model before the device."""
    answer = ask(capsys, "check", name)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_a_file_of_another_kind_is_told_which_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The suffixes of deploy files and of models."""
    path = tmp_path / "README.md"
    path.write_text("# Notes\n", "utf-8")
    hint = ask(capsys, "check", str(path), "--vram", "8").err
    assert all(suffix in hint for suffix in (".yaml", ".yml", ".gguf", ".safetensors", ".json"))
    assert f"error: {path}: neither" in hint


@pytest.mark.parametrize("name", ["Qwen3-8B", "deepseek-v3"])
def test_the_catalogs_name_comes_before_a_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that has a model's name, by chance or as a log of it, hides no model."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("", "utf-8")
    said = ask(capsys, "check", name, "--vram", "1")
    assert "neither" not in said.err


def test_one_file_of_another_kind_stops_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Among models and among deploy files."""
    other, deploy = tmp_path / "a.txt", tmp_path / "a.YML"
    other.write_text("", "utf-8")
    deploy.write_text(GOOD, "utf-8")
    for words in ((str(deploy), str(other)), ("Qwen/Qwen3-8B", str(other), "--vram", "24")):
        said = ask(capsys, "check", *words)
        assert (said.code, said.out) == (2, "")
        assert "a.txt: neither" in said.err
    assert ask(capsys, "check", str(deploy), *DAY).code == 0


def test_the_same_target_is_checked_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named twice, by a shell's pattern."""
    path = tmp_path / "deploy.yaml"
    path.write_text(one(), "utf-8")
    assert len(ask(capsys, "check", str(path), str(path), "--json", *DAY).json["results"]) == 1
    words = ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "--vram", "24", "--json")
    assert len(ask(capsys, "check", *words).json["results"]) == 1
    said = ask(capsys, "check", "nobody/nothing-8B", "nobody/nothing-8B", "--vram", "24")
    assert (said.code, said.out) == (3, "")


@pytest.mark.parametrize("words", [("--n-cpu-moe", "3"), ("--enforce-eager",), ("--format", "f16"), ("--ram", "8")])
def test_an_option_beside_a_file_is_named_as_it_was_given(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file says itself is not said beside it."""
    path = tmp_path / "deploy.yaml"
    path.write_text(GOOD, "utf-8")
    said = ask(capsys, "check", str(path), *words)
    assert said.code == 2
    assert said.err.startswith(f"error: {words[0]} has no meaning with a deploy file")


@pytest.mark.parametrize(
    ("flags", "option"),
    [
        (("--n-cpu-moe", "10"), "n_cpu_moe=10"),
        (("-ngl", "12"), "n_gpu_layers=12"),
        (("--engine", "llama.cpp", "--no-flash-attn"), "flash_attention=false"),
        (("--engine", "vllm", "--max-num-seqs", "64"), "max_num_seqs=64"),
    ],
)
@pytest.mark.parametrize("command", ["check", "plan"])
def test_the_engines_own_options_are_taken_as_estimate_takes_them(
    command: str, flags: tuple[str, ...], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By their names on the engine's command line, or by `--option`: the answer is the same."""
    engine = flags[:2] if flags[0] == "--engine" else ()
    words = (command, "openai/gpt-oss-20b", "--vram", "16", "--ram", "32", "--json")
    own = ask(capsys, *words, *flags)
    named = ask(capsys, *words, *engine, "--option", option)
    assert (own.code, own.out) == (named.code, named.out)
    plain = ask(capsys, *words, *engine)
    assert own.out != plain.out


def test_an_option_that_contradicts_the_model_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words in which it was given."""
    for command in ("check", "plan"):
        said = ask(capsys, command, "Qwen/Qwen3-8B", "--vram", "8", "--engine", "llama.cpp", "-ngl", "99")
        assert said.code == 2
        assert "--n-gpu-layers 99 is more than" in said.err
