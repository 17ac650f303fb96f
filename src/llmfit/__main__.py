"""Starts the program: `llmfit` and `python -m llmfit`."""

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> NoReturn:
    """Run the program and leave with its exit code.

    One answer lives so briefly that looking for garbage on the way, and taking the interpreter apart at the end,
    would only cost time: a fifth of it.
    """
    gc.disable()
    from llmfit.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # the reader has gone away, or there is no such stream
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
