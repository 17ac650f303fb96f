"""From the fields of a model's `config.json` to its tensors and caches."""

from collections.abc import Mapping
from typing import Any

from llmfit.architectures.families.registry import find_family, model_types
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError, nearest
from llmfit.records.architecture import Architecture

__all__ = ["describe", "known_model_types"]


def describe(config: Mapping[str, Any]) -> Architecture:
    """Describe a model exactly from its `config.json`.

    Raises UnsupportedArchitectureError for a `model_type` or a setting that cannot be counted,
    and InvalidConfigError for a missing or impossible value. Nothing is guessed.
    """
    model_type = config.get("model_type") if isinstance(config, Mapping) else None
    if not isinstance(model_type, str) or not model_type:
        raise InvalidConfigError("config.json has no `model_type`", hint="a model's own config.json names it")
    family = find_family(model_type)
    if family is None:
        near = nearest(model_type[:80], model_types())
        hint = f"nearest known: {', '.join(near)}" if near else ""
        raise UnsupportedArchitectureError(
            f"model_type {model_type[:80]!a} has no description of its tensors in llmfit", hint=hint
        )
    return family(model_type, dict(config))


def known_model_types() -> tuple[str, ...]:
    """Return every `model_type` that can be described, sorted."""
    return tuple(model_types())
