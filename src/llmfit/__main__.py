"""Starts the program: `llmfit` and `python -m llmfit`."""

import atexit
import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run the program.

    One answer lives so briefly that looking for garbage, on the way or at the end, only costs time: a tenth of it.
    """
    gc.disable()
    atexit.register(gc.freeze)
    from llmfit.cli import main as run

    run()


if __name__ == "__main__":
    main()
