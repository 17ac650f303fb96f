"""Fit the constants of speed on one part of the published measurements, and report the error on the other.

python benchmarks/speed.py            ratio of measured to estimated speed, by engine, platform and format
python benchmarks/speed.py --fit      the constants, fitted on the training part, as rows for data/engines.yaml

A group (model and GPU) is wholly in one part. Rows of several GPUs, of other engines, and with a long prompt inside
the measured time are left out of the fit; the report counts what it leaves out.
"""

import argparse
import csv
import hashlib
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import least_squares

from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.catalog.devices import device_from_names
from llmfit.errors import LlmfitError
from llmfit.estimate.speed import memory_class, read_per_step, step_seconds
from llmfit.estimate.weights import estimate_weights
from llmfit.records.architecture import Architecture
from llmfit.records.device import DeviceGpu
from llmfit.records.workload import Workload

MEASURED = Path(__file__).parent.parent / "data" / "reference" / "speed.csv"
SHORT_PROMPT = 8192
"""Longest prompt inside a measured time whose attention may be neglected beside decoding."""
OUTLIER = 1.3
"""Share of the bandwidth above which a published figure cannot be true."""


@dataclass(frozen=True)
class Case:
    """One measurement and what the formula needs to know of it."""

    row: dict[str, str]
    architecture: Architecture
    workload: Workload
    gpu: DeviceGpu
    weights: int
    seconds: float
    """Measured seconds per step."""

    @property
    def held_out(self) -> bool:
        """Whether it is for testing only: half of the groups of model and GPU."""
        digest = hashlib.sha256(f"{self.row['model']}|{self.row['gpu']}".encode()).digest()
        return bool(digest[0] & 1)

    @property
    def prefill_flops(self) -> float:
        """Operations of the prompt inside the measured time, per generated token."""
        if self.row["decode_includes_prefill"] != "yes":
            return 0.0
        return 2 * self.architecture.active_parameters * number(self.row["prompt_tokens"]) / tokens(self.row)


def number(text: str) -> float:
    """Read a figure; 0 where the source gives words."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def tokens(row: dict[str, str]) -> float:
    """Generated tokens of a measurement; 128 where the source gives none."""
    return number(row["generated_tokens"]) or 128.0


def cases(catalog: Catalog, configs: Path | None, left_out: Counter[str]) -> Iterator[Case]:
    """Yield every measurement that the formula speaks of; count the others by reason."""
    with MEASURED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            reason = unfit(row)
            if reason:
                left_out[reason] += 1
                continue
            try:
                case = make_case(row, catalog, configs)
            except (LlmfitError, FileNotFoundError) as error:
                left_out[str(error)[:90]] += 1
                continue
            if case.architecture.num_experts and case.workload.engine.id == "transformers":
                left_out["experts in a loop, as transformers before 5 ran them"] += 1
                continue
            read, _ = read_per_step(case.architecture, case.workload, case.weights)
            if not case.gpu.bandwidth_gbps:
                left_out["bandwidth unknown"] += 1
            elif read / case.seconds > OUTLIER * case.gpu.bandwidth_gbps * 1e9:
                left_out["faster than the memory can be read"] += 1
            else:
                yield case


def unfit(row: dict[str, str]) -> str:
    """Return why the formula does not speak of this row; empty where it does."""
    if not row["decode_tokens_per_second"]:
        return "prefill only"
    if row["gpus"] != "1":
        return "several GPUs"
    if row["program"] == "AutoAWQ":
        return "AutoAWQ's fused modules, which are no engine of ours"
    if row["decode_includes_prefill"] == "yes" and number(row["prompt_tokens"]) > SHORT_PROMPT:
        return "long prompt inside the measured time"
    return ""


def make_case(row: dict[str, str], catalog: Catalog, configs: Path | None) -> Case:
    """Build model, workload and device of a row."""
    architecture = describe(config_of(row["model"], catalog, configs))
    prompt = 0.0 if row["program"] == "llama.cpp" else number(row["prompt_tokens"])
    depth = number(row["depth"]) + prompt + tokens(row) / 2
    engine = catalog.engine(row["engine"])
    workload = Workload(
        engine=engine,
        format=catalog.format(row["format"]),
        kv_format=catalog.kv_format("f16"),
        context=max(2, round(2 * depth)),
        sequences=int(row["batch"]),
    )
    part, _ = estimate_weights(architecture, workload)
    gpu = device_from_names([row["gpu"]], catalog=catalog).gpus[0]
    if row["backend"].startswith("vulkan"):
        gpu = replace(gpu, platform="vulkan")
    seconds = int(row["batch"]) / float(row["decode_tokens_per_second"])
    return Case(row, architecture, workload, gpu, part.bytes, seconds)


def config_of(model: str, catalog: Catalog, configs: Path | None) -> dict[str, Any]:
    """Return the architecture's fields, from the catalog or from a folder of `owner__name.json`."""
    if model in catalog.models or configs is None:
        return dict(catalog.model(model).architecture)
    found: dict[str, Any] = json.loads((configs / f"{model.replace('/', '__')}.json").read_text())
    return found


