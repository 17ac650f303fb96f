"""The options of engines, by the engines' own names; `estimate.options` says which engine has which."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from llmfit.commands.options import complete
from llmfit.quantities import count, share

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {
    "engine_version": Annotated[
        str | None, typer.Option("--engine-version", metavar="VERSION", help="Version whose rules apply: 4.44, b6400.")
    ],
    "n_ubatch": Annotated[
        int | None, typer.Option("--ubatch-size", metavar="TOKENS", help="llama.cpp: tokens of a micro-batch; 512.")
    ],
    "flash_attention": Annotated[
        bool | None, typer.Option("--flash-attn/--no-flash-attn", help="llama.cpp: flash attention; on.")
    ],
    "unified_kv": Annotated[bool, typer.Option("--kv-unified", help="llama.cpp: one cache buffer for all sequences.")],
    "swa_full": Annotated[bool, typer.Option("--swa-full", help="llama.cpp: sliding layers keep every token.")],
    "n_gpu_layers": Annotated[
        int | None,
        typer.Option("--n-gpu-layers", "-ngl", metavar="N", parser=count, help="llama.cpp: layers on the GPU; all."),
    ],
    "n_cpu_moe": Annotated[
        int | None,
        typer.Option("--n-cpu-moe", metavar="N", parser=count, help="llama.cpp: layers whose experts stay in RAM; 0."),
    ],
    "kv_format_v": Annotated[
        str | None,
        typer.Option(
            "--cache-type-v",
            metavar="FORMAT",
            help="llama.cpp: format of V, where it is not K's.",
            autocompletion=complete("kv_formats"),
        ),
    ],
    "max_num_seqs": Annotated[
        int | None, typer.Option("--max-num-seqs", metavar="N", help="vllm: sequences of a step; 256 or 1024.")
    ],
    "max_num_batched_tokens": Annotated[
        int | None, typer.Option("--max-num-batched-tokens", metavar="N", help="vllm: tokens of a step; 2048 or 8192.")
    ],
    "gpu_memory_utilization": Annotated[
        float | None,
        typer.Option(
            "--gpu-memory-utilization", metavar="SHARE", parser=share, help="vllm: share of the card that it may take."
        ),
    ],
    "enforce_eager": Annotated[bool, typer.Option("--enforce-eager", help="vllm: no CUDA graphs.")],
    "block_size": Annotated[
        int | None, typer.Option("--block-size", metavar="TOKENS", help="vllm: tokens of a cache block; 16.")
    ],
    "tensor_parallel": Annotated[
        int | None, typer.Option("--tensor-parallel-size", metavar="N", help="vllm: GPUs that share each layer.")
    ],
    "pipeline_parallel": Annotated[
        int | None,
        typer.Option("--pipeline-parallel-size", metavar="N", help="vllm: groups of GPUs, layers in each."),
    ],
    "attn_implementation": Annotated[
        str | None,
        typer.Option(
            "--attn-implementation",
            metavar="WORD",
            help="transformers: eager, sdpa, flash_attention_2, awq_fused or litgpt; sdpa.",
            autocompletion=lambda: ["eager", "sdpa", "flash_attention_2", "awq_fused", "litgpt"],
        ),
    ],
    "speculative": Annotated[bool, typer.Option("--speculative", help="llama.cpp, vllm: load next-token layers.")],
    "images": Annotated[int | None, typer.Option("--images", metavar="N", help="Images of one prompt.")],
}


def with_engine_options(command: Command) -> Command:
    """Give a command the options of engines in the place of its `**engine_options`, before how the answer looks."""
    signature = inspect.signature(command)
    plain = [item for item in signature.parameters.values() if item.kind is not inspect.Parameter.VAR_KEYWORD]
    place = next((at for at, item in enumerate(plain) if item.name == "output"), len(plain))
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_default(annotation.__origin__), annotation=annotation
        )
        for name, annotation in _OPTIONS.items()
    ]
    command.__signature__ = signature.replace(parameters=[*plain[:place], *added, *plain[place:]])  # type: ignore[attr-defined]  # a function may have one
    command.__annotations__ |= _OPTIONS
    return command


def _default(kind: Any) -> bool | None:  # noqa: ANN401 - an annotation is any object
    return False if kind is bool else None


def given_options(words: dict[str, Any]) -> dict[str, Any]:
    """Return the options of engines that were given; a switch that is off was not."""
    switches = {name for name, annotation in _OPTIONS.items() if annotation.__origin__ is bool}
    return {name: value for name, value in words.items() if value is not None and not (name in switches and not value)}


def option_of(name: str) -> str:
    """Return the option behind the name of a parameter."""
    if name in _OPTIONS:
        return str(_OPTIONS[name].__metadata__[0].default).partition("/")[0]
    return "--" + {"format_name": "format"}.get(name, name).replace("_", "-")
