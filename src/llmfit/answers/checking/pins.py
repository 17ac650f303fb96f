"""What a lock file holds still: the facts of a model, its licence and its GPUs, put in the place of today's."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from llmfit.errors import SourceError
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_MODEL = ("architecture", "parameters", "context_length", "context_extended", "context_certainty", "native_format")
Pins = Mapping[str, Any]
"""What the lock file says of one deployment."""


def pins_of(model: Model, device: Device, license_: EffectiveLicense) -> dict[str, Any]:
    """Return the facts from which a later run can compute the same answer, as JSON has them.

    The GPUs of a machine that was looked at are no facts: they are what its driver reports.
    """
    named = device.source != "detected"
    return {
        "model": model.id,
        **_facts_of(model),
        "license_terms": asdict(license_),
        "gpus": [asdict(gpu) for gpu in device.gpus] if named else None,
    }


def _facts_of(model: Model) -> dict[str, Any]:
    """Return the facts of a model from which bytes are counted, as JSON has them."""
    return {**{name: getattr(model, name) for name in _MODEL}, "architecture": dict(model.architecture)}


def pinned_model(model: Model, pins: Pins) -> Model:
    """Return the model with the facts of the lock file; itself where that speaks of another model.

    Raises:
        SourceError: The facts are not of their types.
    """
    if pins.get("model") != model.id:
        return model
    facts = {name: pins[name] for name in _MODEL if name in pins}
    named = {name: getattr(model, name) for name in ("id", "family", "publisher", "kind", "license")}
    read = _read(Model, {**named, **_facts_of(model), "released": model.released.isoformat(), **facts})
    return replace(model, **{name: getattr(read, name) for name in facts})


def pinned_license(license_: EffectiveLicense, pins: Pins, *, model: Model) -> EffectiveLicense:
    """Return the terms of the lock file; today's where that has none of this model.

    Raises:
        SourceError: They are not of their types.
    """
    if pins.get("model") != model.id or "license_terms" not in pins:
        return license_
    found: EffectiveLicense = _read(EffectiveLicense, pins["license_terms"])
    return found


def pinned_device(device: Device, pins: Pins) -> Device:
    """Return the device with the memory of the lock file, where that has the same GPUs.

    Raises:
        SourceError: They are not of their types.
    """
    rows = pins.get("gpus")
    if device.source == "detected" or not rows:
        return device
    found: list[DeviceGpu] = [_read(DeviceGpu, row) for row in rows] if isinstance(rows, list) else []
    if [gpu.name for gpu in found] != [gpu.name for gpu in device.gpus]:
        return device
    return replace(device, gpus=tuple(found))


def _read(kind: type, facts: object) -> Any:  # noqa: ANN401 - a record of that kind
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(json.dumps(facts))
    except (ValidationError, TypeError, ValueError):
        raise SourceError(
            "The lock file has facts of a form that llmfit does not write", hint="Write it again with --update-lock"
        ) from None


@cache
def _adapter(kind: type) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
