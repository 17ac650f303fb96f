"""Runs the program as `python -m llmfit`."""

from llmfit.cli import main

if __name__ == "__main__":
    main()
