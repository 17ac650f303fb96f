"""Training memory against the world: published measurements, and what the training libraries count themselves."""

import json
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from llmfit.architectures import describe
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.saved import saved_terms
from llmfit.estimate.training.state import Amount
from llmfit.estimate.training.timeline import Gradients, moments
from llmfit.estimate.training.trained import trained_tensors
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import PartName
from support.training import estimated_gib, load, measured_architecture, training_rows

ORACLES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "reference" / "training_oracles.yaml").read_text(encoding="utf-8")
)
ROWS = training_rows()
JUDGED = [row for row in ROWS if not row.get("blind_spot")]
STATIC = [row for row in ROWS if row["kind"] in {"static", "init"}]
EXPLAINED = {
    "bert-none-bs-4": "an older stack's context is 1.3 GiB, and BERT's own dropout keeps masks",
    "qwen-qwen-1.8b-lora-4096": "the driver's figure jumps by 5.2 GiB from 2048 tokens and by 5.6 to twice as many",
}
"""Judged rows that miss by more than a fifth, and why."""

METHODS: dict[str, dict[str, Any]] = {
    "lora": {"method": "lora", "lora_rank": 16},
    "lora_all": {"method": "lora", "lora_rank": 8, "target_modules": ("all-linear",)},
    "dora_all": {"method": "dora", "lora_rank": 8, "target_modules": ("all-linear",)},
    "ia3": {"method": "ia3"},
    "prefix": {"method": "prefix"},
    "prompt": {"method": "prompt"},
    "lora_head": {
        "method": "lora",
        "lora_rank": 16,
        "target_modules": ("all-linear",),
        "modules_to_save": ("lm_head",),
    },
}
UNLIKE: dict[str, float] = {
    "facebook__opt-125m": 0.15,
    "EleutherAI__pythia-1b": 0.18,
    "CohereLabs__aya-expanse-8b": 0.13,
    "bigscience__bloomz-560m": 0.08,
    "deepseek-ai__DeepSeek-V2-Lite": 0.23,
}
"""Families whose modules save otherwise than the rules say, and by how much: dropout, Cohere's norm, MLA's halves."""


@cache
def architecture(shared: Path, config: str) -> Architecture:
    """Return the architecture of a config in the folder of facts."""
    values = json.loads((shared / "facts" / "configs" / f"{config}.json").read_text(encoding="utf-8"))
    return describe(values)


@pytest.mark.parametrize("row", STATIC, ids=lambda row: row["id"])
def test_static_state_is_within_two_percent(row: dict[str, Any]) -> None:
    """Weights, gradients, optimizer and adapter, and the outputs that PEFT's loop still holds."""
    found = estimated_gib(measured_architecture(row["config"]), row)
    assert found == pytest.approx(row["measured_gib"], rel=0.02)


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row["id"])
def test_no_stated_row_misses_by_more_than_a_fifth_unexplained(row: dict[str, Any]) -> None:
    """A miss beyond 20 % has a reason, and no more than 25 %."""
    found = estimated_gib(measured_architecture(row["config"]), row)
    tolerance = 0.25 if row["id"] in EXPLAINED else 0.2
    assert found == pytest.approx(row["measured_gib"], rel=tolerance)


def test_peaks_are_within_8_percent_in_the_median_and_20_in_nine_of_ten() -> None:
    """Over every row whose settings are stated and modelled."""
    errors = sorted(
        abs(estimated_gib(measured_architecture(row["config"]), row) / row["measured_gib"] - 1)
        for row in JUDGED
        if row["kind"] not in {"static", "init"}
    )
    assert median(errors) <= 0.08
    assert errors[int(0.9 * len(errors))] <= 0.20


def test_rows_of_unstated_length_are_never_above_their_limit() -> None:
    """PEFT's batches are cut at 768 tokens, so an estimate at 768 must lie above what 99 % of them took.

    Prompt tuning's own rows exceed it: their 200 virtual tokens come on top, and only 5 % are missing.
    """
    for row in ROWS:
        if row["group"] == "peft peak":
            found = estimated_gib(measured_architecture(row["config"]), row)
            assert found >= 0.94 * row["measured_gib"], row["id"]


@pytest.mark.parametrize("row", ORACLES["peft_counts"], ids=lambda row: row["config"])
@pytest.mark.shared
def test_adapters_have_as_many_parameters_as_peft_makes(shared: Path, row: dict[str, Any]) -> None:
    """Exactly, for every method that PEFT accepts for the architecture."""
    model = architecture(shared, row["config"])
    assert model.parameters == row["parameters"]
    for name, options in METHODS.items():
        if name in row and not (name == "prefix" and model.extra.get("kv_lora_rank")):
            found = sum(tensor.parameters for tensor in trained_tensors(model, load(**options)))
            assert found == row[name], name


