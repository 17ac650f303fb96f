"""Fifty ways to get a deploy file wrong: each is told with file, line, column, field and what to do."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from llmfit.answers.checking import check_file
from llmfit.catalog import Catalog, load_catalog
from llmfit.deployments import read_deployments
from llmfit.deployments.read import parse_deployments
from llmfit.errors import InvalidFileError
from support.deploying import GOOD, deploy_file, one
from support.terminal import ask

TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Broken:
    """A file, where its fault is, and a word of the fix."""

    text: str
    line: int
    field: str
    fix: str
    column: int | None = None


def waiver(body: str) -> str:
    """Return a file with an exception of these fields."""
    lines = "".join(f"{'  - ' if place == 0 else '    '}{line}\n" for place, line in enumerate(body.split(", ")))
    return one(more=f"exceptions:\n{lines}")


BROKEN = {
    "a tab": Broken("schema_version: 1\ndeployments:\n\t- name: chat\n", 3, "", "correct this line", column=1),
    "an open quote": Broken('schema_version: 1\ndeployments: "\n', 3, "", "correct this line"),
    "an open bracket": Broken("schema_version: 1\ndeployments: [\n", 3, "", "correct this line"),
    "a wrong indent": Broken(
        "schema_version: 1\ndeployments:\n  - name: chat\n   model: x\n", 4, "", "correct this line"
    ),
    "two documents": Broken(f"{GOOD}---\n{GOOD}", 11, "", "remove the `---` line"),
    "an anchor's alias": Broken("schema_version: 1\ndefaults: &a {}\ndeployments: *a\n", 3, "", "write the value out"),
    "a tag": Broken("schema_version: !!int 1\ndeployments: []\n", 1, "", "remove the tag"),
    "a key twice": Broken(one("context: 1024\ncontext: 2048"), 7, "", "keep one of the two", column=5),
    "an empty file": Broken("", 1, "", "begin with `schema_version: 1`"),
    "nothing but a comment": Broken("# later\n", 1, "", "begin with `schema_version: 1`"),
    "a file of something else": Broken("services:\n  llm: {image: x}\n", 1, "", "begin with `schema_version: 1`"),
    "a list at the top": Broken("- name: chat\n", 1, "", "begin with `schema_version: 1`"),
    "a word at the top": Broken("chat\n", 1, "", "begin with `schema_version: 1`"),
    "no version": Broken("deployments:\n  - name: chat\n", 1, "schema_version", "write `schema_version: 1`"),
    "another version": Broken(GOOD.replace("1", "2", 1), 1, "schema_version", "write `schema_version: 1`"),
    "a version as text": Broken(GOOD.replace("1", '"1"', 1), 1, "schema_version", "write `schema_version: 1`"),
    "a version that is true": Broken(GOOD.replace("1", "true", 1), 1, "schema_version", "write `schema_version: 1`"),
    "a version with a fraction": Broken(GOOD.replace("1", "1.0", 1), 1, "schema_version", "write `schema_version: 1`"),
    "a misspelled section": Broken(GOOD.replace("defaults", "default"), 2, "default", "rename it to `defaults`"),
    "a strange section": Broken(GOOD + "xyz: 1\n", 11, "xyz", "keep only schema_version"),
    "no deployments": Broken("schema_version: 1\n", 1, "deployments", "every row begins with"),
    "an empty list": Broken("schema_version: 1\ndeployments: []\n", 2, "deployments", "add at least one"),
    "deployments as a mapping": Broken(deploy_file("deployments: {a: 1}\n"), 2, "deployments", "write a list"),
    "a deployment that is a word": Broken(deploy_file("deployments:\n  - chat\n"), 3, "", "write `field: value`"),
    "defaults as a list": Broken(
        GOOD.replace("  engine: vllm\n  gpu: NVIDIA L4", "  - a"), 2, "defaults", "field: value"
    ),
    "exceptions as a word": Broken(one(more="exceptions: none\n"), 6, "exceptions", "write a list"),
    "no name": Broken(GOOD.replace("name: chat\n    ", ""), 6, "name", "add `name:`"),
    "no model": Broken(GOOD.replace("    model: Qwen/Qwen3-8B\n", ""), 6, "model", "add `model:`"),
    "a name that is a number": Broken(GOOD.replace("name: chat", "name: 7"), 6, "name", 'put it in quotes: "7"'),
    "a name without a value": Broken(GOOD.replace("name: chat", "name:"), 6, "name", "write one behind the colon"),
    "a name of blanks": Broken(GOOD.replace("name: chat", 'name: "  "'), 6, "name", "write a name"),
    "a model without letters": Broken(GOOD.replace("Qwen/Qwen3-8B", '""'), 7, "model", "write a name"),
    "a variable of a shell": Broken(GOOD.replace("Qwen/Qwen3-8B", "${MODEL:-x}"), 7, "model", "write the value"),
    "a variable without braces": Broken(GOOD.replace("NVIDIA L4", "$GPU"), 4, "gpu", "write the value"),
    "a number to be filled in": Broken(GOOD.replace("8192", "${CONTEXT}"), 9, "context", "write the value"),
    "a template that is no YAML": Broken(GOOD.replace("NVIDIA L4", "{{ .gpu }}"), 4, "", "write the value", column=9),
    "a template in quotes": Broken(GOOD.replace("chat", "'{{ x }}'"), 6, "name", "write the value"),
    "a name twice": Broken(GOOD + "  - name: chat\n    model: Qwen/Qwen3-8B\n", 11, "name", "its own name"),
    "a misspelled field": Broken(one("contxt: 8192"), 6, "contxt", "rename it to `context`", column=5),
    "a strange field": Broken(one("zzz: 8192"), 6, "zzz", "remove it"),
    "a context in words": Broken(one("context: long"), 6, "context", "write digits only"),
    "a context with a unit": Broken(one("context: 8k"), 6, "context", "write digits only"),
    "a context of zero": Broken(one("context: 0"), 6, "context", "greater than or equal to 1"),
    "a negative context": Broken(one("context: -5"), 6, "context", "greater than or equal to 1"),
    "a context with a fraction": Broken(one("context: 8192.0"), 6, "context", "write `8192` in digits"),
    "a context beyond the model": Broken(one("context: 9000000"), 6, "context", "give at most"),
    "a prompt beyond the context": Broken(
        one("context: 1024\nprompt_tokens: 2048"), 6, "context", "the context holds prompt and answer"
    ),
    "no sequences": Broken(one("sequences: 0"), 6, "sequences", "greater than or equal to 1"),
    "an unknown engine": Broken(one("engine: vlm"), 6, "engine", "did you mean vllm"),
    "an unknown precision": Broken(one("precision: int5"), 6, "precision", "did you mean"),
    "an unknown format": Broken(one("format: Q4_K_N"), 6, "format", "did you mean"),
    "an unknown cache format": Broken(one("kv_format: fp9"), 6, "kv_format", "did you mean fp8"),
    "a format of another engine": Broken(
        one("engine: vllm\nformat: Q4_K_M"), 7, "format", "engines that do: llama.cpp"
    ),
    "a cache of another engine": Broken(one("engine: vllm\nkv_format: q8_0"), 7, "kv_format", "engines that have it"),
    "a precision against a format": Broken(
        one("engine: vllm\nprecision: int8\nformat: awq-int4"), 8, "format", "one of them"
    ),
    "an option of another engine": Broken(
        one("engine: vllm\noptions: {n_cpu_moe: 3}"), 7, "options", "vllm has max_num_seqs"
    ),
    "an unknown option": Broken(one("options: {max_seqs: 3}"), 6, "options.max_seqs", "remove it"),
    "an option out of range": Broken(
        one("options: {gpu_memory_utilization: 1.5}"), 6, "options.gpu_memory_utilization", "less than or equal to 1"
    ),
    "an option that is no switch": Broken(
        one("options: {enforce_eager: maybe}"), 6, "options.enforce_eager", "write true or false"
    ),
    "no GPU": Broken(one(machine=""), 3, "gpu", "add `gpu:` with its name"),
    "a GPU named twice": Broken(one("vram_gb: 24"), 5, "gpu", "keep one of them"),
    "no GPUs at all": Broken(one("gpu_count: 0"), 6, "gpu_count", "greater than or equal to 1"),
    "a card of no size": Broken(one(machine="vram_gb: 0"), 5, "vram_gb", "greater than 0"),
    "a card's size in words": Broken(one(machine="vram_gb: 24GB"), 5, "vram_gb", "without quotes or unit"),
    "headroom above all": Broken(
        one("limits: {min_headroom_percent: 100}"), 6, "limits.min_headroom_percent", "less than 100"
    ),
    "headroom with a sign": Broken(
        one('limits: {min_headroom_percent: "10%"}'), 6, "limits.min_headroom_percent", "digits only"
    ),
    "an unknown licence": Broken(
        one("limits: {licenses: [apach-2.0]}"), 6, "limits.licenses.0", "did you mean apache-2.0"
    ),
    "licences as a word": Broken(one("limits: {licenses: mit}"), 6, "limits.licenses", "write a list: [mit]"),
    "commercial in words": Broken(one("limits: {commercial: yes}"), 6, "limits.commercial", "write true or false"),
    "a region that is none": Broken(one("limits: {regions: [Korea]}"), 6, "limits.regions.0", "ISO 3166"),
    "a free price": Broken(one("limits: {max_usd_per_hour: 0}"), 6, "limits.max_usd_per_hour", "greater than 0"),
    "an exception without a reason": Broken(
        waiver("deployment: chat, rule: fit, expires: 2027-01-01"), 7, "reason", "add `reason:`"
    ),
    "an exception without an end": Broken(
        waiver("deployment: chat, rule: fit, reason: agreed"), 7, "expires", "add `expires:`"
    ),
    "an exception that ends on no day": Broken(
        waiver("deployment: chat, rule: fit, reason: agreed, expires: 2027-02-30"), 10, "expires", "YYYY-MM-DD"
    ),
    "an exception for everything": Broken(
        waiver("deployment: chat, rule: all, reason: agreed, expires: 2027-01-01"), 8, "rule", "use 'fit'"
    ),
    "an exception for nobody": Broken(
        waiver("deployment: chta, rule: fit, reason: agreed, expires: 2027-01-01"), 7, "deployment", "name one of chat"
    ),
    "a fault in the defaults": Broken(
        GOOD.replace("engine: vllm", "engine: vllm\n  contxt: 5"), 4, "contxt", "rename it to `context`"
    ),
    "a word in the defaults": Broken(GOOD.replace("engine: vllm", "engine: vlm"), 3, "engine", "did you mean vllm"),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def test_there_are_fifty() -> None:
    """The table below has at least as many faults as it promises."""
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_told_with_its_place_and_its_fix(name: str, tmp_path: Path, catalog: Catalog) -> None:
    """Each fault has file, line, field and fix, is the only one, and nothing is written."""
    broken, path = BROKEN[name], tmp_path / "deploy.yaml"
    path.write_text(broken.text, "utf-8")
    with pytest.raises(InvalidFileError) as caught:
        check_file(read_deployments(path), catalog=catalog, today=TODAY)
    assert len(caught.value.problems) == 1, str(caught.value)
    problem = caught.value.problems[0]
    assert problem.place.file == str(path)
    assert problem.place.line == broken.line, str(problem)
    assert problem.field == broken.field
    assert broken.fix in problem.fix
    assert broken.column in {None, problem.place.column}
    assert f"{path}:{broken.line}:" in caught.value.message
    assert [one.name for one in tmp_path.iterdir()] == ["deploy.yaml"]


def test_the_good_file_is_good(tmp_path: Path, catalog: Catalog) -> None:
    """What the broken ones are made from passes."""
    path = tmp_path / "deploy.yaml"
    path.write_text(GOOD, "utf-8")
    assert [result.status for result in check_file(read_deployments(path), catalog=catalog, today=TODAY)] == ["pass"]


def test_all_errors_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three faults in one file are three lines, in the order of the file, with exit code 2."""
    path = tmp_path / "deploy.yaml"
    path.write_text(one("context: 0\nsequences: many\nlimits: {commercial: 1}"), "utf-8")
    said = ask(capsys, "check", str(path))
    assert said.code == 2
    assert said.out == ""
    lines = [line.strip() for line in said.err.splitlines() if str(path) in line]
    assert [line.split(":")[1] for line in lines] == ["6", "7", "8"]


