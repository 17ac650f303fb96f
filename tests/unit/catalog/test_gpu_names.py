"""The borders of GPUs' names and of words."""

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.names import find_detected_gpu, find_gpu, find_word, near_gpus, other_forms
from llmfit.errors import AmbiguousGpuError, AmbiguousModelError, UnknownGpuError, UnknownWordError
from llmfit.records.device import Gpu
from support.models import GIB, a_gpu, a_model

CATALOG = load_catalog(user_file=None)


def table(*gpus: Gpu) -> dict[str, Gpu]:
    """Return the GPUs by their ids."""
    return {gpu.id: gpu for gpu in gpus}


L4 = table(a_gpu("L4", 24), a_gpu("L40", 48))


@pytest.mark.parametrize(
    "word",
    [
        *("nvidia", "amd", "Intel", "apple", "Corporation", "Inc.", "(R)", "(TM)", "Graphics", "GPU"),
        *("GeForce", "Radeon", "Instinct", "Tesla", "Quadro", "Arc", "Intel(R) Arc(TM)", "NVIDIA Corporation"),
    ],
)
def test_makers_and_brands_do_not_matter(word: str) -> None:
    """People leave them out, drivers add them, before or behind."""
    assert find_gpu(f"{word} L4", L4).id == "l4"
    assert find_gpu(f"L4 {word}", L4).id == "l4"


@pytest.mark.parametrize(
    ("name", "gpu_id"),
    [
        ("A6000", "rtx-a6000"),
        ("a5000", "rtx-a5000"),
        ("6000 Ada", "rtx-6000-ada"),
        ("4090", "rtx-4090"),
        ("7900xtx", "radeon-rx-7900-xtx"),
        ("1080 Ti", "gtx-1080-ti"),
    ],
)
def test_the_series_may_be_left_out(name: str, gpu_id: str) -> None:
    """Where one series alone has the rest of the name."""
    assert CATALOG.gpu(name).id == gpu_id


@pytest.mark.parametrize("name", ["RTX", "rx", "gtx 24GB", ""])
def test_a_series_alone_is_no_card(name: str) -> None:
    """Nor is an empty name."""
    with pytest.raises(UnknownGpuError):
        CATALOG.gpu(name)


def test_a_full_name_comes_before_names_that_begin_so() -> None:
    """In any case, and by its id; it then means that card alone."""
    gpus = table(a_gpu("RTX X", 8), a_gpu("RTX X 16 GB", 16), a_gpu("H20", 96, id="h20-sxm"), a_gpu("H20 PCIe", 96))
    assert find_gpu("rtx x", gpus).memory_bytes == 8 * GIB
    with pytest.raises(AmbiguousGpuError):
        find_gpu("geforce rtx x", gpus)
    for name in ("H20", "h20", "h20-sxm"):
        assert find_gpu(name, gpus).id == "h20-sxm"
        assert other_forms(name, gpus["h20-sxm"], gpus) == []
    assert [gpu.name for gpu in other_forms("nvidia h20", gpus["h20-sxm"], gpus)] == ["H20 PCIe"]


def test_an_alias_may_name_another_size_than_the_memory() -> None:
    """GH200 is sold by the memory of its processor."""
    gpus = table(a_gpu("GH200 96 GB", 96, aliases=("GH200 480GB",)), a_gpu("GH200 144 GB", 144))
    assert find_gpu("GH200 480 GB", gpus).id == "gh200-96-gb"
    with pytest.raises(AmbiguousGpuError):
        find_gpu("GH200", gpus)


def test_the_alias_that_decides_is_that_of_the_name() -> None:
    """Another name of a card says nothing about this one, nor does an alias with a form."""
    gpus = table(
        a_gpu("X1 PCIe 80 GB", 80, bandwidth_gbps=1.0, aliases=("Other", "X1 HBM3")),
        a_gpu("X1 SXM 80 GB", 80, bandwidth_gbps=2.0, aliases=("X1 80 GB",)),
    )
    assert find_gpu("X1", gpus).id == "x1-sxm-80-gb"
    without = {name: gpu for name, gpu in gpus.items() if name == "x1-pcie-80-gb"} | table(
        a_gpu("X1 SXM 80 GB", 80, bandwidth_gbps=2.0)
    )
    assert find_gpu("X1", without).id == "x1-pcie-80-gb"


