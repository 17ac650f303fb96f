"""Bad input of every kind: one sentence, a hint, the documented exit code; with JSON, the error envelope."""

import json
from pathlib import Path

import jsonschema
import pytest

from support.terminal import ask

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "schema" / "error.json"

USAGE = [
    "recommend --vram banana",
    "recommend --vram 0",
    "recommend --vram -6",
    "recommend --vram 1e9",
    "recommend --vram nan",
    "recommend --vram inf",
    "recommend --vram 6 --ram 0",
    "recommend --vram 6 --ram lots",
    "recommend --vram 6 --gpu L4",
    "recommend --vram 6 --task chatt",
    "recommend --vram 6 --task ''",
    "recommend --vram 6 --license apach",
    "recommend --vram 6 --region mars",
    "recommend --vram 6 --language klingon",
    "recommend --vram 6 --format Q4_K_Q",
    "recommend --vram 6 --precision int3",
    "recommend --vram 6 --engine lama.cpp",
    "recommend --vram 6 --kv-format q9",
    "recommend --vram 6 --publisher Nobody",
    "recommend --vram 6 --family Nothing",
    "recommend --vram 6 --context 0",
    "recommend --vram 6 --context -5",
    "recommend --vram 6 --context many",
    "recommend --vram 6 --context 1e4",
    "recommend --vram 6 --context 99999999999999999999",
    "recommend --vram 6 --sequences 0",
    "recommend --vram 6 --context 2k --prompt-tokens 4k",
    "recommend --vram 6 --precision int8 --format Q4_K_M",
    "recommend --vram 6 --engine transformers --format Q4_K_M",
    "recommend --vram 6 --engine llama.cpp --precision fp8",
    "recommend --vram 6 --engine vllm --kv-format q8_0",
    "recommend --vram 6 --top 0",
    "recommend --vram 6 --top 3 --all",
    "recommend --vram 6 --output xml",
    "recommend --vram 6 --weight speed",
    "recommend --vram 6 --weight speed=2",
    "recommend --vram 6 --max-parameters big",
    "recommend --vram 6 --min-speed 0",
    "recommend --vram 6 --what",
    "recommend --vram",
    "recommend extra words",
    "estimate",
    "estimate Qwen/Qwen3-8B --vram 24 --context 0",
    "estimate Qwen/Qwen3-8B --vram 24 --context 1M",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --format Q4_K_M",
    "estimate Qwen/Qwen3-8B --vram 24 --training magic",
    "estimate Qwen/Qwen3-8B --vram 24 --lora-rank 8",
    "estimate Qwen/Qwen3-8B --vram 24 --training full --lora-rank 8",
    "estimate Qwen/Qwen3-8B --vram 24 --training lora --context 8k",
    "estimate Qwen/Qwen3-8B --vram 24 --training lora --zero 4",
    "estimate Qwen/Qwen3-8B --vram 24 --training lora --zero 3 --fsdp",
    "estimate Qwen/Qwen3-8B --vram 24 --training lora --base-format nf4",
    "estimate Qwen/Qwen3-8B --gpu '2x L4' --training lora --gpus 3",
    "estimate Qwen/Qwen3-8B --vram 24 --ubatch-size 0",
    "estimate Qwen/Qwen3-8B --vram 24 --ubatch-size many",
    "estimate Qwen/Qwen3-8B --vram 24 --n-gpu-layers 99",
    "estimate Qwen/Qwen3-8B --vram 24 -ngl -1",
    "estimate Qwen/Qwen3-8B --vram 24 --n-cpu-moe 4",
    "estimate Qwen/Qwen3-8B --vram 24 --cache-type-v q9",
    "estimate Qwen/Qwen3-8B --vram 24 --cache-type-v q8_0 --no-flash-attn",
    "estimate Qwen/Qwen3-8B --vram 24 --max-num-seqs 4",
    "estimate Qwen/Qwen3-8B --vram 24 --attn-implementation eager",
    "estimate Qwen/Qwen3-8B --vram 24 --speculative",
    "estimate Qwen/Qwen3-8B --vram 24 --images 1",
    "estimate Qwen/Qwen3-8B --vram 24 --engine-version 4.44",
    "estimate Qwen/Qwen3-8B --vram 24 --engine transformers --engine-version 9.1",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --engine-version 0.11.0",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --swa-full",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --cache-type-v q8_0",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --gpu-memory-utilization 1.1",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --gpu-memory-utilization half",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --block-size 17",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --tensor-parallel-size 2",
    "estimate Qwen/Qwen3-8B --gpu '2x L4' --engine vllm --tensor-parallel-size 1",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --max-num-seqs 64 --max-num-batched-tokens 32",
    "estimate Qwen/Qwen3-8B --vram 24 --engine vllm --max-num-seqs 2 --sequences 4",
    "estimate Qwen/Qwen3-8B --vram 24 --engine transformers --attn-implementation flex",
    "estimate Qwen/Qwen3-8B --vram 24 --training lora --n-gpu-layers 3",
    "compare Qwen/Qwen3-8B Qwen/Qwen3-4B --vram 24 --enforce-eager",
    "compare",
    "gpus --output picture",
    "models --license nonsense",
    "models show",
    "recomend --vram 6",
    "--wat",
]
UNANSWERED = {
    "estimate Qwen3-8C --vram 8": "unknown_model",
    "estimate nothing-like-it --vram 8": "unknown_model",
    "estimate '' --vram 8": "unknown_model",
    "compare Qwen/Qwen3-8B no-such-model --vram 8": "unknown_model",
    "models show Qwen3-8Q": "unknown_model",
    "recommend --gpu 'RTX 9999'": "unknown_gpu",
    "recommend --gpu ''": "unknown_gpu",
    "recommend --gpu 'RTX 3060'": "ambiguous_gpu",
    "recommend --vram 6 --why-not nobody/nothing": "unknown_model",
}


