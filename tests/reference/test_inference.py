"""The world: published measurements of running models against the estimates, by source.

Whole MiB, rounded down, make small caches and buffers look up to 1 % off.
The limits are the project's own bars, or where a source is worse than them, what it measured when this was written:
median, 95th percentile, worst.
"""

from typing import Any

import pytest

from llmfit.catalog import load_catalog
from support.measured import compare_all, errors_of, load_reference, summarise

LIMITS: dict[str, tuple[float, float, float]] = {
    "llama.cpp logs": (0.001, 0.001, 0.001),
    "ik_llama.cpp logs": (0.01, 0.03, 0.03),
    "llama.cpp caches": (0.001, 0.005, 0.005),
    "llama.cpp states": (0.001, 0.005, 0.005),
    "llama-fit-params cache": (0.001, 0.005, 0.005),
    "llama-fit-params compute buffer": (0.005, 0.09, 0.14),
    "llama-fit-params, many families: cache": (0.002, 0.005, 0.01),
    "llama-fit-params, many families: compute buffer": (0.01, 0.04, 0.08),
    "llama.cpp's allocator, families derived on: cache": (0.0001, 0.001, 0.001),
    "llama.cpp's allocator, families derived on: buffer": (0.002, 0.06, 0.10),
    "llama.cpp's allocator, families checked on: cache": (0.0001, 0.001, 0.001),
    "llama.cpp's allocator, families checked on: buffer": (0.002, 0.06, 0.13),
    "pools of vLLM, SGLang, TensorRT-LLM": (0.001, 0.012, 0.012),
    "AutoAWQ fused": (0.02, 0.05, 0.05),
    "optimum-benchmark forward": (0.02, 0.055, 0.055),
    "Qwen1.5 page": (0.02, 0.08, 0.08),
    "Qwen2 page": (0.02, 0.15, 0.30),
    "Qwen2.5 page": (0.02, 0.05, 0.05),
    "Qwen3 page": (0.02, 0.05, 0.07),
    "vLLM weights": (0.02, 0.02, 0.02),
    "vLLM activation peak": (0.10, 0.10, 0.10),
}


@pytest.mark.parametrize("group", LIMITS)
def test_errors_stay_within_the_bars(group: str) -> None:
    """Median, 95th percentile and worst error of one source."""
    _, middle, high, worst = summarise(errors_of(group))
    assert middle <= LIMITS[group][0]
    assert high <= LIMITS[group][1]
    assert worst <= LIMITS[group][2]


def test_transformers_stays_within_the_bar_of_all_its_sources() -> None:
    """Allocated memory of five sources together: median 2 %, 95th percentile 5 %."""
    sources = ("Qwen3 page", "Qwen2.5 page", "optimum-benchmark forward", "AutoAWQ fused", "litgpt")
    _, middle, high, _ = summarise([error for name in sources for error in errors_of(name)])
    assert middle <= 0.02
    assert high <= 0.05


def test_no_load_is_wrongly_said_to_fit() -> None:
    """None that took more than 90 % of its card is called a fit."""
    assert not [row for row in compare_all() if row.fits_wrongly]


def test_every_measured_model_is_described() -> None:
    """A reference row whose architecture is unknown would silently leave the account."""
    from support.measured import load_architectures

    reasons = {name: found for name, found in load_architectures().items() if isinstance(found, str)}
    assert not reasons


@pytest.mark.parametrize("row", load_reference("overhead"), ids=lambda row: f"{row['constant']}-{row['card']}")
def test_overhead_lies_in_its_stated_range(row: dict[str, Any]) -> None:
    """Every figure that was read is between `low` and `high` of its constant."""
    constant = load_catalog(user_file=None).engine(row["engine"]).constant(row["constant"], row["platform"])
    assert constant.low <= row["measured_bytes"] <= constant.high
