"""How far off each source of the reference set may be, why that far, and which rows are known to be further off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from support.measured import Comparison, summarise

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit that was set before anything was measured; a share that is None has no limit of its own."""

    reason: str
    median: float | None = None
    p95: float | None = None
    worst: float | None = None
    worst_of_sum: float | None = None
    """Of weights, cache and the buffer together, where the figure is of the buffer alone."""
    rounding_bytes: int = 0
    """What the source's own rounding may hide of a row."""

    def __str__(self) -> str:
        """Return the limit in words."""
        shares = {"median": self.median, "p95": self.p95, "each": self.worst, "each sum": self.worst_of_sum}
        found = ", ".join(f"{name} {share:.1%}" for name, share in shares.items() if share is not None)
        return found.replace(".0%", "%")


CACHE = Bar("a cache is counted, so nothing but rounding may be left", worst=0.005)
PRINTED_CACHE = Bar("a cache is counted; the program prints whole MiB", worst=0.005, rounding_bytes=MIB // 2)
BUFFERS = Bar("weights, cache and buffers decide what fits", worst=0.03)
BUFFER = Bar("alone it is small: what fits is decided by the sum", p95=0.10, worst_of_sum=0.03)
ALLOCATED = Bar("tensors of one process; kernels keep scratch of their own", median=0.02, p95=0.05)
VLLM_WEIGHTS = Bar("what loaders leave in 16 bit differs a little by release", worst=0.02)
VLLM_ACTIVATION = Bar("one profile run, and small beside the weights", worst=0.10)

BARS: Mapping[str, Bar] = {
    "llama.cpp logs": BUFFERS,
    "ik_llama.cpp logs": BUFFERS,
    "llama.cpp compute buffer 2023": BUFFER,
    "llama.cpp caches": CACHE,
    "llama.cpp states": CACHE,
    "llama-fit-params cache": PRINTED_CACHE,
    "llama-fit-params compute buffer": BUFFER,
    "llama-fit-params, many families: cache": PRINTED_CACHE,
    "llama-fit-params, many families: compute buffer": BUFFER,
    "llama.cpp's allocator, families derived on: cache": CACHE,
    "llama.cpp's allocator, families derived on: buffer": BUFFER,
    "llama.cpp's allocator, families checked on: cache": CACHE,
    "llama.cpp's allocator, families checked on: buffer": BUFFER,
    "AutoAWQ fused": ALLOCATED,
    "litgpt": ALLOCATED,
    "optimum-benchmark forward": ALLOCATED,
    "optimum-benchmark generate": ALLOCATED,
    "Qwen1.5 page": ALLOCATED,
    "Qwen2 page": ALLOCATED,
    "Qwen2.5 page": ALLOCATED,
    "Qwen3 page": ALLOCATED,
    "vLLM weights": VLLM_WEIGHTS,
    "vLLM weights, nvfp4 by several recipes": VLLM_WEIGHTS,
    "vLLM activation peak": VLLM_ACTIVATION,
    "pools of vLLM, SGLang, TensorRT-LLM": CACHE,
    "pool of a windowed model, step size not stated": CACHE,
}
"""The limit of each group of rows."""

UNEXPLAINED: Mapping[tuple[str, str], str] = {
    ("Qwen1.5 page", "Qwen/Qwen1.5-4B-Chat"): "95 KB a prompt token more than logits and cache, in every format",
    ("Qwen2 page", "Qwen/Qwen2-72B-Instruct"): "sums over GPUs of peaks that were not reached together",
    ("optimum-benchmark forward", "lmsys/vicuna-7b-v1.5"): "the driver shows more than a replay of the allocator keeps",
    ("optimum-benchmark generate", "lmsys/vicuna-7b-v1.5"): "the driver shows three and seven times the cache",
    ("optimum-benchmark generate", "mistralai/Mistral-7B-v0.1"): "the driver shows what the allocator could give back",
    ("vLLM weights, nvfp4 by several recipes", "Qwen/Qwen3.8-27B"): "recipes differ in what they leave in 16 bit",
    (
        "pools of vLLM, SGLang, TensorRT-LLM",
        "Qwen/Qwen3-235B-A22B",
    ): "one log has 1.1 % more than its tokens take",
    ("pool of a windowed model, step size not stated", "google/gemma-4-31B"): "the step size is part of every window",
}
"""Models whose rows of a group are beyond its limit, and what is known of the reason."""


def unexplained(row: Comparison) -> bool:
    """Return whether the row is of a model that is known to be beyond the limit of its group."""
    return (row.group, row.model) in UNEXPLAINED


def broken(bar: Bar, rows: Iterable[Comparison]) -> list[str]:
    """Return what a group exceeds of its limit, in words."""
    found = list(rows)
    if not found:
        return []
    _, middle, high, worst = summarise(_beyond_rounding(bar, row) for row in found)
    sums = max(abs(row.error_of_sum) for row in found)
    shares = (("median", middle, bar.median), ("p95", high, bar.p95), ("worst", worst, bar.worst))
    pairs = (*shares, ("worst of the sum", sums, bar.worst_of_sum))
    return [f"{name} {is_:.2%}, limit {may:.2%}" for name, is_, may in pairs if may is not None and is_ > may]


def _beyond_rounding(bar: Bar, row: Comparison) -> float:
    return max(0, abs(row.predicted - row.measured) - bar.rounding_bytes) / row.measured
