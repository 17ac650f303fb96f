"""Laws of the catalog: whatever is written into a file or asked for, it answers or says why not."""

import contextlib
import json
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llmfit.catalog import load_catalog
from llmfit.catalog.devices import device_from_names, device_from_vram, gigabytes
from llmfit.catalog.rows import validate_row
from llmfit.catalog.tables import BY_NAME
from llmfit.catalog.trusted import record_maker
from llmfit.catalog.yaml_text import parse_yaml
from llmfit.errors import CannotAnswerError, CatalogError, LlmfitError, UsageError
from llmfit.licensing import allows, effective_license
from llmfit.records.device import Gpu
from llmfit.records.license import License
from llmfit.records.model import Model
from support.models import a_license, a_model

CATALOG = load_catalog(user_file=None)
COMMERCIAL = ("yes", "conditional", "unknown", "no")
"""From the loosest to the strictest."""

USER_FILE = """schema_version: 1
models:
  - id: me/mine
    family: Mine
    publisher: me
    kind: instruct
    architecture: {model_type: llama, num_hidden_layers: 1}
    parameters: 1000
    released: 2025-01-01
    license: mit
    context_length: 2048
    sources: [{of: id, source: me, checked: "2025-01-01"}]
"""

words = st.text(st.characters(codec="utf-8"), max_size=40)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4))


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_plain_yaml_or_an_error_with_its_line(text: str) -> None:
    """Nothing else comes out of the reader."""
    try:
        parse_yaml(text, file="f")
    except CatalogError as error:
        assert error.message.startswith("f:")  # noqa: PT017 - most texts raise nothing at all


@given(values)
def test_json_is_yaml_and_means_the_same(value: Any) -> None:
    """What is written in quotes and brackets is read back; the reader adds no meaning.

    YAML folds the three line breaks that JSON leaves as they are.
    """
    text = json.dumps({"key": value}, ensure_ascii=False)
    assume(not set(text) & set("\x85\u2028\u2029"))
    with contextlib.suppress(CatalogError):  # characters that YAML forbids
        assert parse_yaml(text, file="f").data["key"] == value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_user_catalog_or_a_catalog_error(tmp_path: Path, content: bytes) -> None:
    """No other exception, whatever the file holds."""
    path = tmp_path / "catalog.yaml"
    path.write_bytes(content)
    with contextlib.suppress(CatalogError):
        load_catalog(user_file=path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.integers(0, len(USER_FILE) - 1), st.integers(1, 30), words)
def test_a_damaged_user_catalog_is_read_or_refused(tmp_path: Path, start: int, length: int, patch: str) -> None:
    """A piece replaced by anything; a refusal names the file."""
    path = tmp_path / "catalog.yaml"
    path.write_text(USER_FILE[:start] + patch + USER_FILE[start + length :], encoding="utf-8")
    try:
        load_catalog(user_file=path)
    except CatalogError as error:
        assert str(path) in error.message  # noqa: PT017 - some damage leaves a valid file
        assert error.hint  # noqa: PT017 - some damage leaves a valid file


@given(st.dictionaries(st.sampled_from([f.name for f in fields(Model)]) | words, values, max_size=8))
def test_any_row_is_a_record_or_a_list_of_errors(row: dict[str, Any]) -> None:
    """Never both, never neither; every error has words and an edit."""
    record, errors = validate_row(BY_NAME["models"], row)
    assert (record is None) is bool(errors)
    assert all(message and edit for _, message, edit in errors)


@given(words)
def test_any_name_is_a_row_or_an_error_with_a_hint(name: str) -> None:
    """Models, GPUs and words of the vocabularies."""
    for lookup in (CATALOG.model, CATALOG.gpu, CATALOG.license, CATALOG.task, CATALOG.format, CATALOG.engine):
        try:
            lookup(name)
        except LlmfitError as error:
            assert error.hint  # noqa: PT017 - some words are known ones
            assert "\n" not in error.message  # noqa: PT017 - some words are known ones


@given(words | st.floats() | st.integers())
def test_any_size_is_bytes_or_a_usage_error(value: Any) -> None:
    """Between a sixteenth of a GB and what a machine can have."""
    with contextlib.suppress(UsageError):
        assert 2**26 <= gigabytes(value, option="--vram") <= 2**44


