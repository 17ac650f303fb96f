"""`recommend` on the built-in catalog: fine-tuning, regions, conditions, several tasks, Korean words, small files."""

import csv
import io

import pytest

from llmfit.licensing import EU_MEMBERS
from support.ranking import built_in
from support.terminal import ask

Capture = pytest.CaptureFixture[str]


def test_training_ranks_models_to_fine_tune(capsys: Capture) -> None:
    """Every pick fits by the training estimate, which the JSON carries with its load and its parts."""
    said = ask(capsys, "recommend", "--training", "qlora", "--vram", "24", "--explain", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json["question"]["training"] == "qlora"
    for pick in said.json["recommendations"]:
        assert pick["workload"]["training"] == "qlora"
        assert pick["format"] == "nf4-dq"
        memory = dict(pick["memory"])
        assert {"gradients_bytes", "optimizer_bytes", "adapter_bytes"} <= set(memory)
        assert memory.pop("total_bytes") == sum(memory.values()) == sum(part["bytes"] for part in pick["parts"])
        assert pick["verdict"] == "fits"
        assert pick["speed"] is None
        assert pick["max_context"] >= pick["workload"]["sequence_length"]


def test_a_recommendation_agrees_with_the_estimate(capsys: Capture) -> None:
    """Both commands say the same bytes of the same load."""
    load = ("--training", "lora", "--vram", "24", "--batch-size", "2", "--sequence-length", "1024", "--lora-rank", "8")
    pick = ask(capsys, "recommend", *load, "--target-modules", "all-linear", "--json").json["recommendations"][0]
    name = pick["model"]["id"]
    alone = ask(capsys, "estimate", name, *load, "--target-modules", "all-linear", "--json").json
    assert alone["memory"] == pick["memory"]
    assert alone["workload"] == pick["workload"]


def test_more_gpus_train_larger_models(capsys: Capture) -> None:
    """Four of the named card, with ZeRO 3 over them."""
    one = ask(capsys, "recommend", "--training", "full", "--vram", "80", "--json").json
    words = ("--gpus", "4", "--zero", "3")
    four = ask(capsys, "recommend", "--training", "full", "--vram", "80", *words, "--json").json
    assert len(four["device"]["gpus"]) == 4
    sizes = [max(p["model"]["parameters"] for p in answer["recommendations"]) for answer in (one, four)]
    assert sizes[1] > 2 * sizes[0]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--training", "qlora", "--context", "8k"), "--context"),
        (("--training", "qlora", "--format", "Q4_K_M"), "--format"),
        (("--training", "qlora", "--sequences", "2"), "--sequences"),
        (("--training", "qlora", "--max-download", "3"), "--max-download"),
        (("--lora-rank", "8"), "--lora-rank"),
        (("--no-gradient-checkpointing",), "--gradient-checkpointing"),
        (("--training", "qlorra"), "qlorra"),
    ],
)
def test_options_that_do_not_belong_together_are_usage(words: tuple[str, ...], named: str, capsys: Capture) -> None:
    """Nothing is ignored in silence."""
    said = ask(capsys, "recommend", "--vram", "24", *words)
    assert said.code == 2
    assert named in said.err
    assert "hint" in said.err


def test_training_says_the_conditions_of_what_is_made(capsys: Capture) -> None:
    """Who passes on a model made from Llama names it so: said with the pick, not only in the explanation."""
    words = ("--training", "qlora", "--vram", "24", "--publisher", "Meta", "--top", "1", "-o", "table")
    assert "begins with" in " ".join(ask(capsys, "recommend", *words).out.split())


def test_commercial_use_prints_what_remains_to_be_kept(capsys: Capture) -> None:
    """In plain words below each pick that has conditions; a permissive pick has none to print."""
    meta = ask(capsys, "recommend", "--vram", "24", "--license", "commercial", "--publisher", "Meta", "--top", "1")
    words = " ".join(meta.out.split())
    assert "700 million monthly users" in words
    assert 'Show "Built with Llama"' in words
    free = ask(capsys, "recommend", "--vram", "24", "--license", "permissive", "--top", "3")
    assert "condition:" not in free.out


@pytest.mark.parametrize(
    ("region", "model", "named"),
    [
        ("kr", "tencent/Hunyuan-A13B-Instruct", "KR"),
        ("KR", "tencent/Hunyuan-A13B-Instruct", "KR"),
        ("gb", "tencent/Hunyuan-A13B-Instruct", "GB"),
        ("uk", "tencent/Hunyuan-A13B-Instruct", "GB"),
        ("eu", "tencent/Hunyuan-A13B-Instruct", "EU"),
        ("eu", "meta-llama/Llama-4-Scout-17B-16E-Instruct", "EU"),
        ("de", "meta-llama/Llama-4-Scout-17B-16E-Instruct", "EU"),
        ("eu", "meta-llama/Llama-3.2-11B-Vision-Instruct", "EU"),
    ],
)
def test_a_region_excludes_what_its_licence_excludes(region: str, model: str, named: str, capsys: Capture) -> None:
    """The reason names the region and the licence."""
    said = ask(capsys, "recommend", "--vram", "192", "--region", region, "--why-not", model, "--json").json
    rejection = said["rejections"][0]
    assert rejection["reason"] == "license"
    assert f"grants nothing in {named}" in rejection["detail"]


