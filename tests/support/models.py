"""Small models, licences and GPUs for tests that need no catalog."""

from dataclasses import replace
from datetime import date
from typing import Any

from llmfit.records.device import Gpu
from llmfit.records.license import License
from llmfit.records.model import Model

GIB = 1024**3
MODEL = Model(
    id="owner/model",
    family="Test",
    publisher="owner",
    kind="instruct",
    architecture={"model_type": "llama"},
    parameters=1,
    released=date(2025, 1, 1),
    license="apache-2.0",
    context_length=4096,
)
LICENSE = License(
    id="apache-2.0", name="Apache", permissive=True, commercial="yes", passes_to_derivatives=False, certainty="sourced"
)


def a_model(model_id: str = "owner/model", **changes: Any) -> Model:
    """Return a model whose publisher is the owner in its id, changed as asked."""
    return replace(MODEL, id=model_id, **{"publisher": model_id.split("/", maxsplit=1)[0], **changes})


def a_license(license_id: str, **changes: Any) -> License:
    """Return a permissive licence, changed as asked."""
    return replace(LICENSE, id=license_id, name=license_id, **changes)


def a_gpu(name: str, gb: float, **changes: Any) -> Gpu:
    """Return an NVIDIA card of this name and nominal size, changed as asked."""
    gpu_id = name.casefold().replace(" ", "-")
    return replace(Gpu(id=gpu_id, name=name, vendor="nvidia", memory_bytes=round(gb * GIB)), **changes)