@pytest.mark.parametrize("row", ORACLES["deepspeed_estimates"], ids=lambda row: row["config"])
@pytest.mark.shared
def test_state_agrees_with_deepspeeds_estimators(shared: Path, row: dict[str, Any]) -> None:
    """ZeRO-2 over 8 GPUs: weights, an eighth of gradients, states and the fp32 gradients of the step.

    With offload, 16-bit weights alone stay on the GPU, in stage 3 an eighth of them.
    """
    model = architecture(shared, row["config"])
    options: dict[str, Any] = {"recipe": "bf16-master", "gpus": 8, "sequence_length": 1}
    spread = estimate_training(model, load("full", zero=2, **options))
    step = -(-4 * model.parameters // 8)
    names = (PartName.WEIGHTS, PartName.GRADIENTS, PartName.OPTIMIZER)
    state = sum(spread.part_bytes(name) // 8 for name in names)
    assert state + step == pytest.approx(row["zero2_8"], abs=3)
    offloaded = estimate_training(model, load("full", zero=2, offload_optimizer=True, **options))
    assert offloaded.part_bytes(PartName.WEIGHTS) // 8 == row["zero2_8_offload"]
    sharded = estimate_training(model, load("full", zero=3, offload_optimizer=True, **options))
    assert sharded.part_bytes(PartName.WEIGHTS) // 8 == pytest.approx(row["zero3_8_offload"], abs=1)


@pytest.mark.parametrize("row", ORACLES["saved_for_backward"], ids=lambda row: f"{row['config']}-{row['method']}")
@pytest.mark.shared
def test_layers_save_what_autograd_saves(shared: Path, row: dict[str, Any]) -> None:
    """Two layers, last norm and loss of 2 x 512 tokens, within 5 % of what transformers hands to autograd."""
    if "falcon" in row["config"]:
        pytest.skip("Falcon's eager attention saves one matrix less than the general rule")
    model = architecture(shared, row["config"])
    targets = ("all-linear",) if row["method"] == "lora" else ()
    training = load(
        row["method"],
        recipe="bf16",
        batch_size=2,
        sequence_length=512,
        gradient_checkpointing="none",
        attention=row["attention"],
        target_modules=targets,
    )
    inside = (
        sum(x.bytes * sum(1 for layer in range(2) if layer < x.layers) for x in saved_terms(model, training)) * 1024
    )
    kept = moments(model, training, gradients=Gradients(Amount(0), Amount(0)), chunks=8)[0].lines
    ends = next(line.bytes for line in kept if line.label == "last norm and input of the head")
    logits = 4 * model.vocab_size * 1024
    assert inside + ends == pytest.approx(row["saved_bytes"] - logits, rel=UNLIKE.get(row["config"], 0.06))


@pytest.mark.parametrize("row", ORACLES["peaks"], ids=lambda row: f"{row['config']}-{row['gradient_checkpointing']}")
@pytest.mark.shared
def test_peaks_agree_with_torchs_own_tracker(shared: Path, row: dict[str, Any]) -> None:
    """Forward and backward without optimizer: 2 % below to 5 % above, whichever moment is the peak.

    The estimate counts the first layer's and the embedding's gradients a moment early.
    """
    model = architecture(shared, row["config"])
    options = {name: row[name] for name in ("batch_size", "sequence_length", "gradient_checkpointing")}
    training = load("full", recipe="bf16", keep_outputs=True, **options)
    found = max(
        x.bytes
        for x in moments(model, training, gradients=Gradients(Amount(2 * model.parameters), Amount(0)), chunks=8)
    )
    assert 0.98 <= found / row["bytes_beyond_weights"] <= 1.05


@pytest.mark.shared
def test_full_fine_tuning_of_a_7b_needs_70_gb_or_more(shared: Path) -> None:
    """In bf16 with fp32 master weights, as it is usually done."""
    model = architecture(shared, "huggyllama__llama-7b")
    found = estimate_training(model, load("full", batch_size=1, sequence_length=512))
    assert found.total_bytes >= 70e9


@pytest.mark.shared
def test_qlora_fine_tunes_falcon_40b_on_a_card_of_the_30_gb_class(shared: Path) -> None:
    """Too large for 24 GB, at home in 32: rank 64 on every linear layer, one sequence of 512 tokens."""
    training = load("qlora", lora_rank=64, optimizer="paged_adamw", batch_size=1, sequence_length=512)
    found = estimate_training(architecture(shared, "tiiuae__falcon-40b"), training)
    assert 24 * 2**30 < found.total_bytes < 32 * 2**30


@pytest.mark.shared
def test_qlora_fine_tunes_65b_in_48_gb(shared: Path) -> None:
    """Rank 64 on every linear layer, one sequence of 512 tokens (QLoRA, section 5)."""
    training = load("qlora", lora_rank=64, optimizer="paged_adamw", batch_size=1, sequence_length=512)
    found = estimate_training(architecture(shared, "huggyllama__llama-65b"), training)
    assert 40 * 2**30 < found.total_bytes < 48 * 2**30
