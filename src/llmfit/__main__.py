"""Starts the program: `llmfit` and `python -m llmfit`."""

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run the program.

    One answer lives so briefly that looking for garbage only costs time, about a tenth of it.
    """
    gc.disable()
    from llmfit.cli import main as run

    run()


if __name__ == "__main__":
    main()
