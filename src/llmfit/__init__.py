"""Which open-source language models fit a machine, byte by byte."""

__version__ = "0.1.0"
