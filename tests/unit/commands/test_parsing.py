"""Reading the words of options."""

import pytest

from llmfit.commands import parsing
from llmfit.commands.options import chosen_output, chosen_top, parse_output
from llmfit.errors import UsageError
from support.terminal import ask


@pytest.mark.parametrize("option", ["--top", "--sequences", "--max-num-seqs", "--context"])
def test_the_hint_of_a_number_is_of_its_kind(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens are shown as 8k; rows, sequences and GPUs as a small number."""
    words = ("recommend",) if option == "--top" else ("estimate", "Qwen/Qwen3-8B")
    said = ask(capsys, *words, "--vram", "8", option, "-1")
    assert (said.code, said.out) == (2, "")
    assert f"error: {option} -1: must be at least 1" in said.err
    assert ("8k" in said.err) == (option == "--context")


def test_an_option_of_an_engine_has_two_names() -> None:
    """The engine's own, with dashes or underscores, and the field's."""
    for word in ("ubatch-size=1024", "--ubatch_size=1024", "n_ubatch=1024"):
        assert parsing.engine_option(word) == ("n_ubatch", 1024)


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


@pytest.mark.parametrize("option", ["--vram", "--ram", "--context"])
def test_an_option_of_one_value_is_given_once(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last of two would be taken in silence otherwise: two cards would be one."""
    said = ask(capsys, "estimate", "Qwen/Qwen3-8B", "--vram", "24", option, "24", option, "8")
    assert (said.code, said.out) == (2, "")
    assert f"error: {option} is given more than once" in said.err
    assert ('--gpu "2x RTX 3090"' in said.err) == (option == "--vram")


def test_options_of_many_values_and_switches_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """Two tasks are two wishes, and asking for JSON twice is asking for it."""
    words = ("--task", "chat", "--task", "code", "--json", "--json", "--top", "1")
    assert ask(capsys, "recommend", "--vram", "8", *words).code == 0


@pytest.mark.parametrize("size", ["2x24", "24GB x 2", "24+24"])
def test_several_cards_are_named_instead_of_sized(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--vram` is the size of one card; the hint says how two are written."""
    said = ask(capsys, "recommend", "--vram", size)
    assert (said.code, '--gpu "2x RTX 3090"' in said.err) == (2, True)