class Fit:
    """Least squares in the logarithm of seconds per step; every unknown is positive."""

    START: Final = {"share": 0.8, "launch": 4e-5, "unpack": 8.0, "step": 1e-3, "prefill": 0.3}
    SLOW_LAUNCH: Final = 5e-4
    """Where Python launches every kernel."""
    MOST_SHARE: Final = 0.95
    """No kernel reads faster than the memory allows."""

    def __init__(self, known: list[Case]) -> None:
        self.names: dict[tuple[str, ...], int] = {}
        self.rows = [self._features(case) for case in known]
        start = np.log(
            [self.SLOW_LAUNCH if name[:2] == ("launch", "transformers") else self.START[name[0]] for name in self.names]
        )
        most = [np.log(self.MOST_SHARE) if name[0] in {"share", "prefill"} else np.inf for name in self.names]
        bounds = ([-np.inf] * len(most), most)
        self.log = least_squares(self._residuals, start, args=(start,), bounds=bounds, loss="soft_l1", f_scale=0.15).x

    def _index(self, *name: str) -> int:
        return self.names.setdefault(name, len(self.names))

    def _features(self, case: Case) -> tuple[list[tuple[int, float, int]], float]:
        """Return the terms of a row as (unknown, factor, sign of its exponent), and its measured seconds."""
        engine, platform = case.workload.engine.id, case.gpu.platform
        read, touched = read_per_step(case.architecture, case.workload, case.weights)
        memory = memory_class(case.gpu) if engine == "llama.cpp" else "any"
        terms = [
            (self._index("share", engine, "any", memory), read / ((case.gpu.bandwidth_gbps or 0) * 1e9), -1),
            (self._index("launch", engine, platform), case.architecture.num_hidden_layers, 1),
        ]
        if engine != "llama.cpp":
            terms.append((self._index("step", engine, "any"), 1.0, 1))
        if case.workload.format.family != "float":
            unpack = self._index("unpack", engine, "any", case.workload.format.family)
            terms.append((unpack, touched / ((case.gpu.fp32_tflops or 1.0) * 1e12), 1))
        if case.prefill_flops:
            flops = (case.gpu.fp16_tflops or 100.0) * 1e12
            terms.append((self._index("prefill", engine, "any"), case.prefill_flops / flops, -1))
        return terms, case.seconds

    def _residuals(self, log: Any, start: Any) -> Any:  # noqa: ANN401 - numpy arrays
        errors = [
            np.log(sum(factor * np.exp(sign * log[i]) for i, factor, sign in terms) / seconds)
            for terms, seconds in self.rows
        ]
        return np.concatenate([errors, 0.3 * (log - start)])  # weak pull, for what no row decides

    def spread(self, known: list[Case]) -> dict[str, list[float]]:
        """Return measured ÷ fitted speed of the rows that were fitted, by engine."""
        errors = np.exp(self._residuals(self.log, self.log)[: len(known)])
        found: dict[str, list[float]] = defaultdict(list)
        for case, error in zip(known, errors, strict=True):
            found[case.workload.engine.id].append(float(error))
        return found

    def values(self) -> dict[tuple[str, ...], float]:
        """Return the fitted unknowns by name."""
        return {name: float(np.exp(self.log[i])) for name, i in self.names.items()}


