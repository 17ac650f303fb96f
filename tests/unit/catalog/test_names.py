"""What people and drivers call things."""

import pytest

from llmfit.catalog.names import find_detected_gpu, find_gpu, find_model, find_word, listed, other_forms
from llmfit.errors import (
    AmbiguousGpuError,
    AmbiguousModelError,
    UnknownGpuError,
    UnknownModelError,
    UnknownWordError,
)
from support.models import GIB, a_gpu, a_license, a_model

MIB = 1024**2
MODELS = {
    m.id: m
    for m in map(
        a_model, ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B-Base", "meta/Llama-3_3-Nemotron", "one/Same-Name", "two/same-name")
    )
}
GPUS = {
    gpu.id: gpu
    for gpu in (
        a_gpu("GeForce RTX 3060 8 GB", 8),
        a_gpu("GeForce RTX 3060 12 GB", 12),
        a_gpu("GeForce RTX 3060 Mobile", 6, aliases=("RTX 3060 Laptop GPU",)),
        a_gpu("GeForce RTX 4090", 24),
        a_gpu("GeForce RTX 4090 D", 24),
        a_gpu("L4", 24),
        a_gpu("L40S", 48),
        a_gpu("Tesla T4", 16),
        a_gpu("A100 PCIe 80 GB", 80, bandwidth_gbps=1935.0),
        a_gpu("A100 SXM4 80 GB", 80, bandwidth_gbps=2039.0),
        a_gpu("A100 SXM4 40 GB", 40, bandwidth_gbps=1555.0),
        a_gpu("H100 PCIe 80 GB", 80, bandwidth_gbps=2000.0),
        a_gpu("H100 SXM5 80 GB", 80, bandwidth_gbps=3350.0, aliases=("H100 80GB HBM3",)),
        a_gpu("H200 NVL 141 GB", 141, bandwidth_gbps=4800.0),
        a_gpu("H200 SXM 141 GB", 141, bandwidth_gbps=4800.0, aliases=("H200 141 GB",)),
        a_gpu("GH200 96 GB", 96),
        a_gpu("Quadro RTX 6000", 24),
        a_gpu("RTX 6000 Ada Generation", 48, aliases=("RTX 6000", "RTX 6000 Ada")),
        a_gpu("Apple M4 Max 64 GB", 64, unified_memory=True, vendor="apple"),
        a_gpu("Apple M4 Max 128 GB", 128, unified_memory=True, vendor="apple"),
    )
}


@pytest.mark.parametrize("name", ["Qwen/Qwen3-8B", "qwen/qwen3-8b", "qwen3-8b", "QWEN3 8B", " qwen3_8b "])
def test_a_model_answers_to_id_and_short_name(name: str) -> None:
    """Case, spaces and underscores do not matter."""
    assert find_model(name, MODELS).id == "Qwen/Qwen3-8B"


def test_an_underscore_in_a_repository_is_a_hyphen() -> None:
    """Publishers write `3_3` where people write `3-3`."""
    assert find_model("llama-3-3-nemotron", MODELS).id == "meta/Llama-3_3-Nemotron"


def test_a_short_name_of_two_models_is_ambiguous() -> None:
    """Both are named; neither is guessed."""
    with pytest.raises(AmbiguousModelError, match="2 models are called same-name") as caught:
        find_model("same-name", MODELS)
    assert caught.value.hint == "Name one/Same-Name or two/same-name"


@pytest.mark.parametrize(("name", "near"), [("qwen3-8", "Qwen/Qwen3-8B"), ("Qwen/Qwen3-9B", "Qwen/Qwen3-8B")])
def test_an_unknown_model_comes_with_the_nearest(name: str, near: str) -> None:
    """Nearest by the short name."""
    with pytest.raises(UnknownModelError) as caught:
        find_model(name, MODELS)
    assert near in caught.value.hint


