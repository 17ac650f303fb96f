"""The lines that every answer about memory has."""

from dataclasses import replace

import pytest

from llmfit.records.estimate import Estimate, Part, PartName, Verdict
from llmfit.records.recommendation import Rejection
from llmfit.render.explain import license_explained, license_words, memory_explained
from llmfit.render.fitting import Legend, fit_words, memory_table, range_words
from llmfit.render.prose import Drawable
from llmfit.render.scoring import SHOWN, closest, pick_explained
from llmfit.render.screen import draw
from llmfit.render.terminal import Terminal
from support.answers import GIB, LICENSE, STRICT, device, estimate, fit
from support.picks import pick, recommendations


def lines_of(*parts: Drawable, width: int | None = 80) -> list[str]:
    """Return the lines that a terminal shows."""
    return draw(parts, terminal=Terminal(width=width)).splitlines()


def test_each_part_has_its_letter_size_and_share() -> None:
    """The rows are the legend of the bar below them."""
    lines = lines_of(*memory_table(estimate(), fit=fit()))
    assert lines[0].split() == ["█", "weights", "4.50", "GiB", "75", "%"]
    assert "total" in lines[4]
    assert lines[5].split() == ["·", "free", "1.67", "GiB"]
    assert len(lines[6]) == 60


def test_nothing_is_free_where_it_does_not_fit() -> None:
    """A negative rest is said by the verdict, not by a row."""
    too_large = fit(Verdict.TOO_LARGE, of=estimate(weights=20))
    assert not any("free" in line for line in lines_of(*memory_table(too_large.estimate, fit=too_large)))


def test_an_unknown_part_is_called_unknown_and_the_total_a_lower_bound() -> None:
    """No number is made up."""
    unknown = Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=GIB),), unknown=(PartName.KV_CACHE,))
    text = "\n".join(lines_of(*memory_table(unknown, fit=None)))
    assert "unknown" in text
    assert "at least 1.00 GiB" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.FITS, "fits, 1.67 GiB free"),
        (Verdict.TIGHT, "tight, 1.67 GiB free"),
        (Verdict.OFFLOAD, "needs RAM beside the GPU"),
        (Verdict.TOO_LARGE, "too large"),
        (Verdict.UNKNOWN, "unknown"),
    ],
)
def test_each_verdict_has_its_words_and_reason(verdict: Verdict, words: str) -> None:
    """What fits has no reason to give."""
    lines = lines_of(*fit_words(fit(verdict)))
    assert lines[0].endswith(words)
    assert len(lines) == (1 if verdict is Verdict.FITS else 2)


def test_the_range_is_left_out_where_every_part_is_exact() -> None:
    """Only what was measured has one."""
    assert range_words(estimate()) == "5.98 GiB to 6.52 GiB"
    exact = Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=5),))
    assert range_words(exact) == ""


def test_a_legend_has_the_parts_that_are_there() -> None:
    """Training's letters appear where training is."""
    assert lines_of(Legend([estimate()])) == ["█ weights  ▓ KV cache  ▒ activations  ░ overhead  · free"]
    training = replace(estimate(), parts=(*estimate().parts, Part(name=PartName.OPTIMIZER, bytes=GIB)))
    assert "▞ optimizer" in lines_of(Legend([training]))[0]
    assert all(len(line) <= 20 for line in lines_of(Legend([training]), width=20))


def test_several_gpus_are_listed_one_by_one() -> None:
    """What each holds, and what lies in RAM."""
    split = replace(estimate(), per_gpu_bytes=(3 * GIB, 2 * GIB))
    text = "\n".join(lines_of(*memory_explained(split)))
    assert "per GPU: 3.00 GiB, 2.00 GiB" in text
    assert "in RAM beside it: 0.29 GiB" in text


def test_a_licence_is_explained_with_what_remains_to_be_done() -> None:
    """Short: what it does to commercial use. Long: why, where not, and the conditions."""
    assert license_words(LICENSE) == "apache-2.0"
    assert license_words(STRICT) == "meadow-nc (not commercial)"
    assert license_words(replace(STRICT, commercial="conditional")).endswith("(conditions)")
    assert license_words(replace(STRICT, commercial="unknown")).endswith("(unclear)")
    assert license_words(replace(STRICT, effective_id="unknown", commercial="unknown")) == "licence unknown"
    text = "\n".join(lines_of(*license_explained(STRICT)))
    for part in ("commercial use no", "nothing granted in eu", "inherited from meadow/base", "Research only."):
        assert part in text


def test_a_pick_is_explained_by_every_number_behind_it() -> None:
    """Score parts, rating terms, evidence with source and date, memory, licence, speed, reasons, warnings."""
    text = "\n".join(lines_of(*pick_explained(pick()), width=None))
    for part in (
        "quality 60.0 = 0.800 × 75.0 %",
        "benchmarks +30.5",
        "livebench-2026-06/coding 61.5 → 1243",
        "2026-06-25, livebench.ai",
        "8,000,000,000 × 4.83 bit",
        "commercial use yes",
        "288 GB/s",
        "because: Q4_K_M costs 9 points",
        "warning: a gated repository",
    ):
        assert part in text


def test_a_long_list_of_rejections_ends_with_where_the_others_are() -> None:
    """The rarest reasons come first."""
    many = tuple(Rejection(model=f"m/{i:03}", reason="too_large", detail="x") for i in range(SHOWN + 5))
    one = Rejection(model="m/rare", reason="lineage", detail="y")
    answer = replace(recommendations(), rejections=(*many, one))
    lines = lines_of(*closest(answer))
    assert lines[0] == "  m/rare: close relative of a pick; y"
    assert "and 6 more" in lines[-1]
    assert len(closest(recommendations())) == 2
    assert device().name
