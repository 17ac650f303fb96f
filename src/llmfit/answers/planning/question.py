"""The words of `llmfit plan` as a model, a load and the variants that are to be looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmfit.answers.checking.question import with_options
from llmfit.answers.words import (
    architecture_of,
    context_of,
    default_engine,
    format_of,
    kv_format_of,
    precision_of,
    with_words_of_engine,
    workload_of,
)
from llmfit.architectures import describe
from llmfit.catalog import Catalog
from llmfit.errors import LlmfitError, UnsupportedWorkloadError
from llmfit.estimate.options import OPTIONS
from llmfit.estimate.weights import estimate_weights
from llmfit.licensing import effective_license
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import OPTIONS_OF
from llmfit.records.format import EngineName, Format
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.plan import Plan
from llmfit.records.workload import Workload
from llmfit.sources.resolve import model_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question with every word resolved."""

    model: Model
    architecture: Architecture
    license: EffectiveLicense
    workloads: tuple[Workload, ...]
    """One for each engine and format, the asked context and sequences in each."""
    headroom: float = 0.0
    """Share of each GPU that must stay free."""
    usual: Workload | None = None
    """The one of them in the model's usual format; None where another one was asked for."""
    context_asked: bool = False
    """Whether the context was asked for, or is the default."""

    @property
    def limit(self) -> int:
        """The longest context to look for: what the model was made for, or its extension where more was asked for."""
        made_for = self.model.context_length
        longer = self.workloads[0].context > made_for
        return max(made_for, self.model.context_extended or 0) if longer else made_for

    def plan(self, **answer: Any) -> Plan:  # noqa: ANN401 - fields of Plan
        """Return a plan with what every one has."""
        load = self.workloads[0]
        return Plan(
            model=self.model,
            license=self.license,
            active_parameters=self.architecture.active_parameters,
            context=load.context,
            context_asked=self.context_asked,
            sequences=load.sequences,
            headroom_percent=100 * self.headroom,
            warnings=self.model.data_caveats,
            **answer,
        )


def wanted_of(
    catalog: Catalog,
    model: str | Model,
    *,
    engines: Sequence[str] = (),
    precision: str | None = None,
    format_name: str | None = None,
    kv_format: str | None = None,
    context: int | None = None,
    sequences: int | None = None,
    headroom: float | None = None,
    options: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    every: bool = False,
) -> Wanted:
    """Return the question; `every` looks at all formats of an engine, not at one for each precision.

    `options` are those of the engines by the names of a deploy file, `flags` by the names of `estimate.options`.

    Raises UsageError where words contradict one another, CannotAnswerError where the model is unknown or nothing runs.
    """
    row = model_of(catalog, model)
    architecture = architecture_of(row)
    usually = [default_engine(architecture)] if architecture.is_encoder_decoder else catalog.engines
    named = dict.fromkeys(catalog.engine(word).id for word in engines or usually)
    tokens, many = context_of(row, context=context, prompt_tokens=None), sequences or 1
    loads: list[Workload] = []
    faults: list[LlmfitError] = []
    for engine in named:
        try:
            formats = _formats(catalog, row, architecture, engine, precision=precision, name=format_name, every=every)
            plain = [_plain(catalog, engine, f, kv_format=kv_format, context=tokens, sequences=many) for f in formats]
            asked = with_words_of_engine(catalog, plain[0], architecture, model=row, options=flags or {})
            asked = with_options(asked, options or {}, architecture=architecture, model=row.id)
        except LlmfitError as error:
            faults.append(error)
            continue
        loads += [replace(asked, format=load.format, kv_format=load.kv_format) for load in plain]
    if faults and (engines or not loads):
        raise faults[0]
    usual = workload_of(catalog, row, architecture, engine=loads[0].engine.id).format
    return Wanted(
        model=row,
        usual=next((load for load in loads if load.format == usual), None),
        architecture=architecture,
        license=effective_license(row, models=catalog.models, licenses=catalog.licenses),
        workloads=tuple(loads),
        headroom=(headroom or 0.0) / 100,
        context_asked=context is not None,
    )


def _plain(
    catalog: Catalog, engine: EngineName, format_: Format, *, kv_format: str | None, context: int, sequences: int
) -> Workload:
    """Return a load without options, its cache as asked or as is usual beside the format."""
    runner = catalog.engines[engine]
    cache = kv_format_of(catalog, engine=runner, name=kv_format, weights=format_)
    return Workload(engine=runner, format=format_, kv_format=cache, context=context, sequences=sequences)


def _formats(
    catalog: Catalog,
    model: Model,
    architecture: Architecture,
    engine: str,
    *,
    precision: str | None,
    name: str | None,
    every: bool,
) -> list[Format]:
    """Return the formats to look at, most bits first: the asked one, or one for each precision that the engine has.

    Only those in which the engine can store this model.
    """
    runner = catalog.engine(engine)
    if name is not None or precision is not None:
        wanted = None if precision is None else precision_of(precision)
        return [format_of(catalog, engine=runner, precision=wanted, format_name=name)]
    native = catalog.formats.get(model.native_format or "")
    if native is not None and runner.id in native.engines:
        return [native]
    if every:
        found = [f for f in catalog.formats.values() if runner.id in f.engines and not f.requires_qat]
    else:
        found = [catalog.formats[stored.formats[0]] for stored in runner.stores if stored.precision != "fp32"]
    cache = kv_format_of(catalog, engine=runner, name=None)
    load = Workload(engine=runner, format=found[0], kv_format=cache, context=1)
    able = [format_ for format_ in found if _can_store(architecture, replace(load, format=format_))]
    if not able:
        raise UnsupportedWorkloadError(f"{engine} stores {model.id} in no format that llmfit knows")
    return sorted(able, key=lambda format_: (-format_.nominal_bits, format_.id))


def _can_store(architecture: Architecture, workload: Workload) -> bool:
    try:
        estimate_weights(architecture, workload)
    except UnsupportedWorkloadError:
        return False
    return True


def engines_with(options: Iterable[str], *, flags: Iterable[str] = ()) -> list[str]:
    """Return the engines that have all of these options of a deploy file, and of the command line."""
    return [
        engine
        for engine, own in OPTIONS_OF.items()
        if set(options) <= set(own) and all(engine in OPTIONS[name].engines for name in flags)
    ]


def usual_engine(catalog: Catalog, model: str | Model, *, precision: str | None, format_name: str | None) -> str:
    """Return the engine that a model usually runs on in this precision or format."""
    row = model_of(catalog, model)
    load = workload_of(catalog, row, describe(row.architecture), precision=precision, format_name=format_name)
    return load.engine.id