@pytest.mark.parametrize("name", ["", "zzzzzz", "한국어", "\x1b[31m", "x" * 5000])
def test_nonsense_is_an_unknown_model(name: str) -> None:
    """The message stays short and printable."""
    with pytest.raises(UnknownModelError) as caught:
        find_model(name, MODELS)
    assert len(caught.value.message) < 300
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "gpu_id"),
    [
        ("RTX 4090", "geforce-rtx-4090"),
        ("nvidia rtx 4090", "geforce-rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "geforce-rtx-4090"),
        ("rtx4090", "geforce-rtx-4090"),
        ("rtx-4090", "geforce-rtx-4090"),
        ("RTX 4090 24GB", "geforce-rtx-4090"),
        ("RTX 4090 D", "geforce-rtx-4090-d"),
        ("L4", "l4"),
        ("NVIDIA L4", "l4"),
        ("l40s", "l40s"),
        ("T4", "tesla-t4"),
        ("RTX 3060 12GB", "geforce-rtx-3060-12-gb"),
        ("rtx 3060 12 gib", "geforce-rtx-3060-12-gb"),
        ("RTX3060-12GB", "geforce-rtx-3060-12-gb"),
        ("RTX 3060 12G", "geforce-rtx-3060-12-gb"),
        ("RTX 3060 Laptop", "geforce-rtx-3060-mobile"),
        ("A100 80GB", "a100-pcie-80-gb"),
        ("A100 SXM 80GB", "a100-sxm4-80-gb"),
        ("a100 sxm4 40gb", "a100-sxm4-40-gb"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm4-80-gb"),
        ("H100", "h100-pcie-80-gb"),
        ("H100 SXM", "h100-sxm5-80-gb"),
        ("RTX 6000 Ada", "rtx-6000-ada-generation"),
        ("m4 max 64gb", "apple-m4-max-64-gb"),
        ("4090", "geforce-rtx-4090"),
        ("3060 12GB", "geforce-rtx-3060-12-gb"),
    ],
)
def test_a_card_answers_to_its_usual_names(name: str, gpu_id: str) -> None:
    """Vendor, brand, spaces and interface may be left out; of equal memory the slowest is meant."""
    assert find_gpu(name, GPUS).id == gpu_id


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("RTX 3060", "8 GB and 12 GB"),
        ("A100", "40 GB and 80 GB"),
        ("RTX 6000", "24 GB and 48 GB"),
        ("Apple M4 Max", "64 GB and 128 GB"),
    ],
)
def test_a_card_of_several_sizes_is_ambiguous(name: str, sizes: str) -> None:
    """The sizes are in the message, names to choose from in the hint."""
    with pytest.raises(AmbiguousGpuError, match=sizes) as caught:
        find_gpu(name, GPUS)
    assert caught.value.hint.startswith("Name ")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("RTX 4090 48GB", "GeForce RTX 4090"),
        ("RTX 4091", "GeForce RTX 4090"),
        ("banana", "llmfit gpus"),
        ("", "llmfit gpus"),
        ("24GB", "llmfit gpus"),
        ("NVIDIA", "llmfit gpus"),
    ],
)
def test_an_unknown_card_comes_with_the_nearest(name: str, near: str) -> None:
    """Names that contain what was said come first."""
    with pytest.raises(UnknownGpuError) as caught:
        find_gpu(name, GPUS)
    assert near in caught.value.hint


@pytest.mark.parametrize(
    ("name", "total_mib", "gpu_id"),
    [
        ("NVIDIA GeForce RTX 3060", 12288, "geforce-rtx-3060-12-gb"),
        ("NVIDIA GeForce RTX 3060", 8192, "geforce-rtx-3060-8-gb"),
        ("NVIDIA GeForce RTX 3060 Laptop GPU", 6144, "geforce-rtx-3060-mobile"),
        ("NVIDIA H100 80GB HBM3", 81559, "h100-sxm5-80-gb"),
        ("NVIDIA H100 PCIe", 81559, "h100-pcie-80-gb"),
        ("Tesla T4", 15360, "tesla-t4"),
        ("NVIDIA GeForce RTX 4090", 49140, None),
        ("Graphics Device", 5912, None),
        ("", None, None),
        ("NVIDIA L4", None, "l4"),
        ("NVIDIA GH200 120GB", 97871, "gh200-96-gb"),
        ("NVIDIA H200", 143771, "h200-sxm-141-gb"),
        ("NVIDIA H200 NVL", 143771, "h200-nvl-141-gb"),
    ],
)
def test_a_driver_s_name_finds_the_row_of_its_size(name: str, total_mib: int | None, gpu_id: str | None) -> None:
    """A rebuilt card with twice the memory is none of the table."""
    found = find_detected_gpu(name, None if total_mib is None else total_mib * MIB, GPUS)
    assert (None if found is None else found.id) == gpu_id


def test_a_word_answers_to_its_aliases() -> None:
    """Ids come before aliases; case does not matter."""
    rows = {"mit": a_license("mit"), "gemma": a_license("gemma")}
    aliases = {"mit": ("expat", "Gemma")}
    assert find_word("MIT", rows, kind="licence", aliases=aliases).id == "mit"
    assert find_word(" Expat ", rows, kind="licence", aliases=aliases).id == "mit"
    assert find_word("GEMMA", rows, kind="licence", aliases=aliases).id == "gemma"


def test_an_unknown_word_comes_with_the_nearest_or_all() -> None:
    """A short vocabulary is listed whole."""
    rows = {"mit": a_license("mit"), "gemma": a_license("gemma")}
    with pytest.raises(UnknownWordError, match="No licence is called 'gema'") as caught:
        find_word("gema", rows, kind="licence")
    assert caught.value.hint == "Did you mean gemma?"
    with pytest.raises(UnknownWordError) as caught:
        find_word("zzz", rows, kind="licence")
    assert caught.value.hint == "Known: gemma or mit"
    with pytest.raises(UnknownWordError) as caught:
        find_word("zzz", {str(i): i for i in range(100)}, kind="licence")
    assert caught.value.hint.endswith(" and 94 others")


