"""Turns the words of a question into records: a device, a load, what to look for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from llmfit.catalog import Catalog
from llmfit.errors import UnknownWordError, UnsupportedWorkloadError, UsageError, nearest
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.engine import Engine
from llmfit.records.format import EngineName, Format, KvFormat, PrecisionName
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.records.workload import DEFAULT_CONTEXT, Workload

PRECISIONS: tuple[PrecisionName, ...] = get_args(PrecisionName)
"""Every precision, the most exact first; `Engine.stores` says what each engine stores it as."""


def device_of(
    catalog: Catalog, *, gpu: Sequence[str] = (), vram: str | float | None = None, ram: str | float | None = None
) -> Device:
    """Return the named device, or this machine's where nothing is named.

    Raises:
        UsageError: A card is named twice, or a size makes no sense.
        UnknownGpuError, AmbiguousGpuError: No GPU, or several, have the name.
        NoGpuFoundError: Nothing is named, and this machine shows no GPU.
    """
    from llmfit.catalog.devices import device_from_names, device_from_vram

    if gpu and vram is not None:
        raise UsageError("--gpu and --vram contradict each other", hint="A GPU's name says how much memory it has")
    if vram is not None:
        return device_from_vram(vram, catalog=catalog, ram=ram)
    if gpu:
        return device_from_names(gpu, catalog=catalog, ram=ram)
    return detected_device(catalog, ram=ram)


def detected_device(catalog: Catalog, *, ram: str | float | None = None) -> Device:
    """Return this machine, with what the GPU table knows of its cards.

    Raises:
        NoGpuFoundError: It shows no GPU.
    """
    from llmfit.catalog.devices import complete_device
    from llmfit.detect import detect_device

    return complete_device(detect_device(), catalog=catalog, ram=ram)


def precision_of(word: str) -> PrecisionName:
    """Return the precision of this name.

    Raises:
        UnknownWordError: There is none.
    """
    aliases: dict[str, PrecisionName] = {"bf16": "fp16", "f16": "fp16", "f32": "fp32", "4bit": "int4", "8bit": "int8"}
    wanted = word.strip().casefold()
    for name in PRECISIONS:
        if wanted == name or aliases.get(wanted) == name:
            return name
    close = nearest(wanted, PRECISIONS)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Name one of {', '.join(PRECISIONS)}"
    raise UnknownWordError(f"No precision is called {word[:200]!r}", hint=hint)


def default_engine(architecture: Architecture) -> EngineName:
    """Return llama.cpp for decoders that it can convert, transformers for everything else."""
    from llmfit.estimate.weights.gguf_models import MODELS

    plain = not architecture.is_encoder_only and not architecture.is_encoder_decoder
    return "llama.cpp" if plain and architecture.model_type in MODELS else "transformers"


def default_precision(architecture: Architecture) -> PrecisionName:
    """Return int4 for decoders, fp16 for models so small that nobody quantises them: encoders and encoder-decoders."""
    return "fp16" if architecture.is_encoder_only or architecture.is_encoder_decoder else "int4"


def format_of(catalog: Catalog, *, engine: Engine, precision: PrecisionName | None, format_name: str | None) -> Format:
    """Return the format that a precision means on an engine, or the one that is named.

    Raises:
        UnknownWordError: No format has the name.
        UsageError: Precision, format and engine contradict one another.
    """
    if format_name is not None:
        named = catalog.format(format_name)
        if precision is not None and named.precision != precision:
            raise UsageError(
                f"--precision {precision} and --format {named.id} contradict each other", hint="Give one of them"
            )
        if engine.id not in named.engines:
            raise UsageError(
                f"{engine.id} does not run {named.id}", hint=f"Engines that do: {', '.join(named.engines)}"
            )
        return named
    if precision is None:
        raise UsageError("No precision and no format", hint="Give --precision or --format")
    usual = engine.usual_format(precision)
    if usual is None:
        able = ", ".join(_engines_with(catalog, precision))
        raise UsageError(f"{engine.id} has no {precision}", hint=f"Engines that have it: {able}")
    return catalog.formats[usual]


def _engines_with(catalog: Catalog, precision: PrecisionName) -> tuple[EngineName, ...]:
    return tuple(engine.id for engine in catalog.engines.values() if engine.usual_format(precision))


def kv_format_of(catalog: Catalog, *, engine: Engine, name: str | None, weights: Format | None = None) -> KvFormat:
    """Return the cache's format: the named one, else the usual one of the engine beside such weights.

    Raises:
        UnknownWordError: No cache format has the name.
        UsageError: The engine does not have it.
    """
    if name is None:
        return catalog.kv_formats[engine.usual_kv_format(None if weights is None else weights.precision)]
    found = catalog.kv_format(name)
    if engine.id not in found.engines:
        raise UsageError(
            f"{engine.id} has no {found.id} cache", hint=f"Engines that have it: {', '.join(found.engines)}"
        )
    return found


def architecture_of(model: Model) -> Architecture:
    """Return the architecture, with the context that the publisher states in the place of the configuration's.

    Configurations add room for the answer, or multiply by a RoPE scaling that is not in use.

    Raises:
        UnsupportedArchitectureError, InvalidConfigError: It cannot be described.
    """
    from llmfit.architectures import describe

    found = describe(model.architecture)
    if model.context_certainty == "unknown" or model.context_length == found.context_length:
        return found
    return replace(found, context_length=model.context_length)


def context_of(model: Model, *, context: int | None, prompt_tokens: int | None) -> int:
    """Return the tokens of one sequence, within what the model can do.

    Raises:
        UsageError: More than it can do, or a prompt longer than the whole.
    """
    longest = max(model.context_length, model.context_extended or 0)
    if context is None:
        context = max(min(DEFAULT_CONTEXT, model.context_length), min(prompt_tokens or 0, longest))
    if context > longest:
        raise UsageError(
            f"--context {context:,} is beyond the {longest:,} tokens of {model.id}", hint=f"Give at most {longest}"
        )
    if prompt_tokens is not None and prompt_tokens > context:
        raise UsageError(
            f"--prompt-tokens {prompt_tokens:,} is more than the context of {context:,} tokens",
            hint="The context holds prompt and answer",
        )
    return context


def workload_of(
    catalog: Catalog,
    model: Model,
    architecture: Architecture | None,
    *,
    engine: str | None = None,
    precision: str | None = None,
    format_name: str | None = None,
    kv_format: str | None = None,
    context: int | None = None,
    prompt_tokens: int | None = None,
    sequences: int | None = None,
    **options: Any,  # noqa: ANN401 - those of `estimate.options.OPTIONS`, each of its own type
) -> Workload:
    """Return the load that the words describe, with the engine's and the model's defaults.

    A model with a checkpoint runs as stored unless the words ask for another engine or format.

    Raises:
        UsageError: The words contradict one another, or a word is unknown.
        UnsupportedWorkloadError: Another format is asked for of a model without a known architecture.
    """
    wanted = None if precision is None else precision_of(precision)
    runs = stored_format_of(catalog, model, engine=engine, precision=wanted, format_name=format_name)
    if runs is not None:
        runner = catalog.engine(engine or runs.engines[0])
    elif architecture is None:
        raise UnsupportedWorkloadError(f"{model.id} can only be counted as stored", hint="Leave engine and format out")
    else:
        runner = catalog.engine(engine or _engine_for(catalog, architecture, precision=wanted, format_name=format_name))
    weights = runs or _computed_format(catalog, model, architecture, runner, precision=wanted, name=format_name)
    found = Workload(
        engine=runner,
        format=weights,
        kv_format=kv_format_of(catalog, engine=runner, name=kv_format, weights=weights),
        checkpoint=model.checkpoint if runs is not None and isinstance(model, SourcedModel) else None,
        context=context_of(model, context=context, prompt_tokens=prompt_tokens),
        sequences=sequences or 1,
        prompt_tokens=prompt_tokens,
    )
    return with_words_of_engine(catalog, found, architecture, model=model, options=options)


def with_words_of_engine(
    catalog: Catalog, load: Workload, architecture: Architecture | None, *, model: Model, options: Mapping[str, Any]
) -> Workload:
    """Return the load with the options of its engine set, by the names of `estimate.options.OPTIONS`; None is not set.

    Raises:
        UsageError: One is another engine's, out of range, or contradicts the model or the load.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return load
    from llmfit.estimate.options import with_options

    if load.engine.id == "llama.cpp" and "kv_format_v" in given:
        given["kv_format_v"] = kv_format_of(catalog, engine=load.engine, name=given["kv_format_v"])
    return with_options(load, architecture, model=model.id, given=given, takes_images="vision" in model.tasks)


