"""The program: words in, exit code out, and one `try` around all of it."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer

from llmfit.commands import COMMANDS
from llmfit.commands.application import build_app
from llmfit.commands.sink import Answer, report, unwritable, write
from llmfit.errors import InternalError, LlmfitError, OutputError, UsageError

COMPLETION = "_LLMFIT_COMPLETE"
"""Environment variable by which a shell asks for completions."""
INTERRUPTED = 130
UNWRITABLE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What a full disk answers."""


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit code."""
    sys.exit(run(list(sys.argv[1:] if words is None else words)))


def run(words: list[str]) -> int:
    """Answer one command line; return the exit code."""
    words = [decoded(word) for word in words]
    if sys.stdout is None:  # closed by whoever called
        closed = OutputError("The answer could not be written: stdout is closed", hint="Send it to /dev/null instead")
        return report(closed, command=command_of(words), as_json=False)
    try:
        return _answer(words)
    except LlmfitError as error:
        return report(error, command=command_of(words), as_json=wants_json(words))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - exit 1 means "does not fit", so no fault may leave with it
        if isinstance(error, OSError) and error.errno in UNWRITABLE:  # a help page, which Typer writes itself
            return report(unwritable(error), command=command_of(words), as_json=False)
        if sys.stderr is not None:
            traceback.print_exc()
        fault = InternalError(f"{type(error).__name__}: {error}", hint="This is a fault of llmfit; please report it")
        return report(fault, command=command_of(words), as_json=wants_json(words))


def _answer(words: list[str]) -> int:
    called = [words[0]] if words and words[0] in COMMANDS else list(COMMANDS)
    command = typer.main.get_command(build_app(called))
    try:
        result = command.main(args=words or ["--help"], prog_name="llmfit", standalone_mode=False)
    except typer.TyperException as error:
        raise usage_error(error, words=words) from None
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as leaving:  # Typer leaves so after completion, and when the reader of a help page has gone
        return leaving.code if COMPLETION in os.environ and isinstance(leaving.code, int) else 0
    if isinstance(result, Answer):
        return write(result)
    return result if isinstance(result, int) else 0


def usage_error(error: typer.TyperException, *, words: Sequence[str]) -> UsageError:
    """Return Typer's complaint as one of ours."""
    message = error.format_message().strip().rstrip(".")
    command = command_of(words)
    name = "llmfit" if command == "llmfit" else f"llmfit {command}"
    return UsageError(message[:1].lower() + message[1:], hint=f"`{name} --help` lists what can be asked")


def decoded(word: str) -> str:
    """Return a word of the command line as its writer meant it: UTF-8, whatever the locale says.

    Names of files that are there stay as the locale reads them, since it is the locale that finds them again.
    """
    if word.isascii() or os.path.lexists(word):
        return word
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return word


def command_of(words: Sequence[str]) -> str:
    """Return the command that the words call, as the envelope names it."""
    if not words or words[0] not in COMMANDS:
        return "llmfit"
    return "models show" if list(words[:2]) == ["models", "show"] else words[0]


def wants_json(words: Sequence[str]) -> bool:
    """Return whether the words ask for JSON, even where the rest of them is wrong."""
    asked = {"json", "jsonl"}
    for place, word in enumerate(words):
        name, _, value = word.partition("=")
        following = words[place + 1] if place + 1 < len(words) else ""
        if word == "--json" or (name in {"--output", "-o"} and (value or following) in asked):
            return True
    return False
