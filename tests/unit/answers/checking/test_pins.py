"""Lock files: what they hold still, and what they only tell."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmfit.answers.checking.pins import pinned_device, pinned_license, pinned_model, pins_of
from llmfit.answers.words import device_of
from llmfit.catalog import Catalog, load_catalog
from llmfit.licensing import effective_license
from support.deploying import GOOD
from support.terminal import Said, ask

MODEL = "Qwen/Qwen3-8B"
DAY = ("--as-of", "2026-11-21")


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def pins() -> dict[str, Any]:
    """Return what a lock file says of a model on an L4, as it is read from the file."""
    row = catalog().models[MODEL]
    terms = effective_license(row, models=catalog().models, licenses=catalog().licenses)
    read: dict[str, Any] = json.loads(json.dumps(pins_of(row, device_of(catalog(), gpu=["L4"]), terms)))
    return read


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a lock file says of each deployment, as if the catalog had been another one when it was written."""
    content = json.loads(path.read_text("utf-8"))
    for row in content["deployments"].values():
        change(row)
    path.write_text(json.dumps(content), "utf-8")


def checked(capsys: pytest.CaptureFixture[str], lock: Path, *words: str) -> Said:
    """Check a model on an L4 with the lock file."""
    return ask(capsys, "check", MODEL, "--gpu", "L4", "--lock", str(lock), *DAY, *words)


def test_pins_bring_back_what_was_pinned() -> None:
    """Read from the file, model, licence and device are what they were."""
    row, device = catalog().models[MODEL], device_of(catalog(), gpu=["L4"])
    terms = effective_license(row, models=catalog().models, licenses=catalog().licenses)
    moved = replace(row, context_length=1, parameters=7, native_format="fp8")
    assert pinned_model(moved, pins()) == row
    smaller = replace(device, gpus=(replace(device.gpus[0], total_bytes=1),))
    assert pinned_device(smaller, pins()) == device
    stricter = replace(terms, commercial="no", conditions=())
    assert pinned_license(stricter, pins(), model=row) == terms


def test_pins_of_something_else_hold_nothing() -> None:
    """Another model, other GPUs, a machine that was looked at, and a lock file without the facts: today's count."""
    row, device = catalog().models["Qwen/Qwen3-4B"], device_of(catalog(), gpu=["2x L4"])
    terms = effective_license(row, models=catalog().models, licenses=catalog().licenses)
    assert pinned_model(row, pins()) is row
    assert pinned_license(terms, pins(), model=row) is terms
    assert pinned_device(device, pins()) is device
    seen = replace(device_of(catalog(), gpu=["L4"]), source="detected")
    assert pinned_device(seen, pins()) is seen
    assert pinned_model(catalog().models[MODEL], {"model": MODEL}) == catalog().models[MODEL]
    assert pins_of(row, seen, terms)["gpus"] is None


@pytest.mark.parametrize(
    "facts",
    [
        {"architecture": "llama"},
        {"parameters": -1},
        {"parameters": 8.5},
        {"context_length": None},
        {"license_terms": {"id": 7}},
        {"license_terms": "mit"},
        {"gpus": [{"name": "L4"}]},
        {"gpus": ["L4"]},
    ],
)
def test_facts_of_another_form_are_one_sentence(
    facts: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3 with the way out, whoever has edited the file."""
    lock = tmp_path / "llmfit.lock"
    checked(capsys, lock)
    edit(lock, lambda row: row.update(facts))
    said = checked(capsys, lock, "--json")
    assert (said.code, said.json["error"]["code"]) == (3, "source_unreadable")
    assert "--update-lock" in said.json["error"]["hint"]


def test_a_lock_answers_by_its_own_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes are those of the pinned architecture and memory, and what today's facts would change is said."""
    lock = tmp_path / "llmfit.lock"
    now = checked(capsys, lock, "--json").json["results"][0]
    same = checked(capsys, lock, "--json").json
    assert (same["changed"], same["results"][0]) == ([], now)
    edit(lock, lambda row: row["architecture"].update(num_hidden_layers=72))
    edit(lock, lambda row: row["gpus"][0].update(reserved_bytes=2 * row["gpus"][0]["reserved_bytes"]))
    pinned = checked(capsys, lock, "--json").json
    held = pinned["results"][0]
    assert held["estimate"]["memory"]["kv_cache_bytes"] == 2 * now["estimate"]["memory"]["kv_cache_bytes"]
    assert held["device"]["usable_bytes"] < now["device"]["usable_bytes"]
    assert any("num_hidden_layers: 72 became 36" in line for line in pinned["changed"])


def test_terms_are_those_of_the_lock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is that of the pinned licence until the lock is written again; the difference is told."""
    lock = tmp_path / "llmfit.lock"
    words = ("--license", "commercial")
    assert checked(capsys, lock, *words).code == 0
    edit(lock, lambda row: row["license_terms"].update(commercial="no", because=["it says so"]))
    held = checked(capsys, lock, *words)
    assert held.code == 1
    assert "license_terms.commercial" in held.err
    assert checked(capsys, lock, *words, "--update-lock").code == 0
    assert checked(capsys, lock, *words).code == 0


def test_what_is_asked_is_not_held_still(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Context, sequences and another GPU are the question: they count as they are asked."""
    lock = tmp_path / "llmfit.lock"
    checked(capsys, lock)
    assert checked(capsys, lock, "--context", "32k", "--sequences", "64").code == 1
    other = ask(capsys, "check", MODEL, "--vram", "12", "--lock", str(lock), *DAY, "--json").json
    assert other["results"][0]["device"]["name"] == "12 GB GPU"
    assert any(line.startswith(f"{MODEL}: device") for line in other["changed"])


def test_deployments_of_a_file_are_pinned_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is new since has nothing pinned."""
    path, lock = tmp_path / "deploy.yaml", tmp_path / "llmfit.lock"
    path.write_text(GOOD, "utf-8")
    ask(capsys, "check", str(path), "--lock", str(lock), *DAY)
    edit(lock, lambda row: row["architecture"].update(num_hidden_layers=72))
    path.write_text(GOOD + GOOD[GOOD.index("  - name") :].replace("name: chat", "name: second"), "utf-8")
    first, second = ask(capsys, "check", str(path), "--lock", str(lock), *DAY, "--json").json["results"]
    caches = [one["estimate"]["memory"]["kv_cache_bytes"] for one in (first, second)]
    assert caches[0] == 2 * caches[1]
