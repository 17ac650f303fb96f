"""Turns the words of a fine-tuning question into a load, and answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UsageError, nearest
from llmfit.records.architecture import Architecture
from llmfit.records.device import MOST_GPUS, Device
from llmfit.records.format import Format
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.sizing import MethodSize, RecipeSize, Sizing, TrainingPlan
from llmfit.records.training import (
    ATTENTIONS,
    CHECKPOINTINGS,
    LORA_METHODS,
    LOSSES,
    METHODS,
    OPTIMIZERS,
    RECIPES,
    STAGES,
    TRAINERS,
    Training,
    with_loss_of,
)

VOCABULARIES: Mapping[str, Sequence[str]] = {
    "method": METHODS,
    "stage": STAGES,
    "optimizer": OPTIMIZERS,
    "recipe": RECIPES,
    "gradient_checkpointing": CHECKPOINTINGS,
    "attention": ATTENTIONS,
    "loss": LOSSES,
    "trainer": TRAINERS,
}
OWN_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "torchtune": {"recipe": "bf16", "adapter_dtype": "bf16", "loss": "chunked"},
    "litgpt": {"recipe": "bf16", "adapter_dtype": "bf16", "lora_rank": 8, "lora_dropout": 0.05},
}
"""What a library does where nobody says otherwise: torchtune 0.6 and litgpt 0.4 with `bf16-true`."""
QLORA_FORMAT = "nf4-dq"
"""How QLoRA stores the frozen model where nobody says: nf4 with double quantisation, as its paper does."""


def training_of(catalog: Catalog, method: str, **words: Any) -> Training:  # noqa: ANN401 - fields of Training
    """Return the load; words that are None take the record's defaults.

    Raises:
        UsageError: A word is unknown, or two contradict each other.
    """
    given = {name: word for name, word in {"method": method, **words}.items() if word not in (None, (), [])}
    chosen: dict[str, Any] = {name: _word(name, word) if name in VOCABULARIES else word for name, word in given.items()}
    for name in ("target_modules", "modules_to_save"):
        if name in chosen:
            chosen[name] = tuple(part.strip() for word in chosen[name] for part in word.split(",") if part.strip())
    base = chosen.pop("base_format", QLORA_FORMAT if chosen["method"] == "qlora" else None)
    chosen = _own_defaults(chosen) | chosen
    training = Training(facts=catalog.training, base_format=None if base is None else catalog.format(base), **chosen)
    if base is not None and training.method != "qlora":
        raise UsageError("--base-format is for --training qlora alone", hint="Other methods keep the model in 16 bit")
    if "lora_rank" in given and training.method not in LORA_METHODS:
        raise UsageError(
            f"--lora-rank has no meaning for {training.method}", hint=f"It has for {', '.join(METHODS[2:6])}"
        )
    if training.fsdp and training.zero:
        raise UsageError("--fsdp and --zero contradict each other", hint="Give one of them")
    return training


def _own_defaults(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults of the library that trains: litgpt recomputes layers with FSDP alone, on several GPUs."""
    trainer = chosen.get("trainer", "peft")
    found = dict(OWN_DEFAULTS.get(trainer, {}))
    if trainer == "litgpt":
        several = chosen.get("gpus", 1) > 1
        found |= {"gradient_checkpointing": "full" if several else "none", "fsdp": several}
    return found


def _word(name: str, word: str) -> str:
    """Return the word of a vocabulary as it is spelled there."""
    spelled = {one.casefold().replace("-", "_"): one for one in VOCABULARIES[name]}
    found = spelled.get(word.strip().casefold().replace("-", "_"))
    if found is None:
        close = nearest(word, VOCABULARIES[name])
        hint = f"Did you mean {' or '.join(close)}?" if close else f"Name one of {', '.join(VOCABULARIES[name])}"
        raise UnknownWordError(f"No {name.replace('_', ' ')} is called {word[:60]!r}", hint=hint)
    return found


