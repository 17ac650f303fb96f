"""The compiled catalog, and the user's rows on top."""

import json
from datetime import date
from pathlib import Path

import pytest
from platformdirs import user_data_path

from llmfit.catalog import Catalog, load_catalog
from llmfit.catalog.tables import BY_NAME, TABLES
from llmfit.catalog.trusted import record_maker, records_maker
from llmfit.catalog.user import VARIABLE, find_user_catalog, user_catalog_path
from llmfit.catalog.user_file import user_data_folder
from llmfit.errors import CatalogError, UnknownWordError
from llmfit.records.model import Model
from llmfit.records.score import Score

ROW = """
  - id: me/mine
    family: Mine
    publisher: me
    kind: instruct
    architecture: {model_type: llama, num_hidden_layers: 1}
    parameters: 1000
    released: 2025-01-01
    license: mit
    context_length: 2048
"""


def user_file(tmp_path: Path, text: str) -> Path:
    """Return a user's catalog with this text."""
    path = tmp_path / "catalog.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_catalog_knows_every_table() -> None:
    """Each has rows, and named ones are found by their id."""
    catalog = load_catalog(user_file=None)
    for table in TABLES:
        rows = getattr(catalog, table.name)
        if table.single:
            assert rows.id
        else:
            assert len(rows) > 0
        if table.key and not table.single:
            assert all(getattr(row, table.key) == name for name, row in rows.items())


def test_the_version_is_a_date_and_a_hash() -> None:
    """The same content has the same version."""
    version = load_catalog(user_file=None).version
    day, _, content = version.partition("+")
    assert date.fromisoformat(day).year >= 2025
    assert len(content) == 12
    assert version == Catalog().version


def test_single_rows_bring_their_sources() -> None:
    """Tables leave them out, because an answer over all rows needs none."""
    catalog = load_catalog(user_file=None)
    name = next(iter(catalog.models))
    assert catalog.models[name].sources == ()
    assert catalog.model(name).sources[0].checked
    assert catalog.gpu("L4").sources[0].of
    assert catalog.model(name).architecture == catalog.models[name].architecture


def test_words_resolve_through_aliases() -> None:
    """Tasks in Korean, formats in any case, licences by their other names."""
    catalog = load_catalog(user_file=None)
    assert catalog.license("Apache").id == "apache-2.0"
    assert catalog.format("q4_k_m").id == "Q4_K_M"
    assert catalog.kv_format("F16").id == "f16"
    assert catalog.engine("LLAMA.CPP").id == "llama.cpp"
    task = next(task for task in catalog.tasks.values() if task.synonyms_ko)
    assert catalog.task(task.synonyms_ko[0]).id == task.id


def test_a_users_row_lies_on_top(tmp_path: Path) -> None:
    """It is found like any other, says where it comes from, and marks the version."""
    path = user_file(tmp_path, f"schema_version: 1\nmodels:{ROW}")
    catalog = load_catalog(user_file=path)
    assert catalog.model("mine").released == date(2025, 1, 1)
    assert catalog.origin("me/mine") == str(path)
    assert catalog.origin(next(iter(Catalog().models))) == "built-in"
    assert len(catalog.models) == len(Catalog().models) + 1
    assert catalog.version == f"{Catalog().version}.user"


def test_a_users_row_replaces_the_built_in_one(tmp_path: Path) -> None:
    """In its place, so that the order of the table stays."""
    built_in = Catalog()
    name = list(built_in.models)[3]
    path = user_file(tmp_path, f"schema_version: 1\nmodels:{ROW.replace('me/mine', name)}")
    catalog = load_catalog(user_file=path)
    assert list(catalog.models) == list(built_in.models)
    assert catalog.models[name].parameters == 1000
    assert catalog.model(name).family == "Mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: []\n", "schema_version: missing"),
        ("schema_version: 1\nformats: []\n", "formats: no list of this name"),
        (f"schema_version: 1\nmodels:{ROW.replace('mit', 'nonsense')}", "license: no licence `nonsense`"),
        (f"schema_version: 1\nmodels:{ROW}{ROW}", "already names"),
        (f"schema_version: 1\nmodels:{ROW.replace('1000', '1e3')}", "whole number"),
        (f"schema_version: 1\nmodels:{ROW}    base_model: *x\n", "alias"),
        ("[" * 10_000, "nested deeper"),
        ("%" * 1000, ":1: "),
    ],
)
def test_a_broken_file_is_one_error_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """File and line come first; the hint says what to do."""
    path = user_file(tmp_path, text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(user_file=path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "schema_version: 1\n", "schema_version: 1\nmodels: []\n"])
def test_an_empty_file_adds_nothing(tmp_path: Path, text: str) -> None:
    """A user may begin with an empty file."""
    assert len(load_catalog(user_file=user_file(tmp_path, text)).models) == len(Catalog().models)


