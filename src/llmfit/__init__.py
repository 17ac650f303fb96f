"""Which open-source language models fit a machine, byte by byte."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmfit.api import compare_models, estimate_finetuning, estimate_model, named_device, recommend_models
    from llmfit.catalog import Catalog, load_catalog
    from llmfit.errors import LlmfitError
    from llmfit.records.device import Device
    from llmfit.records.estimate import Estimate, Fit, Verdict
    from llmfit.records.model import Model
    from llmfit.records.recommendation import Recommendations
    from llmfit.records.sizing import Sizing

__version__ = "0.1.0"

_HOMES = {
    "Catalog": "llmfit.catalog",
    "Device": "llmfit.records.device",
    "Estimate": "llmfit.records.estimate",
    "Fit": "llmfit.records.estimate",
    "LlmfitError": "llmfit.errors",
    "Model": "llmfit.records.model",
    "Recommendations": "llmfit.records.recommendation",
    "Sizing": "llmfit.records.sizing",
    "Verdict": "llmfit.records.estimate",
    "compare_models": "llmfit.api",
    "estimate_finetuning": "llmfit.api",
    "estimate_model": "llmfit.api",
    "load_catalog": "llmfit.catalog",
    "named_device": "llmfit.api",
    "recommend_models": "llmfit.api",
}
"""Where each public name lives; it is imported when it is first used."""

__all__ = [
    "Catalog",
    "Device",
    "Estimate",
    "Fit",
    "LlmfitError",
    "Model",
    "Recommendations",
    "Sizing",
    "Verdict",
    "__version__",
    "compare_models",
    "estimate_finetuning",
    "estimate_model",
    "load_catalog",
    "named_device",
    "recommend_models",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type, given above
    """Return a public name, imported now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'llmfit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
