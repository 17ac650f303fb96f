"""Where answers go."""

import io
import json

import pytest

from llmfit.commands.sink import Answer, detect_terminal, report, write
from llmfit.errors import UnknownModelError


class Stream(io.TextIOWrapper):
    """A stream that says of itself what the test wants."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        """Whether it calls itself a terminal."""
        return self.terminal


def test_a_pipe_has_no_colour_and_no_width() -> None:
    """Lines for another program may be as long as they like."""
    found = detect_terminal(Stream(terminal=False), environ={})
    assert (found.width, found.color, found.unicode) == (None, False, True)


def test_columns_sets_the_width_of_anything() -> None:
    """`COLUMNS` wins, where it is a number."""
    assert detect_terminal(Stream(terminal=False), environ={"COLUMNS": "72"}).width == 72
    for wrong in ("", "0", "-3", "wide", "٣"):
        assert detect_terminal(Stream(terminal=False), environ={"COLUMNS": wrong}).width is None


@pytest.mark.parametrize("refused", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_has_colour_unless_refused(refused: dict[str, str]) -> None:
    """`NO_COLOR` counts when it is not empty."""
    assert detect_terminal(Stream(terminal=True), environ={"COLUMNS": "80"}).color
    assert detect_terminal(Stream(terminal=True), environ={"COLUMNS": "80", "NO_COLOR": ""}).color
    assert not detect_terminal(Stream(terminal=True), environ={"COLUMNS": "80", **refused}).color


def test_colour_can_be_forced_through_a_pipe() -> None:
    """`FORCE_COLOR` colours what no terminal reads, unless `NO_COLOR` refuses it."""
    assert detect_terminal(Stream(terminal=False), environ={"FORCE_COLOR": "1"}).color
    assert not detect_terminal(Stream(terminal=False), environ={"FORCE_COLOR": "1", "NO_COLOR": "1"}).color


@pytest.mark.parametrize(
    ("encoding", "environ", "arrives"),
    [
        ("utf-8", {}, True),
        ("utf-8", {"LANG": "ko_KR.UTF-8"}, True),
        ("utf-8", {"LC_ALL": "C"}, False),
        ("utf-8", {"LANG": "C"}, False),
        ("utf-8", {"LC_ALL": "C.UTF-8", "LANG": "C"}, True),
        ("ascii", {}, False),
        ("latin-1", {"LANG": "en_US.ISO-8859-1"}, False),
    ],
)
def test_letters_arrive_by_encoding_and_locale(encoding: str, environ: dict[str, str], *, arrives: bool) -> None:
    """A locale set to C means ASCII, even where Python would write UTF-8."""
    assert detect_terminal(Stream(terminal=False, encoding=encoding), environ=environ).unicode is arrives


def test_stdout_has_the_answer_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes go to stderr; the exit code is handed back."""
    assert write(Answer(text="yes", exit_code=1, notes=("careful \x1b[31m",))) == 1
    captured = capsys.readouterr()
    assert captured.out == "yes\n"
    assert captured.err == "note: careful \\x1b[31m\n"


def test_an_error_is_a_sentence_and_a_hint_or_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """People read stderr, programs stdout."""
    error = UnknownModelError("No model is called 'x'", hint="Did you mean y?")
    assert report(error, command="estimate", as_json=False) == 3
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: No model is called 'x'\n\nhint: Did you mean y?\n")
    assert report(error, command="estimate", as_json=True) == 3
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {
        "schema_version": 1,
        "command": "estimate",
        "error": {"code": "unknown_model", "message": "No model is called 'x'", "hint": "Did you mean y?"},
    }
    report(UnknownModelError("No hint"), command="estimate", as_json=False)
    assert capsys.readouterr().err == "error: No hint\n"
