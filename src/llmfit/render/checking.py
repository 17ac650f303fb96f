"""How the results of `check` look: one block for each deployment, and what continuous integration reads."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from llmfit.records.deployment import CheckResult, Finding, Place
from llmfit.records.estimate import LABELS, Fit, PartName, Verdict
from llmfit.records.frozen import dataclass
from llmfit.render import envelope as nouns
from llmfit.render.explain import memory_explained
from llmfit.render.fitting import memory_table
from llmfit.render.grid import Cell, Column, Records, Row, Scalar, escape_markdown, markdown
from llmfit.render.prose import BLANK, Drawable, notes, said
from llmfit.render.sizing import load_words, model_words, sizing_json, speed_words, warnings_of
from llmfit.render.text import count_of
from llmfit.render.view import Origin
from llmfit.units import amount

STATUS = {"pass": ("ok", "green"), "fail": ("does not hold", "red"), "undecided": ("could not decide", "yellow")}
FIELDS = (
    "name",
    "model",
    "status",
    "verdict",
    "device",
    "engine",
    "format",
    "context",
    "sequences",
    "kv_format",
    "total_bytes",
    "usable_bytes",
    "margin_bytes",
    "margin_percent",
    "deciding_part",
    "smallest_change",
    "license",
    "findings",
)
_COLUMNS = (
    Column("deployment", shrinks=True, style="bold"),
    Column("model", shrinks=True),
    Column("device", shrinks=True),
    Column("margin", "right"),
    Column("%", "right"),
    Column("result"),
    Column("why", shrinks=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """The answer of `check`."""

    results: Sequence[CheckResult]
    origin: Origin
    today: date
    """Day on which exceptions and prices were judged."""
    explain: bool = False
    changed: Sequence[str] = ()
    """What differs from the lock file, in words."""

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        counts = {status: sum(result.status == status for result in self.results) for status in STATUS}
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            as_of=self.today.isoformat(),
            summary=counts,
            results=self.items(),
            changed=list(self.changed),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each deployment."""
        return [result_json(result, explain=self.explain) for result in self.results]

    def records(self) -> Records:
        """Return one row for each deployment."""
        return Records(FIELDS, [_record(result) for result in self.results])

    def table(self) -> Sequence[Drawable]:
        """Return a block for each deployment, and the count of what holds."""
        blocks = [part for result in self.results for part in (*_block(result, explain=self.explain), BLANK)]
        return [*blocks, *notes("changed since the lock", self.changed), said(self._summary())]

    def _summary(self) -> str:
        counts = [(sum(result.status == status for result in self.results), status) for status in STATUS]
        words = ", ".join(f"{count} {STATUS[status][0]}" for count, status in counts if count)
        return f"{count_of(len(self.results), 'deployment')}: {words}; catalog {self.origin.catalog_version}"

    def markdown(self) -> str:
        """Return one table and what does not hold, as a step's summary shows it."""
        parts = ["### llmfit check", markdown(_COLUMNS, [_row(result) for result in self.results])]
        for result in self.results:
            found = [f"- {escape_markdown(line)}" for line in _findings(result)]
            if found and result.status != "pass":
                parts.append("\n".join([f"**{escape_markdown(result.name)}**", "", *found]))
        if self.changed:
            parts.append(
                "\n".join(["**Changed since the lock**", "", *(f"- {escape_markdown(c)}" for c in self.changed)])
            )
        return "\n\n".join([*parts, escape_markdown(self._summary())])


def result_json(result: CheckResult, *, explain: bool = False) -> dict[str, Any]:
    """Return one deployment's result; what no answer has is null."""
    sizing = result.sizing
    item: dict[str, Any] = {
        "name": result.name,
        "asked_model": result.model,
        "revision": result.revision,
        "place": place_json(result.place),
        "status": result.status,
        "error_code": result.error_code,
        "margin_bytes": result.margin_bytes,
        "margin_percent": result.margin_percent,
        "deciding_part": result.deciding_part,
        "changes": [
            {
                "kind": change.kind,
                "setting": change.setting,
                "value": change.value,
                "message": change.message,
                "write": change.write,
                "margin_bytes": change.margin_bytes,
                "roomy": change.roomy,
                "also": [{"kind": one.kind, "setting": one.setting, "value": one.value} for one in change.also],
            }
            for change in result.changes
        ],
        "findings": [_finding_json(finding) for finding in result.findings],
        "conditions": list(result.conditions),
        "device": None if sizing is None else nouns.device_json(sizing.device),
        "estimate": None if sizing is None else sizing_json(sizing, explain=explain),
    }
    return item


