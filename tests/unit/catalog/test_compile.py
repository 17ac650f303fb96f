"""From YAML to the compiled tables."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from llmfit.catalog.compile import DATA, compile_tables, main, read_facts
from llmfit.catalog.load import Catalog, load_catalog
from llmfit.catalog.tables import TABLES
from llmfit.errors import CatalogError
from llmfit.rank.prior import size_of

LICENSES = """schema_version: 1
licenses:
  - id: mit
    name: MIT
    permissive: true
    commercial: "yes"
    passes_to_derivatives: false
    certainty: sourced
    sources: [{of: commercial, source: text, checked: "2025-05-06"}]
"""
GPUS = """schema_version: 1
gpus:
  - id: card
    name: Card
    vendor: nvidia
    memory_bytes: 1024
    fp16_tflops: 3
    sources: [{of: name, source: box, checked: "2025-04-01"}]
"""
SCORES = """schema_version: 1
scores:
  - {model: a/b, benchmark: x-1/y, score: 1.5, evidence: human, date: "2025", source: s}
  - {model: a/c, benchmark: x-1/y, score: 2.5, evidence: human, mode: thinking, date: "2025", source: s}
  - {model: a/b, benchmark: x-1/z, score: 3.5, evidence: human, date: "2025", source: s}
"""


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A folder with three small data files."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "licenses.yaml").write_text(LICENSES)
    (folder / "gpus.yaml").write_text(GPUS)
    (folder / "scores.yaml").write_text(SCORES)
    return folder


def test_what_is_compiled_loads_again(facts: Path, tmp_path: Path) -> None:
    """Every value, with its type; files that are not there are empty tables."""
    target = tmp_path / "compiled"
    assert main([], data=facts, target=target) == 0
    catalog = Catalog(folder=target)
    assert catalog.licenses["mit"].sources[0].checked == "2025-05-06"
    assert catalog.gpu("card").sources[0].source == "box"
    assert isinstance(catalog.gpus["card"].fp16_tflops, float | int)
    assert [(s.model, s.score, s.mode) for s in catalog.scores] == [
        ("a/b", 1.5, None),
        ("a/c", 2.5, "thinking"),
        ("a/b", 3.5, None),
    ]
    assert catalog.models == {}


def test_scores_lie_by_benchmark(facts: Path) -> None:
    """One line a benchmark, in order of its name; the rows of each keep theirs."""
    (facts / "scores.yaml").write_text(SCORES.replace("x-1/y", "z/last"))
    lines = compile_tables(read_facts(facts)[0])["scores.json"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["{", '"x-1/z"', '"z/last"', "}"]
    assert json.loads(lines[2].partition(":")[2])["score"] == [1.5, 2.5]


def test_a_name_that_could_not_be_found_again_is_refused(facts: Path) -> None:
    """A quote in the name of a group would have to be escaped, which its reader does not know."""
    (facts / "scores.yaml").write_text(SCORES.replace("x-1/y", "'x\"y'"))
    with pytest.raises(CatalogError, match="no name for a row"):
        compile_tables(read_facts(facts)[0])


def test_compiling_is_deterministic(facts: Path) -> None:
    """Twice the same text; the version is the newest fact's day and a hash of the content."""
    draft, problems = read_facts(facts)
    assert problems == []
    texts = compile_tables(draft)
    assert texts == compile_tables(read_facts(facts)[0])
    manifest = json.loads(texts["catalog.json"])
    assert manifest["version"].startswith("2025-05-06+")
    assert manifest["rows"]["licenses"] == 1
    assert set(texts) >= {f"{table.name}.json" for table in TABLES}


def test_a_change_of_content_changes_the_version(facts: Path) -> None:
    """Even where no date changed."""
    before = json.loads(compile_tables(read_facts(facts)[0])["catalog.json"])["version"]
    (facts / "gpus.yaml").write_text(GPUS.replace("1024", "2048"))
    after = json.loads(compile_tables(read_facts(facts)[0])["catalog.json"])["version"]
    assert before != after


def test_a_stale_table_fails_the_check(facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check names the file and writes nothing."""
    target = tmp_path / "compiled"
    assert main(["--check"], data=facts, target=target) == 1
    assert not target.exists()
    assert main([], data=facts, target=target) == 0
    assert main(["--check"], data=facts, target=target) == 0
    (facts / "gpus.yaml").write_text(GPUS.replace("1024", "2048"))
    capsys.readouterr()
    assert main(["--check"], data=facts, target=target) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "stale: gpus.json, catalog.json" in said.err
    assert "hint: run `python -m llmfit.catalog.compile`" in said.err


def test_all_problems_are_said_and_nothing_is_written(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of several files come in one go, in order."""
    (facts / "gpus.yaml").write_text(GPUS.replace("1024", "0"))
    (facts / "licenses.yaml").write_text(LICENSES.replace('"yes"', "maybe"))
    (facts / "tasks.yaml").write_text("a: *b\n")
    target = tmp_path / "compiled"
    assert main([], data=facts, target=target) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0].rpartition("/")[2] for line in lines[:3]] == [
        "gpus.yaml:6",
        "licenses.yaml:6",
        "tasks.yaml:1",
    ]
    assert lines[3].startswith("error: 3 problems in ")
    assert not target.exists()


def test_an_unknown_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with what is known."""
    assert main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().err


def test_active_parameters_of_a_mixture_are_counted_once() -> None:
    """Mixtral's two of eight experts: 12.7 B of its 46.7 B, input table aside; a dense model needs no such figure."""
    rows = {model.id: model for model in load_catalog(user_file=None).models.values()}
    assert rows["mistralai/Mixtral-8x7B-Instruct-v0.1"].active_parameters == 12_879_925_248 - 32_000 * 4096
    assert rows["mistralai/Mistral-7B-v0.1"].active_parameters is None


def test_counted_figures_are_those_that_would_be_counted_in_an_answer() -> None:
    """Sizes come out the same with and without them, for every model."""
    for model in load_catalog(user_file=None).models.values():
        assert size_of(model) == size_of(replace(model, active_parameters=None, computing_parameters=None)), model.id


def test_architectures_are_decoded_as_they_were_written() -> None:
    """Each row looks into its own fields, which `data/models.yaml` states."""
    draft, problems = read_facts(DATA)
    assert not problems
    loaded = load_catalog(user_file=None).models
    for entry in draft["models"]:
        assert dict(loaded[entry.name].architecture) == entry.record.architecture, entry.name
