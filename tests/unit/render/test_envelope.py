"""The nouns of the JSON envelope."""

from dataclasses import replace

import pytest

from llmfit.errors import UnknownGpuError
from llmfit.records.estimate import Estimate, Part, PartName, Verdict
from llmfit.render import envelope as nouns
from llmfit.render.terminal import Terminal
from llmfit.render.view import json_text
from support.answers import F16_CACHE, GPU, LICENSE, SPEED, STRICT, WORKLOAD, device, estimate, fit, model, origin


def test_an_envelope_begins_with_version_command_and_catalog() -> None:
    """The first three fields are the same for every command."""
    made = nouns.envelope("gpus", catalog_version="1", catalog_models=2, gpus=[])
    assert list(made) == ["schema_version", "command", "catalog", "gpus"]
    assert made["catalog"] == {"version": "1", "models": 2}


def test_an_error_has_code_message_and_hint() -> None:
    """An empty hint is there and empty."""
    made = nouns.error_json(UnknownGpuError("No GPU is called x"), command="estimate")
    assert made["error"] == {"code": "unknown_gpu", "message": "No GPU is called x", "hint": ""}


def test_a_model_has_the_same_fields_wherever_it_appears() -> None:
    """Those that the design names, and the publisher and kind."""
    made = nouns.model_json(model(), license_=STRICT, active_parameters=None)
    assert set(made) == {
        *("id", "family", "publisher", "kind", "parameters", "active_parameters", "context_length"),
        *("released", "tasks", "languages", "license"),
    }
    assert made["released"] == "2026-03-01"
    assert made["license"]["commercial"] == "no"
    assert made["license"]["effective_id"] == "meadow-nc"
    assert nouns.license_json(LICENSE)["conditions"] == []


def test_memory_names_every_part_that_there_is() -> None:
    """Inference has four parts; training adds its own, in the order of the parts."""
    assert list(nouns.memory_json(estimate())) == [
        "weights_bytes",
        "kv_cache_bytes",
        "activation_bytes",
        "overhead_bytes",
        "total_bytes",
    ]
    training = Estimate(parts=(*estimate().parts, Part(name=PartName.OPTIMIZER, bytes=7)))
    made = nouns.memory_json(training)
    assert made["optimizer_bytes"] == 7
    assert list(made).index("optimizer_bytes") < list(made).index("activation_bytes")


def test_an_unknown_part_is_null_and_never_0() -> None:
    """The total is then what is known."""
    unknown = replace(estimate(), unknown=(PartName.KV_CACHE,))
    assert nouns.memory_json(unknown)["kv_cache_bytes"] is None


def test_a_part_that_is_exact_has_itself_as_range() -> None:
    """`low_bytes` and `high_bytes` are numbers in every part."""
    parts = {part["name"]: part for part in nouns.parts_json(estimate())}
    assert parts["weights"]["low_bytes"] == parts["weights"]["high_bytes"] == parts["weights"]["bytes"]
    assert parts["overhead"]["low_bytes"] < parts["overhead"]["bytes"] < parts["overhead"]["high_bytes"]
    assert parts["weights"]["lines"][0]["formula"]


def test_without_a_device_verdict_and_headroom_are_null() -> None:
    """The fields stay, so that a program need not ask whether they are there."""
    assert nouns.fit_json(None) == {"verdict": None, "verdict_reason": "", "headroom_bytes": None}
    assert nouns.device_json(None) is None
    assert nouns.speed_json(None) is None
    assert nouns.fit_json(fit(Verdict.TIGHT))["verdict"] == "tight"


def test_a_device_says_what_is_usable_and_where_that_comes_from() -> None:
    """Total less reserved and used; each GPU has its source."""
    made = nouns.device_json(device())
    assert made is not None
    assert made["usable_bytes"] == made["total_bytes"] - made["gpus"][0]["reserved_bytes"]
    assert made["gpus"][0]["source"]


def test_a_workload_says_the_engine_version_whose_rules_were_used() -> None:
    """The engine's own default, or the one that was asked for."""
    assert nouns.workload_json(WORKLOAD)["engine_version"] == "b9000"
    asked = replace(WORKLOAD, options=replace(WORKLOAD.options, engine_version="b8000"), prompt_tokens=100)
    made = nouns.workload_json(asked)
    assert (made["engine_version"], made["prompt_tokens"], made["kv_format"]) == ("b8000", 100, F16_CACHE.id)


def test_speed_is_a_range_with_its_basis() -> None:
    """Slow end, typical, fast end."""
    made = nouns.speed_json(SPEED)
    assert made is not None
    assert made["low"] < made["typical"] < made["high"]
    assert nouns.speed_json(replace(SPEED, prefill=None))["prefill"] is None  # type: ignore[index]  # it is there


def test_a_gpu_names_its_sources() -> None:
    """Where a row was read is part of it."""
    assert nouns.gpu_json(GPU)["sources"] == ["data sheet"]
    assert "sources" not in nouns.without(nouns.gpu_json(GPU), ["sources"])


def test_json_has_no_nan_and_escapes_what_would_not_arrive() -> None:
    """Letters stay as they are where UTF-8 arrives."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": float("nan")}, terminal=Terminal())
    assert json_text({"a": "한"}, terminal=Terminal()) == '{"a": "한"}'
    assert json_text({"a": "한"}, terminal=Terminal(unicode=False)) == '{"a": "\\ud55c"}'
    assert origin("gpus").command == "gpus"
