"""What continuous integration reads: SARIF, JUnit XML and GitHub's annotations."""

import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema

from llmfit.render.github import github
from llmfit.render.junit import junit
from llmfit.render.sarif import RULES, sarif
from support.inverse_answers import PROBLEM, failing, passing, results, undecided
from support.published import published_schema

_TEXTS = {"name", "message", "type", "classname"}
_ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "system-out": set(),
}
"""Elements with the attributes that the JUnit schema of Jenkins' xunit plugin (junit-10.xsd) allows, those we write."""


def report() -> dict[str, Any]:
    """Return the SARIF of one result of each status, and of an error in a file."""
    return sarif(results(), version="1.2.3", catalog="2026-11-21+abc", problems=(PROBLEM,))


def test_sarif_is_valid() -> None:
    """The report holds to the schema of SARIF 2.1.0."""
    jsonschema.validate(report(), published_schema("sarif-2.1.0-rtm.5"))


def test_every_finding_is_a_sarif_result_of_a_known_rule() -> None:
    """Nothing is left out, and each index leads to the rule of the id."""
    run = report()["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == 1 + sum(len(result.findings) for result in results())
    for found in run["results"]:
        assert rules[found["ruleIndex"]] == found["ruleId"]
    assert len(rules) == len(RULES)


def test_what_could_not_be_decided_is_an_error_in_sarif() -> None:
    """A doubt stops a pipeline; a note does not; an exception suppresses."""
    found = {item["ruleId"]: item for item in report()["runs"][0]["results"]}
    assert found["llmfit/undecided"]["level"] == "error"
    assert found["llmfit/price"]["level"] == "note"
    assert found["llmfit/commercial"]["suppressions"][0]["justification"] == "agreed (until 2027-01-01)"


def test_a_sarif_location_is_a_uri_with_line_and_column() -> None:
    """Spaces are escaped; what was asked on the command line has a logical place alone."""
    found = {item["ruleId"]: item["locations"][0] for item in report()["runs"][0]["results"]}
    physical = found["llmfit/fit"]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "deploy%20files/deploy.yaml"
    assert physical["region"] == {"startLine": 7, "startColumn": 5}
    assert "physicalLocation" not in found["llmfit/undecided"]


def test_junit_has_the_elements_and_attributes_of_its_schema() -> None:
    """Every element and attribute is one that the schema allows, every count a number."""
    root = ET.fromstring(junit(results(), problems=(PROBLEM,)))  # noqa: S314 - it is our own text
    for element in root.iter():
        assert set(element.attrib) <= _ALLOWED[element.tag]
        for name in set(element.attrib) - _TEXTS:
            assert element.attrib[name].isdigit()


def test_junit_counts_what_it_holds() -> None:
    """Failures are what does not hold, errors what could not be decided or read."""
    root = ET.fromstring(junit(results(), problems=(PROBLEM,)))  # noqa: S314 - it is our own text
    tags = Counter(element.tag for element in root.iter())
    assert root.attrib["tests"] == "4" == str(tags["testcase"])
    assert root.attrib["failures"] == "1" == str(tags["failure"])
    assert root.attrib["errors"] == "2" == str(tags["error"])
    assert [case.attrib["name"] for case in root.iter("testcase")][1] == "big, 100%"


def test_junit_shows_the_way_out_and_what_was_excused() -> None:
    """The changes, warnings, exceptions and conditions stand in the test's output."""
    root = ET.fromstring(junit([failing()]))  # noqa: S314 - it is our own text
    text = root.findtext(".//system-out") or ""
    for word in ("fix: Shorten", "or: Move to", "excused: commercial", "condition: Research only."):
        assert word in text


def test_annotations_escape_what_would_end_them() -> None:
    """Percent signs and line breaks are escaped, in properties colons and commas, too: none begins a new command."""
    lines = github(results(), problems=(PROBLEM,)).splitlines()
    assert all(re.fullmatch(r"::(error|warning|notice) [^:]*::.*", line) for line in lines)
    assert any("big, 100%25: needs" in line for line in lines)
    assert any("ended%0Aon" in line for line in lines)
    assert len(lines) == 1 + sum(len(result.findings) for result in results())


def test_annotations_name_file_line_and_column_and_the_smallest_change() -> None:
    """What does not fit is shown at its line with the way out; an excused finding is a notice."""
    first, excused, *_ = github([failing()]).splitlines()
    assert first.startswith("::error file=deploy files/deploy.yaml,line=7,col=5,title=llmfit fit::")
    assert first.endswith("Smallest change: Shorten the context to 2,048 tokens (`context: 2048`)")
    assert excused.startswith("::notice")


def test_a_good_run_says_so_once() -> None:
    """Where all is well one notice says how many hold; else none does."""
    assert github([passing()]).splitlines()[-1].endswith("::1 of 1 deployments hold")
    assert "deployments hold" not in github([passing(), undecided()])