def test_a_file_that_is_not_there_cannot_be_decided(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A missing file and a folder leave with 3: there is nothing to be right or wrong."""
    assert ask(capsys, "check", str(tmp_path / "none.yaml")).code == 3
    (tmp_path / "folder.yaml").mkdir()
    assert ask(capsys, "check", str(tmp_path / "folder.yaml")).code == 3


def test_bytes_that_are_no_text_are_a_fault_of_the_file(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused at the line of the first wrong byte."""
    path = tmp_path / "deploy.yaml"
    path.write_bytes(b"schema_version: 1\n# \xff\n")
    with pytest.raises(InvalidFileError, match=":2:1: not UTF-8"):
        read_deployments(path)


def test_what_nobody_filled_in_is_told_by_row_and_field(tmp_path: Path) -> None:
    """In the defaults, in an exception, in a row with a name and in one without; a dollar within a word is none."""
    path = tmp_path / "deploy.yaml"
    path.write_text(
        deploy_file(
            """\
            defaults: {gpu: $GPU, engine: vl$lm}
            deployments:
              - {name: chat, model: "{% model %}"}
              - {model: "<%= model %>", name: 7, limits: {licenses: ["${A}"]}}
            exceptions:
              - {deployment: chat, reason: "{{ why }}"}
            """
        ),
        "utf-8",
    )
    with pytest.raises(InvalidFileError) as caught:
        read_deployments(path)
    assert [(one.row, one.field) for one in caught.value.problems] == [
        ("defaults", "gpu"),
        ("chat", "model"),
        ("deployments[1]", "model"),
        ("deployments[1]", "limits.licenses.0"),
        ("exceptions[0]", "reason"),
    ]
    assert all("is a placeholder that nobody has filled" in one.message for one in caught.value.problems)


@pytest.mark.parametrize(("text", "said"), [("", "an empty file"), ("a: 1\n", "no deploy file")])
def test_a_file_without_sections_is_told_what_it_is(text: str, said: str) -> None:
    """Not which of its lines are wrong: all are."""
    with pytest.raises(InvalidFileError) as caught:
        parse_deployments(text, file="deploy.yaml")
    assert [one.message for one in caught.value.problems] == [said]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_wide_letters_are_no_utf_8(encoding: str, tmp_path: Path) -> None:
    """With the mark at their beginning or without: an editor saved the file so."""
    path = tmp_path / "deploy.yaml"
    path.write_bytes(GOOD.encode(encoding))
    with pytest.raises(InvalidFileError, match=":1:1: not UTF-8"):
        read_deployments(path)
    path.write_bytes(GOOD.encode() + b"#\n#\0")
    with pytest.raises(InvalidFileError, match=":12:1: not UTF-8"):
        read_deployments(path)


@pytest.mark.parametrize(
    "change", [("\n", "\r\n"), ("\n", "\r"), ("schema", "\ufeffschema"), ("schema", "---\nschema")]
)
def test_what_editors_do_to_a_file_is_no_fault(change: tuple[str, str], tmp_path: Path, catalog: Catalog) -> None:
    """Line ends of other systems, a mark at the beginning, the start of a document."""
    path = tmp_path / "deploy.yaml"
    path.write_bytes(GOOD.replace(change[0], change[1], 1 if "schema" in change else -1).encode())
    assert [one.status for one in check_file(read_deployments(path), catalog=catalog, today=TODAY)] == ["pass"]


@pytest.mark.parametrize(
    ("count", "shown", "more"), [(2, 2, ""), (50, 50, ""), (51, 50, "and 1 more"), (70, 50, "and 20 more")]
)
def test_a_long_list_of_faults_is_cut(count: int, shown: int, more: str) -> None:
    """Fifty are shown, the others counted; programs get every one."""
    rows = "".join(f"  - {{name: d{number}, model: a, context: 0}}\n" for number in range(count))
    with pytest.raises(InvalidFileError) as caught:
        parse_deployments(f"schema_version: 1\ndeployments:\n{rows}", file="deploy.yaml")
    assert len(caught.value.problems) == count
    first, *lines = caught.value.message.splitlines()
    assert first == f"{count} errors in the deploy file"
    assert sum(line.startswith("  deploy.yaml:") for line in lines) == shown
    assert lines[shown:] == ([f"  {more}"] if more else [])
