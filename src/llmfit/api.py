"""What programs call: every answer of the command line as a function that returns a record.

Options are those of the command line, with underscores; they are read, checked and refused as they are there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from llmfit.answers.words import device_of
from llmfit.arguments import (
    DEVICE,
    LOAD,
    WISHES,
    LoadOptions,
    Number,
    TrainingOptions,
    Wishes,
    Words,
    given,
    method_of,
    shown,
)
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UsageError
from llmfit.records.device import Device
from llmfit.records.model import Model
from llmfit.records.question import DEFAULT_TOP
from llmfit.records.recommendation import Recommendations
from llmfit.records.sizing import Sizing


def recommend_models(
    *,
    gpu: Words | None = None,
    vram: float | str | None = None,
    ram: float | str | None = None,
    device: Device | None = None,
    catalog: Catalog | None = None,
    training: str | Mapping[str, Any] | None = None,
    top: Number | None = DEFAULT_TOP,
    **wishes: Unpack[Wishes],
) -> Recommendations:
    """Return which models to use, or to fine-tune, on a device; this machine where none is named.

    `training` is a method of fine-tuning, or its options: `{"method": "qlora", "batch_size": 4}`.
    `top` is how many models to return; None for all.

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.answers.questions import question_of
    from llmfit.rank import recommend

    catalog = _catalog(catalog)
    read = given(WISHES, {**wishes, "top": top})
    question = question_of(catalog, top=read.pop("top", None), **read)
    device = _device(catalog, device, gpu=gpu, vram=vram, ram=ram) or device_of(catalog)
    if training is not None:
        from llmfit.answers.finetuning import to_finetune

        method, options = method_of(training)
        question, device = to_finetune(catalog, question, device=device, training=method, **options)
    return recommend(question, catalog, device=device)


def estimate_model(
    model: str | Model,
    *,
    gpu: Words | None = None,
    vram: float | str | None = None,
    ram: float | str | None = None,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **load: Unpack[LoadOptions],
) -> Sizing:
    """Return the bytes of a model under a load, and whether they fit the device where one is named.

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.answers.estimating import size_model

    catalog = _catalog(catalog)
    read = given(LOAD, load)
    row = _model(catalog, model)
    return size_model(catalog, row, device=_device(catalog, device, gpu=gpu, vram=vram, ram=ram), **read)


def compare_models(
    models: str | Model | Iterable[str | Model],
    *,
    gpu: Words | None = None,
    vram: float | str | None = None,
    ram: float | str | None = None,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **load: Unpack[LoadOptions],
) -> tuple[Sizing, ...]:
    """Return an estimate of each model under the same load.

    Raises:
        LlmfitError: No answer can be given for one of them; the message says why.
    """
    from llmfit.answers.estimating import size_model

    catalog = _catalog(catalog)
    read = given(LOAD, load)
    alone = isinstance(models, str | Mapping) or not isinstance(models, Iterable)
    several: Iterable[Any] = (models,) if alone else models  # type: ignore[assignment]  # one model is no iterable
    rows = [_model(catalog, model) for model in several]
    if not rows:
        raise UsageError("No model is named", hint="Name two or more")
    device = _device(catalog, device, gpu=gpu, vram=vram, ram=ram)
    return tuple(size_model(catalog, row, device=device, **read) for row in rows)


def estimate_finetuning(
    model: str | Model,
    method: str,
    *,
    gpu: Words | None = None,
    vram: float | str | None = None,
    ram: float | str | None = None,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **options: Unpack[TrainingOptions],
) -> Sizing:
    """Return the bytes of fine-tuning a model, and how far one could go on the device where one is named.

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.answers.finetuning import estimate_finetuning as estimate

    catalog = _catalog(catalog)
    method, read = method_of({**options, "method": method})
    row = _model(catalog, model)
    device = _device(catalog, device, gpu=gpu, vram=vram, ram=ram)
    return estimate(row, method, device=device, catalog=catalog, **read)


def named_device(
    *,
    gpu: Words | None = None,
    vram: float | str | None = None,
    ram: float | str | None = None,
    catalog: Catalog | None = None,
) -> Device:
    """Return a device by the names of its GPUs or the size of its card; this machine where nothing is named.

    Raises:
        LlmfitError: The words name none.
    """
    catalog = _catalog(catalog)
    return _device(catalog, None, gpu=gpu, vram=vram, ram=ram) or device_of(catalog)


def _catalog(catalog: Catalog | None) -> Catalog:
    if catalog is None:
        return load_catalog()
    if not isinstance(catalog, Catalog):
        raise UsageError(f"{shown(catalog)[:40]}: no catalog", hint="load_catalog() returns one")
    return catalog


def _model(catalog: Catalog, model: str | Model) -> Model:
    if not isinstance(model, str | Model):
        raise UsageError(f"{shown(model)[:40]}: no model", hint="Give a name, a path or a Model")
    from llmfit.sources.resolve import model_of

    return model_of(catalog, model)


def _device(
    catalog: Catalog, device: Device | None, *, gpu: Words | None, vram: float | str | None, ram: float | str | None
) -> Device | None:
    """Return the device that is given or named; None where neither is.

    Raises:
        UsageError: Both are, or it is none.
    """
    read = given(DEVICE, {"gpu": gpu, "vram": vram, "ram": ram})
    named = {name: value for name, value in read.items() if value != ()}
    if device is None:
        return device_of(catalog, **named) if named else None
    if not isinstance(device, Device):
        raise UsageError(f"{shown(device)[:40]}: no device", hint="named_device() returns one")
    if named:
        raise UsageError(f"device and {next(iter(named))} contradict each other", hint="Give one of them")
    return device
