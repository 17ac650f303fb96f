"""Where answers go: stdout carries the answer alone, stderr everything said about it."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from llmfit.errors import LlmfitError, OutputError
from llmfit.records.frozen import dataclass
from llmfit.render.envelope import error_json
from llmfit.render.terminal import Terminal, to_ascii
from llmfit.render.text import visible
from llmfit.render.view import Origin, json_text

if TYPE_CHECKING:
    from llmfit.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command has to say: the text for stdout, notes for stderr, and the exit code."""

    text: str
    exit_code: int = 0
    notes: tuple[str, ...] = ()


def detect_terminal(stream: TextIO, *, environ: Mapping[str, str]) -> Terminal:
    """Return what the stream can show; rich knows whether colours arrive (`NO_COLOR`, `FORCE_COLOR`, `TERM`).

    A pipe or a file has no width unless `COLUMNS` says one.
    """
    from rich.console import Console

    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdigit() and int(columns[:6]) > 0 else None
    if stream.isatty() and width is None:
        width = shutil.get_terminal_size().columns
    console = Console(file=stream, width=width or 80, height=25, _environ=environ)
    color = console.color_system is not None and not console.no_color and not console.legacy_windows
    return Terminal(width=width, color=color, unicode=_is_unicode(stream, environ=environ))


def _is_unicode(stream: TextIO, *, environ: Mapping[str, str]) -> bool:
    """Return whether letters outside ASCII arrive: by the stream's encoding, and by a locale that was set to ASCII."""
    locale = environ.get("LC_ALL") or environ.get("LANG") or ""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("_", "-")
    return encoding in {"utf-8", "utf8"} and locale not in {"C", "POSIX"}


def terminal(mode: str = "table") -> Terminal:
    """Return what stdout can show; width and colours are asked for where a table is shown."""
    if mode == "table":
        return detect_terminal(sys.stdout, environ=os.environ)
    return Terminal(unicode=_is_unicode(sys.stdout, environ=os.environ))


def origin_of(command: str, catalog: "Catalog") -> Origin:
    """Return who answers, and from which catalog."""
    return Origin(command=command, catalog_version=catalog.version, catalog_models=len(catalog.models))


def write(answer: Answer) -> int:
    """Write the answer and return the exit code; a reader that has gone away is no error.

    Raises:
        OutputError: stdout does not take it.
    """
    for note in answer.notes:
        _say(f"note: {visible(note, lines=True)}")
    try:
        if answer.text:
            sys.stdout.write(_text_of(answer) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)
    except OSError as error:
        raise unwritable(error) from None
    return answer.exit_code


def _text_of(answer: Answer) -> str:
    """Return the text, with what is no letter written out: bytes of a file's name that are no UTF-8."""
    return answer.text.encode("utf-8", "backslashreplace").decode("utf-8")


def unwritable(error: OSError) -> OutputError:
    """Return the error of a stdout that takes nothing, which is let go: what it still holds is lost."""
    _let_go(sys.stdout)
    reason = error.strerror or type(error).__name__
    return OutputError(f"The answer could not be written: {reason}", hint="Send it to a file or a pipe that takes it")


def report(error: LlmfitError, *, command: str, as_json: bool) -> int:
    """Say why there is no answer: one sentence and a hint, as JSON on stdout where JSON was asked for."""
    if as_json and not isinstance(error, OutputError):
        text = json_text(error_json(error, command=command), terminal=terminal("json"))
        try:
            return write(Answer(text=text, exit_code=error.exit_code))
        except OutputError as fault:
            error = fault
    hint = f"\n\nhint: {visible(error.hint, lines=True)}" if error.hint else ""
    _say(f"error: {visible(error.message, lines=True)}{hint}")
    return error.exit_code


def _say(text: str) -> None:
    """Write to stderr, in ASCII where nothing else arrives; where it takes nothing, nothing is said."""
    if sys.stderr is None:  # closed by whoever called
        return
    shown = text if _is_unicode(sys.stderr, environ=os.environ) else to_ascii(text)
    try:
        sys.stderr.write(shown + "\n")
        sys.stderr.flush()
    except OSError:
        _let_go(sys.stderr)


def _let_go(stream: TextIO) -> None:
    """Point the stream at nothing, so that the interpreter's last flush does not fail."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