def stored_format_of(
    catalog: Catalog, model: Model, *, engine: str | None, precision: PrecisionName | None, format_name: str | None
) -> Format | None:
    """Return the format of the model's own checkpoint where the words ask for no other one; None else."""
    stored = model.stored_format if isinstance(model, SourcedModel) and model.checkpoint is not None else None
    if stored is None or (engine is not None and catalog.engine(engine).id not in stored.engines):
        return None
    other = format_name is not None and catalog.format(format_name).id != stored.id
    return None if other or precision not in {None, stored.precision} else stored


def _computed_format(
    catalog: Catalog,
    model: Model,
    architecture: Architecture | None,
    runner: Engine,
    *,
    precision: PrecisionName | None,
    name: str | None,
) -> Format:
    """Return the format that was asked for, else the published one, else the default of such models."""
    if precision is None and name is None and architecture is not None:
        native = catalog.formats.get(model.native_format or "")
        name = native.id if native is not None and runner.id in native.engines else None
        precision = None if name else default_precision(architecture)
    return format_of(catalog, engine=runner, precision=precision, format_name=name)


def _engine_for(
    catalog: Catalog, architecture: Architecture, *, precision: PrecisionName | None, format_name: str | None
) -> EngineName:
    """Return the default engine, or the first that has what was asked for."""
    usual = default_engine(architecture)
    if format_name is not None:
        able: Sequence[EngineName] = catalog.format(format_name).engines
    elif precision is not None:
        able = _engines_with(catalog, precision)
    else:
        return usual
    if not able:
        raise UnsupportedWorkloadError(f"No engine runs {format_name}")
    return usual if usual in able else able[0]
