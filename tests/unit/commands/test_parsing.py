"""Reading the words of options."""

import pytest

from llmfit.commands import parsing
from llmfit.commands.options import chosen_output, chosen_top, parse_output
from llmfit.errors import UsageError
from support.terminal import ask


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("8192", 8192), ("8k", 8192), ("128K", 131_072), ("1M", 1_048_576), ("007", 7)]
)
def test_whole_numbers_have_units_of_1024(text: str, value: int) -> None:
    """`8k` tokens are 8,192."""
    assert parsing.whole_number(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e3", "", "k", "eight", "٣", "1_000", "9" * 13, "10000000M", "0k"])
def test_what_is_no_whole_number_of_at_least_1_is_refused(text: str) -> None:
    """Zero, fractions, other scripts' digits and absurd sizes."""
    with pytest.raises(UsageError):
        parsing.whole_number(text)


@pytest.mark.parametrize("option", ["--top", "--sequences", "--max-num-seqs", "--context"])
def test_the_hint_of_a_number_is_of_its_kind(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens are shown as 8k; rows, sequences and GPUs as a small number."""
    words = ("recommend",) if option == "--top" else ("estimate", "Qwen/Qwen3-8B")
    said = ask(capsys, *words, "--vram", "8", option, "-1")
    assert (said.code, said.out) == (2, "")
    assert f"error: {option} -1: not a whole number" in said.err
    assert ("8k" in said.err) == (option == "--context")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "x", "", "1_0"])
def test_what_is_no_positive_number_is_refused(text: str) -> None:
    """NaN and infinity are no numbers here."""
    with pytest.raises(UsageError, match="not a number above 0"):
        parsing.positive(text)


def test_counts_begin_at_0() -> None:
    """No layer on the GPU is an answer, too."""
    assert [parsing.count(word) for word in ("0", "00", "7", "1k")] == [0, 0, 7, 1024]
    for word in ("", "-1", "0.5", "٠", "none"):
        with pytest.raises(UsageError, match="not a whole number"):
            parsing.count(word)


def test_shares_end_at_the_whole() -> None:
    """From just above 0 to 1; what is none gets a hint that shows one."""
    assert [parsing.share(word) for word in ("0.92", "1", "1e-3")] == [0.92, 1.0, 0.001]
    for word in ("0", "-0.5", "1.01", "92", "half", "nan"):
        with pytest.raises(UsageError) as caught:
            parsing.share(word)
        assert "0.9" in caught.value.hint


def test_an_option_of_an_engine_has_two_names() -> None:
    """The engine's own, with dashes or underscores, and the field's."""
    for word in ("ubatch-size=1024", "--ubatch_size=1024", "n_ubatch=1024"):
        assert parsing.engine_option(word) == ("n_ubatch", 1024)


def test_numbers_with_units() -> None:
    """Parameters in B, M and T; gigabytes with or without their unit; ZeRO stages."""
    assert (parsing.parameters("8B"), parsing.parameters("0.5b")) == (8 * 10**9, 5 * 10**8)
    assert (parsing.parameters("500M"), parsing.parameters("1T"), parsing.parameters("42")) == (5 * 10**8, 10**12, 42)
    assert parsing.gigabytes("6") == parsing.gigabytes("6 GB") == parsing.gigabytes("6GiB") == 6 * 1024**3
    assert [parsing.zero_stage(word) for word in "0123"] == [0, 1, 2, 3]
    for parse, word in ((parsing.parameters, "B"), (parsing.gigabytes, "GB"), (parsing.zero_stage, "4")):
        with pytest.raises(UsageError):
            parse(word)


def test_output_modes_are_words_of_a_closed_vocabulary() -> None:
    """Case does not matter; the nearest is named."""
    assert parse_output("JSON") == "json"
    with pytest.raises(UsageError) as caught:
        parse_output("jsno")
    assert "json" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        parse_output("qqqq")
    assert "table" in caught.value.hint


def test_json_is_short_for_an_output_mode() -> None:
    """`--json` agrees with `--output json` and with nothing else."""
    assert chosen_output(None, json=False) == "table"
    assert chosen_output(None, json=True) == chosen_output("json", json=True) == "json"
    assert chosen_output("csv", json=False) == "csv"
    with pytest.raises(UsageError, match="contradict"):
        chosen_output("csv", json=True)


def test_top_and_all_exclude_each_other() -> None:
    """None stands for all."""
    assert chosen_top(None, show_all=False, default=5) == 5
    assert chosen_top(3, show_all=False, default=5) == 3
    assert chosen_top(None, show_all=True, default=5) is None
    with pytest.raises(UsageError, match="contradict"):
        chosen_top(3, show_all=True, default=5)