@pytest.mark.parametrize(
    ("region", "model"),
    [
        ("us", "tencent/Hunyuan-A13B-Instruct"),
        ("kr", "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
        ("eu", "meta-llama/Llama-3.3-70B-Instruct"),
        ("eu", "meta-llama/Llama-3.2-3B-Instruct"),
    ],
)
def test_a_region_excludes_nothing_else(region: str, model: str, capsys: Capture) -> None:
    """Text models of Llama 3.2 stay in the EU, Llama 4 in Korea, Hunyuan in the US."""
    said = ask(capsys, "recommend", "--vram", "192", "--region", region, "--why-not", model, "--json").json
    assert all(rejection["reason"] != "license" for rejection in said.get("rejections", ()))


@pytest.mark.parametrize("region", ["kr", "eu", "fr", "gb"])
def test_no_pick_of_a_region_is_excluded_there(region: str, capsys: Capture) -> None:
    """Over all picks of a card that holds them."""
    said = ask(capsys, "recommend", "--vram", "192", "--region", region, "--all", "--siblings", "--json").json
    here = {region, "eu"} if region in EU_MEMBERS else {region}
    for pick in said["recommendations"]:
        assert not here.intersection(pick["model"]["license"]["regions_excluded"]), pick["model"]["id"]
        assert pick["model"]["id"] != "tencent/Hunyuan-A13B-Instruct"


def test_several_tasks_are_asked_of_one_model(capsys: Capture) -> None:
    """Each pick was made for all of them, in English or Korean words."""
    said = ask(capsys, "recommend", "--vram", "24", "--task", "코딩", "--task", "vision", "--all", "--json").json
    assert said["question"]["tasks"] == ["code", "vision"]
    assert said["recommendations"]
    for pick in said["recommendations"]:
        assert {"code", "vision"} <= set(pick["model"]["tasks"])


def test_every_korean_word_means_its_task(capsys: Capture) -> None:
    """With a language beside it, whose models all claim it."""
    catalog = built_in()
    for task in catalog.tasks.values():
        for word in task.synonyms_ko:
            assert catalog.task(word).id == task.id
    for word, task_id in (("채팅", "chat"), ("코드", "code"), ("역할극", "roleplay"), ("한국어", "korean")):
        assert catalog.task(word).id == task_id
    said = ask(capsys, "recommend", "--vram", "12", "--task", "번역", "--language", "ko", "--json").json
    assert said["question"]["tasks"] == ["translate"]
    assert all("ko" in pick["model"]["languages"] for pick in said["recommendations"])


def test_a_small_file_is_what_a_phone_or_a_browser_loads(capsys: Capture) -> None:
    """No pick is a larger download than asked, and a smaller format is taken for it."""
    said = ask(capsys, "recommend", "--vram", "4", "--max-download", "1", "--all", "--json").json
    files = [pick["memory"]["weights_bytes"] + pick["ram_bytes"] for pick in said["recommendations"]]
    assert files
    assert max(files) <= 1024**3
    assert said["recommendations"][0]["model"]["parameters"] > 0.9e9


def test_who_asks_for_a_licence_sees_where_it_was_read(capsys: Capture) -> None:
    """A tag, a card or somebody's page: the reader judges; who does not ask is not told."""
    asked = ("recommend", "--vram", "24", "--top", "3")
    shown = ask(capsys, *asked, "--license", "commercial").out
    assert shown.count("licence read in: ") == 3
    assert "licence read in" not in ask(capsys, *asked).out
    assert ask(capsys, *asked, "--explain").out.count("licence read in: ") == 3


def test_the_table_says_how_sure_a_rating_is(capsys: Capture) -> None:
    """The rating with its standard error, and whether anybody measured the model."""
    said = ask(capsys, "recommend", "--vram", "24", "--top", "5").out
    picks = ask(capsys, "recommend", "--vram", "24", "--top", "5", "--json").json["recommendations"]
    shown = " ".join(said.split())
    for pick in picks:
        rating = f"rating {pick['quality']['rating']:.0f} ± {pick['quality']['standard_error']:.0f}, "
        assert rating in shown
    assert ", by size, age and relatives" in shown


def test_labels_and_trade_offs_are_shown(capsys: Capture) -> None:
    """In the table as words, in CSV as columns."""
    shown = ask(capsys, "recommend", "--vram", "24").out
    assert "balanced" in shown
    assert "good trade-off" in shown
    rows = list(csv.DictReader(io.StringIO(ask(capsys, "recommend", "--vram", "24", "-o", "csv").out)))
    assert "balanced" in rows[0]["labels"]
    assert {row["pareto"] for row in rows} <= {"true", "false", "True", "False"}
    assert any(row["pareto"].lower() == "true" for row in rows)