def test_the_variable_names_the_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set and empty means none; set to what is not there is an error, not silence."""
    path = user_file(tmp_path, f"schema_version: 1\nmodels:{ROW}")
    monkeypatch.setenv(VARIABLE, str(path))
    assert user_catalog_path() == path
    assert load_catalog().model("mine").id == "me/mine"
    monkeypatch.setenv(VARIABLE, "")
    assert find_user_catalog() is None
    assert load_catalog().user_file is None
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.yaml"))
    with pytest.raises(CatalogError, match="no such file"):
        load_catalog()


@pytest.mark.parametrize("home", ["missing", "a-file", ""])
def test_a_home_that_cannot_be_used_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """Without a place for user data there are no user rows."""
    (tmp_path / "a-file").write_text("x")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / home) if home else "")
    assert load_catalog().user_file is None or home == ""
    assert len(load_catalog(user_file=None).models) > 0


@pytest.mark.parametrize("data", [None, "", "relative", "/data", "/data/", "/data/../other"])
@pytest.mark.parametrize("home", [None, "", "relative", "/home/me", "/home/me/", "/"])
def test_the_folder_is_the_one_that_platformdirs_names(
    monkeypatch: pytest.MonkeyPatch, data: str | None, home: str | None
) -> None:
    """Whatever the environment says, the usual case is only answered sooner."""
    for name, value in (("XDG_DATA_HOME", data), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert user_data_folder() == user_data_path("llmfit", appauthor=False)


def test_the_platforms_place_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`catalog.yaml` in the folder for user data."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = user_catalog_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"schema_version: 1\nmodels:{ROW}")
    assert load_catalog().origin("me/mine") == str(path)


def test_a_missing_compiled_table_is_an_error_of_the_installation(tmp_path: Path) -> None:
    """The hint says to install anew."""
    with pytest.raises(CatalogError, match=r"models\.json") as caught:
        _ = Catalog(folder=tmp_path).models
    assert caught.value.hint == "Reinstall llmfit"


def test_a_catalog_without_ranking_says_so(tmp_path: Path) -> None:
    """An empty table is no answer."""
    (tmp_path / "ranking.json").write_text("[]")
    with pytest.raises(CatalogError, match="no ranking"):
        _ = Catalog(folder=tmp_path).ranking


def test_trusted_rows_equal_validated_ones() -> None:
    """Dates, tuples, nested records and defaults come out as from the constructor."""
    row = json.loads(
        '{"id":"a/b","family":"f","publisher":"p","kind":"base","architecture":{"x":[1]},"parameters":3,'
        '"released":"2025-02-03","license":"mit","context_length":5,"tasks":["chat"],"gated":null,'
        '"sources":[{"of":"id","source":"s","checked":"2025"}]}'
    )
    made = record_maker(Model)(row)
    assert made.released == date(2025, 2, 3)
    assert (made.tasks, made.languages, made.gated) == (("chat",), (), None)
    assert (made.sources[0].certainty, made.official, made.architecture) == ("sourced", True, {"x": [1]})
    assert made == Model(**made.__dict__)


def test_columns_are_rows_again() -> None:
    """Plain columns and those with distinct values."""
    columns = {
        "model": {"values": ["a", "b"], "index": [0, 1, 0]},
        "benchmark": ["x", "y", "z"],
        "score": [1.0, 2.0, 3.0],
        "evidence": {"values": ["human"], "index": [0, 0, 0]},
        "mode": {"values": [None], "index": [0, 0, 0]},
        "date": ["2025"] * 3,
        "source": ["s"] * 3,
    }
    scores = records_maker(Score)(columns)
    assert [(s.model, s.benchmark, s.score) for s in scores] == [("a", "x", 1.0), ("b", "y", 2.0), ("a", "z", 3.0)]
    assert scores[0] == Score(model="a", benchmark="x", score=1.0, evidence="human", date="2025", source="s")


def test_scores_of_some_benchmarks_are_the_same_scores() -> None:
    """Without reading the others; no benchmark, no score, and one that is not there has none."""
    catalog = load_catalog(user_file=None)
    some = {catalog.scores[0].benchmark, catalog.scores[-1].benchmark}
    assert catalog.scores_of(some) == [score for score in catalog.scores if score.benchmark in some]
    assert catalog.scores_of(()) == []
    assert catalog.scores_of({"nobody's/benchmark"}) == []


def test_every_record_can_be_imported() -> None:
    """Each table names an existing class, whose key is one of its fields."""
    for table in BY_NAME.values():
        assert not table.key or table.key in table.record_type.__dataclass_fields__  # type: ignore[attr-defined]  # records become dataclasses by their decorator


@pytest.mark.parametrize("word", ["blah", "안녕", "xyz"])
def test_a_word_like_no_task_is_answered_with_the_usual_ones(word: str) -> None:
    """What shares few letters with every task was not meant as any of them."""
    with pytest.raises(UnknownWordError) as caught:
        load_catalog(user_file=None).task(word)
    assert caught.value.hint.startswith("Known: chat, code, ")


@pytest.mark.parametrize(("word", "task"), [("cht", "chat"), ("sumarize", "summarize"), ("번욕", "translate")])
def test_a_task_with_a_letter_amiss_is_found(word: str, task: str) -> None:
    """A wrong or missing letter leaves a word near enough to be proposed."""
    with pytest.raises(UnknownWordError) as caught:
        load_catalog(user_file=None).task(word)
    assert caught.value.hint.startswith(f"Did you mean {task}")
