"""`llmfit check FILE.yaml`: every deployment of a deploy file, its words held to the catalog's."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.load import check_load, undecided
from llmfit.answers.checking.pins import Pins, pinned_device, pinned_model
from llmfit.answers.checking.question import resolve_limits, with_options
from llmfit.answers.words import (
    architecture_of,
    context_of,
    device_of,
    format_of,
    kv_format_of,
    precision_of,
    workload_of,
)
from llmfit.architectures import describe
from llmfit.catalog import Catalog
from llmfit.errors import CannotAnswerError, UsageError
from llmfit.estimate.options import OPTIONS
from llmfit.estimate.shapes import refuse_one_of_several
from llmfit.licensing import parse_region
from llmfit.records.deployment import CheckResult, Deployment, FileProblem, Limits, Options, Settings, Waiver
from llmfit.records.model import Model
from llmfit.sources.resolve import model_of

if TYPE_CHECKING:
    from llmfit.deployments import Reading
    from llmfit.records.device import Device

_WORDS = ("engine", "precision", "format", "kv_format", "context", "prompt_tokens", "sequences")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


def check_file(
    reading: "Reading",
    *,
    catalog: Catalog,
    today: date,
    stale_prices: bool = False,
    pins: Mapping[str, Pins] | None = None,
) -> tuple[CheckResult, ...]:
    """Return the result of each deployment, in the file's order.

    `pins` are the facts of a lock file by the deployment's name, which then count in the place of the catalog's.

    Raises:
        InvalidFileError: A word is unknown or contradicts another one; all of them at once.
    """
    problems = [*_names(reading), *_waivers(reading)]
    for place, deployment in enumerate(reading.data.deployments):
        problems += _word_problems(reading, place, deployment, catalog)
    if problems:
        raise reading.invalid(problems)
    return tuple(
        _check(
            reading,
            place,
            deployment,
            catalog=catalog,
            today=today,
            stale_prices=stale_prices,
            pins=(pins or {}).get(deployment.name, {}),
        )
        for place, deployment in enumerate(reading.data.deployments)
    )


def _check(
    reading: "Reading",
    place: int,
    deployment: Deployment,
    *,
    catalog: Catalog,
    today: date,
    stale_prices: bool,
    pins: Pins,
) -> CheckResult:
    """Return one result; what cannot be answered is one, too."""
    at = reading.place(("deployments", place))
    try:
        row = pinned_model(model_of(catalog, deployment.model), pins)
        architecture = architecture_of(row)
        device = pinned_device(_device(deployment, catalog), pins)
        load = workload_of(catalog, row, architecture, **_load_words(deployment))
        asked = Asked(
            name=deployment.name,
            model=row,
            architecture=architecture,
            workload=with_options(
                load,
                _options(deployment),
                architecture=architecture,
                model=row.id,
                version=deployment.engine_version,
            ),
            device=device,
            limits=resolve_limits(deployment.limits or Limits(), catalog),
            words={name for name in _WORDS if getattr(deployment, name) is not None},
            waivers=[waiver for waiver in reading.data.exceptions if waiver.deployment == deployment.name],
            revision=deployment.revision,
            place=at,
            today=today,
            stale_prices=stale_prices,
            pins=pins,
        )
    except UsageError as error:
        raise reading.invalid([_problem(reading, place, deployment, "", error)]) from None
    except CannotAnswerError as error:
        return undecided(deployment.name, deployment.model, error, place=at)
    found = check_load(asked, catalog)
    placed = [replace(one, place=reading.place_of(place, one.field or "name")) for one in found.findings]
    return replace(found, findings=tuple(placed))


def _device(deployment: Settings, catalog: Catalog) -> "Device":
    count = f"{deployment.gpu_count}x " if deployment.gpu_count else ""
    if deployment.gpu is not None:
        return device_of(catalog, gpu=[f"{count}{deployment.gpu}"], ram=deployment.ram_gb)
    device = device_of(catalog, vram=deployment.vram_gb, ram=deployment.ram_gb)
    return replace(device, gpus=device.gpus * (deployment.gpu_count or 1))


def _load_words(deployment: Deployment) -> dict[str, Any]:
    return {"format_name" if name == "format" else name: getattr(deployment, name) for name in _WORDS}


def _options(deployment: Deployment) -> dict[str, Any]:
    options = deployment.options or Options()
    return {one.name: value for one in fields(Options) if (value := getattr(options, one.name)) is not None}


def _names(reading: "Reading") -> Iterator[FileProblem]:
    seen: set[str] = set()
    for place, deployment in enumerate(reading.data.deployments):
        if deployment.name in seen:
            yield reading.problem(place, "name", "a name for the second time", "give each deployment its own name")
        seen.add(deployment.name)


def _waivers(reading: "Reading") -> Iterator[FileProblem]:
    known = {deployment.name for deployment in reading.data.deployments}
    for place, waiver in enumerate(reading.data.exceptions):
        if waiver.deployment not in known:
            yield _waiver_problem(reading, place, waiver, sorted(known))


def _waiver_problem(reading: "Reading", place: int, waiver: Waiver, known: list[str]) -> FileProblem:
    return FileProblem(
        place=reading.place(("exceptions", place, "deployment")),
        row=f"exceptions[{place}]",
        field="deployment",
        message=f"no deployment is called `{waiver.deployment}`",
        fix=f"name one of {', '.join(known)}, or remove the exception",
    )


def _word_problems(reading: "Reading", place: int, deployment: Deployment, catalog: Catalog) -> Iterator[FileProblem]:
    """Yield what is wrong with the words of one deployment, each with its own field."""
    told: set[str] = set()  # words go wrong alone and again in company: the first time counts
    for field, check in _word_checks(deployment, catalog):
        try:
            check()
        except UsageError as error:
            if error.message not in told:
                yield _problem(reading, place, deployment, field, error)
            told.add(error.message)
        except CannotAnswerError:
            return  # an unknown model or GPU is no fault of the file's form: it cannot be decided


def _word_checks(deployment: Deployment, catalog: Catalog) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each word's field with what refuses it; a word is looked at once those before it are good."""
    limits = deployment.limits or Limits()
    if deployment.engine is not None:
        yield "engine", lambda: catalog.engine(deployment.engine or "")
    if deployment.precision is not None:
        yield "precision", lambda: precision_of(deployment.precision or "")
    if deployment.format is not None:
        yield "format", lambda: catalog.format(deployment.format or "")
    if deployment.kv_format is not None:
        yield "kv_format", lambda: catalog.kv_format(deployment.kv_format or "")
    for number, word in enumerate(limits.licenses):
        yield f"limits.licenses.{number}", lambda word=word: catalog.license(word)  # type: ignore[misc]  # one word each
    for number, word in enumerate(limits.regions):
        yield f"limits.regions.{number}", lambda word=word: parse_region(word)  # type: ignore[misc]  # one word each
    yield "gpu", lambda: _named_card(deployment, catalog)
    yield "format", lambda: _format_goes_with_engine(deployment, catalog)
    yield "kv_format", lambda: _cache_goes_with_engine(deployment, catalog)
    yield "context", lambda: _context_is_possible(deployment, model_of(catalog, deployment.model))
    yield "options", lambda: _options_are_known(deployment, catalog)


