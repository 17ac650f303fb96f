"""The results of `check` as SARIF 2.1.0 (OASIS, 2020-03-27), which code scanning reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from llmfit.records.deployment import CheckResult, FileProblem, Finding, Level, Place, Rule

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
PAGE: Final = "docs/guide/check.md"
LEVELS: Mapping[Level, str] = {"error": "error", "unknown": "error", "warning": "warning", "note": "note"}
"""What could not be decided is an error there, too: SARIF has no word for it that stops a pipeline."""
MEANINGS: Mapping[str, str] = {
    "fit": "The load needs more memory than there is.",
    "headroom": "Less memory stays free than the limit asks for.",
    "license": "The effective licence is none of those allowed.",
    "commercial": "Commercial use is not allowed, or unknown.",
    "region": "A licence of the lineage grants nothing in a region.",
    "speed": "Decoding is slower than the limit, or its speed unknown.",
    "price": "No instance is cheap enough, or no current price is known.",
    "undecided": "The question could not be answered.",
    "exception": "An exception is out of date or excuses nothing.",
    "engine": "The engine has to be told something for the load to run as counted.",
    "lock": "A fact is not what the lock file says.",
    "invalid": "The deploy file is not valid.",
}
RULES: Final = (*get_args(Rule), "invalid")


def sarif(
    results: Sequence[CheckResult], *, version: str, catalog: str, problems: Sequence[FileProblem] = ()
) -> dict[str, Any]:
    """Return one run: every finding, and every error of a deploy file that is not valid."""
    found = [_result(result, finding) for result in results for finding in result.findings]
    found += [_problem(problem) for problem in problems]
    driver = {
        "name": "llmfit",
        "semanticVersion": version,
        "rules": [_rule(rule) for rule in RULES],
        "properties": {"catalog": catalog},
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str) -> dict[str, Any]:
    return {
        "id": f"llmfit/{rule}",
        "name": rule,
        "shortDescription": {"text": MEANINGS[rule]},
        "help": {"text": f"{MEANINGS[rule]} See {PAGE}."},
        "defaultConfiguration": {"level": "warning" if rule in {"exception", "engine", "lock"} else "error"},
    }


def _result(result: CheckResult, finding: Finding) -> dict[str, Any]:
    item: dict[str, Any] = {
        **_head(finding.rule, LEVELS[finding.level], f"{result.name}: {finding.message}"),
        "locations": [_location(finding.place or result.place, name=result.name)],
        "partialFingerprints": {"llmfit/v1": f"{result.name}/{finding.rule}/{finding.field}"},
    }
    if finding.excused:
        item["suppressions"] = [{"kind": "inSource", "justification": finding.excused}]
    return item


def _problem(problem: FileProblem) -> dict[str, Any]:
    where = " ".join(part for part in (problem.row, problem.field) if part)
    text = f"{where + ': ' if where else ''}{problem.message}; {problem.fix}"
    return {
        **_head("invalid", "error", text),
        "locations": [_location(problem.place, name=problem.row)],
        "partialFingerprints": {"llmfit/v1": f"{problem.row}/invalid/{problem.field}"},
    }


def _head(rule: str, level: str, text: str) -> dict[str, Any]:
    index = RULES.index(rule)
    return {"ruleId": f"llmfit/{rule}", "ruleIndex": index, "level": level, "message": {"text": text}}


def _location(place: Place | None, *, name: str) -> dict[str, Any]:
    """Return where it stands in the file; the deployment's name alone where it was asked on the command line."""
    logical = [{"name": name or "deploy file", "kind": "object"}]
    if place is None:
        return {"logicalLocations": logical}
    uri = place.file.replace("\\", "/").replace(" ", "%20")
    region = {"startLine": place.line, "startColumn": place.column}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}, "logicalLocations": logical}
