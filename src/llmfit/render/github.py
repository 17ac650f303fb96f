"""The results of `check` as GitHub's workflow commands, which become annotations of the changed files."""

from collections.abc import Sequence

from llmfit.records.deployment import CheckResult, FileProblem, Level, Place

COMMANDS: dict[Level, str] = {"error": "error", "unknown": "error", "warning": "warning", "note": "notice"}


def github(results: Sequence[CheckResult], *, problems: Sequence[FileProblem] = ()) -> str:
    """Return one command a line for each finding and each error of a deploy file; one notice where all is well."""
    lines = []
    for result in results:
        fix = f". Smallest change: {result.changes[0].advice}" if result.changes else ""
        for finding in result.findings:
            level = "notice" if finding.excused else COMMANDS[finding.level]
            excused = f" [excused: {finding.excused}]" if finding.excused else ""
            message = f"{result.name}: {finding.message}{excused}{fix if finding.rule in {'fit', 'headroom'} else ''}"
            lines.append(_command(level, message, title=f"llmfit {finding.rule}", place=finding.place or result.place))
    for problem in problems:
        where = " ".join(part for part in (problem.row, problem.field) if part)
        message = f"{where + ': ' if where else ''}{problem.message}; {problem.fix}"
        lines.append(_command("error", message, title="llmfit invalid file", place=problem.place))
    if results and all(result.status == "pass" for result in results):
        message = f"{len(results)} of {len(results)} deployments hold"
        lines.append(_command("notice", message, title="llmfit check", place=None))
    return "\n".join(lines)


def _command(level: str, message: str, *, title: str, place: Place | None) -> str:
    where = {} if place is None else {"file": place.file, "line": str(place.line), "col": str(place.column)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in {**where, "title": title}.items())
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    """Return the text as GitHub unescapes it: percent signs and line breaks (`toolkit`, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return the text of a property, in which colons and commas are escaped, too (`escapeProperty`)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