def estimate_finetuning(
    model: str | Model,
    method: str,
    *,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **words: Any,  # noqa: ANN401 - fields of Training
) -> Sizing:
    """Return the bytes of fine-tuning a model, and how far one could go on the device where one is given.

    `words` are the fields of `records.training.Training`: stage, optimizer, batch_size, sequence_length, …

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.answers.words import architecture_of
    from llmfit.catalog.measured import measured_of
    from llmfit.estimate.training import estimate_training
    from llmfit.fit import fit
    from llmfit.licensing import effective_license
    from llmfit.sources.resolve import model_of

    catalog = catalog or load_catalog()
    row = model_of(catalog, model)
    architecture = architecture_of(row)
    training, device = load_on(catalog, method, device=device, **words)
    if words.get("sequence_length") is None and architecture.context_length:
        training = replace(training, sequence_length=min(training.sequence_length, architecture.context_length))
    training = with_loss_of(training, row.kind)
    estimated = estimate_training(architecture, training, device=device)
    license_ = effective_license(row, models=catalog.models, licenses=catalog.licenses)
    kept = () if license_.derivatives_allowed else ("the licence lets no changed version be passed on",)
    return Sizing(
        model=row,
        active_parameters=architecture.active_parameters,
        license=license_,
        workload=training,
        estimate=estimated,
        fit=None if device is None else fit(estimated, device),
        warnings=(*kept, *_packed(row, training), *row.caveats),
        measured=measured_of(training, formats=catalog.formats),
        plan=_plan(architecture, training, device=device, base_format=catalog.format(QLORA_FORMAT)),
    )


def _packed(model: Model, training: Training) -> tuple[str, ...]:
    """Return what stands before training a model that is published in a packed format alone."""
    if not model.native_format:
        return ()
    why = ""
    form = training.base_format if training.method == "qlora" else None
    if form is not None and form.id != model.native_format:
        why = f", since a checkpoint in {model.native_format} cannot be loaded in {form.id}"
    return (f"published in {model.native_format} alone: unpack it to 16 bit and save that before it trains{why}",)


def load_on(
    catalog: Catalog,
    method: str,
    *,
    device: Device | None,
    gpus: int | None = None,
    **words: Any,  # noqa: ANN401 - fields of Training
) -> tuple[Training, Device | None]:
    """Return the load and the machine that it is for; all of its GPUs train where nobody says how many.

    Raises:
        UsageError: As `training_of`, or the machine has another number of GPUs.
    """
    many = gpus or (1 if device is None else max(1, len(device.gpus)))
    if many > MOST_GPUS:
        raise UsageError(f"--gpus {many:,}: more than train one model here", hint=f"The limit is {MOST_GPUS:,}")
    return training_of(catalog, method, gpus=many, **words), None if device is None else _with_gpus(device, many)


_OF_ANSWERS = {
    "engines": "engine",
    "precision": "precision",
    "format": "format",
    "kv_format": "kv-format",
    "context": "context",
    "prompt_tokens": "prompt-tokens",
    "max_weight_bytes": "max-download",
    "min_tokens_per_second": "min-speed",
    "include_low_bit": "low-bit",
}
"""Fields of a question that only a model has which is to answer, with the option of each."""


def to_finetune(
    catalog: Catalog,
    question: Question,
    *,
    device: Device,
    training: str,
    **words: Any,  # noqa: ANN401 - fields of Training
) -> tuple[Question, Device]:
    """Return the question asked of models to fine-tune by a method, and the machine with the GPUs that train.

    Raises:
        UsageError: As `load_on`, or the question asks what only an answering model has.
    """
    strange = [option for name, option in _OF_ANSWERS.items() if getattr(question, name)]
    strange += ["sequences"] if question.sequences != 1 else []
    if strange:
        raise UsageError(
            f"--{strange[0]} has no meaning with --training", hint="Give --sequence-length, --batch-size, --base-format"
        )
    load, used = load_on(catalog, training, device=device, **words)
    return replace(question, training=load), used or device


def _with_gpus(device: Device, gpus: int) -> Device:
    """Return the machine with this many GPUs: of one named card there can be several.

    Raises:
        UsageError: The machine has another number of them.
    """
    if len(device.gpus) == gpus:
        return device
    if device.unified:
        hint = "Leave --gpus out"
        raise UsageError(f"--gpus {gpus}, but {device.name} is a machine by itself with one memory", hint=hint)
    if len(device.gpus) == 1 and device.source != "detected":
        return replace(device, gpus=device.gpus * gpus)
    raise UsageError(
        f"--gpus {gpus}, but {device.name} has {len(device.gpus)}",
        hint="Name as many GPUs as train, or leave --gpus out",
    )


def _plan(
    architecture: Architecture, training: Training, *, device: Device | None, base_format: Format
) -> TrainingPlan:
    from llmfit.estimate.training.recipe import recipe
    from llmfit.solve import training as solve

    arguments = asdict(recipe(architecture, training))
    if device is None:
        return TrainingPlan(recipe=arguments)
    compared = solve.compare_methods(architecture, training, device=device, base_format=base_format)
    recipes = solve.compare_recipes(architecture, training, device=device)
    return TrainingPlan(
        batch_size=solve.largest_batch_size(architecture, training, device=device),
        sequence_length=solve.longest_sequence(architecture, training, device=device),
        lora_rank=solve.highest_rank(architecture, training, device=device),
        methods=tuple(
            MethodSize(method=one.training.method, total_bytes=one.estimate.total_bytes, verdict=one.verdict)
            for one in compared
        ),
        adapted=solve.adapted_names(architecture, training),
        recipes=tuple(
            RecipeSize(recipe=one.training.recipe, total_bytes=one.estimate.total_bytes, verdict=one.verdict)
            for one in recipes
        ),
        recipe=arguments,
    )
