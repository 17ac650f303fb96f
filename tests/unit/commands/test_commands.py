"""The commands on the built-in catalog: what they answer, and with which exit code."""

import csv
import io

import pytest

from llmfit.cli import command_of, wants_json
from llmfit.errors import NoGpuFoundError
from support.terminal import ask


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a GPU."""

    def nothing() -> None:
        raise NoGpuFoundError("No usable GPU found", hint="Say what you have")

    monkeypatch.setattr("llmfit.detect.detect_device", nothing)


def test_recommend_answers_with_picks_that_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """Ranks count up, verdicts fit, and everything that was looked at is accounted for."""
    said = ask(capsys, "recommend", "--vram", "8", "--task", "chat", "--json")
    assert (said.code, said.err) == (0, "")
    picks = said.json["recommendations"]
    assert [pick["rank"] for pick in picks] == list(range(1, len(picks) + 1))
    assert {pick["verdict"] for pick in picks} == {"fits"}
    assert len(picks) + len(said.json["offload"]) + sum(said.json["rejected"].values()) == said.json["considered"]
    assert "rejections" not in said.json


def test_recommend_explains_every_term(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--explain` each pick has the terms of its memory, and each rejection its reason."""
    said = ask(capsys, "recommend", "--vram", "8", "--explain", "--top", "2", "--json")
    for pick in said.json["recommendations"]:
        for part in pick["parts"]:
            assert sum(line["bytes"] for line in part["lines"]) == part["bytes"], part["name"]
    assert len(said.json["rejections"]) == sum(said.json["rejected"].values())


def test_why_not_answers_for_one_model(capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what kept it out; a pick is said to be one."""
    said = ask(capsys, "recommend", "--vram", "8", "--why-not", "Qwen/Qwen3-32B", "--json")
    assert [rejection["model"] for rejection in said.json["rejections"]] == ["Qwen/Qwen3-32B"]
    assert said.json["rejections"][0]["reason"] == "too_large"
    best = said.json["recommendations"][0]["model"]["id"]
    assert "is among the picks" in ask(capsys, "recommend", "--vram", "8", "--why-not", best).err


def test_top_and_all_say_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    """One, or every one."""
    one = ask(capsys, "recommend", "--vram", "8", "--top", "1", "--json").json["recommendations"]
    every = ask(capsys, "recommend", "--vram", "8", "--all", "--json").json["recommendations"]
    assert len(one) == 1
    assert len(every) > 5


@pytest.mark.parametrize(("vram", "code", "verdict"), [("24", 0, "fits"), ("2", 1, "too_large")])
def test_estimate_leaves_with_the_verdict(
    vram: str, code: int, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where it fits, 1 where it does not."""
    said = ask(capsys, "estimate", "Qwen/Qwen3-8B", "--vram", vram, "--json")
    assert (said.code, said.json["verdict"]) == (code, verdict)


@pytest.mark.usefixtures("no_gpu")
def test_estimate_without_a_gpu_has_bytes_and_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to compare with is no failure: a note says so on stderr."""
    said = ask(capsys, "estimate", "Qwen/Qwen3-8B", "--json")
    assert said.code == 0
    assert (said.json["device"], said.json["verdict"], said.json["headroom_bytes"]) == (None, None, None)
    assert said.err.startswith("note: no GPU found here")


@pytest.mark.usefixtures("no_gpu")
def test_recommend_and_detect_need_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 with a stable word."""
    for command in ("recommend", "detect"):
        said = ask(capsys, command, "--json")
        assert (said.code, said.json["error"]["code"]) == (3, "no_gpu")


@pytest.mark.usefixtures("no_gpu")
def test_detect_shows_the_ram_of_a_machine_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    """The RAM is on stdout, in every mode that is read; the error and its hint are on stderr, but with JSON."""
    table = ask(capsys, "detect")
    assert (table.code, table.out.startswith("RAM that a program can take: ")) == (3, True)
    assert table.err == "error: No usable GPU found\n\nhint: Say what you have\n"
    plain = ask(capsys, "detect", "-o", "plain")
    assert (plain.code, plain.out.split("\n")[0]) == (3, "ram_bytes")
    assert int(plain.out.split("\n")[1]) > 0
    for mode in ("json", "jsonl"):
        said = ask(capsys, "detect", "-o", mode)
        assert (said.code, said.err, said.json["device"]["gpus"]) == (3, "", [])
        assert (said.json["error"]["code"], said.json["device"]["ram_bytes"] > 0) == ("no_gpu", True)
    assert "RAM that a program can take" in ask(capsys, "detect", "-o", "markdown").out


def test_estimate_of_training_has_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Gradients, optimizer and adapter join the memory, and all sum to the total."""
    said = ask(capsys, "estimate", "Qwen/Qwen3-4B", "--vram", "24", "--training", "lora", "--explain", "--json")
    memory = dict(said.json["memory"])
    total = memory.pop("total_bytes")
    assert {"gradients_bytes", "optimizer_bytes", "adapter_bytes"} <= set(memory)
    assert sum(memory.values()) == total
    assert said.json["workload"]["training"] == "lora"
    assert said.json["plan"]["methods"]
    off = ask(
        capsys,
        "estimate",
        "Qwen/Qwen3-4B",
        "--vram",
        "24",
        "--training",
        "lora",
        "--no-gradient-checkpointing",
        "--json",
    )
    assert off.json["workload"]["gradient_checkpointing"] == "none"
    assert off.json["memory"]["activation_bytes"] > memory["activation_bytes"]


def test_compare_puts_models_under_one_load(capsys: pytest.CaptureFixture[str]) -> None:
    """One estimate each, in the order asked for, doubles once; 1 only where none fits."""
    said = ask(capsys, "compare", "Qwen/Qwen3-32B", "Qwen/Qwen3-4B", "Qwen/Qwen3-4B", "--vram", "8", "--json")
    assert said.code == 0
    assert [one["model"]["id"] for one in said.json["estimates"]] == ["Qwen/Qwen3-32B", "Qwen/Qwen3-4B"]
    assert len({(one["workload"]["context"], one["workload"]["format"]) for one in said.json["estimates"]}) == 1
    assert ask(capsys, "compare", "Qwen/Qwen3-32B", "google/gemma-3-27b-it", "--vram", "8").code == 1


@pytest.mark.parametrize("models", [("qwen3-8b",), ("qwen3-8b", "Qwen/Qwen3-8B"), ("qwen3-8b", "qwen3-8b")])
def test_one_model_is_no_comparison(models: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """However often, and under however many names, it is given."""
    said = ask(capsys, "compare", *models, "--vram", "8")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: Qwen/Qwen3-8B alone cannot be compared\n\nhint: Name two or more models")


def test_models_are_found_by_words_task_licence_and_language(capsys: pytest.CaptureFixture[str]) -> None:
    """Filters add up; nothing found is exit 1."""
    found = ask(capsys, "models", "qwen3", "--task", "code", "--license", "permissive", "--json")
    assert found.code == 0
    assert found.json["models"]
    for model in found.json["models"]:
        assert "qwen3" in model["id"].lower()
        assert model["license"]["permissive"]
    korean = ask(capsys, "models", "--language", "ko", "--top", "3", "--json").json["models"]
    assert len(korean) == 3
    assert all("ko" in model["languages"] for model in korean)
    assert ask(capsys, "models", "no such words").code == 1
    assert ask(capsys, "models", "list", "qwen3", "--json").json["command"] == "models"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("gpus", "nonsuch"), "No GPU is called 'nonsuch'; `llmfit gpus --all` lists all"),
        (("gpus", "rtx", "9090"), "No GPU is called 'rtx 9090'; did you mean GeForce RTX"),
        (("models", "xyzzy"), "No model is called 'xyzzy'; `llmfit models --all` lists all"),
        (("models", "qwen9"), "No model is called 'qwen9'; did you mean Qwen/"),
        (("models", "qwen3", "--task", "ocr", "--license", "mit"), "No model called 'qwen3' has what the options ask"),
    ],
)
def test_a_list_without_rows_is_one_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what comes closest, leaves with 1, and stdout has no empty lines; programs get their empty list."""
    said = ask(capsys, *words)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"note: {sentence}")
    assert said.err.count("\n") == 1
    assert ask(capsys, *words, "--json").json[words[0]] == []


