"""The options that commands share: one spelling, one help text."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from llmfit.errors import UsageError, nearest
from llmfit.render.view import OUTPUTS, Output


def complete(table: str) -> Any:  # noqa: ANN401 - Typer takes any function here
    """Return a function that completes a word from a table of the catalog."""

    def words(incomplete: str) -> list[str]:
        from llmfit.catalog import load_catalog

        known = getattr(load_catalog(user_file=None), table)
        return [name for name in known if incomplete.casefold() in name.casefold()]

    return words


def parse_output(text: str) -> Output:
    """Return the output mode of this name.

    Raises:
        UsageError: There is no such mode.
    """
    for name in OUTPUTS:
        if name == text.casefold():
            return name
    close = nearest(text, OUTPUTS)
    hint = f"Did you mean {close[0]}?" if close else f"Name one of {', '.join(OUTPUTS)}"
    raise UsageError(f"--output {text[:40]}: no such output", hint=hint)


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="Id or short name in the catalog, a path, or a Hub id.", autocompletion=complete("models")
    ),
]
Gpu = Annotated[
    list[str] | None,
    typer.Option(
        "--gpu", metavar="NAME", help='GPU by name, "2x NAME" for two; repeatable.', autocompletion=complete("gpus")
    ),
]
Vram = Annotated[str | None, typer.Option("--vram", metavar="GB", help="Size of the card as sold, instead of a name.")]
Ram = Annotated[str | None, typer.Option("--ram", metavar="GB", help="RAM beside the GPU that may be used.")]
Task = Annotated[
    list[str] | None,
    typer.Option(
        "--task", metavar="TASK", help="What it is for: chat, code, ...; repeatable.", autocompletion=complete("tasks")
    ),
]
License = Annotated[
    list[str] | None,
    typer.Option(
        "--license",
        metavar="ID",
        help="commercial, permissive or a licence's id; repeatable.",
        autocompletion=complete("licenses"),
    ),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="CODE", help="Country (ISO 3166) or eu where it will be used.")
]
Language = Annotated[
    list[str] | None,
    typer.Option(
        "--language",
        metavar="NAME",
        help="Language that it must know, by name or ISO 639-1 code: Korean, ko; repeatable.",
    ),
]
Precision = Annotated[str | None, typer.Option("--precision", metavar="WORD", help="fp32, fp16, fp8, int8 or int4.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="Exact format: Q4_K_M, nf4, awq-int4, ...",
        autocompletion=complete("formats"),
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="ENGINE", help="llama.cpp, transformers or vllm.", autocompletion=complete("engines")
    ),
]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="llama.cpp, transformers or vllm; repeatable.",
        autocompletion=complete("engines"),
    ),
]
KvFormat = Annotated[
    str | None,
    typer.Option(
        "--kv-format", metavar="FORMAT", help="Format of the KV cache.", autocompletion=complete("kv_formats")
    ),
]
Context = Annotated[
    int | None,
    typer.Option("--context", metavar="TOKENS", help="Tokens of one sequence, prompt and answer; 8k is 8192."),
]
PromptTokens = Annotated[
    int | None,
    typer.Option("--prompt-tokens", metavar="TOKENS", help="How much of the context is prefilled; default all."),
]
Sequences = Annotated[
    int | None,
    typer.Option("--sequences", metavar="N", help="Sequences at once: users or answers; default 1."),
]
OutputMode = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="MODE",
        help="table, plain (TSV), json, jsonl, csv or markdown.",
        autocompletion=lambda: list(OUTPUTS),
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The same as --output json.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show every term, assumption and source.")]
Top = Annotated[int | None, typer.Option("--top", metavar="N", help="How many to show.")]
All = Annotated[bool, typer.Option("--all", help="Show all of them.")]


def chosen_output(output: str | None, *, json: bool) -> Output:
    """Return the output mode that the two options ask for together.

    Raises:
        UsageError: They contradict each other, or there is no such mode.
    """
    mode = None if output is None else parse_output(output)
    if json and mode not in {None, "json"}:
        raise UsageError(f"--json and --output {mode} contradict each other", hint="Give one of them")
    return "json" if json else mode or "table"


def nothing_found(
    noun: str, words: Sequence[str], *, near: Sequence[str], everything: str, limits: bool = False
) -> str:
    """Return the sentence for a list without rows: what was looked for, and the nearest names."""
    sought = repr(" ".join(words)[:100])
    if limits:
        called = f" called {sought}" if words else ""
        return f"No {noun}{called} has what the options ask for; `{everything}` lists all"
    if near:
        names = near[0] if len(near) == 1 else f"{', '.join(near[:-1])} or {near[-1]}"
        return f"No {noun} is called {sought}; did you mean {names}?"
    return f"No {noun} is called {sought}; `{everything}` lists all"


def chosen_top(top: int | None, *, show_all: bool, default: int | None) -> int | None:
    """Return how many to show, None for all.

    Raises:
        UsageError: A number and all of them are asked for at once.
    """
    if show_all and top is not None:
        raise UsageError("--top and --all contradict each other", hint="Give one of them")
    return None if show_all else default if top is None else top
