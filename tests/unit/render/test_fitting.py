"""The lines that every answer about memory has."""

from dataclasses import replace

import pytest

from llmfit.records.estimate import Estimate, Part, PartName, Verdict
from llmfit.records.recommendation import Rejection
from llmfit.render.explain import license_explained, license_words, memory_explained, notes
from llmfit.render.fitting import fit_lines, legend, memory_lines, range_words
from llmfit.render.scoring import SHOWN, closest_lines, pick_explained
from llmfit.render.terminal import Terminal
from support.answers import GIB, LICENSE, STRICT, device, estimate, fit, pick, recommendations

WIDE, NARROW = Terminal(width=80), Terminal(width=20)


def test_each_part_has_its_letter_size_and_share() -> None:
    """The rows are the legend of the bar below them."""
    lines = memory_lines(estimate(), fit=fit(), terminal=WIDE)
    assert lines[0].split() == ["█", "weights", "4.50", "GiB", "75", "%"]
    assert "total" in lines[4]
    assert lines[5].split() == ["·", "free", "1.67", "GiB"]
    assert len(lines[6]) == 60


def test_nothing_is_free_where_it_does_not_fit() -> None:
    """A negative rest is said by the verdict, not by a row."""
    too_large = fit(Verdict.TOO_LARGE, of=estimate(weights=20))
    assert not any("free" in line for line in memory_lines(too_large.estimate, fit=too_large, terminal=WIDE))


def test_an_unknown_part_is_called_unknown_and_the_total_a_lower_bound() -> None:
    """No number is made up."""
    unknown = Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=GIB),), unknown=(PartName.KV_CACHE,))
    text = "\n".join(memory_lines(unknown, fit=None, terminal=WIDE))
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
    lines = fit_lines(fit(verdict), terminal=WIDE)
    assert lines[0].endswith(words)
    assert len(lines) == (1 if verdict is Verdict.FITS else 2)


def test_the_range_is_left_out_where_every_part_is_exact() -> None:
    """Only what was measured has one."""
    assert range_words(estimate()) == "5.98 GiB to 6.52 GiB"
    exact = Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=5),))
    assert range_words(exact) == ""


def test_a_legend_has_the_parts_that_are_there() -> None:
    """Training's letters appear where training is."""
    assert legend([estimate()], terminal=WIDE) == ["█ weights  ▓ KV cache  ▒ activations  ░ overhead  · free"]
    training = replace(estimate(), parts=(*estimate().parts, Part(name=PartName.OPTIMIZER, bytes=GIB)))
    assert "▞ optimizer" in legend([training], terminal=WIDE)[0]
    assert all(len(line) <= 20 for line in legend([training], terminal=NARROW))


def test_several_gpus_are_listed_one_by_one() -> None:
    """What each holds, and what lies in RAM."""
    split = replace(estimate(), per_gpu_bytes=(3 * GIB, 2 * GIB))
    text = "\n".join(memory_explained(split, terminal=WIDE))
    assert "per GPU: 3.00 GiB, 2.00 GiB" in text
    assert "in RAM beside it: 0.29 GiB" in text


def test_a_licence_is_explained_with_what_remains_to_be_done() -> None:
    """Short: what it does to commercial use. Long: why, where not, and the conditions."""
    assert license_words(LICENSE) == "apache-2.0"
    assert license_words(STRICT) == "meadow-nc (not commercial)"
    assert license_words(replace(STRICT, commercial="conditional")).endswith("(conditions)")
    assert license_words(replace(STRICT, commercial="unknown")).endswith("(unclear)")
    text = "\n".join(license_explained(STRICT, terminal=WIDE))
    for part in ("commercial use no", "nothing granted in eu", "inherited from meadow/base", "Research only."):
        assert part in text


def test_notes_stand_behind_their_word_and_drive_no_terminal() -> None:
    """Control characters are written out there too."""
    assert notes("warning", ["a\x1bb", "c"], terminal=WIDE) == ["warning: a\\x1bb", "warning: c"]


def test_a_pick_is_explained_by_every_number_behind_it() -> None:
    """Score parts, rating terms, evidence with source and date, memory, licence, speed, reasons, warnings."""
    text = "\n".join(pick_explained(pick(), terminal=Terminal()))
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
    lines = closest_lines(answer, terminal=Terminal())
    assert lines[0] == "  m/rare: lineage; y"
    assert "and 6 more" in lines[-1]
    assert len(closest_lines(recommendations(), terminal=Terminal())) == 2
    assert device().name
