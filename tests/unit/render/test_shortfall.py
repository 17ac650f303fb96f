"""What a plan lacks where nothing fits: one sentence with the most that fits and what is missing."""

from dataclasses import replace

import pytest

from llmfit.records.plan import Plan, Variant
from llmfit.render.shortfall import missing_words, shortfall
from support.answers import GIB, WORKLOAD
from support.inverse_answers import plan
from support.terminal import ask


def asked(*variants: Variant, **answer: object) -> Plan:
    """Return a plan for 102,400 tokens."""
    return replace(plan(variants=variants), context=102_400, context_asked=True, **answer)  # type: ignore[arg-type]  # fields of a plan


def variant(*, longest: int = 0, missing: int = 0, reason: str = "") -> Variant:
    """Return one that goes so far."""
    return Variant(workload=WORKLOAD, longest_context=longest, missing_bytes=missing, reason=reason)


def test_the_most_that_fits_comes_first() -> None:
    """The longest context of all engines and formats, and what the asked one lacks there."""
    known = asked(variant(longest=4000, missing=GIB), variant(longest=8000, missing=3 * GIB), variant(missing=GIB))
    assert shortfall(known) == (
        "nothing fits: the most is 8,000 tokens (llama.cpp Q4_K_M); 102,400 tokens lack 3.00 GiB"
    )
    several = replace(known, sequences=1200, headroom_percent=10.0)
    assert shortfall(several).startswith(
        "nothing fits: the most is 8,000 tokens in each of 1,200 sequences with 10 % free ("
    )
    in_ram = asked(variant(longest=8000))
    assert shortfall(in_ram) == "nothing fits: the most is 8,000 tokens (llama.cpp Q4_K_M)"


def test_where_nothing_runs_the_nearest_says_what_it_lacks() -> None:
    """Of the asked context, or of one token where none was asked for."""
    known = asked(variant(missing=3 * GIB), variant(missing=2 * GIB), variant(reason="no such format"))
    assert shortfall(known) == "nothing fits: llama.cpp Q4_K_M lacks 2.00 GiB for 102,400 tokens"
    bare = replace(known, context_asked=False, headroom_percent=2.5)
    assert shortfall(bare) == "nothing fits with 2.5 % free: llama.cpp Q4_K_M lacks 2.00 GiB for one token"


def test_without_bytes_there_are_reasons() -> None:
    """Each once; without them, no more than the fact."""
    known = asked(variant(reason="no kernels"), variant(reason="no kernels"), variant(reason="no shape"), variant())
    assert shortfall(known) == "nothing fits: no kernels; no shape"
    assert shortfall(asked()) == "nothing fits"


def test_a_row_says_what_it_lacks() -> None:
    """With the tokens where they were asked for; nothing where it fits."""
    assert missing_words(asked(), variant(missing=GIB)) == "102,400 tokens: 1.00 GiB too much"
    assert missing_words(plan(), variant(missing=GIB)) == "1.00 GiB too much"
    assert missing_words(asked(), variant()) == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Qwen/Qwen3-8B", "--context", "100k", "--emit", "transformers"), "102,400 tokens lack"),
        (("deepseek-ai/DeepSeek-V3",), "GiB for one token"),
        (("Qwen/Qwen3-8B", "--context", "100k", "--emit", "transformers", "--json"), "the most is"),
    ],
)
def test_plan_says_on_stderr_what_it_lacks(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with exit code 1; standard output keeps the answer alone."""
    answer = ask(capsys, "plan", *words, "--vram", "8")
    assert answer.code == 1
    assert answer.err.startswith("note: nothing fits: ")
    assert said in answer.err
    assert "nothing fits" not in answer.out