@given(st.floats(0.1, 16_000), st.floats(0.1, 16_000))
def test_a_larger_card_holds_no_less(one: float, other: float) -> None:
    """Unless the sizes differ by less than what drivers keep from one class of cards to the next."""
    small, large = sorted((one, other))
    if large - small > 0.5:
        small_bytes, large_bytes = (device_from_vram(gb, catalog=CATALOG).usable_bytes for gb in (small, large))
        assert small_bytes <= large_bytes


CARDS = [name for name, gpu in sorted(CATALOG.gpus.items()) if not gpu.unified_memory]
MACHINES = [name for name, gpu in sorted(CATALOG.gpus.items()) if gpu.unified_memory]


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(MACHINES), st.lists(st.sampled_from(sorted(CATALOG.gpus)), min_size=1, max_size=3))
def test_nothing_adds_to_a_machine_with_one_memory(machine: str, others: list[str]) -> None:
    """Its GPU cannot be given another beside it, whatever that is and wherever it is named."""
    for names in ([machine, *others], [*others, machine]):
        with pytest.raises(UsageError):
            device_from_names(names, catalog=CATALOG)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(CARDS), min_size=1, max_size=4) | st.sampled_from(MACHINES).map(lambda name: [name]))
def test_a_device_is_the_sum_of_its_cards(names: list[str]) -> None:
    """Each is as it is alone, in the order asked for."""
    try:
        device = device_from_names(names, catalog=CATALOG)
    except CannotAnswerError:
        pytest.fail("an id of the table is always a GPU")
    alone = [device_from_names([name], catalog=CATALOG).gpus[0] for name in names]
    assert list(device.gpus) == alone
    assert device.usable_bytes == sum(gpu.usable_bytes for gpu in alone)


gpus: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    id=words.filter(bool),
    name=words,
    vendor=st.sampled_from(["nvidia", "amd", "intel", "apple", "other"]),
    memory_bytes=st.integers(1, 2**50),
    aliases=st.lists(words, max_size=3),
    bandwidth_gbps=st.none() | st.floats(1, 1e5),
    bf16=st.none() | st.booleans(),
)


@given(gpus)
def test_a_trusted_row_is_the_validated_row(row: dict[str, Any]) -> None:
    """Loading without checks gives what checking gave."""
    validated, errors = validate_row(BY_NAME["gpus"], row)
    assert errors == []
    assert record_maker(Gpu)(row) == validated
    assert record_maker(Gpu)(json.loads(json.dumps(asdict(validated)))) == validated


licenses = st.builds(
    a_license,
    st.sampled_from("abcd"),
    commercial=st.sampled_from(COMMERCIAL),
    permissive=st.booleans(),
    passes_to_derivatives=st.booleans(),
    regions_excluded=st.lists(st.sampled_from(["eu", "kr", "gb"]), max_size=2, unique=True).map(tuple),
)


@given(st.lists(licenses, min_size=2, max_size=4), st.lists(st.integers(0, 3), min_size=2, max_size=5))
def test_an_ancestor_never_loosens_a_licence(rows: list[License], chain: list[int]) -> None:
    """Adding a foreign ancestor keeps or tightens what is allowed; the circle of a lineage ends."""
    table = {row.id: row for row in rows}
    names = [f"p{place}/m" for place in range(len(chain))]
    models = {
        name: a_model(
            name,
            license="abcd"[number],
            base_model=names[place + 1] if place + 1 < len(names) else names[0],
            released=date(2025, 1, 1),
        )
        for place, (name, number) in enumerate(zip(names, chain, strict=True))
    }
    alone = effective_license(models[names[0]], models={}, licenses=table)
    within = effective_license(models[names[0]], models=models, licenses=table)
    assert COMMERCIAL.index(within.commercial) >= COMMERCIAL.index(alone.commercial)
    assert alone.permissive or not within.permissive
    assert set(within.regions_excluded) >= set(alone.regions_excluded)
    assert allows(alone, commercial=True)[0] or not allows(within, commercial=True)[0]
