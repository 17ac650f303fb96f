"""The options of fine-tuning, of which `--training` is the one that turns the others on."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer

from llmfit.errors import UsageError
from llmfit.quantities import zero_stage

Command = TypeVar("Command", bound=Callable[..., Any])

Method = Annotated[
    str | None,
    typer.Option(
        "--training",
        metavar="METHOD",
        help="Fine-tune it: full, freeze, lora, rslora, dora, qlora, ia3, prefix or prompt.",
        autocompletion=lambda: ["full", "freeze", "lora", "rslora", "dora", "qlora", "ia3", "prefix", "prompt"],
    ),
]
Stage = Annotated[str | None, typer.Option("--stage", metavar="WORD", help="sft, dpo, ppo or reward.")]
Optimizer = Annotated[
    str | None, typer.Option("--optimizer", metavar="NAME", help="adamw, adamw_8bit, adafactor, lion, sgd, ...")
]
Recipe = Annotated[
    str | None,
    typer.Option("--recipe", metavar="WORD", help="Precision: bf16, bf16-master, bf16-amp, fp16-amp or fp32."),
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", metavar="N", help="Sequences of one micro-batch on one GPU.")
]
SequenceLength = Annotated[
    int | None, typer.Option("--sequence-length", metavar="TOKENS", help="Tokens of one sequence, padding included.")
]
Accumulation = Annotated[
    int | None, typer.Option("--gradient-accumulation", metavar="N", help="Micro-batches of one optimizer step.")
]
Checkpointing = Annotated[
    bool | None,
    typer.Option(
        "--gradient-checkpointing/--no-gradient-checkpointing", help="Keep only each layer's input; default yes."
    ),
]
LoraRank = Annotated[int | None, typer.Option("--lora-rank", metavar="N", help="Rank of the adapter.")]
TargetModules = Annotated[
    list[str] | None,
    typer.Option("--target-modules", metavar="NAMES", help="Modules to adapt, with commas, or all-linear."),
]
ModulesToSave = Annotated[
    list[str] | None,
    typer.Option("--modules-to-save", metavar="NAMES", help="Modules trained as a full copy."),
]
BaseFormat = Annotated[
    str | None, typer.Option("--base-format", metavar="FORMAT", help="How qlora stores the model; nf4-dq.")
]
Loss = Annotated[
    str | None,
    typer.Option(
        "--loss", metavar="WORD", help="Logits of all tokens at once: full, chunked or fused; or contrastive."
    ),
]
Attention = Annotated[str | None, typer.Option("--attention", metavar="WORD", help="eager, sdpa or flash_attention_2.")]
Packing = Annotated[bool, typer.Option("--packing", help="Sequences are packed, without padding.")]
Trainer = Annotated[
    str | None,
    typer.Option("--trainer", metavar="NAME", help="Library that trains: peft, torchtune or litgpt."),
]
Gpus = Annotated[int | None, typer.Option("--gpus", metavar="N", help="GPUs that train together.")]
Zero = Annotated[
    int | None, typer.Option("--zero", metavar="STAGE", parser=zero_stage, help="DeepSpeed ZeRO stage, 0 to 3.")
]
Fsdp = Annotated[bool, typer.Option("--fsdp", help="FSDP with full sharding.")]
OffloadOptimizer = Annotated[bool, typer.Option("--offload-optimizer", help="Optimizer states in RAM.")]
OffloadParameters = Annotated[bool, typer.Option("--offload-parameters", help="Parameters in RAM.")]

OPTIONS: Mapping[str, Any] = {
    "training": Method,
    "stage": Stage,
    "optimizer": Optimizer,
    "recipe": Recipe,
    "batch_size": BatchSize,
    "sequence_length": SequenceLength,
    "gradient_accumulation": Accumulation,
    "gradient_checkpointing": Checkpointing,
    "lora_rank": LoraRank,
    "target_modules": TargetModules,
    "modules_to_save": ModulesToSave,
    "base_format": BaseFormat,
    "loss": Loss,
    "attention": Attention,
    "packing": Packing,
    "trainer": Trainer,
    "gpus": Gpus,
    "zero": Zero,
    "fsdp": Fsdp,
    "offload_optimizer": OffloadOptimizer,
    "offload_parameters": OffloadParameters,
}
"""Parameter → its option, in the order of the help."""
_CHECKPOINTS = "gradient_checkpointing"


def with_training_options(command: Command) -> Command:
    """Give a command the options of fine-tuning in the place of its `**training_options`, before the output's."""
    signature = inspect.signature(command)
    plain = [item for item in signature.parameters.values() if item.kind is not inspect.Parameter.VAR_KEYWORD]
    place = next((at for at, item in enumerate(plain) if item.name == "output"), len(plain))
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if annotation.__origin__ is bool else None,
            annotation=annotation,
        )
        for name, annotation in OPTIONS.items()
    ]
    command.__signature__ = signature.replace(parameters=[*plain[:place], *added, *plain[place:]])  # type: ignore[attr-defined]  # a function may have one
    command.__annotations__ |= OPTIONS
    return command


def given_training(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, as fields of a load; empty where nothing is to be fine-tuned.

    Raises:
        UsageError: Some were given without `--training`.
    """
    given = {
        name: word
        for name, word in words.items()
        if word not in (None, []) and (word is not False or name == _CHECKPOINTS)
    }
    if given and "training" not in given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{option} needs --training", hint="Such as --training qlora")
    if _CHECKPOINTS in given:
        given[_CHECKPOINTS] = "full" if given[_CHECKPOINTS] else "none"
    return given
