"""Published measurements of running models, and what llmfit says of the same loads."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.estimate import estimate
from llmfit.fit import fit
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.estimate import Estimate, PartName, Verdict
from llmfit.records.workload import EngineOptions, Workload
from support.allocator import unused_bytes

REFERENCE = Path(__file__).parent.parent.parent / "data" / "reference"
FILES = ("inference", "kv_cache", "compute_buffers")
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measurement beside its estimate."""

    group: str
    engine: str
    format: str
    kind: str
    model: str
    load: str
    measured: int
    predicted: int
    fits_wrongly: bool
    """Whether it is said to fit a card of which the measured total took more than 90 %."""
    note: str
    beside: int = 0
    """What lies beside a buffer that was measured alone: weights and cache as estimated."""

    @property
    def error_of_sum(self) -> float:
        """The error as a share of the buffer and what lies beside it."""
        return (self.predicted - self.measured) / (self.measured + self.beside)

    @property
    def error(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted / self.measured - 1


@cache
def load_reference(name: str) -> list[dict[str, Any]]:
    """Return the rows of one file of the reference set."""
    loaded = yaml.load((REFERENCE / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    rows: list[dict[str, Any]] = loaded[name]
    return rows


def load_allocator_rows() -> list[dict[str, Any]]:
    """Return what llama.cpp's allocator counted, as rows like those of the other files."""
    found = []
    for model in load_reference("allocator"):
        half = "derived on" if model["derived_on"] else "checked on"
        for context, sequences, ubatch, flash, kv_format, cache_bytes, compute_bytes, _ in model["loads"]:
            row = {
                "model": model["model"],
                "engine": "llama.cpp",
                "format": "F16",
                "kv_format": kv_format,
                "context": context,
                "sequences": sequences,
                "options": {"n_ubatch": ubatch, "flash_attention": flash},
                "device": {"name": "second device", "gpus": 1, "platform": "vulkan"},
            }
            for kind, counted in (("kv_cache", cache_bytes), ("activation", compute_bytes)):
                if counted:
                    group = f"llama.cpp's allocator, families {half}: {'cache' if kind == 'kv_cache' else 'buffer'}"
                    found.append(row | {"group": group, "kind": kind, "counts": [kind], "measured_bytes": counted})
    return found


@cache
def load_architectures() -> dict[str, Architecture | str]:
    """Return the measured models by name: described, or the reason why not."""
    text = (REFERENCE / "architectures.yaml").read_text("utf-8")
    found: dict[str, Architecture | str] = {}
    for name, config in yaml.load(text, Loader=yaml.CSafeLoader)["architectures"].items():
        try:
            found[name] = describe(config)
        except Exception as error:  # noqa: BLE001 - whatever stops a description is shown in the report
            found[name] = str(error)
    return found


def make_device(row: dict[str, Any]) -> Device:
    """Return the device of a row; its cards are as large as the driver says, or boundless."""
    given = row.get("device", {"name": "unnamed", "gpus": 1, "platform": "cuda"})
    total = round(given.get("total_gib", 4096) * GIB)
    gpu = DeviceGpu(
        name=given["name"], total_bytes=total, platform=given["platform"], compute=given.get("compute"), vendor="nvidia"
    )
    return Device(gpus=(gpu,) * given["gpus"])


@cache
def _catalog() -> Catalog:
    return load_catalog(user_file=None)


def make_load(row: dict[str, Any]) -> Workload:
    """Return the workload of a row."""
    catalog = _catalog()
    options = EngineOptions(engine_version=row.get("engine_version"), **row.get("options", {}))
    value_format = row.get("kv_format_v")
    return Workload(
        engine=catalog.engine(row["engine"]),
        format=catalog.format(row["format"]),
        kv_format=catalog.kv_format(row.get("kv_format", "f16")),
        kv_format_v=None if value_format is None else catalog.kv_format(value_format),
        context=row["context"],
        sequences=row.get("sequences", 1),
        prompt_tokens=row.get("prompt_tokens"),
        options=options,
    )


def compare(row: dict[str, Any]) -> Comparison | None:
    """Return the comparison of one row; None where the model cannot be described."""
    architecture = load_architectures()[row["model"]]
    if isinstance(architecture, str):
        return None
    device, load = make_device(row), make_load(row)
    result = estimate(architecture, load, device=device)
    measured = row["measured_bytes"]
    total = result.total_bytes
    full = len(row["counts"]) > 2 and "total_gib" in row.get("device", {})
    wrong = full and fit(result, device).verdict is Verdict.FITS and measured > 0.9 * device.usable_bytes
    return Comparison(
        group=row["group"],
        engine=row["engine"],
        format=row["format"],
        kind=row["kind"],
        model=row["model"],
        load=f"{load.prefill_tokens}/{load.context} tokens × {load.sequences}",
        measured=measured,
        predicted=_counted(row, architecture, load, result) if total else 0,
        fits_wrongly=wrong,
        note=row.get("note", ""),
        beside=_beside(result) if row["counts"] == [PartName.ACTIVATION] else 0,
    )


def _beside(result: Estimate) -> int:
    return result.part_bytes(PartName.WEIGHTS) + result.part_bytes(PartName.KV_CACHE)


def _counted(row: dict[str, Any], architecture: Architecture, load: Workload, result: Estimate) -> int:
    from llmfit.estimate.kv_cache import cache_terms

    if row["kind"] in ("cache", "state"):
        states = [
            term for term in cache_terms(architecture, load) if (term.label == "state") == (row["kind"] == "state")
        ]
        return sum(term.bytes for term in states)
    if row.get("per_gpu"):
        gpus = load.options.tensor_parallel
        return sum(term.bytes // min(gpus, max(1, term.cache.heads)) for term in cache_terms(architecture, load))
    return _with_program(row, architecture, load, result)


def _with_program(row: dict[str, Any], architecture: Architecture, load: Workload, result: Estimate) -> int:
    """Return the parts that a figure counts, and what the program that measured added to them.

    `kept_outputs`: results of earlier calls that it still held, each a cache and the fp32 logits of the whole prompt.
    They leave holes in what PyTorch's allocator holds, which a replay counts instead of the planned share.
    `reserved_bytes`: what the driver keeps for itself, where its figure holds that too.
    `held_before_bytes`: tensors of the program beside weights and cache, gone before the run.
    """
    counted = sum(result.part_bytes(PartName(name)) for name in row["counts"])
    cache = result.part_bytes(PartName.KV_CACHE)
    logits = 4 * architecture.vocab_size * load.sequences * load.prefill_tokens
    kept: int = row.get("kept_outputs", 0)
    reserved: int = row.get("reserved_bytes", 0)
    before: int | None = row.get("held_before_bytes")
    counted += kept * (cache + logits) + reserved
    if kept:
        share = load.engine.constant("allocator_share").value
        counted += unused_bytes(architecture, load) - round(share * (cache + result.part_bytes(PartName.ACTIVATION)))
    return counted if before is None else max(counted, result.part_bytes(PartName.WEIGHTS) + cache + before)


@cache
def compare_all() -> tuple[Comparison, ...]:
    """Return every row of the reference set beside its estimate."""
    rows = (*(row for name in FILES for row in load_reference(name)), *load_allocator_rows())
    return tuple(found for row in rows if (found := compare(row)) is not None)


def errors_of(group: str) -> list[float]:
    """Return the sizes of the errors of a group, smallest first."""
    return sorted(abs(found.error) for found in compare_all() if found.group == group)


def summarise(errors: Iterable[float]) -> tuple[int, float, float, float]:
    """Return how many there are, their median, 95th percentile and worst."""
    sizes = sorted(abs(error) for error in errors)
    return len(sizes), median(sizes), sizes[round(0.95 * (len(sizes) - 1))], sizes[-1]
