"""The results of `check` as JUnit XML, one test case for each deployment."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from llmfit.records.deployment import CheckResult, FileProblem
from llmfit.render.text import visible
from llmfit.units import amount


def junit(results: Sequence[CheckResult], *, problems: Sequence[FileProblem] = ()) -> str:
    """Return one suite: what does not hold is a failure, what could not be decided or read an error."""
    failures = sum(result.status == "fail" for result in results)
    errors = sum(result.status == "undecided" for result in results) + len(problems)
    counts = f'tests="{len(results) + len(problems)}" failures="{failures}" errors="{errors}"'
    cases = [line for result in results for line in _case(result)]
    cases += [line for problem in problems for line in _problem(problem)]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="llmfit check" {counts} time="0">',
            f'  <testsuite name="llmfit check" {counts} skipped="0" time="0">',
            *cases,
            "  </testsuite>",
            "</testsuites>",
        ]
    )


def _case(result: CheckResult) -> list[str]:
    owner = "llmfit" if result.place is None else result.place.file
    lines = [f'    <testcase classname={_quoted(owner)} name={_quoted(result.name)} time="0">']
    for level, tag in (("error", "failure"), ("unknown", "error")):
        found = [finding for finding in result.findings if finding.level == level and not finding.excused]
        lines += [f"      <{tag} type={_quoted(one.rule)} message={_quoted(one.message)}/>" for one in found]
    if said := _said(result):
        lines.append(f"      <system-out>{escape(visible(said, lines=True))}</system-out>")
    return [*lines, "    </testcase>"]


def _said(result: CheckResult) -> str:
    """Return margin, changes and what was excused, as lines."""
    said = [f"fix: {change.advice}" for change in result.changes[:1]]
    said += [f"or: {change.advice}" for change in result.changes[1:]]
    if result.margin_bytes is not None:
        said.insert(0, f"margin {amount(result.margin_bytes)} ({result.margin_percent:g} %)")
    said += [f"{one.level}: {one.message}" for one in result.findings if one.level in {"warning", "note"}]
    said += [f"excused: {one.message}: {one.excused}" for one in result.findings if one.excused]
    said += [f"condition: {condition}" for condition in result.conditions]
    return "\n".join(said)


def _problem(problem: FileProblem) -> list[str]:
    place = problem.place
    name = f"{place.line}:{place.column} {problem.row} {problem.field}".strip()
    message = f"{problem.message}; {problem.fix}"
    return [
        f'    <testcase classname={_quoted(place.file)} name={_quoted(name)} time="0">',
        f'      <error type="invalid" message={_quoted(message)}/>',
        "    </testcase>",
    ]


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
