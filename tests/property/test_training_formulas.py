"""The law of `--explain`: every formula of fine-tuning that is printed comes to the bytes beside it."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import LlmfitError
from llmfit.estimate.training import estimate_training
from llmfit.records.training import METHODS
from support.formulas import value_of
from support.ranking import built_in
from support.training import load

MODELS = (
    "meta-llama/Llama-3.2-1B",
    "Qwen/Qwen3-8B",
    "google/gemma-3-4b-it",
    "openai/gpt-oss-20b",
    "Qwen/Qwen3-30B-A3B",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "deepseek-ai/DeepSeek-V3",
    "microsoft/phi-4",
    "BAAI/bge-m3",
    "google-t5/t5-base",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "tiiuae/falcon-7b",
    "openai-community/gpt2",
    "LiquidAI/LFM2-1.2B",
)
LOADS: tuple[dict[str, Any], ...] = (
    {},
    {"gpus": 8, "zero": 3, "gradient_accumulation": 4},
    {"gpus": 4, "stage": "ppo", "recipe": "fp32", "attention": "eager"},
    {"stage": "dpo", "recipe": "bf16", "optimizer": "adamw_8bit", "gradient_checkpointing": "none", "batch_size": 3},
    {"recipe": "bf16-amp", "optimizer": "muon", "gradient_checkpointing": "selective", "lora_dropout": 0.1},
    {"optimizer": "galore", "loss": "chunked", "modules_to_save": ("lm_head",), "foreach_optimizer": True},
    {"optimizer": "adafactor", "loss": "fused", "keep_outputs": True, "use_cache": True, "zero": 3},
    {"optimizer": "sgd", "recipe": "bf16", "offload_parameters": True, "fsdp": True, "trainer": "torchtune"},
    {"trainer": "litgpt", "recipe": "bf16", "adapter_dtype": "bf16"},
    {"trainer": "litgpt", "recipe": "bf16", "gpus": 2, "fsdp": True},
    {"target_modules": ("all-linear",), "target_experts": True, "base_format": "gptq-int4"},
)
ROUNDED = 1e-3
"""Bits of a quantised weight are printed with four figures."""


def loads(method: str) -> list[dict[str, Any]]:
    """Return the loads that have a meaning for the method."""
    return [options for options in LOADS if "base_format" not in options or method == "qlora"]


@pytest.mark.parametrize("name", MODELS)
def test_every_printed_formula_comes_to_its_bytes(name: str) -> None:
    """All methods, under loads that reach every term; shares of GPUs are rounded up, a byte on each."""
    architecture, seen = describe(built_in().models[name].architecture), 0
    for method in METHODS:
        for options in loads(method):
            try:
                found = estimate_training(architecture, load(method, **options))
            except LlmfitError:
                continue
            for line in (line for part in found.parts for line in part.lines):
                room = ROUNDED * line.bytes if " bit / 8" in line.formula else options.get("gpus", 1)
                assert value_of(line.formula) == pytest.approx(line.bytes, abs=room), (method, options, line)
                seen += 1
    assert seen > 100


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("8,030 parameters × 2 B", 16_060),
        ("(2·3 + 4) / 5 GPUs", 2),
        ("100 B × 2 blocks × 4 of 8 parameters", 100),
        ("5 - 7 B", -2),
        ("644 B, measured 0.30 to 1.40 GiB", 644),
        ("8 B in 16-bit + 4 B in Q4_K of masks", 12),
        ("(644 B, measured 0.30 to 1.40 GiB) × 8 GPUs", 5152),
    ],
)
def test_a_formula_is_read_as_it_is_printed(formula: str, value: float) -> None:
    """Words and the range of what was measured are no part of the sum."""
    assert value_of(formula) == value


@pytest.mark.parametrize("formula", ["", "two blocks at once", "4 to 5 B", "2 ** 3"])
def test_words_alone_are_no_formula(formula: str) -> None:
    """A line that names no numbers breaks the law."""
    with pytest.raises((SyntaxError, ValueError, KeyError)):
        value_of(formula)
