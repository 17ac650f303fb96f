"""Weights against published file sizes, engine logs and llama.cpp's own account.

`python tests/reference/test_weights.py` prints every row: predicted, measured, error.
"""

import csv
import json
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmfit.architectures import describe
from llmfit.errors import LlmfitError
from llmfit.estimate.weights import estimate_weights, stored_bytes
from llmfit.records.architecture import Architecture
from support.formats import make_workload

ROOT = Path(__file__).parent.parent.parent
GIB = 1024**3
MIB = 1024**2

MODELS = {
    "Llama 3 8B": "meta-llama/Meta-Llama-3-8B",
    "Llama-3-8B": "meta-llama/Meta-Llama-3-8B",
    "Llama-3.1-8B": "meta-llama/Meta-Llama-3-8B",
    "Meta Llama 3.1 8B Instruct": "meta-llama/Meta-Llama-3-8B",
    "Meta_Llama_3.1_8b_it": "meta-llama/Meta-Llama-3-8B",
    "Llama-3.1-8B-Instruct": "meta-llama/Meta-Llama-3-8B",
    "Llama-3.1-70B": "meta-llama/Llama-3.1-70B",
    "LLaMA 30B": "huggyllama/llama-30b",
    "LLaMA v2": "meta-llama/Llama-2-13b-hf",
    "llama-2-7b-chat": "meta-llama/Llama-2-7b-chat-hf",
    "CodeLlama-70B-Instruct": "codellama/CodeLlama-70b-Instruct-hf",
    "SOLAR-10.7B-Instruct": "upstage/SOLAR-10.7B-Instruct-v1.0",
    "Mistral-7B (openchat_3.5)": "mistralai/Mistral-7B-Instruct-v0.2",
    "LLaVA-1.6-Mistral-7B (LLM part)": "mistralai/Mistral-7B-Instruct-v0.2",
    "Mixtral-8x7B-Instruct-v0.1": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Mixtral-8x7B (dolphin-2.5)": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Ministral-3-14B-Instruct-2512-BF16": "mistralai/Ministral-3-14B-Instruct-2512",
    "Qwen2-0.5B-Instruct": "Qwen/Qwen2-0.5B-Instruct",
    "Qwen3-0.6B": "Qwen/Qwen3-0.6B",
    "Qwen3 235B A22B": "Qwen/Qwen3-235B-A22B",
    "qwen3moe ?B Q2_K - Medium": "Qwen/Qwen3-235B-A22B",
    "Qwen3-235B-A22B": "Qwen/Qwen3-235B-A22B",
    "Qwen3-235B-A22B-128K": "Qwen/Qwen3-235B-A22B",
    "Qwen3.6-35B-A3B-BF16": "Qwen/Qwen3.5-35B-A3B",
    "Qwen3.8-27B": "Qwen/Qwen3.8-27B",
    "Qwen/Qwen3.8-27B": "Qwen/Qwen3.8-27B",
    "Qwen/Qwen3.8-27B-FP8": "Qwen/Qwen3.8-27B",
    "Eco-Tech/Qwen3.8-27B-w8a8": "Qwen/Qwen3.8-27B",
    "Qwen/Qwen3.8-2.4T-A95B": "Qwen/Qwen3.8-2.4T-A95B",
    "Qwen/Qwen3.8-2.4T-A95B-FP8": "Qwen/Qwen3.8-2.4T-A95B",
    "Inferact/Qwen3.8-2.4T-A95B-MXFP4": "Qwen/Qwen3.8-2.4T-A95B",
    "Inferact/Qwen3.8-2.4T-A95B-NVFP4": "Qwen/Qwen3.8-2.4T-A95B",
    "MiniCPM5-1B": "openbmb/MiniCPM5-1B",
    "LiquidAI/LFM2.5-230M": "LiquidAI/LFM2.5-230M",
    "gemma-4-26B-A4B-it-BF16": "google/gemma-4-26B-A4B-it",
    "gemma-4-31B-it-BF16": "google/gemma-4-31B-it",
    "gpt-oss-20b": "openai/gpt-oss-20b",
    "gpt-oss-120b": "openai/gpt-oss-120b",
    "gpt-oss-20b-mxfp4": "openai/gpt-oss-20b",
    "gpt-oss-120b-mxfp4": "openai/gpt-oss-120b",
    "GLM Z1 32B 0414": "zai-org/GLM-Z1-32B-0414",
    "GLM Z1 Rumination 32B 0414": "zai-org/GLM-Z1-Rumination-32B-0414",
    "Valkyrie-49B-v2 (Nemotron-Super 49B)": "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5",
    "DeepSeek V3 0324": "deepseek-ai/DeepSeek-V3-0324",
    "Deepseek-V3-0324": "deepseek-ai/DeepSeek-V3-0324",
    "DeepSeek-Coder-V2-Instruct 236B": "deepseek-ai/DeepSeek-Coder-V2-Instruct-0724",
    "Kimi K2 Instruct Bf16 Safetensors": "moonshotai/Kimi-K2-Instruct",
}
"""Model of a row, by the row's own name, as a config in the shared facts. Tensors are what decides."""

