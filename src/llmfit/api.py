"""What programs call: every answer of the command line as a function that returns a record."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import InvalidConfigError, LlmfitError, UnsupportedArchitectureError, UsageError
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Fit, Verdict
from llmfit.records.model import Model
from llmfit.records.recommendation import Recommendations
from llmfit.records.sizing import Sizing, Split
from llmfit.records.sourced import SourcedModel
from llmfit.records.workload import Workload
from llmfit.words import architecture_of, device_of, workload_of


def recommend_models(
    *,
    gpu: Sequence[str] = (),
    vram: float | None = None,
    ram: float | None = None,
    device: Device | None = None,
    catalog: Catalog | None = None,
    training: Mapping[str, Any] | str | None = None,
    **wishes: Any,  # noqa: ANN401 - those of `questions.question_of`, each of its own type
) -> Recommendations:
    """Return which models to use, or to fine-tune, on a device; this machine where none is named.

    `wishes` are the options of `llmfit recommend`: task, license_, region, language, context, …
    `training` is a method of fine-tuning, or fields of `records.training.Training` such as
    `{"method": "qlora", "batch_size": 4}`.

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.questions import question_of
    from llmfit.rank import recommend

    catalog = catalog or load_catalog()
    question = question_of(catalog, **wishes)
    device = device or device_of(catalog, gpu=gpu, vram=vram, ram=ram)
    if training is not None:
        from llmfit.finetuning import to_finetune

        words = {"method": training} if isinstance(training, str) else dict(training)
        question, device = to_finetune(catalog, question, device=device, training=words.pop("method"), **words)
    return recommend(question, catalog, device=device)


def estimate_model(
    model: str | Model,
    *,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **load: Any,  # noqa: ANN401 - those of `words.workload_of`, each of its own type
) -> Sizing:
    """Return the bytes of a model under a load, and whether they fit the device where one is given.

    `load` are the options of `llmfit estimate`: engine, precision, format_name, kv_format, context, …

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.estimate import estimate
    from llmfit.estimate.speed import estimate_speed, why_no_speed
    from llmfit.estimate.weights.as_stored import estimate_as_stored
    from llmfit.fit import fit
    from llmfit.licensing import effective_license

    catalog = catalog or load_catalog()
    row = row_of(catalog, model)
    architecture, problems = _described(row)
    workload = workload_of(catalog, row, architecture, **load)
    if architecture and device and (load.get("tensor_parallel") or load.get("pipeline_parallel")):
        _check_shape(architecture, workload, device)
    device = _within_share(device, workload)
    if architecture is None:
        estimated = estimate_as_stored(workload)
    else:
        estimated = estimate(architecture, workload, device=device, explain=True)
    fitted = None if device is None else fit(estimated, device)
    speed, why = None, ""
    if architecture and device and fitted and fitted.verdict.value in {"fits", "tight"}:
        speed = estimate_speed(architecture, workload, device=device, estimate=estimated)
        why = "" if speed else why_no_speed(architecture, workload, device=device)
    split = None
    if architecture and fitted:
        fitted, split = _settled(architecture, workload, fitted)
    return Sizing(
        model=row,
        active_parameters=None if architecture is None else architecture.active_parameters,
        license=effective_license(row, models=catalog.models, licenses=catalog.licenses),
        workload=workload,
        estimate=estimated,
        fit=fitted,
        speed=speed,
        speed_reason=why,
        warnings=(*problems, *caveats_of(row)),
        offload=split,
    )


def _check_shape(architecture: Architecture, workload: Workload, device: Device) -> None:
    """Raise UsageError where vLLM could not divide the model among these GPUs as it was asked to."""
    from llmfit.estimate.shapes import shape_problems

    for problem in shape_problems(architecture, workload, device):
        raise UsageError(problem.message, hint=problem.hint or "Leave --tensor-parallel-size out")
    options = workload.options
    if options.tensor_parallel * options.pipeline_parallel == 1 < len(device.gpus):
        raise UsageError(f"One of the {len(device.gpus)} GPUs alone would be used", hint="Name one GPU")


def _within_share(device: Device | None, workload: Workload) -> Device | None:
    """Return the device with what vLLM's share leaves of it; itself for other engines.

    Raises UnsupportedWorkloadError where vLLM does not run on its GPUs.
    """
    if device is None or workload.engine.id != "vllm":
        return device
    from llmfit.solve.platforms import check_platform
    from llmfit.solve.share import within_share

    check_platform(workload.engine.id, device)

    return within_share(device, workload)


def _settled(architecture: Architecture, workload: Workload, fitted: Fit) -> tuple[Fit, Split | None]:
    """Return the verdict with the split that makes it true, where it says that part of the model lies in RAM."""
    if fitted.verdict is not Verdict.OFFLOAD:
        return fitted, None
    from llmfit.solve.offload import settle

    return settle(architecture, workload, fitted)


def row_of(catalog: Catalog, model: str | Model) -> Model:
    """Return the model of this name: a row of the catalog, or what a path or the Hub holds."""
    if not isinstance(model, str):
        return model
    from llmfit.sources.resolve import model_of

    return model_of(catalog, model)


def _described(model: Model) -> tuple[Architecture | None, tuple[str, ...]]:
    """Return the architecture; None with the reason where only stored tensors are known.

    Raises:
        UnsupportedArchitectureError, InvalidConfigError: Neither is known.
    """
    try:
        return architecture_of(model), ()
    except (UnsupportedArchitectureError, InvalidConfigError) as error:
        if not isinstance(model, SourcedModel) or model.checkpoint is None:
            raise
        return None, (f"weights are known from the headers alone: {error.message}",)


def compare_models(
    models: Sequence[str | Model],
    *,
    device: Device | None = None,
    catalog: Catalog | None = None,
    **load: Any,  # noqa: ANN401 - those of `words.workload_of`, each of its own type
) -> tuple[Sizing, ...]:
    """Return an estimate of each model under the same load.

    Raises:
        LlmfitError: No answer can be given for one of them; the message says why.
    """
    catalog = catalog or load_catalog()
    return tuple(estimate_model(model, device=device, catalog=catalog, **load) for model in models)


def named_device(
    *, gpu: Sequence[str] = (), vram: float | None = None, ram: float | None = None, catalog: Catalog | None = None
) -> Device:
    """Return a device by the names of its GPUs or the size of its card; this machine where nothing is named.

    Raises:
        LlmfitError: The words name none.
    """
    return device_of(catalog or load_catalog(), gpu=gpu, vram=vram, ram=ram)


def active_parameters(model: Model) -> int | None:
    """Return the parameters that one token passes through; None where the architecture cannot be described."""
    from llmfit.architectures import describe

    try:
        return describe(model.architecture).active_parameters
    except LlmfitError:
        return None


def caveats_of(model: Model) -> tuple[str, ...]:
    """Return what should make a reader careful: of the data, and of how the model was read."""
    found = model.findings if isinstance(model, SourcedModel) else ()
    return (*found, *model.data_caveats)
