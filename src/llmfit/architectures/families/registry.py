"""Which recipe describes which `model_type`."""

from collections.abc import Iterator
from importlib import import_module

from llmfit.architectures.decoder import Describe

MODULES = (
    "llama",
    "mamba",
    "vision",
    "gemma4",
    "convolution",
    "remote",
    "vision_glm",
    "vision_llama",
    "sparse",
    "deepseek",
    "deepseek_v4",
    "vision_phi",
    "gemma",
    "delta",
    "irregular",
    "sparse_shared",
    "encoders",
    "gpt",
    "seq2seq",
    "vision_new",
    "glm5_next",
    "zamba",
)
"""Modules with a mapping `FAMILIES` from `model_type` to recipe, in the order in which they are searched.

Those that answers meet most often come first: a search imports no further module than the one that has the recipe.
"""


def find_family(model_type: str) -> Describe | None:
    """Return the recipe of a `model_type`; None where no module has one."""
    return next((families[model_type] for families in _families() if model_type in families), None)


def model_types() -> list[str]:
    """Return every `model_type` that has a recipe, sorted."""
    return sorted({model_type for families in _families() for model_type in families})


_loaded: dict[str, dict[str, Describe]] = {}


def _families() -> Iterator[dict[str, Describe]]:
    for name in MODULES:
        if name not in _loaded:
            _loaded[name] = import_module(f"llmfit.architectures.families.{name}").FAMILIES
        yield _loaded[name]
