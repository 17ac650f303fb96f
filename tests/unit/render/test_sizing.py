"""How one estimate is put into words: its load, its range, its speed."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.records.engine import Engine
from llmfit.records.estimate import Part, PartName
from llmfit.records.measured import Measured
from llmfit.render.comparison import ComparisonView
from llmfit.render.sizing import SizingView, load_words, speed_words
from llmfit.units import amount
from support.answers import Q4, WORKLOAD, device, estimate, fit, origin, sizing, training_sizing

TUNED = training_sizing().workload
SPREAD = Part(name=PartName.OVERHEAD, bytes=10, low=5, high=20)


def words(**changes: Any) -> str:
    """Return how the fine-tuned load is named."""
    return load_words(replace(training_sizing(), workload=replace(TUNED, **changes)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "full"}, "bf16-master (fp32 master weights and states, as DeepSpeed keeps them)"),
        ({"method": "full", "zero": 0, "fsdp": True}, "bf16-master (fp32 master weights and states)"),
        ({"method": "full", "recipe": "bf16"}, "bf16 (weights and states in bf16, as TRL trains a bf16 checkpoint)"),
        ({"method": "full", "recipe": "bf16", "trainer": "torchtune"}, "bf16 (weights and states in bf16)"),
        ({"method": "lora"}, "bf16 model, fp32 adapter"),
        ({"method": "lora", "recipe": "fp32"}, "fp32 model, fp32 adapter"),
        ({"method": "lora", "recipe": "bf16-amp", "adapter_dtype": "bf16"}, "fp32 model, bf16 adapter"),
        ({"method": "qlora", "base_format": Q4}, "Q4_K_M model, fp32 adapter"),
    ],
)
def test_a_fine_tuned_load_says_how_weights_are_held(changes: dict[str, Any], said: str) -> None:
    """Those that train by their recipe and whose it is; frozen ones by their format."""
    assert f"adamw, {said}, 1 sequence" in words(**{"base_format": None, **changes})


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (None, "measured range of such totals: "),
        (Measured("vllm with fp8", 2), "measured range of such totals: "),
        (
            Measured("vllm with fp8", 0, "vllm with bf16"),
            "nobody measured vllm with fp8; the nearest that was is vllm with bf16",
        ),
        (Measured("vllm with fp8", 0), "nobody measured vllm with fp8"),
    ],
)
def test_a_range_is_called_measured_only_where_such_loads_were(measured: Measured | None, said: str) -> None:
    """Else it says of which loads it is, and which kind was the nearest."""
    spread = replace(estimate(), parts=(*estimate().parts, SPREAD))
    text = SizingView(
        sizing=replace(sizing(), estimate=spread, fit=fit(of=spread), measured=measured), origin=origin("estimate")
    ).markdown()
    assert said in text
    assert ("measured range" in text) is (measured is None or measured.loads > 0)


def test_a_missing_speed_says_why() -> None:
    """Where the model fits; where it does not, or nobody named a device, there is nothing to say."""
    assert speed_words(replace(sizing(), speed=None, speed_reason="no bandwidth")) == "not known, no bandwidth"
    assert speed_words(replace(sizing(), speed=None)) == ""
    assert "tokens/s" in speed_words(sizing())


def test_a_comparison_says_what_an_engine_leaves_unused() -> None:
    """The heading and the rows add up."""
    whole, less = device(24.0), device(20.0)
    load = replace(WORKLOAD, engine=Engine(id="vllm", version="1", constants=()))
    held = replace(sizing(), workload=load, fit=fit(on=less))
    view = ComparisonView(sizings=(held,), device=whole, origin=origin("compare"))
    assert f"{amount(whole.usable_bytes)} usable ({amount(less.usable_bytes)} by vllm)" in view.markdown()
    alone = ComparisonView(sizings=(replace(held, fit=fit(on=whole)),), device=whole, origin=origin("compare"))
    assert "by vllm" not in alone.markdown()
