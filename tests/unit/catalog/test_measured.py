"""Which kinds of load were measured, and what is said of those that nobody did."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmfit.answers.finetuning import training_of
from llmfit.catalog import load_catalog
from llmfit.catalog.compile import DATA
from llmfit.catalog.measured import NAME, count_measured, measured_of
from llmfit.catalog.tables import COMPILED
from llmfit.records.measured import Measured
from llmfit.records.workload import Workload

CATALOG = load_catalog(user_file=None)
COUNTS = {
    "inference": [
        ["llama.cpp", "Q4_0", 9],
        ["llama.cpp", "f16", 5],
        ["vllm", "awq-int4", 3],
        ["vllm", "bf16", 5],
        ["vllm", "gptq-int4", 1],
    ],
    "training": [
        ["litgpt", "lora", "", 22],
        ["peft", "full", "bf16", 21],
        ["peft", "full", "fp32", 2],
        ["peft", "lora", "", 40],
        ["torchtune", "full", "bf16", 30],
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A compiled folder with these counts."""
    (tmp_path / NAME).write_text(json.dumps(COUNTS), encoding="utf-8")
    return tmp_path


def answering(engine: str, form: str) -> Workload:
    """Return a load that answers."""
    made = {"engine": CATALOG.engine(engine), "format": CATALOG.format(form), "kv_format": CATALOG.kv_format("f16")}
    return Workload(**made, context=1024)  # type: ignore[arg-type]  # each of its own type


@pytest.mark.parametrize(
    ("engine", "form", "found"),
    [
        ("llama.cpp", "Q4_0", Measured("llama.cpp with Q4_0", 9)),
        ("llama.cpp", "Q8_0", Measured("llama.cpp with Q8_0", 0, "llama.cpp with Q4_0")),
        ("llama.cpp", "bf16", Measured("llama.cpp with bf16", 0, "llama.cpp with f16")),
        ("vllm", "gptq-int8", Measured("vllm with gptq-int8", 0, "vllm with gptq-int4")),
        ("vllm", "fp8", Measured("vllm with fp8", 0, "vllm with awq-int4")),
        ("vllm", "nvfp4", Measured("vllm with nvfp4", 0, "vllm with awq-int4")),
        ("transformers", "nf4", Measured("transformers with nf4", 0)),
    ],
)
def test_the_nearest_format_of_the_same_engine_stands_in(folder: Path, engine: str, form: str, found: Measured) -> None:
    """The same family first, then the nearest width; another engine's figures say nothing."""
    assert measured_of(answering(engine, form), formats=CATALOG.formats, folder=folder) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"method": "lora"}, Measured("lora by peft", 40)),
        ({"method": "lora", "recipe": "fp32"}, Measured("lora by peft", 40)),
        ({"method": "lora", "trainer": "litgpt"}, Measured("lora by litgpt", 22)),
        ({"method": "lora", "trainer": "torchtune"}, Measured("lora by torchtune", 0, "lora by peft")),
        ({"method": "dora"}, Measured("dora by peft", 0, "lora by peft")),
        ({"method": "full", "recipe": "fp32"}, Measured("full in fp32 by peft", 2)),
        ({"method": "full"}, Measured("full in bf16-master by peft", 0, "full in bf16 by peft")),
        ({"method": "freeze"}, Measured("freeze in bf16-master by peft", 0, "full in bf16 by peft")),
    ],
    ids=str,
)
def test_the_nearest_kind_of_fine_tuning_trains_the_same_things(
    folder: Path, words: dict[str, Any], found: Measured
) -> None:
    """Adapters for adapters, then the same method, then the same library, then what was measured most."""
    words = dict(words)
    load = training_of(CATALOG, words.pop("method"), **words)
    assert measured_of(load, formats=CATALOG.formats, folder=folder) == found


def test_without_counts_nothing_was_measured(tmp_path: Path) -> None:
    """An installation without the file claims nothing."""
    assert measured_of(answering("vllm", "bf16"), formats=CATALOG.formats, folder=tmp_path).loads == 0


def test_the_compiled_counts_are_those_of_the_measurements() -> None:
    """Every row is of a known engine and format, so that each can be the nearest of another."""
    counted = count_measured(DATA / "reference")
    assert counted == (COMPILED / NAME).read_text(encoding="utf-8")
    rows = json.loads(counted)
    assert sum(many for *_, many in rows["inference"]) == 302
    for engine, form, _ in rows["inference"]:
        assert engine in CATALOG.engines
        assert form in CATALOG.formats


def test_a_folder_without_measurements_counts_none(tmp_path: Path) -> None:
    """A user's own data need none."""
    assert json.loads(count_measured(tmp_path)) == {"inference": [], "training": []}
