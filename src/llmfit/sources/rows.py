"""Turns a model that was read into a row of `models.yaml`, and compares such a row with one that is there."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from math import isfinite
from typing import Any

from llmfit.catalog.integrity import FIRST_RELEASE
from llmfit.errors import UsageError
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.sources.gguf_config import UNKNOWN

Row = dict[str, Any]
ORDER = tuple(field.name for field in fields(Model))
"""Fields in the order in which a row lists them."""
REFRESHED = ("license", "languages", "tasks", "gated", "likes", "downloads", "released")
"""Fields that `--update` takes from the source, where it tells them."""
COMPARED = ("parameters", "context_length", "license", "languages", "gated", "released")
"""Fields that `--check` compares."""
_NOISE = frozenset(
    {
        "_name_or_path", "transformers_version", "torch_dtype", "dtype", "auto_map", "use_cache", "initializer_range",
        "initializer_factor", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "hidden_act", "hidden_dropout",
        "pretraining_tp", "quantization_config", "compression_config", "id2label", "label2id", "task_specific_params",
        "time_step_limit",
        "return_dict", "output_attentions", "output_hidden_states", "problem_type", "unsloth_version",
    }
)  # fmt: skip
"""Keys of `config.json` that decide no shape."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs."""

    field: str
    before: Any
    after: Any


def row_of(model: SourcedModel, *, today: date, given: Mapping[str, Any], whole: bool = True) -> Row:
    """Return the row of a model; `given` are fields that the user states.

    A row that is not `whole` may lack what the source does not tell, to be compared with one that is there.

    Raises:
        UsageError: The source does not tell what a row must say, and the user does not either.
    """
    row: Row = {field.name: getattr(model, field.name) for field in fields(Model) if not _is_default(model, field)}
    row["architecture"] = shapes_of(model.architecture)
    row["sources"] = [
        {"of": "architecture|parameters|context_length", "source": model.origin, "checked": today.isoformat()}
    ]
    if model.released_certainty == "derived":
        row["sources"].append(
            {
                "of": "released|license|languages",
                "source": f"page of {model.id}; the date is that of the repository",
                "checked": today.isoformat(),
                "certainty": "derived",
            }
        )
    row |= given
    if model.publisher == "local":
        row["publisher"] = str(row["id"]).partition("/")[0]
    if "released" in given:
        row["released_certainty"] = "recalled"
    if "context_length" in given:
        row["context_certainty"] = "recalled"
    _check(model, row)
    if whole:
        _check_gaps(model, row)
    if "released" in given:
        _check_day(date.fromisoformat(given["released"]), today=today)
    ordered = {name: _plain(row[name]) for name in ORDER if name in row}
    return {name: value for name, value in ordered.items() if value is not None}


def _check(model: SourcedModel, row: Mapping[str, Any]) -> None:
    """Refuse a row that can be none."""
    if str(model.architecture.get("model_type", "")).startswith(UNKNOWN):
        raise UsageError(f"{model.id} has an architecture that cannot be counted", hint="Import its 16-bit repository")
    owner, _, name = str(row["id"]).partition("/")
    if not (owner and name and "/" not in name and f"{owner}{name}".isprintable() and " " not in f"{owner}{name}"):
        if model.publisher == "local" and row["id"] == model.id:  # the name of what was read, not an id that was given
            message = f"{model.id[:100]!r} is the name of a folder or a file, which has no id of a model"
            raise UsageError(message, hint="Give --id owner/name")
        raise UsageError(f"{str(row['id'])[:100]!r} is no id of a model", hint="Give --id owner/name")


def _check_gaps(model: SourcedModel, row: Mapping[str, Any]) -> None:
    """Refuse a row with a gap that the source does not fill."""
    if model.released_certainty == "unknown" and row["released_certainty"] == "unknown":
        raise UsageError(f"Nothing says when {model.id} was released", hint="Give --released YYYY-MM-DD")
    if model.context_certainty == "unknown" and row.get("context_certainty") == "unknown":
        raise UsageError(f"Nothing says for how many tokens {model.id} was made", hint="Give --context TOKENS")


def _check_day(day: date, *, today: date) -> None:
    """Refuse a day of release on which no model can have been released."""
    if day.year < FIRST_RELEASE:
        raise UsageError(f"--released {day}: before the first transformer", hint=f"Give a day from {FIRST_RELEASE} on")
    if day > today:
        raise UsageError(f"--released {day}: a day still to come", hint=f"Give a day up to {today}")


def shapes_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a configuration that may decide shapes."""
    return {
        name: shapes_of(value) if isinstance(value, Mapping) else value
        for name, value in config.items()
        if isinstance(name, str)
        and name not in _NOISE
        and not name.endswith(("_token_id", "dropout", "_pdrop"))
        and not (isinstance(value, float) and not isfinite(value))
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, names: tuple[str, ...]) -> tuple[Change, ...]:
    """Return where two rows differ in these fields; a field that the new row does not tell does not differ."""
    return tuple(
        Change(name, before.get(name), after[name])
        for name in names
        if name in after and before.get(name) != after[name] and not _is_silent(name, after)
    )


def _is_silent(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a value stands for not knowing; a repository's date never replaces a release date."""
    if name == "released":
        return row.get("released_certainty") in {"derived", "unknown"}
    return row[name] in ("unknown", [], ())


def plain_row(model: Model) -> Row:
    """Return a model of the catalog as a row."""
    return {name: _plain(getattr(model, name)) for name in ORDER}


def _is_default(model: Model, field: Any) -> bool:  # noqa: ANN401 - a dataclass field of any type
    value = getattr(model, field.name)
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return default is not MISSING and value == default


def _plain(value: Any) -> Any:  # noqa: ANN401 - rows hold anything
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if not _is_default(value, f)}  # type: ignore[arg-type]  # a record, as all of these
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
