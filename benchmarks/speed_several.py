"""What several GPUs do to speed: the two constants, from the published measurements of 2 to 8 GPUs.

python benchmarks/speed_several.py    both constants, and measured ÷ estimated speed with those of the catalog

llama.cpp gives each GPU whole layers: what a crossing takes is the time beyond that of the same run on one GPU.
vLLM divides every layer: the share is that of the bandwidth of all GPUs together which it reached.
"""

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from llmfit.catalog import load_catalog
from llmfit.errors import LlmfitError
from llmfit.estimate.speed import step_seconds
from speed import MEASURED, Case, make_case, unfit

_SAME = ("model", "format", "engine", "gpu", "prompt_tokens", "generated_tokens", "depth", "batch")
"""Columns in which a run on one GPU must be the same to be compared."""


def cases() -> Iterator[tuple[int, Case]]:
    """Yield the number of GPUs and the measurement, of which the formula is given one GPU."""
    catalog = load_catalog(user_file=None)
    with MEASURED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["gpus"] == "0" or unfit({**row, "gpus": "1"}):
                continue
            try:
                yield int(row["gpus"]), make_case(row, catalog, None)
            except LlmfitError:
                continue


def estimated(case: Case, gpus: int) -> float:
    """Return the seconds of a step on so many GPUs, the prompt inside the measured time included."""
    load, engine = case.workload, case.workload.engine
    if engine.id == "vllm" and gpus > 1:
        load = replace(load, options=replace(load.options, tensor_parallel=gpus))
    seconds = step_seconds(case.architecture, load, gpu=case.gpu, weights_bytes=case.weights, gpus=gpus) or 0.0
    if case.prefill_flops and case.gpu.fp16_tflops:
        share = engine.constant("prefill_compute_share", case.gpu.platform).value
        seconds += case.prefill_flops / (share * case.gpu.fp16_tflops * 1e12 * load.options.tensor_parallel)
    return seconds


def crossings(known: list[tuple[int, Case]]) -> list[float]:
    """Return the seconds of each crossing between two GPUs, of each run whose like on one GPU was measured."""
    alone = {tuple(case.row[name] for name in _SAME): case.seconds for gpus, case in known if gpus == 1}
    found = []
    for gpus, case in known:
        key = tuple(case.row[name] for name in _SAME)
        if gpus > 1 and case.workload.engine.id == "llama.cpp" and key in alone:
            found.append((case.seconds - alone[key]) / (gpus - 1))
    return found


def shares(known: list[tuple[int, Case]]) -> list[float]:
    """Return the share of the joined bandwidth and compute that vLLM reached, launches aside."""
    found = []
    for gpus, case in known:
        if gpus > 1 and case.workload.engine.id == "vllm":
            constant = case.workload.engine.constant
            fixed = case.architecture.num_hidden_layers * constant("launch_seconds_per_layer", "cuda").value
            fixed += constant("step_seconds", "cuda").value
            found.append((estimated(case, 1) - fixed) / gpus / (case.seconds - fixed))
    return found


def main() -> None:
    """Print the constants and the error with those of the catalog."""
    known = list(cases())
    for name, found in (("llama.cpp crossing_seconds", crossings(known)), ("vllm parallel_share", shares(known))):
        cuts = statistics.quantiles(found, n=10)
        print(f"{name}: {statistics.median(found):.3g} ({cuts[0]:.2g} to {cuts[-1]:.2g}), {len(found)} rows")
    ratios: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for gpus, case in known:
        if gpus > 1:
            key = (case.workload.engine.id, case.workload.format.family, gpus)
            ratios[key].append(estimated(case, gpus) / case.seconds)
    print("\n| engine | format | GPUs | rows | median | lowest | highest |\n|---|---|---|---|---|---|---|")
    for (engine, family, gpus), found in sorted(ratios.items()):
        middle = statistics.median(found)
        print(f"| {engine} | {family} | {gpus} | {len(found)} | {middle:.2f} | {min(found):.2f} | {max(found):.2f} |")


if __name__ == "__main__":
    main()