def _named_card(deployment: Deployment, catalog: Catalog) -> None:
    if deployment.gpu is None and deployment.vram_gb is None:
        raise UsageError("no GPU", hint="add `gpu:` with its name, or `vram_gb:` with the size of the card")
    if deployment.gpu is not None and deployment.vram_gb is not None:
        raise UsageError("gpu and vram_gb contradict each other", hint="keep one of them")
    _device(deployment, catalog)


def _format_goes_with_engine(deployment: Deployment, catalog: Catalog) -> None:
    if deployment.engine is not None and (deployment.format or deployment.precision):
        precision = None if deployment.precision is None else precision_of(deployment.precision)
        engine = catalog.engine(deployment.engine)
        format_of(catalog, engine=engine, precision=precision, format_name=deployment.format)


def _cache_goes_with_engine(deployment: Deployment, catalog: Catalog) -> None:
    if deployment.engine is not None:
        kv_format_of(catalog, engine=catalog.engine(deployment.engine), name=deployment.kv_format)


def _context_is_possible(deployment: Deployment, model: Model) -> None:
    context_of(model, context=deployment.context, prompt_tokens=deployment.prompt_tokens)


def _options_are_known(deployment: Deployment, catalog: Catalog) -> None:
    row = model_of(catalog, deployment.model)
    architecture = describe(row.architecture)
    load = workload_of(catalog, row, architecture, **_load_words(deployment))
    with_options(load, _options(deployment), architecture=architecture, model=row.id, version=deployment.engine_version)
    refuse_one_of_several(_options(deployment), _device(deployment, catalog))


def _problem(reading: "Reading", place: int, deployment: Deployment, field: str, error: UsageError) -> FileProblem:
    fields_of = {option.flag.removeprefix("--"): name for name, option in OPTIONS.items()}

    def plain(text: str) -> str:
        return _OPTION.sub(lambda found: f"`{fields_of.get(found[1], found[1].replace('-', '_'))}`", text)

    hint = plain(error.hint) or "correct the value"
    return replace(
        reading.problem(place, field, plain(error.message), hint[:1].lower() + hint[1:]), row=deployment.name
    )