UNEXPLAINED = {
    ("MiniCPM5-1B", "*"): "printed as `ls -lh` does: binary units, rounded up to two digits",
    ("Llama-3.1-70B", "*"): "the source's F32 size is not four bytes a parameter either",
    ("qwen3moe ?B Q2_K - Medium", "Q2_K"): "2.6 % larger than the scheme makes it: a mix of its maker's",
    ("Mixtral-8x7B (dolphin-2.5)", "*"): "made before experts were told apart: every expert in one type",
    ("DeepSeek V3 0324", "Q4_K_M"): "a mix of its maker's",
    ("Deepseek-V3-0324", "*"): "mixes of their makers",
    ("GLM Z1 Rumination 32B 0414", "bf16"): "the log shows the type of the source, not of the file",
}
"""Rows that are not asserted, and why."""


@dataclass(frozen=True)
class Row:
    """One published size beside the estimate."""

    label: str
    format: str
    predicted: int
    measured: float
    source: str
    rounding: float = 0.0
    """Relative error that the printed digits allow."""

    @property
    def error(self) -> float:
        """Relative error of the estimate."""
        return self.predicted / self.measured - 1


def load_architecture(shared: Path, name: str) -> Architecture:
    """Describe the shared config of a model."""
    text = (shared / "facts" / "configs" / f"{name.replace('/', '__')}.json").read_text("utf-8")
    config: dict[str, Any] = json.loads(text)
    return describe(config)