def test_names_are_listed_as_a_phrase() -> None:
    """One, two, three."""
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a or b", "a, b or c"]


def test_sizes_of_the_table_are_whole() -> None:
    """The fixtures above are what they say."""
    assert GPUS["l4"].memory_bytes == 24 * GIB


def test_a_bare_number_of_one_series_is_never_a_guess_between_sizes() -> None:
    """`3060` is sold with 8 and with 12 GB; a number that two series have stays unknown."""
    with pytest.raises(AmbiguousGpuError, match="8 GB and 12 GB"):
        find_gpu("3060", GPUS)
    both = {gpu.id: gpu for gpu in (a_gpu("GeForce GTX 580", 3), a_gpu("Radeon RX 580", 8))}
    with pytest.raises(UnknownGpuError) as caught:
        find_gpu("580", both)
    assert caught.value.hint == "Did you mean Radeon RX 580 or GeForce GTX 580?"


def test_the_hint_names_every_size_of_a_card() -> None:
    """None of them stands for the others."""
    with pytest.raises(UnknownGpuError) as caught:
        find_gpu("RTX 3060 48 GB", GPUS)
    assert "GeForce RTX 3060 8 GB, GeForce RTX 3060 12 GB" in caught.value.hint


def test_models_that_contain_the_name_come_before_those_spelled_alike() -> None:
    """The most used first; a number counts as a whole, so that `llama3` is not llama-30b."""
    rows = (
        a_model("old/llama-30b", downloads=9),
        a_model("meta/Llama-3-8B"),
        a_model("meta/Llama-3.1-8B", downloads=5),
    )
    with pytest.raises(UnknownModelError) as caught:
        find_model("llama3", {row.id: row for row in rows})
    assert caught.value.hint == "Did you mean meta/Llama-3.1-8B or meta/Llama-3-8B?"


def test_the_hint_for_a_strange_word_begins_with_the_usual_one() -> None:
    """Where nothing is near, the commonest word is the best example."""
    rows = {name: name for name in ("chat", *(f"task-{n}" for n in range(40)))}
    with pytest.raises(UnknownWordError) as caught:
        find_word("한국", rows, kind="task", usual="chat")
    assert caught.value.hint.startswith("Known: chat, task-")
    assert caught.value.hint.endswith(" and 35 others")


@pytest.mark.parametrize(
    ("word", "task"),
    [("문서검색", "rag"), ("문서 검색", "rag"), ("tooluse", "tools"), ("Tool_Use", "tools"), ("TOOL USE", "tools")],
)
def test_blanks_and_hyphens_between_the_parts_of_a_word_do_not_matter(word: str, task: str) -> None:
    """Korean is written with blanks or without."""
    rows = {name: name for name in ("rag", "tools")}
    assert find_word(word, rows, kind="task", aliases={"rag": ("문서 검색",), "tools": ("tool-use",)}) == task


def test_a_word_of_two_vocabularies_is_the_exact_one() -> None:
    """What is spelled as asked comes before what is the same without hyphens."""
    rows = {name: name for name in ("a-b", "ab")}
    assert (find_word("ab", rows, kind="word"), find_word("a-b", rows, kind="word")) == ("ab", "a-b")
    assert find_word("a b", rows, kind="word") == "a-b"


@pytest.mark.parametrize("typo", ["요악", "욤약", "오약", "요얔"])
def test_a_korean_word_with_one_wrong_letter_is_near(typo: str) -> None:
    """A syllable is two or three letters, of which one may be wrong."""
    with pytest.raises(UnknownWordError) as caught:
        find_word(typo, {"summarize": 1, "code": 2}, kind="task", aliases={"summarize": ("요약",), "code": ("코드",)})
    assert caught.value.hint == "Did you mean summarize?"


def test_korean_is_read_in_any_form_of_unicode() -> None:
    """Names of files on a Mac arrive letter by letter."""
    from unicodedata import normalize

    word = normalize("NFD", "요약")
    assert word != "요약"
    assert find_word(word, {"summarize": 1}, kind="task", aliases={"summarize": ("요약",)}) == 1


def test_other_forms_of_a_card_have_its_memory() -> None:
    """A name with a form, a full name and an id mean one card."""
    sxm = GPUS["a100-sxm4-80-gb"]
    assert [gpu.id for gpu in other_forms("A100 80 GB", sxm, GPUS)] == ["a100-pcie-80-gb"]
    assert [gpu.id for gpu in other_forms("A100", sxm, GPUS)] == ["a100-pcie-80-gb"]
    for name in ("A100 SXM 80 GB", "A100 SXM4 80 GB", "a100-sxm4-80-gb", "a100 sxm4 80 gb"):
        assert other_forms(name, sxm, GPUS) == []
