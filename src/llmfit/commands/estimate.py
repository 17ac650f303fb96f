"""`llmfit estimate`: how many bytes, part by part."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from llmfit.commands import options as o
from llmfit.commands import training_options as t
from llmfit.commands.engine_options import given_options, option_of, with_engine_options
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.errors import NoGpuFoundError, UsageError

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.device import Device
    from llmfit.records.sizing import Sizing

ANSWERING = frozenset(("engine", "precision", "format_name", "kv_format", "context", "prompt_tokens", "sequences"))
"""Options of a load that answers; the others are those of fine-tuning."""
_CHECKPOINTS = "gradient_checkpointing"


@with_engine_options
def estimate(
    model: o.Model,
    *,
    gpu: o.Gpu = None,
    vram: o.Vram = None,
    ram: o.Ram = None,
    engine: o.Engine = None,
    precision: o.Precision = None,
    format_name: o.Format = None,
    kv_format: o.KvFormat = None,
    context: o.Context = None,
    prompt_tokens: o.PromptTokens = None,
    sequences: o.Sequences = None,
    training: t.Method = None,
    stage: t.Stage = None,
    optimizer: t.Optimizer = None,
    recipe: t.Recipe = None,
    batch_size: t.BatchSize = None,
    sequence_length: t.SequenceLength = None,
    gradient_accumulation: t.Accumulation = None,
    gradient_checkpointing: t.Checkpointing = None,
    lora_rank: t.LoraRank = None,
    target_modules: t.TargetModules = None,
    modules_to_save: t.ModulesToSave = None,
    base_format: t.BaseFormat = None,
    loss: t.Loss = None,
    attention: t.Attention = None,
    packing: t.Packing = False,
    trainer: t.Trainer = None,
    gpus: t.Gpus = None,
    zero: t.Zero = None,
    fsdp: t.Fsdp = False,
    offload_optimizer: t.OffloadOptimizer = False,
    offload_parameters: t.OffloadParameters = False,
    output: o.OutputMode = None,
    json: o.Json = False,
    explain: o.Explain = False,
    **engine_options: Any,  # noqa: ANN401 - each of its own type
) -> Answer:
    """How many bytes a model takes, part by part.

    To answer, or with --training to be fine-tuned.
    Without --gpu and --vram it is compared with this machine's GPU, where there is one.
    Exit code 1 where it does not fit.
    """
    words = {name: word for name, word in locals().items() if name != "engine_options"}
    return _answer(engine_options=given_options(engine_options), **words)


def _answer(
    *,
    model: str,
    gpu: Sequence[str] | None,
    vram: str | None,
    ram: str | None,
    training: str | None,
    output: str | None,
    json: bool,
    explain: bool,
    engine_options: Mapping[str, Any],
    **words: Any,  # noqa: ANN401 - the options of a load, each of its own type
) -> Answer:
    mode = o.chosen_output(output, json=json)
    load = _load(words, engine_options, training=training)
    from llmfit.catalog import load_catalog
    from llmfit.render.sizing import SizingView
    from llmfit.render.view import render
    from llmfit.sources.resolve import model_of

    catalog = load_catalog()
    row = model_of(catalog, model)
    device, notes = device_or_none(catalog, gpu=gpu or (), vram=vram, ram=ram)
    if training is None:
        from llmfit.answers.estimating import size_model

        sizing = size_model(catalog, row, device=device, **load)
    else:
        from llmfit.answers.finetuning import estimate_finetuning

        sizing = estimate_finetuning(row, training, device=device, catalog=catalog, **load)
    view = SizingView(sizing=sizing, origin=origin_of("estimate", catalog), explain=explain)
    text = render(view, output=mode, terminal=terminal(mode))
    return Answer(text=text, exit_code=exit_code_of([sizing]), notes=notes)


def _load(words: Mapping[str, Any], engine_options: Mapping[str, Any], *, training: str | None) -> dict[str, Any]:
    """Return the words of the load that is meant, answering or fine-tuning.

    Raises:
        UsageError: A word belongs to the other one.
    """
    given = {
        name: word
        for name, word in words.items()
        if word not in (None, []) and (word is not False or name == _CHECKPOINTS)
    }
    strange = [name for name in given if (name in ANSWERING) == (training is not None)]
    strange += engine_options if training is not None else []
    if strange:
        said = "has no meaning with --training" if training is not None else "needs --training"
        raise UsageError(f"{option_of(strange[0])} {said}", hint="`llmfit estimate --help` says what belongs together")
    given |= engine_options
    if _CHECKPOINTS in given:
        given[_CHECKPOINTS] = "full" if given[_CHECKPOINTS] else "none"
    return given


def device_or_none(
    catalog: "Catalog", *, gpu: Sequence[str], vram: str | None, ram: str | None
) -> "tuple[Device | None, tuple[str, ...]]":
    """Return the named device, else this machine's or None where it has no GPU; and what is to be said of it."""
    from llmfit.answers.words import device_of

    try:
        device = device_of(catalog, gpu=gpu, vram=vram, ram=ram)
    except NoGpuFoundError:
        return None, ("no GPU found here, so there is no verdict; name one with --gpu or --vram",)
    return device, device.readings


def exit_code_of(sizings: "Sequence[Sizing]") -> int:
    """Return 0 where one fits or there is no device, 1 where none fits, 3 where a part or every verdict is unknown."""
    if any(sizing.estimate.unknown for sizing in sizings):
        return 3
    verdicts = {sizing.fit.verdict.value for sizing in sizings if sizing.fit is not None}
    if not verdicts or verdicts & {"fits", "tight"}:
        return 0
    return 3 if verdicts == {"unknown"} else 1


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("estimate", cls=Command)(estimate)
