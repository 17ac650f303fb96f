"""Checks one load on one machine against its limits."""

from collections.abc import Sequence
from dataclasses import replace

from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.findings import findings_of, headroom_words
from llmfit.answers.checking.machines import COUNTS, card_of_size, machines_beyond
from llmfit.answers.checking.pins import pinned_license, pins_of
from llmfit.answers.checking.spelling import Spelling
from llmfit.catalog import Catalog
from llmfit.errors import CannotAnswerError, LlmfitError, UnsupportedWorkloadError
from llmfit.estimate.shapes import divided, shape_problems
from llmfit.estimate.speed import estimate_speed, why_no_speed
from llmfit.licensing import effective_license
from llmfit.records.deployment import Change, CheckResult, Finding, Place, Status
from llmfit.records.estimate import Verdict
from llmfit.records.sizing import Sizing
from llmfit.solve.changes import Alternatives, solve_changes
from llmfit.solve.judge import Judgement, judge
from llmfit.solve.offload import settle
from llmfit.units import GIB


def check_load(asked: Asked, catalog: Catalog) -> CheckResult:
    """Return whether the load fits and keeps its limits, what decides, and what would make it fit."""
    limits, shape = asked.limits, asked.workload.options
    asked = replace(asked, workload=divided(asked.architecture, asked.workload, asked.device))
    share, free = (limits.min_headroom_percent or 0.0) / 100, round((limits.min_headroom_gb or 0.0) * GIB)
    try:
        problems = shape_problems(asked.architecture, asked.workload, asked.device)
        if problems:
            raise UnsupportedWorkloadError(problems[0].message, hint=problems[0].hint)
        found = judge(asked.architecture, asked.workload, device=asked.device, explain=True)
        tight = judge(asked.architecture, asked.workload, device=asked.device, headroom=share, headroom_bytes=free)
    except CannotAnswerError as error:
        return undecided(asked.name, asked.model.id, error, place=asked.place)
    sizing = _sizing(asked, found, catalog)
    findings = findings_of(asked, found, roomy=tight.runs, sizing=sizing, catalog=catalog)
    shaped = shape.tensor_parallel * shape.pipeline_parallel > 1
    changes = () if tight.runs else _changes(asked, catalog, share=share, free=free, shaped=shaped)
    return CheckResult(
        name=asked.name,
        model=asked.model.id,
        revision=asked.revision,
        place=asked.place,
        status=status_of(findings),
        sizing=sizing,
        margin_bytes=found.tightest.margin,
        margin_percent=round(100 * found.tightest.margin / max(1, found.tightest.usable), 1),
        deciding_part=found.deciding_part.value,
        headroom=headroom_words(limits),
        changes=changes,
        findings=findings,
        conditions=sizing.license.conditions,
        facts=_facts(asked, found, sizing),
    )


def status_of(findings: Sequence[Finding]) -> Status:
    """Return `fail` where something does not hold, else `undecided` where something is unknown, else `pass`."""
    levels = {finding.level for finding in findings if not finding.excused}
    return "fail" if "error" in levels else "undecided" if "unknown" in levels else "pass"


def undecided(name: str, model: str, error: LlmfitError, *, place: Place | None = None) -> CheckResult:
    """Return the result of a question that could not be answered."""
    hint = f" ({error.hint})" if error.hint else ""
    finding = Finding(rule="undecided", level="unknown", message=f"{error.message}{hint}", place=place)
    return CheckResult(
        name=name, model=model, place=place, status="undecided", findings=(finding,), error_code=error.code
    )


def _sizing(asked: Asked, found: Judgement, catalog: Catalog) -> Sizing:
    fitted, split = settle(asked.architecture, found.workload, found.fit)
    speed, why = None, ""
    if found.fit.verdict in {Verdict.FITS, Verdict.TIGHT}:
        speed = estimate_speed(asked.architecture, found.workload, device=asked.device, estimate=found.estimate)
        why = "" if speed else why_no_speed(asked.architecture, found.workload, device=asked.device)
    return Sizing(
        model=asked.model,
        active_parameters=asked.architecture.active_parameters,
        license=pinned_license(
            effective_license(asked.model, models=catalog.models, licenses=catalog.licenses),
            asked.pins,
            model=asked.model,
        ),
        workload=replace(found.workload, prompt_tokens=asked.workload.prompt_tokens),
        estimate=found.estimate,
        fit=fitted,
        speed=speed,
        speed_reason=why,
        offload=split,
        warnings=asked.model.data_caveats,
    )


def _changes(asked: Asked, catalog: Catalog, *, share: float, free: int, shaped: bool) -> tuple[Change, ...]:
    alternatives = Alternatives(
        formats=tuple(catalog.formats.values()),
        kv_formats=tuple(catalog.kv_formats.values()),
        devices=machines_beyond(asked.device, catalog),
        most_gpus=COUNTS[-1],
        card=None if asked.place is not None else card_of_size(asked.device, catalog),
    )
    spelling = Spelling(
        in_file=asked.place is not None,
        words=asked.words,
        workload=asked.workload,
        device=asked.device,
        shaped=shaped,
        formats=catalog.formats,
    )
    found = solve_changes(
        asked.architecture,
        asked.workload,
        device=asked.device,
        alternatives=alternatives,
        headroom=share,
        headroom_bytes=free,
    )
    return tuple(map(spelling.spelled, found))


def _facts(asked: Asked, found: Judgement, sizing: Sizing) -> dict[str, object]:
    """Return what a lock file pins: everything that the answer follows from, and the answer."""
    load = found.workload
    return {
        **pins_of(asked.model, asked.device, sizing.license),
        "revision": asked.revision,
        "license": sizing.license.effective_id,
        "commercial": sizing.license.commercial,
        "engine": load.engine.id,
        "engine_rules": load.options.engine_version or load.engine.version,
        "format": load.format.id,
        "kv_format": load.kv_format.id,
        "context": load.context,
        "sequences": load.sequences,
        "device": asked.device.name,
        "usable_bytes": asked.device.usable_bytes,
        **{f"{part.name.value}_bytes": part.bytes for part in found.estimate.parts},
        "total_bytes": found.estimate.total_bytes,
        "verdict": None if sizing.fit is None else sizing.fit.verdict.value,
    }