def place_json(place: Place | None) -> dict[str, Any] | None:
    """Return where something stands in a file; None where there is no file."""
    return None if place is None else {"file": place.file, "line": place.line, "column": place.column}


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "message": finding.message,
        "field": finding.field,
        "excused": finding.excused,
        "place": place_json(finding.place),
    }


def _record(result: CheckResult) -> list[Scalar]:
    sizing, fit = result.sizing, None if result.sizing is None else result.sizing.fit
    load = {} if sizing is None else sizing_json(sizing, explain=False)["workload"]
    return [
        result.name,
        result.model,
        result.status,
        None if fit is None else fit.verdict.value,
        None if fit is None else fit.device.name,
        *(load.get(name) for name in ("engine", "format", "context", "sequences", "kv_format")),
        None if sizing is None else sizing.estimate.total_bytes,
        None if fit is None else fit.device.usable_bytes,
        result.margin_bytes,
        result.margin_percent,
        result.deciding_part,
        result.changes[0].advice if result.changes else None,
        None if sizing is None else sizing.license.effective_id,
        "; ".join(finding.message for finding in result.findings if finding.level in {"error", "unknown"}),
    ]


def _row(result: CheckResult) -> Row:
    device = None if result.sizing is None else result.sizing.device
    wrong = [finding.message for finding in result.findings if finding.level in {"error", "unknown"}]
    return [
        result.name,
        result.model,
        "" if device is None else device.name,
        "" if result.margin_bytes is None else amount(result.margin_bytes),
        "" if result.margin_percent is None else f"{result.margin_percent:.1f}",
        Cell(*STATUS[result.status]),
        wrong[0] if wrong else "",
    ]


def _findings(result: CheckResult) -> list[str]:
    """Return every finding and change in words, those that matter most first."""
    order = ("error", "unknown", "warning", "note")
    findings = sorted(result.findings, key=lambda one: order.index(one.level))
    words = [f"{finding.rule}: {finding.message}{_excuse(finding)}" for finding in findings]
    heads = ("fix", *("or" for _ in result.changes[1:]))
    beyond = f" beyond the {result.headroom} asked for" if result.headroom else ""
    for head, change in zip(heads, result.changes, strict=False):
        note = f"; {change.note}" if change.note else ""
        words.append(f"{head}: {change.advice}; {amount(change.margin_bytes)} stay free{beyond}{note}")
    return words


def _excuse(finding: Finding) -> str:
    return f" [excused: {finding.excused}]" if finding.excused else ""


def _block(result: CheckResult, *, explain: bool) -> list[Drawable]:
    named = f" ({result.model})" if result.name != result.model else ""
    lines: list[Drawable] = [said((result.name, "bold"), f"{named}: ", STATUS[result.status])]
    sizing = result.sizing
    if sizing is not None and sizing.fit is not None:
        lines += [said(words, indent=2, hang=0) for words in (model_words(sizing), load_words(sizing))]
        lines.append(said(_margin_words(result), indent=2, hang=0))
        if explain:
            lines += [BLANK, *memory_table(sizing.estimate, fit=sizing.fit), BLANK]
            lines += [*memory_explained(sizing.estimate, indent=2), BLANK]
        if words := speed_words(sizing):
            lines.append(said(f"speed: {words}", indent=2, hang=0))
    lines += [said(words, indent=2) for words in _findings(result)]
    warnings = () if sizing is None else warnings_of(sizing)
    return [*lines, *notes("warning", warnings, indent=2), *notes("condition", result.conditions, indent=2)]


def _margin_words(result: CheckResult) -> str:
    if result.sizing is None or result.sizing.fit is None or result.margin_bytes is None:
        return ""
    fit, left = result.sizing.fit, result.margin_bytes
    share = f"{abs(result.margin_percent or 0.0):.1f} %"
    word = f"{amount(left)} ({share}) free" if left >= 0 else f"{amount(-left)} ({share}) too much"
    total = f"{amount(fit.estimate.total_bytes)} of {amount(fit.device.usable_bytes)}"
    return f"{fit.device.name or 'RAM'}: {total}, {word}{_deciding(result, fit)}"


def _deciding(result: CheckResult, fit: Fit) -> str:
    """Return the part that decides, where there is something to decide: it does not hold, or holds with little left."""
    roomy = fit.verdict is Verdict.FITS and not any(one.rule in {"fit", "headroom"} for one in result.findings)
    return "" if roomy or result.deciding_part is None else f"; decided by {LABELS[PartName(result.deciding_part)]}"
