"""`llmfit check MODEL`: the words of a command line as one deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.load import check_load, undecided
from llmfit.answers.checking.pins import Pins, pinned_device, pinned_model
from llmfit.answers.words import architecture_of, workload_of
from llmfit.catalog import Catalog
from llmfit.errors import CannotAnswerError, UnknownWordError, UsageError, nearest
from llmfit.estimate.options import OPTIONS
from llmfit.estimate.options import with_options as set_checked
from llmfit.estimate.shapes import refuse_one_of_several
from llmfit.licensing import parse_region
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import OPTIONS_OF, CheckResult, Limits
from llmfit.records.device import Device
from llmfit.records.model import Model
from llmfit.records.workload import Workload
from llmfit.sources.resolve import model_of


def check_model(
    model: str | Model,
    *,
    device: Device,
    catalog: Catalog,
    limits: Limits,
    today: date,
    options: Mapping[str, Any] | None = None,
    stale_prices: bool = False,
    pins: Mapping[str, Pins] | None = None,
    **load: Any,  # noqa: ANN401 - those of `words.workload_of`, each of its own type
) -> CheckResult:
    """Return whether one model under one load holds its limits on the device.

    `pins` are the facts of a lock file by the model's id, which then count in the place of the catalog's.

    Raises:
        UsageError: A word is unknown, or words contradict one another.
        CannotAnswerError: The model is unknown or ambiguous, or the lock file is not valid.
    """
    row = model_of(catalog, model)
    held = (pins or {}).get(row.id, {})
    row, device = pinned_model(row, held), pinned_device(device, held)
    try:
        architecture = architecture_of(row)
    except CannotAnswerError as error:
        return undecided(model if isinstance(model, str) else row.id, row.id, error)
    workload = workload_of(catalog, row, architecture, **load)
    refuse_one_of_several({**load, **(options or {})}, device)
    asked = Asked(
        name=row.id,
        model=row,
        architecture=architecture,
        workload=with_options(workload, options or {}, architecture=architecture, model=row.id),
        device=device,
        limits=resolve_limits(limits, catalog),
        words={"format" if name == "format_name" else name for name, word in load.items() if word is not None},
        today=today,
        stale_prices=stale_prices,
        pins=held,
    )
    return check_load(asked, catalog)


def with_options(
    workload: Workload,
    options: Mapping[str, Any],
    *,
    architecture: Architecture,
    model: str,
    version: str | None = None,
) -> Workload:
    """Return the load with the engine's options set.

    Raises:
        UsageError: The engine has no such option, or not with this value, or it contradicts the model or the load.
    """
    known = OPTIONS_OF[workload.engine.id]
    for name in options:
        if name not in known:
            close = nearest(name, known, limit=1)
            hint = f"Did you mean {close[0]}?" if close else f"{workload.engine.id} has {', '.join(known)}"
            raise UsageError(f"{workload.engine.id} has no option {name[:60]}", hint=hint)
    counted = {name for name in options if name in OPTIONS and workload.engine.id in OPTIONS[name].engines}
    others = {name: value for name, value in options.items() if name not in counted}
    load = replace(workload, options=replace(workload.options, **others))
    given = {"engine_version": version, **{name: options[name] for name in counted}}
    return set_checked(load, architecture, model=model, given=given)


def resolve_limits(limits: Limits, catalog: Catalog) -> Limits:
    """Return the limits with licences and regions by their ids.

    Raises:
        UsageError: A licence or region is unknown.
    """
    return replace(
        limits,
        licenses=tuple(catalog.license(word).id for word in limits.licenses),
        regions=tuple(parse_region(word) for word in limits.regions),
    )


def limits_of(words: Sequence[str] | None, **limits: Any) -> Limits:  # noqa: ANN401 - fields of Limits
    """Return limits from the words of `--license`: `commercial`, or ids of licences.

    Raises:
        UnknownWordError: `permissive`, which is a property and no licence.
    """
    ids = [word for word in words or () if word.casefold() != "commercial"]
    if any(word.casefold() == "permissive" for word in ids):
        raise UnknownWordError("No licence is called 'permissive' here", hint="Name the licences that are allowed")
    commercial = True if len(ids) < len(words or ()) else None
    return Limits(licenses=tuple(ids), commercial=commercial, **limits)
