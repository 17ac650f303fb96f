"""The borders of loose names, and which names are near."""

import pytest

from llmfit.catalog.model_names import loosely_called, near_models, packed_hint
from llmfit.catalog.names import find_model
from llmfit.errors import UnknownModelError
from support.models import a_model

QWEN = (
    a_model("Qwen/Qwen3-8B", downloads=5),
    a_model("Qwen/Qwen3-4B", downloads=9),
    a_model("Qwen/Qwen3-14B"),
    a_model("Qwen/Qwen3-32B", downloads=7),
    a_model("Other/Falcon-7B", downloads=99),
)


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("ab", "x/ab"),
        ("3 8b", "x/3-8B"),
        ("Qwen/Qwen3 8B", "Qwen/Qwen3-8B"),
        ("vl2", "deepseek-ai/deepseek-vl2"),
        ("guard 8b", "meta/Llama-Guard-8B"),
        ("x-8b it", "chat-makers/x-8b"),
        ("llama 8b chat base", "meta/Llama-8B"),
    ],
)
def test_what_says_too_little_or_too_much_means_no_model(name: str, model_id: str) -> None:
    """A size alone, two letters, somebody's name in front, a middle of a name, or words that the name has not."""
    assert loosely_called(name, [a_model(model_id)]) == []


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("abc", "x/abc"),
        ("qwen 3-8b", "Qwen/Qwen3-8B"),
        ("qwen qwen3 8b", "Qwen/Qwen3-8B"),
        ("nemotron nano 9b", "nvidia/NVIDIA-Nemotron-Nano-9B"),
        ("llama 8b base", "meta/Llama-8B-base"),
    ],
)
def test_what_says_just_enough_means_its_model(name: str, model_id: str) -> None:
    """Three letters; the owner in front; the maker's name left out."""
    row = a_model(model_id, kind="base" if "base" in name else "instruct")
    assert loosely_called(name, [row]) == [row]


def test_readings_come_in_the_order_of_use() -> None:
    """Then by id; nobody's downloads count as none."""
    ids = ("m/Same-7B-v0.1", "m/Same-7B-v0.2", "m/Same-7B-v0.3", "m/Same-7B-v0.4")
    rows = [a_model(model_id, downloads=count) for model_id, count in zip(ids, (None, 1, 2, None), strict=True)]
    assert [row.id for row in loosely_called("same 7b", rows)] == [ids[2], ids[1], ids[0], ids[3]]


@pytest.mark.parametrize("name", ["quen3-8b", "QUEN3-8B", "x/quen3-8b", "Quen3_8B"])
def test_a_slip_of_the_pen_is_near(name: str) -> None:
    """Whatever its case, and whoever's it is said to be."""
    assert near_models(name, QWEN)[0] == "Qwen/Qwen3-8B"


def test_an_underscore_is_near_a_hyphen() -> None:
    """As for names that are found."""
    rows = [a_model("meta/Llama-3_3-Nemotron"), a_model("meta/Alpaca")]
    assert near_models("lama-3-3-nemotrom", rows) == ["meta/Llama-3_3-Nemotron"]


def test_where_nothing_is_near_the_owners_models_are() -> None:
    """The three that are used most, and none where no owner is named."""
    assert near_models("QWEN/zzzzzzzzzz", QWEN) == ["Qwen/Qwen3-4B", "Qwen/Qwen3-32B", "Qwen/Qwen3-8B"]
    assert near_models("zzzzzzzzzz", QWEN) == []
    assert near_models("wen/zzzzzzzzzz", QWEN) == []
    rows = [a_model("me/b"), a_model("me/a"), a_model("me/c", downloads=1)]
    assert near_models("me/zzzzzzzzzz", rows) == ["me/c", "me/a", "me/b"]


def test_names_that_hold_the_text_come_before_those_that_hold_its_words() -> None:
    """The earlier in the name, then the more used, three at most."""
    rows = (
        a_model("x/big-coder-7b", downloads=1),
        a_model("x/coder-large-7b", downloads=99),
        a_model("x/coder-7b", downloads=None),
        a_model("x/coder-7b-v2", downloads=3),
        a_model("x/my-big-coder-7b"),
    )
    assert near_models("coder 7b", rows) == ["x/coder-7b-v2", "x/coder-7b", "x/big-coder-7b"]
    assert near_models("coder 7b", rows[1:2]) == ["x/coder-large-7b"]
    unused = [a_model("x/b-coder-8b"), a_model("x/a-coder-8b")]
    assert near_models("coder 8b", unused) == ["x/a-coder-8b", "x/b-coder-8b"]


def test_the_owner_in_front_of_a_format_stays_an_owner() -> None:
    """`Qwen/Qwen3-8B-GGUF` is a repository of Qwen's."""
    assert packed_hint("Qwen/Qwen3-8B-GGUF", QWEN) == ""
    assert packed_hint("qwen3 8b gguf", QWEN).startswith("Name Qwen/Qwen3-8B, and the format")


def test_a_format_behind_a_name_of_many_names_three() -> None:
    """The most used of them."""
    rows = [a_model(f"m/Same-7B-v0.{n}", downloads=n) for n in range(1, 6)]
    hint = packed_hint("same-7b-gguf", rows)
    assert hint.startswith("Name m/Same-7B-v0.5, m/Same-7B-v0.4, m/Same-7B-v0.3, and the format")


def test_the_hint_of_a_format_comes_before_that_of_near_names() -> None:
    """Which would offer the same model without saying what to do."""
    with pytest.raises(UnknownModelError) as caught:
        find_model("qwen3-8b-awq", {row.id: row for row in QWEN})
    assert "--format" in caught.value.hint
