"""The facts in `data/` hold together, and the compiled tables are theirs."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmfit.catalog.compile import DATA, compile_tables, main, read_facts
from llmfit.catalog.measured import NAME as MEASURED
from llmfit.catalog.names import find_detected_gpu
from llmfit.catalog.rows import Draft
from llmfit.catalog.tables import COMPILED
from llmfit.catalog.trusted import record_maker
from llmfit.device_memory import gpu_of_table

GIB = 1024**3
MIB = 1024**2


@cache
def draft() -> Draft:
    """Return every row of the data, read once."""
    rows, problems = read_facts(DATA)
    assert problems == []
    return rows


def records(table: str) -> list[Any]:
    """Return a table's records with their sources."""
    return [entry.record for entry in draft().get(table, ())]


def test_the_compiled_tables_are_current() -> None:
    """Nobody forgot to compile."""
    assert main(["--check"]) == 0


def test_the_command_runs_as_documented() -> None:
    """As a module, from anywhere."""
    command = [sys.executable, "-m", "llmfit.catalog.compile", "--check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_else_is_compiled() -> None:
    """No file of a former table is left behind; what was measured is counted beside the tables."""
    assert {path.name for path in COMPILED.iterdir()} == {*compile_tables(draft()), MEASURED}


def test_compiled_rows_are_the_validated_rows() -> None:
    """What is loaded without checks equals what the checks let through."""
    from llmfit.catalog import Catalog

    catalog = Catalog()
    for table in ("licenses", "tasks", "formats", "kv_formats", "engines"):
        assert list(getattr(catalog, table).values()) == records(table)
    assert list(catalog.scores) == sorted(records("scores"), key=lambda score: score.benchmark)
    for table in ("models", "gpus"):
        rows = records(table)
        lookup = catalog.model if table == "models" else catalog.gpu
        assert [row.id for row in rows] == list(getattr(catalog, table))
        assert [lookup(row.id) for row in rows[:: max(1, len(rows) // 40)]] == rows[:: max(1, len(rows) // 40)]


def test_the_maker_keeps_every_field() -> None:
    """A record made from its own values is itself."""
    model = records("models")[0]
    assert record_maker(type(model))({**model.__dict__, "released": model.released.isoformat(), "sources": []}).id


@pytest.mark.parametrize("table", ["models", "gpus", "licenses"])
def test_every_row_has_a_source_with_a_day(table: str) -> None:
    """Facts without source are no facts."""
    assert [row.id for row in records(table) if not row.sources or not all(s.source for s in row.sources)] == []


def test_there_are_enough_rows() -> None:
    """The catalog promises 250 models and 250 GPUs."""
    assert len(records("models")) >= 250
    assert len(records("gpus")) >= 250
    assert len(records("licenses")) >= 60


def test_figures_of_gpus_are_possible() -> None:
    """Memory, bandwidth and compute within what was ever sold; the driver never reports more than the box says."""
    for gpu in records("gpus"):
        assert 1 <= gpu.memory_bytes / GIB <= 512, gpu.id
        assert gpu.memory_bytes % GIB == 0, gpu.id
        assert gpu.bandwidth_gbps is None or 10 <= gpu.bandwidth_gbps <= 10_000, gpu.id
        assert gpu.fp16_tflops is None or 0.2 <= gpu.fp16_tflops <= 10_000, gpu.id
        assert gpu.reported_bytes is None or 0.92 <= gpu.reported_bytes / gpu.memory_bytes <= 1.001, gpu.id
        assert gpu.reserved_bytes is None or 0 < gpu.reserved_bytes < 2 * GIB, gpu.id
        assert gpu.released is None or 2013 <= gpu.released <= 2026, gpu.id


def test_every_gpu_is_usable_by_at_least_two_thirds() -> None:
    """No rule leaves less: Apple's share is the smallest."""
    rules = records("memory_rules")
    for row in records("gpus"):
        gpu = gpu_of_table(row, rules=rules)
        assert 0.66 <= gpu.usable_bytes / row.memory_bytes <= 1, row.id


def test_every_gpu_answers_to_its_own_name_and_id() -> None:
    """A name of the table is never ambiguous."""
    from llmfit.catalog import Catalog

    catalog = Catalog()
    by_name = {gpu.name: catalog.gpu(gpu.name).memory_bytes for gpu in records("gpus")}
    assert by_name == {gpu.name: gpu.memory_bytes for gpu in records("gpus")}
    assert all(catalog.gpu(gpu.id).id == gpu.id for gpu in records("gpus"))


@pytest.mark.parametrize(
    ("name", "total_mib", "gpu_id"),
    [
        ("NVIDIA H100 80GB HBM3", 81559, "h100-sxm5-80gb"),
        ("NVIDIA A100-SXM4-80GB", 81920, "a100-sxm4-80gb"),
        ("NVIDIA A100-SXM4-40GB", 40960, "a100-sxm4-40gb"),
        ("NVIDIA A100-PCIE-40GB", 40960, "a100-pcie-40gb"),
        ("Tesla V100-SXM2-16GB", 16384, "tesla-v100-sxm2-16gb"),
        ("Tesla T4", 15360, "tesla-t4"),
        ("NVIDIA A10G", 23028, "a10g"),
        ("NVIDIA L4", 23034, "l4"),
        ("NVIDIA L40S", 46068, "l40s"),
        ("NVIDIA GeForce RTX 3060", 12288, "rtx-3060-12gb"),
        ("NVIDIA GeForce RTX 3090", 24576, "rtx-3090"),
        ("NVIDIA GeForce RTX 4080 SUPER", 16376, "rtx-4080-super"),
        ("NVIDIA GeForce RTX 4090", 24564, "rtx-4090"),
        ("NVIDIA GeForce RTX 5090", 32607, "rtx-5090"),
        ("NVIDIA GeForce RTX 4070 Laptop GPU", 8188, "rtx-4070-mobile"),
        ("NVIDIA RTX 6000 Ada Generation", 49140, "rtx-6000-ada"),
        ("NVIDIA RTX 4000 SFF Ada Generation", 20475, "rtx-4000-sff-ada"),
        ("NVIDIA B200", 183359, "b200"),
        ("NVIDIA GB10", None, "gb10"),
        ("AMD Instinct MI300X", 196592, "mi300x"),
        ("Intel(R) Arc(TM) A770 Graphics", 15473, "arc-a770"),
        ("Apple M3 Max", 65536, "m3-max-16-core-cpu-40-core-gpu-64gb"),
    ],
)
def test_names_of_drivers_find_their_row(name: str, total_mib: int | None, gpu_id: str) -> None:
    """As nvidia-smi, SYCL, ROCm and macOS spell them."""
    table = {gpu.id: gpu for gpu in records("gpus")}
    found = find_detected_gpu(name, None if total_mib is None else total_mib * MIB, table)
    assert found is not None
    assert found.id == gpu_id


def test_rules_cover_nvidia_amd_intel_and_apple() -> None:
    """Each says how it follows from what was read, and lies within its spread."""
    rules = records("memory_rules")
    assert {rule.vendor for rule in rules} == {"nvidia", "amd", "intel", "apple"}
    for rule in rules:
        figure = rule.reserved_share or rule.reserved_bytes
        assert rule.low <= figure <= rule.high, rule
        assert rule.note


def test_licences_do_not_contradict_themselves() -> None:
    """Permissive ones are commercial and pass on nothing; excluded regions are lower-case codes."""
    for row in records("licenses"):
        if row.permissive:
            assert (row.commercial, row.passes_to_derivatives) == ("yes", False), row.id
        else:
            assert row.passes_to_derivatives, row.id
            assert row.conditions, row.id
        assert all(sentence.endswith(".") for sentence in row.conditions), row.id
        regions = {*row.regions_excluded, *row.regions_excluded_multimodal}
        assert all(len(region) == 2 and region.islower() for region in regions), row.id
        assert bool(row.regions_note) or not regions, row.id


def test_ancestors_in_the_catalog_are_older_or_as_old() -> None:
    """A model is not made from one that came after it."""
    models = {model.id: model for model in records("models")}
    younger = [
        model.id
        for model in models.values()
        if model.base_model in models and models[model.base_model].released > model.released
    ]
    assert younger == []


def test_the_data_folder_holds_what_is_compiled() -> None:
    """And a page that says how to add a row."""
    assert (DATA / "README.md").is_file()
    assert Path(DATA / "gpus.yaml").is_file()
