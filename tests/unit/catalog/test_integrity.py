"""What holds between rows."""

from datetime import date
from typing import Any

import pytest

from llmfit.catalog.integrity import integrity_problems
from llmfit.catalog.rows import Draft, Entry
from llmfit.catalog.tables import BY_NAME
from llmfit.catalog.yaml_text import Document
from llmfit.records.base import Source
from llmfit.records.engine import Engine, StoredPrecision
from llmfit.records.score import Score
from llmfit.records.task import Task
from support.formats import load_formats, load_kv_formats
from support.models import a_gpu, a_license, a_model

FILE = Document(file="f.yaml", data=None)


def draft(**tables: list[Any]) -> Draft:
    """Return a draft of these records, by table."""
    return {
        name: [Entry(BY_NAME[name], record, FILE, (name, index)) for index, record in enumerate(records)]
        for name, records in tables.items()
    }


def said(**tables: list[Any]) -> list[tuple[str, str, str]]:
    """Return row, field and edit of every problem between these records."""
    return [(problem.row, problem.field, problem.edit) for problem in integrity_problems(draft(**tables))]


LICENSES = [a_license("apache-2.0"), a_license("mit", aliases=("expat",))]


def test_sound_rows_have_no_problem() -> None:
    """A base in the catalog, and one outside it whose licence is named."""
    models = [
        a_model("a/one"),
        a_model("a/two", base_model="a/one", base_relation="finetune"),
        a_model("a/three", base_model="z/outside", lineage_licenses=("mit",)),
    ]
    assert said(licenses=LICENSES, models=models) == []


@pytest.mark.parametrize(
    ("changes", "field", "edit"),
    [
        ({"license": "apache"}, "license", "use `apache-2.0`, or add the licence"),
        ({"license": "zzzzz"}, "license", "add the licence"),
        ({"lineage_licenses": ("mti",)}, "lineage_licenses", "use `mit`, or add the licence"),
        ({"base_model": "z/outside"}, "base_model", "add its row, or its licence to `lineage_licenses`"),
        ({"base_model": "a/one"}, "base_model", "remove it"),
        ({"base_relation": "finetune"}, "base_relation", "add `base_model`, or remove it"),
        ({"released": date(2012, 1, 1)}, "released", "correct it"),
        ({"architecture": {}}, "architecture", "add the fields of `config.json`"),
        ({"id": "no-owner"}, "id", "write owner/name"),
        ({"tasks": ("chatt",)}, "tasks", "use `chat`, or add the task"),
    ],
)
def test_a_model_refers_to_what_exists(changes: dict[str, Any], field: str, edit: str) -> None:
    """Each reference that leads nowhere comes with the edit."""
    model = a_model(**{"model_id": "a/one", **{k: v for k, v in changes.items() if k != "id"}})
    if "id" in changes:
        model = a_model("a/one").__class__(**{**model.__dict__, "id": changes["id"]})
    tasks = [Task(id="chat", name="Chat", kinds=("instruct",), requires=("vision",))]
    assert (field, edit) in [found[1:] for found in said(licenses=LICENSES, models=[model], tasks=tasks)]


def test_a_model_may_carry_the_tags_that_tasks_require() -> None:
    """Such a tag needs no task of its own."""
    tasks = [Task(id="see", name="See", kinds=("instruct",), requires=("vision",))]
    assert said(models=[a_model(tasks=("see", "vision"))], tasks=tasks) == []


def test_names_and_aliases_name_one_row() -> None:
    """Case does not tell two rows apart."""
    assert said(licenses=[*LICENSES, a_license("Expat")]) == [("Expat", "id", "choose another name")]
    assert said(licenses=[*LICENSES, a_license("x", aliases=("MIT",))]) == [("x", "aliases", "choose another name")]
    assert said(licenses=[LICENSES[0], LICENSES[0]]) == [("apache-2.0", "id", "choose another name")]
    assert said(licenses=[a_license("x", aliases=("X", "y", "Y"))]) == []


def test_a_card_may_share_its_common_name() -> None:
    """Asking for it is ambiguous then, which is an answer; ids stay unique."""
    cards = [a_gpu("Card 8 GB", 8, aliases=("Card",)), a_gpu("Card 12 GB", 12, aliases=("Card",))]
    assert said(gpus=cards) == []
    assert said(gpus=[cards[0], cards[0]]) == [("card-8-gb", "id", "choose another name")]


def test_scores_and_fallbacks_lead_to_rows() -> None:
    """A score of no model, a fallback to no task."""
    score = Score(model="a/on", benchmark="b", score=1.0, evidence="human", date="2025", source="s")
    assert said(models=[a_model("a/one")], scores=[score])[0][1:] == ("model", "use `a/one`, or add the model")
    task = Task(id="chat", name="Chat", kinds=("instruct",), fallback="tchat")
    assert said(tasks=[task]) == [("chat", "fallback", "use `chat`, or add the task")]


@pytest.mark.parametrize(
    ("stored", "edit"),
    [
        (StoredPrecision(precision="int4", formats=("q4_k_m",)), "use `Q4_K_M`, or add the format"),
        (StoredPrecision(precision="int8", formats=("Q4_K_M",)), "name a format of that precision which it runs"),
        (StoredPrecision(precision="int4", formats=("nf4",)), "name a format of that precision which it runs"),
        (StoredPrecision(precision="int4", formats=("Q4_K_M",), kv_format="f17"), "use `f16`, or add the KV format"),
        (StoredPrecision(precision="int4", formats=("Q4_K_M",)), ""),
    ],
)
def test_a_precision_means_formats_that_its_engine_runs(stored: StoredPrecision, edit: str) -> None:
    """Of that precision, on that engine, beside a cache of a known format."""
    tables: dict[str, list[Any]] = {"formats": [*load_formats().values()], "kv_formats": [*load_kv_formats().values()]}
    found = said(engines=[Engine(id="llama.cpp", version="1", stores=(stored,), constants=())], **tables)
    assert found == ([("llama.cpp", "stores.0", edit)] if edit else [])


@pytest.mark.parametrize("day", ["2025", "2025-02", "2025-02-28", "1999-12-31"])
def test_a_date_may_be_as_exact_as_known(day: str) -> None:
    """Year, month or day."""
    assert said(gpus=[a_gpu("Card", 8, sources=(Source(of="name", source="s", checked=day),))]) == []


@pytest.mark.parametrize("day", ["", "yesterday", "2025-13", "2025-00", "25-01-01", "2025-1-1", "01.02.2025"])
def test_a_date_that_is_none_is_found(day: str) -> None:
    """The field's place in the list is named."""
    card = a_gpu("Card", 8, sources=(Source(of="name", source="s", checked=day),))
    assert said(gpus=[card])[0][1] == "sources.0.checked"