def test_models_show_has_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """Every fact says where it was read."""
    said = ask(capsys, "models", "show", "Qwen/Qwen3-8B", "--json")
    assert said.json["command"] == "models show"
    assert said.json["model"]["sources"]
    assert said.json["model"]["license"]["effective_id"] == "apache-2.0"


def test_gpus_are_found_by_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows come by memory; CSV has as many as JSON."""
    said = ask(capsys, "gpus", "3060", "--json")
    sizes = [gpu["memory_bytes"] for gpu in said.json["gpus"]]
    assert sizes == sorted(sizes)
    rows = list(csv.DictReader(io.StringIO(ask(capsys, "gpus", "3060", "--output", "csv").out)))
    assert [row["id"] for row in rows] == [gpu["id"] for gpu in said.json["gpus"]]
    assert ask(capsys, "gpus", "no such card").code == 1


def test_long_lists_are_cut_for_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A table shows thirty rows and says how many more there are; programs get all."""
    table = ask(capsys, "gpus").out
    assert "more with --all" in table
    assert len(ask(capsys, "gpus", "--json").json["gpus"]) > 250
    assert len(ask(capsys, "gpus", "--all").out.splitlines()) > 250


@pytest.mark.parametrize(
    "words", [["recommend", "--vram", "8"], ["estimate", "Qwen/Qwen3-8B", "--vram", "8"], ["gpus"]]
)
@pytest.mark.parametrize("mode", ["plain", "jsonl", "csv", "markdown"])
def test_every_mode_answers(words: list[str], mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each output mode of a real answer has content and no message beside it."""
    said = ask(capsys, *words, "--output", mode)
    assert said.code == 0
    assert len(said.out.splitlines()) >= 1
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "command", "json"),
    [
        ("recommend --json", "recommend", True),
        ("models show x -o jsonl", "models show", True),
        ("models x --output=json", "models", True),
        ("gpus --output csv", "gpus", False),
        ("--version", "llmfit", False),
        ("", "llmfit", False),
        ("gpus --output", "gpus", False),
    ],
)
def test_the_words_tell_command_and_output_even_where_they_are_wrong(words: str, command: str, *, json: bool) -> None:
    """An error's envelope needs both before anything is parsed."""
    assert command_of(words.split()) == command
    assert wants_json(words.split()) is json


@pytest.mark.parametrize(
    "words", [("estimate", "qwen3-8b"), ("recommend",), ("plan", "qwen3-8b"), ("check", "qwen3-8b")], ids=lambda w: w[0]
)
def test_a_card_that_was_read_from_a_loose_name_is_said(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, in every command that takes a card."""
    said = ask(capsys, *words, "--gpu", "H100 80 GB", "--json")
    assert said.err == "note: H100 80 GB is read as H100 SXM5 80 GB; write H100 PCIe 80 GB if that is meant\n"
    assert said.code == 0


def test_korean_models_claim_korean(capsys: pytest.CaptureFixture[str]) -> None:
    """A task of a language lists models that claim it, and those with the context that it takes."""
    rows = ask(capsys, "models", "--task", "korean", "--json").json["models"]
    assert rows
    assert all("ko" in row["languages"] for row in rows)
    rows = ask(capsys, "models", "--task", "agentic-code", "--json").json["models"]
    assert min(row["context_length"] for row in rows) >= 32_768


def test_norwegian_lists_models_of_both_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever of the two was asked for."""
    asked = [ask(capsys, "models", "--language", code, "--json").json["models"] for code in ("no", "nb")]
    assert asked[0] == asked[1]
    assert {code for row in asked[0] for code in row["languages"]} >= {"no", "nb"}


@pytest.mark.parametrize(
    ("words", "known", "other"),
    [
        (["m5"], "m5-max-36gb", "h100-sxm5-80gb"),
        (["rtx4090"], "rtx-4090", "rtx-3090"),
        (["rtx", "30"], "rtx-3090", "rtx-4090"),
        (["xm5"], "h100-sxm5-80gb", "m5-max-36gb"),
        (["AMPERE"], "a100x", "rtx-4090"),
        (["3060ti"], "rtx-3060-ti", "rtx-3060-12gb"),
    ],
)
def test_gpus_are_found_by_the_beginnings_of_words(
    words: list[str], known: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With blanks or without; a piece within a word counts where no word begins so."""
    found = {row["id"] for row in ask(capsys, "gpus", *words, "--json").json["gpus"]}
    assert known in found
    assert other not in found


def test_a_gpu_on_which_sources_differ_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """With what they say where there are few, with how many there are else."""
    few = " ".join(ask(capsys, "gpus", "m5 max").out.split())
    assert "Apple M5 Max 36 GB *" in few
    assert "Apple M5 Max 48 GB *" not in few
    assert "* sources differ on Apple M5 Max 36 GB: bandwidth: 614 GB/s is the 40-core GPU" in few
    assert few.count("*") == 2
    many = ask(capsys, "gpus", "a100").out
    assert "* sources differ on" in many
    assert "--json says where" in ask(capsys, "gpus", "--all").out
    assert "*" not in ask(capsys, "gpus", "rtx 4090").out


@pytest.mark.parametrize(("word", "model_id"), [("llama3.1", "meta-llama/Llama-3.1-8B"), ("gem", "google/gemma-2b")])
def test_models_are_found_without_marks(word: str, model_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As runs of letters and numbers, or as a piece of a name."""
    found = {row["id"] for row in ask(capsys, "models", word, "--json").json["models"]}
    assert model_id in found
    assert "meta-llama/Llama-3.2-1B" not in found


def test_a_repository_that_the_catalog_lacks_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    """`models show` looks nothing up on the Hub, and says what does."""
    said = ask(capsys, "models", "show", "nope/none")
    assert said.code == 3
    assert "`llmfit models` lists them; a model of the Hub is estimated, or imported, by its id" in said.err
    assert "of the Hub" not in ask(capsys, "models", "show", "zzzzzz").err
    assert "hint: Did you mean upstage/" in ask(capsys, "models", "show", "upstage/xyzxyzxyz").err


def test_a_model_is_shown_with_where_its_licences_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own and those of its ancestors, with their ids in the SPDX list."""
    (text,) = ask(capsys, "models", "show", "Qwen/Qwen3-8B", "--json").json["model"]["license_texts"]
    assert (text["id"], text["spdx_id"], text["url"]) == (
        "apache-2.0",
        "Apache-2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
    )
    assert text["url"] in ask(capsys, "models", "show", "Qwen/Qwen3-8B").out
