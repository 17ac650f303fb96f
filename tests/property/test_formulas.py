"""The law of `--explain`: every formula of an answering load that is printed comes to the bytes beside it."""

from typing import Any

import pytest

from llmfit.answers.estimating import size_model
from llmfit.answers.words import device_of
from llmfit.errors import LlmfitError
from support.formulas import value_of
from support.ranking import built_in

MODELS = (
    "Qwen/Qwen3-8B",
    "google/gemma-3-4b-it",
    "openai/gpt-oss-20b",
    "Qwen/Qwen3-30B-A3B",
    "deepseek-ai/DeepSeek-V3",
    "BAAI/bge-m3",
    "google-t5/t5-base",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "state-spaces/mamba-2.8b-hf",
    "Qwen/Qwen2.5-VL-7B-Instruct",
)
LOADS: dict[str, tuple[dict[str, Any], ...]] = {
    "llama.cpp": (
        {"format_name": "Q4_K_M"},
        {"format_name": "f16", "context": 300, "sequences": 3, "flash_attention": False},
        {"format_name": "Q8_0", "n_gpu_layers": 5, "engine_version": "b5000"},
        {"format_name": "Q4_K_M", "gpu": ["4x RTX 4090"]},
    ),
    "transformers": (
        {"format_name": "nf4"},
        {"format_name": "bf16", "prompt_tokens": 100, "context": 400, "attn_implementation": "eager"},
        {"format_name": "awq-int4", "engine_version": "4.36"},
        {"format_name": "awq-int4", "attn_implementation": "awq_fused"},
        {"format_name": "nf4", "attn_implementation": "litgpt"},
        {"format_name": "gptq-int4", "gpu": ["4x RTX 4090"]},
    ),
    "vllm": (
        {"format_name": "bf16", "enforce_eager": True},
        {"format_name": "fp8", "max_num_seqs": 1, "max_num_batched_tokens": 16_384},
        {"format_name": "awq-int4", "gpu": ["4x RTX 4090"]},
    ),
}
ROUNDED = 4
"""Bytes: what the allocator's share, or each of four GPUs, is rounded to."""


@pytest.mark.parametrize("engine", LOADS)
@pytest.mark.parametrize("name", MODELS)
def test_every_printed_formula_comes_to_its_bytes(name: str, engine: str) -> None:
    """Formats, old versions, several GPUs and layers in RAM, for each kind of layer."""
    catalog, seen = built_in(), 0
    for options in LOADS[engine]:
        load = dict(options)
        cards = load.pop("gpu", None)
        device = device_of(catalog, gpu=cards) if cards else None
        try:
            found = size_model(catalog, catalog.models[name], device=device, engine=engine, **load)
        except LlmfitError:
            continue
        for line in (line for part in found.estimate.parts for line in part.lines):
            assert value_of(line.formula) == pytest.approx(line.bytes, abs=ROUNDED), (options, line)
            seen += 1
    assert seen or (engine, name) == ("vllm", "state-spaces/mamba-2.8b-hf")