def test_a_card_of_unknown_speed_is_taken_last() -> None:
    """Of equal ones the first by id."""
    unknown, slow, fast = (a_gpu(f"X1 {form} 80 GB", 80, bandwidth_gbps=rate) for form, rate in FORMS)
    assert find_gpu("X1", table(unknown, fast, slow)) is slow
    assert find_gpu("X1", table(unknown, fast)) is fast
    twins = table(a_gpu("X1 SXM 80 GB", 80, bandwidth_gbps=1.0), a_gpu("X1 PCIe 80 GB", 80, bandwidth_gbps=1.0))
    assert find_gpu("X1", twins).id == "x1-pcie-80-gb"


FORMS = (("NVL", None), ("PCIe", 1.0), ("SXM", 2.0))


@pytest.mark.parametrize(("share", "known"), [(0.919, False), (0.921, True), (1.019, True), (1.021, False)])
def test_a_driver_may_report_a_little_less_or_more(share: float, *, known: bool) -> None:
    """8 % less for error correction, 2 % more for rounding."""
    assert (find_detected_gpu("L4", round(24 * GIB * share), L4) is not None) is known


def test_an_ambiguous_card_lists_its_sizes_and_names_in_order() -> None:
    """However the table is sorted."""
    gpus = table(a_gpu("X1 PCIe 80 GB", 80), a_gpu("X1 SXM 40 GB", 40), a_gpu("X1 PCIe 40 GB", 40))
    with pytest.raises(AmbiguousGpuError, match="X1 is sold with 40 GB and 80 GB") as caught:
        find_gpu("X1", gpus)
    assert caught.value.hint == "Name X1 PCIe 40 GB, X1 SXM 40 GB or X1 PCIe 80 GB"


def test_near_cards_contain_the_name_the_shortest_first() -> None:
    """A single letter is near nothing that merely holds it."""
    gpus = table(a_gpu("RTX 40 Super", 8), a_gpu("RTX 40", 8), a_gpu("A100", 40)).values()
    assert near_gpus("40", gpus) == ["RTX 40", "RTX 40 Super"]
    assert near_gpus("x", gpus) == []


def test_models_of_one_name_are_listed_in_order() -> None:
    """However the catalog is sorted."""
    from llmfit.catalog.names import find_model

    models = {row.id: row for row in (a_model("two/same"), a_model("one/same"))}
    with pytest.raises(AmbiguousModelError) as caught:
        find_model("SAME", models)
    assert caught.value.hint == "Name one/same or two/same"


def test_words_are_found_whatever_their_case() -> None:
    """Ids with capitals, and the exact one first."""
    assert find_word("q4_k_m", {"Q4_K_M": 1}, kind="format") == 1
    rows = {name: name for name in ("A-B", "AB")}
    assert (find_word("ab", rows, kind="word"), find_word("a-b", rows, kind="word")) == ("AB", "A-B")


@pytest.mark.parametrize(("count", "others"), [(12, ""), (13, " and 7 others")])
def test_a_vocabulary_of_twelve_words_is_listed_whole(count: int, others: str) -> None:
    """Of a larger one six are shown."""
    rows = {f"{letter * 3}": letter for letter in "abcdefghijklm"[:count]}
    with pytest.raises(UnknownWordError) as caught:
        find_word("zzz", rows, kind="word")
    assert caught.value.hint.startswith("Known: ")
    assert caught.value.hint.endswith(others)
    assert (caught.value.hint.count(",") == 10) is (not others)


@pytest.mark.parametrize(("usual", "first"), [("kkk", True), ("none", False), ("", False)])
def test_the_usual_word_stands_first_and_once(usual: str, *, first: bool) -> None:
    """Where the vocabulary has it."""
    rows = {f"{letter * 3}": letter for letter in "abcdefghijklmnop"}
    with pytest.raises(UnknownWordError) as caught:
        find_word("000", rows, kind="word", usual=usual)
    words = caught.value.hint.removeprefix("Known: ").removesuffix(" and 10 others").split(", ")
    assert (words[0] == "kkk") is first
    assert (len(words), len(set(words))) == (6, 6)
    assert "none" not in words
