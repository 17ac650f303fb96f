"""What `llmfit check` is asked about: models, or deploy files, told apart before anything is looked at."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmfit.commands.engine_options import option_of
from llmfit.commands.parsing import engine_option
from llmfit.errors import AmbiguousModelError, CannotAnswerError, SourceError, UnknownModelError, UsageError

if TYPE_CHECKING:
    from llmfit.answers.checking.pins import Pins
    from llmfit.catalog import Catalog
    from llmfit.records.deployment import CheckResult
    from llmfit.records.model import Model

YAML = (".yaml", ".yml")
"""Names of deploy files end so."""
MODELS = (".gguf", ".safetensors", ".json")
"""Names of files that hold a model end so."""


def check_targets(
    targets: Sequence[str],
    words: Mapping[str, Any],
    *,
    catalog: "Catalog",
    today: date,
    stale_prices: bool,
    pins: "Mapping[str, Pins] | None" = None,
) -> "tuple[CheckResult, ...]":
    """Return the result of each model or deployment, in their order.

    What is wrong is said in the order in which it can be mended: a file that cannot be read, one that is no deploy
    file, an unknown model, the device.

    Raises:
        UsageError: The words contradict one another, or a target is of no kind that is read.
        CannotAnswerError: A file cannot be read, or the only model is unknown.
    """
    files = [target for target in targets if target.casefold().endswith(YAML)]
    for target in targets:
        if target not in files:
            _refuse_other_file(target, catalog)
    if not files:
        return _check_models(targets, words, catalog=catalog, today=today, stale_prices=stale_prices, pins=pins)
    if len(files) < len(targets):
        raise UsageError("Models and deploy files cannot be checked together", hint="Run llmfit check twice")
    given = [name for name, word in words.items() if word not in (None, [], False)]
    if given:
        raise UsageError(f"{option_of(given[0])} has no meaning with a deploy file", hint="Write it into the file")
    from llmfit.answers.checking import check_file
    from llmfit.deployments import read_deployments

    found: list[CheckResult] = []
    for reading in [read_deployments(Path(name)) for name in dict.fromkeys(files)]:
        found += check_file(reading, catalog=catalog, today=today, stale_prices=stale_prices, pins=pins)
    return tuple(found)


def _refuse_other_file(target: str, catalog: "Catalog") -> None:
    """Refuse a file that is neither a deploy file nor a model by its name, and has no model's.

    Raises:
        SourceError: It cannot be read.
        UsageError: It can, and is none of them.
    """
    path = Path(target)
    try:
        other = path.exists() and not path.is_dir() and path.suffix.casefold() not in MODELS
    except (OSError, ValueError):
        return  # no file can have the name: it may be a model's
    if not other or _is_listed(target, catalog):
        return
    if not path.is_file():
        raise SourceError(f"{target}: no regular file", hint="Name a deploy file that ends in .yaml or .yml")
    kinds = f"deploy files ({', '.join(YAML)}), and models: a name, a folder, {', '.join(MODELS)}"
    raise UsageError(f"{target}: neither a deploy file nor a model", hint=f"llmfit check reads {kinds}")


def _is_listed(name: str, catalog: "Catalog") -> bool:
    """Whether the catalog has models of this name, which then comes before a file's."""
    try:
        catalog.model(name)
    except UnknownModelError:
        return False
    except AmbiguousModelError:
        return True
    return True


def _check_models(
    targets: Sequence[str],
    words: Mapping[str, Any],
    *,
    catalog: "Catalog",
    today: date,
    stale_prices: bool,
    pins: "Mapping[str, Pins] | None",
) -> "tuple[CheckResult, ...]":
    """Return a result for each model; among several, one that is unknown is undecided and hides no other."""
    from llmfit.answers.checking import check_model
    from llmfit.answers.checking.load import undecided
    from llmfit.answers.checking.question import limits_of
    from llmfit.answers.words import device_of

    rows = _rows(targets, catalog)
    load = dict(words)
    device = device_of(catalog, gpu=load.pop("gpu") or (), vram=load.pop("vram"), ram=load.pop("ram"))
    options = dict(engine_option(word) for word in load.pop("option") or ())
    limits = limits_of(
        load.pop("license_"),
        regions=tuple(load.pop("region") or ()),
        min_headroom_percent=load.pop("headroom"),
        min_tokens_per_second=load.pop("min_speed"),
        max_usd_per_hour=load.pop("max_price"),
    )
    results = []
    for name, row in rows.items():
        if isinstance(row, CannotAnswerError):
            results.append(undecided(name, name, row))
            continue
        try:
            found = check_model(
                row,
                device=device,
                catalog=catalog,
                limits=limits,
                today=today,
                options=options,
                stale_prices=stale_prices,
                pins=pins,
                **load,
            )
        except CannotAnswerError as error:
            if len(rows) == 1:
                raise
            found = undecided(name, name, error)
        results.append(found)
    return tuple(results)


def _rows(names: Sequence[str], catalog: "Catalog") -> "dict[str, Model | CannotAnswerError]":
    """Return the model of each name, or why there is none; the only one has to be known."""
    from llmfit.sources.resolve import model_of

    found: dict[str, Model | CannotAnswerError] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = model_of(catalog, name)
        except CannotAnswerError as error:
            if len(set(names)) == 1:
                raise
            found[name] = error
    return found