def _read(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "truth" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _scheme(text: str) -> str | None:
    """Return the format of a row in our own words; None for a maker's own mix."""
    if "_R4" in text or "_R8" in text or "UD-" in text or text.endswith(("_XL", "_K_L", "_XS")):
        return text if text in ("Q3_K_L", "IQ2_XS", "IQ3_XS", "IQ4_XS") else None
    text = {"mxfp4": "MXFP4_MOE", "FP8 block": "fp8-block", "fp8": "fp8-block", "int8": "w8a8"}.get(text, text)
    text = text.split(" bpw")[0].rsplit(" - ", 1)[0] if " bpw" in text else text
    try:
        return make_workload(text).format.id
    except KeyError:
        return None


def file_rows(shared: Path) -> Iterator[Row]:
    """Yield the GGUF files of which the architecture and the scheme are known."""
    for row in _read(shared, "file_sizes.csv"):
        scheme, name = _scheme(row["quant"]), row["model"]
        if scheme is None or name not in MODELS or "safetensors" in row["bpw_kind"] or "recipes" in row["source"]:
            continue
        if (name, scheme) in UNEXPLAINED or (name, "*") in UNEXPLAINED:
            continue
        try:
            architecture = load_architecture(shared, MODELS[name])
            predicted = stored_bytes(architecture, make_workload(scheme))
        except LlmfitError as error:
            sys.stdout.write(f"{name} {scheme}: {error.message}\n")
            continue
        digits = len(row["file_size"].partition(".")[2])
        rounding = 0.5 * 10**-digits / float(row["file_size"])
        yield Row(name, scheme, predicted, float(row["size_gib"]) * GIB, row["source"], rounding)


def log_rows(shared: Path) -> Iterator[Row]:
    """Yield what llama.cpp says of the weights of three models, every tensor counted once."""
    for row in _read(shared, "llamacpp.csv"):
        scheme = row["format"].split("+")[0].replace("mxfp4", "MXFP4_MOE")
        architecture = load_architecture(shared, MODELS[row["model"]])
        predicted = stored_bytes(architecture, make_workload(scheme))
        yield Row(row["model"], scheme, predicted, float(row["weights_mib"]) * MIB, "llamacpp.csv")


def gpu_rows(shared: Path) -> Iterator[Row]:
    """Yield weights on the GPU alone, as llama.cpp's log prints them."""
    for row in _read(shared, "inference.csv"):
        note, name = row["note"], row["model"]
        scheme = _scheme(row["precision"].removeprefix("gguf ").split(" (")[0])
        if "weights_gpu_mib=" not in note or name not in MODELS or scheme is None:
            continue
        if (name, scheme) in UNEXPLAINED or (name, "*") in UNEXPLAINED:
            continue
        measured = float(note.split("weights_gpu_mib=")[1].split(";")[0].split(" ")[0])
        part, _ = estimate_weights(load_architecture(shared, MODELS[name]), make_workload(scheme))
        yield Row(name, scheme, part.bytes, measured * MIB, row["source"])


def vllm_rows(shared: Path) -> Iterator[Row]:
    """Yield what vLLM reports after loading a model."""
    for row in _read(shared, "inference.csv"):
        if (
            not row["mem_kind"].startswith("weights only")
            or row["model"] not in MODELS
            or "statement" in row["mem_kind"]
        ):
            continue
        if row["precision"] not in ("bf16", "mxfp4", "fp8", "nvfp4") or "unsloth" in row["note"]:
            continue
        format_name = {"fp8": "fp8-block"}.get(row["precision"], row["precision"])
        workload = make_workload(format_name, "vllm")
        part, _ = estimate_weights(load_architecture(shared, MODELS[row["model"]]), workload)
        measured = float(row["measured_gib"]) * int(row["n_gpus"]) * GIB
        yield Row(row["model"], format_name, part.bytes, measured, row["source"])


def checkpoint_rows(shared: Path) -> Iterator[Row]:
    """Yield exact sizes of published checkpoints, next-token layers included."""
    for row in _read(shared, "file_sizes.csv"):
        if "safetensors" not in row["bpw_kind"] or row["model"] not in MODELS:
            continue
        format_name = {"fp8": "fp8-block", "int8": "w8a8"}.get(row["quant"], row["quant"])
        workload = make_workload(format_name, "vllm", speculative=True)
        try:
            predicted = stored_bytes(load_architecture(shared, MODELS[row["model"]]), workload)
        except LlmfitError as error:
            sys.stdout.write(f"{row['model']} {format_name}: {error.message}\n")
            continue
        yield Row(row["model"], format_name, predicted, float(row["size_gib"]) * GIB, row["source"])


def load_oracle() -> list[dict[str, Any]]:
    """Return the committed answers of `llama-quantize --dry-run`."""
    text = (ROOT / "data" / "reference" / "weights.yaml").read_text("utf-8")
    rows: list[dict[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)["quantize"]
    return rows


def _render(rows: list[Row]) -> str:
    lines = [
        f"{r.label[:38]:38} {r.format:10} {r.predicted / MIB:12.1f} {r.measured / MIB:12.1f} {r.error:+8.2%}"
        for r in sorted(rows, key=lambda r: -abs(r.error))
    ]
    return "\n".join(lines)


def _worst(rows: list[Row]) -> float:
    return max(abs(row.error) for row in rows)


@pytest.mark.shared
def test_llamacpp_account_within_three_per_mille(shared: Path) -> None:
    """llama.cpp's own count of weights is met within 0.3 %; its figures are printed in whole MiB."""
    rows = list(log_rows(shared))
    assert len(rows) >= 50
    assert _worst(rows) <= 0.003, _render(rows)


@pytest.mark.shared
def test_gguf_files_within_one_percent(shared: Path) -> None:
    """Published GGUF files are met within 1 % and the printed digits, half of them within 0.3 %."""
    rows = list(file_rows(shared))
    assert len(rows) >= 60
    assert statistics.median(abs(row.error) for row in rows) <= 0.003, _render(rows)
    assert [row for row in rows if abs(row.error) > 0.01 + row.rounding] == []


@pytest.mark.shared
def test_gpu_weights_of_logs_leave_out_the_input_embedding(shared: Path) -> None:
    """What llama.cpp puts on the GPU is met within 1 %, half of it exactly: the input embedding stays in RAM."""
    rows = list(gpu_rows(shared))
    assert len(rows) >= 10
    assert statistics.median(abs(row.error) for row in rows) <= 0.0001, _render(rows)
    assert _worst(rows) <= 0.01, _render(rows)


@pytest.mark.shared
def test_vllm_weights_within_two_percent(shared: Path) -> None:
    """What vLLM reports as "Model loading took" is met within 2 %, padded experts of gpt-oss included."""
    rows = list(vllm_rows(shared))
    assert len(rows) >= 4
    assert _worst(rows) <= 0.02, _render(rows)


def _oracle_rows() -> list[Any]:
    return [pytest.param(row, id=row["model"]) for row in load_oracle()]


@pytest.mark.shared
@pytest.mark.parametrize("row", _oracle_rows())
def test_every_scheme_equals_llama_quantize(shared: Path, row: dict[str, Any]) -> None:
    """Each scheme of each architecture takes exactly the bytes that `llama-quantize` reports."""
    architecture = load_architecture(shared, row["model"])
    trimmed = row.get("trimmed_rows", 0) / architecture.vocab_size
    wrong = {}
    for scheme, measured in row["bytes"].items():
        predicted = stored_bytes(architecture, make_workload(scheme))
        difference = predicted + row.get("unaccounted", 0) - measured
        if not 0 <= difference <= trimmed * measured:
            wrong[scheme] = difference
    assert wrong == {}


if __name__ == "__main__":
    folder = Path(os.environ.get("LLMFIT_SHARED", ROOT.parent / "shared"))
    for title, reader in (
        ("llama.cpp's account", log_rows),
        ("GPU weights in logs", gpu_rows),
        ("vLLM", vllm_rows),
        ("checkpoints", checkpoint_rows),
        ("GGUF files", file_rows),
    ):
        sys.stdout.write(f"\n{title}\n{_render(list(reader(folder)))}\n")
