"""The training libraries themselves, where they are installed: the committed figures are still what they say."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FIGURES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (ROOT / "data" / "reference" / "training_oracles.yaml").read_text(encoding="utf-8")
)
CONFIGS = ("Qwen__Qwen3-0.6B", "google__gemma-2b", "openai-community__gpt2")
PARTS = {"parameters", "lora", "lora_all", "ia3", "prefix", "prompt", "lora_head"}

pytestmark = [pytest.mark.shared, pytest.mark.filterwarnings("ignore")]
"""What the libraries warn of does not change what they count."""


@pytest.fixture(autouse=True)
def oracles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the scripts on the path."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks" / "oracles"), *sys.path])


def row(name: str, config: str) -> dict[str, Any]:
    """Return the committed figures of a config."""
    return next(one for one in FIGURES[name] if one["config"] == config)


@pytest.mark.parametrize("config", CONFIGS)
def test_peft_makes_as_many_parameters_as_is_written_down(shared: Path, config: str) -> None:
    """Every adapter that both count."""
    pytest.importorskip("peft")
    from peft_counts import count  # a script beside the package, found by its path

    found = count(shared / "facts" / "configs" / f"{config}.json")
    expected = row("peft_counts", config)
    assert {name: found[name] for name in PARTS if name in found} == {name: expected[name] for name in PARTS}


@pytest.mark.parametrize("config", CONFIGS[:2])
def test_deepspeed_estimates_what_is_written_down(config: str) -> None:
    """ZeRO-2 and ZeRO-3 over 8 GPUs, to a byte."""
    pytest.importorskip("deepspeed")
    from deepspeed_estimates import estimates

    expected = row("deepspeed_estimates", config)
    found = estimates(row("peft_counts", config)["parameters"], expected["largest_module"])
    assert {name: pytest.approx(size, abs=1) for name, size in found.items()} == {x: expected[x] for x in found}


@pytest.mark.parametrize("method", ["full", "lora"])
def test_autograd_saves_what_is_written_down(shared: Path, method: str) -> None:
    """Two layers, last norm and loss of a Qwen3, to a thousandth."""
    pytest.importorskip("transformers")
    pytest.importorskip("peft")
    from saved_tensors import saved_bytes

    rows = (one for one in FIGURES["saved_for_backward"] if one["config"] == CONFIGS[0] and one["method"] == method)
    path = shared / "facts" / "configs" / f"{CONFIGS[0]}.json"
    assert saved_bytes(path, lora=method == "lora") == pytest.approx(next(rows)["saved_bytes"], rel=1e-3)