def report(known: list[Case]) -> None:
    """Print measured ÷ estimated speed on the held-out groups, with the constants of the catalog."""
    ratios: dict[tuple[str, ...], list[float]] = defaultdict(list)
    inside: list[bool] = []
    for case in known:
        if not case.held_out:
            continue
        seconds = step_seconds(case.architecture, case.workload, gpu=case.gpu, weights_bytes=case.weights)
        if seconds is None:
            continue
        engine = case.workload.engine
        if case.prefill_flops and case.gpu.fp16_tflops:
            share = engine.constant("prefill_compute_share", case.gpu.platform).value
            seconds += case.prefill_flops / (share * case.gpu.fp16_tflops * 1e12)
        ratio = seconds / case.seconds
        kind = "mixture of experts" if case.architecture.num_experts else "dense"
        ratios[engine.id, case.gpu.platform, case.workload.format.family, kind].append(ratio)
        ratios["all", "", "", ""].append(ratio)
        low = engine.constant("speed_range_low_ratio", case.gpu.platform).value
        high = engine.constant("speed_range_high_ratio", case.gpu.platform).value
        inside.append(low <= ratio <= high)
    print("| engine | platform | format | model | rows | median | p10 | p90 |\n|---|---|---|---|---|---|---|---|")
    for name, found in sorted(ratios.items()):
        cuts = statistics.quantiles(found, n=10) if len(found) > 1 else [found[0]] * 9
        print(
            f"| {' | '.join(name)} | {len(found)} | {statistics.median(found):.2f} | {cuts[0]:.2f} | {cuts[-1]:.2f} |"
        )
    print(
        f"\n{sum(inside)} of {len(inside)} held-out rows ({sum(inside) / len(inside):.0%}) lie inside the stated range."
    )


def print_fit(known: list[Case]) -> None:
    """Print each constant, and between which ratios four of five fitted rows lie."""
    fit = Fit(known)
    for name, value in sorted(fit.values().items()):
        print(f"{' '.join(name):60} {value:.4g}")
    for engine, found in sorted(fit.spread(known).items()):
        cuts = statistics.quantiles(found, n=10)
        print(f"range {engine:54} {cuts[0]:.3g} {cuts[-1]:.3g}")
    for (engine, platform), found in sorted(prefill_shares().items()):
        cuts = statistics.quantiles(found, n=10)
        middle = statistics.median(found)
        print(f"prefill share {engine} {platform}, {len(found)} rows: {middle:.3g} ({cuts[0]:.2g} to {cuts[-1]:.2g})")


def prefill_shares() -> dict[tuple[str, str], list[float]]:
    """Return the share of the 16-bit compute that prefill reached where it was measured alone, on one GPU."""
    catalog = load_catalog(user_file=None)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with MEASURED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            alone = row["prefill_tokens_per_second"] and row["gpus"] == row["batch"] == "1" and row["depth"] == "0"
            if not alone or row["model"] not in catalog.models or row["program"] == "AutoAWQ":
                continue
            gpu = device_from_names([row["gpu"]], catalog=catalog).gpus[0]
            platform = "vulkan" if row["backend"].startswith("vulkan") else gpu.platform
            if gpu.fp16_tflops:
                try:
                    flops = 2 * describe(catalog.model(row["model"]).architecture).active_parameters
                except LlmfitError:
                    continue
                rate = float(row["prefill_tokens_per_second"]) * flops / (gpu.fp16_tflops * 1e12)
                found[row["engine"], platform].append(rate)
    return {key: rates for key, rates in found.items() if len(rates) > 1}


def main() -> None:
    """Read the command line, then fit or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the constants instead of reporting their error")
    parser.add_argument("--configs", type=Path, help="folder of owner__name.json for models that the catalog lacks")
    asked = parser.parse_args()
    left_out: Counter[str] = Counter()
    known = list(cases(load_catalog(user_file=None), asked.configs, left_out))
    if asked.fit:
        print_fit([case for case in known if not case.held_out])
    else:
        report(known)
    print(f"\n{len(known)} rows used. Left out: {dict(left_out.most_common(12))}")


if __name__ == "__main__":
    main()
