"""Estimates one model under one load, as `estimate` and `compare` show it."""

from collections.abc import Mapping
from typing import Any

from llmfit.answers.words import architecture_of, workload_of
from llmfit.catalog import Catalog
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError, UsageError
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Fit, Verdict
from llmfit.records.model import WRITE_NOTHING, Model
from llmfit.records.sizing import Sizing, Split
from llmfit.records.sourced import SourcedModel
from llmfit.records.workload import Workload


def size_model(
    catalog: Catalog,
    model: Model,
    *,
    device: Device | None = None,
    **load: Any,  # noqa: ANN401 - those of `words.workload_of`, each of its own type
) -> Sizing:
    """Return the bytes of a model under a load, and whether they fit the device where one is given.

    Raises:
        LlmfitError: No answer can be given; the message says why.
    """
    from llmfit.catalog.measured import measured_of
    from llmfit.estimate import estimate
    from llmfit.estimate.speed import estimate_speed, why_no_speed
    from llmfit.estimate.weights.as_stored import estimate_as_stored
    from llmfit.fit import fit
    from llmfit.licensing import effective_license

    architecture, problems = _described(model)
    workload = workload_of(catalog, model, architecture, **load)
    if architecture and device and (load.get("tensor_parallel") or load.get("pipeline_parallel")):
        _check_shape(architecture, workload, device, given=load)
    device = _within_share(device, workload)
    if architecture is None:
        estimated = estimate_as_stored(workload)
    else:
        estimated = estimate(architecture, workload, device=device, explain=True)
    fitted = None if device is None else fit(estimated, device)
    speed, why = None, ""
    if architecture and device and fitted and fitted.verdict.value in {"fits", "tight"}:
        writes = model.kind not in WRITE_NOTHING
        speed = estimate_speed(architecture, workload, device=device, estimate=estimated) if writes else None
        why = "" if speed else why_no_speed(architecture, workload, device=device, writes=writes)
    split = None
    if architecture and fitted:
        fitted, split = _settled(architecture, workload, fitted)
    return Sizing(
        model=model,
        active_parameters=None if architecture is None else architecture.active_parameters,
        license=effective_license(model, models=catalog.models, licenses=catalog.licenses),
        workload=workload,
        estimate=estimated,
        fit=fitted,
        speed=speed,
        speed_reason=why,
        measured=measured_of(workload, formats=catalog.formats),
        warnings=(*problems, *model.caveats),
        offload=split,
    )


def _check_shape(architecture: Architecture, workload: Workload, device: Device, *, given: Mapping[str, Any]) -> None:
    """Raise UsageError where vLLM could not divide the model among these GPUs as it was asked to."""
    from llmfit.estimate.shapes import refuse_one_of_several, shape_problems

    for problem in shape_problems(architecture, workload, device):
        raise UsageError(problem.message, hint=problem.hint or "Leave --tensor-parallel-size out")
    refuse_one_of_several(given, device)


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


def active_parameters(model: Model) -> int | None:
    """Return the parameters that one token passes through; None where the architecture cannot be described."""
    if model.active_parameters is not None:
        return model.active_parameters
    from llmfit.architectures import describe

    try:
        return describe(model.architecture).active_parameters
    except (UnsupportedArchitectureError, InvalidConfigError):
        return None