def words_of(line: str) -> list[str]:
    """Return the words of a command line."""
    import shlex

    return shlex.split(line)


def assert_one_sentence_and_hint(err: str) -> None:
    """The message is one line; a hint follows after a blank line, and nothing else is said."""
    lines = err.removesuffix("\n").split("\n")
    assert lines[0].startswith("error: ")
    assert not lines[0].endswith(".")
    assert lines[1:2] == [""]
    assert lines[2].startswith("hint: ")
    assert len(lines) == 3


@pytest.mark.parametrize("line", USAGE)
def test_a_question_without_meaning_is_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, nothing on stdout, one sentence and a hint on stderr."""
    said = ask(capsys, *words_of(line))
    assert (said.code, said.out) == (2, "")
    assert_one_sentence_and_hint(said.err)


@pytest.mark.parametrize("line", USAGE)
def test_usage_errors_are_json_where_json_is_asked_for(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the envelope on stdout, nothing on stderr."""
    said = ask(capsys, *words_of(line), "--json")
    assert (said.code, said.err) == (2, "")
    jsonschema.validate(said.json, json.loads(SCHEMA.read_text("utf-8")))
    assert said.json["error"]["code"] in {"usage", "unknown_word"}
    assert said.json["error"]["hint"]


@pytest.mark.parametrize(("line", "code"), UNANSWERED.items())
def test_a_good_question_without_an_answer_exits_with_3(
    line: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says what is unknown, the hint names the nearest; the envelope has a stable code."""
    said = ask(capsys, *words_of(line))
    assert (said.code, said.out) == (3, "")
    assert_one_sentence_and_hint(said.err)
    said = ask(capsys, *words_of(line), "--json")
    assert (said.code, said.err, said.json["error"]["code"]) == (3, "", code)


def test_the_nearest_names_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in a model, a GPU, a task, a licence or a format names what was probably meant."""
    typos = {
        "estimate Qwen3-8C --vram 8": "Qwen/Qwen3-8B",
        "recommend --gpu 'RTX 4091'": "RTX 4090",
        "recommend --vram 6 --task chatt": "chat",
        "recommend --vram 6 --license apach-2.0": "apache-2.0",
        "recommend --vram 6 --format Q4_K_N": "Q4_K_M",
        "recommend --vram 6 --engine vlm": "vllm",
        "recommend --vram 6 --output jsn": "json",
        "recomend --vram 6": "recommend",
    }
    for line, meant in typos.items():
        assert meant in ask(capsys, *words_of(line)).err


def test_an_unreasonable_wish_is_answered_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 and an empty list: the question had a meaning, and the answer is none."""
    said = ask(capsys, "recommend", "--vram", "0.5", "--task", "chat", "--context", "256k", "--json")
    assert (said.code, said.json["recommendations"]) == (1, [])
    assert sum(said.json["rejected"].values()) == said.json["considered"]


def test_what_is_asked_before_the_mistake_decides_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    """`--output json`, `-o jsonl` and `--output=json` turn errors into JSON too."""
    for words in (["--output", "json"], ["-o", "jsonl"], ["--output=json"]):
        assert ask(capsys, "recommend", *words, "--vram", "x").json["error"]["code"] == "usage"


def test_names_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in what the user typed come back written out."""
    said = ask(capsys, "estimate", "evil\x1b[31m\x07\u202ename", "--vram", "8")
    assert "\x1b" not in said.err
    assert "\x07" not in said.err
    assert "\u202e" not in said.err
    assert "\\x1b[31m" in said.err
