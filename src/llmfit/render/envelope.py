"""The nouns of the JSON envelope: one function for each, the same wherever it appears.

`shapes.py` types what these return; the published JSON Schema comes from there.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from llmfit.errors import InvalidFileError, LlmfitError
from llmfit.records.device import Device, DeviceGpu, Gpu
from llmfit.records.estimate import Estimate, Fit, PartName
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.speed import Speed
from llmfit.records.workload import Workload

if TYPE_CHECKING:
    from llmfit.records.sizing import Split
    from llmfit.records.training import Training
    from llmfit.render import envelopes, load_shapes, shapes

SCHEMA_VERSION: Final = 1
_ALWAYS = (PartName.WEIGHTS, PartName.KV_CACHE, PartName.ACTIVATION, PartName.OVERHEAD)


def envelope(command: str, *, catalog_version: str, catalog_models: int, **content: object) -> dict[str, Any]:
    """Return the envelope of one answer."""
    catalog = {"version": catalog_version, "models": catalog_models}
    return {"schema_version": SCHEMA_VERSION, "command": command, "catalog": catalog, **content}


def error_json(error: LlmfitError, *, command: str) -> "envelopes.ErrorEnvelope":
    """Return the envelope of an answer that could not be given."""
    said: envelopes.Error = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, InvalidFileError):
        said["problems"] = [
            {
                "file": one.place.file,
                "line": one.place.line,
                "column": one.place.column,
                "deployment": one.row,
                "field": one.field,
                "message": one.message,
                "fix": one.fix,
            }
            for one in error.problems
        ]
    return {"schema_version": SCHEMA_VERSION, "command": command, "error": said}


def license_json(license_: EffectiveLicense) -> "shapes.License":
    """Return a licence as it holds over the lineage."""
    return {
        "id": license_.id,
        "effective_id": license_.effective_id,
        "commercial": license_.commercial,
        "permissive": license_.permissive,
        "conditions": list(license_.conditions),
        "regions_excluded": list(license_.regions_excluded),
    }


def model_json(model: Model, *, license_: EffectiveLicense, active_parameters: int | None) -> "shapes.Model":
    """Return a model as it stands in every answer."""
    return {
        "id": model.id,
        "family": model.family,
        "publisher": model.publisher,
        "kind": model.kind,
        "parameters": model.parameters,
        "active_parameters": active_parameters,
        "context_length": None if model.context_certainty == "unknown" else model.context_length,
        "released": None if model.released_certainty == "unknown" else model.released.isoformat(),
        "tasks": list(model.tasks),
        "languages": list(model.languages),
        "license": license_json(license_),
    }


def gpu_of_device_json(gpu: DeviceGpu) -> "shapes.DeviceGpu":
    """Return one GPU of a device."""
    return {
        "name": gpu.name,
        "vendor": gpu.vendor,
        "platform": gpu.platform,
        "compute": gpu.compute,
        "total_bytes": gpu.total_bytes,
        "reserved_bytes": gpu.reserved_bytes,
        "used_bytes": gpu.used_bytes,
        "usable_bytes": gpu.usable_bytes,
        "bandwidth_gbps": gpu.bandwidth_gbps,
        "fp16_tflops": gpu.fp16_tflops,
        "source": gpu.source,
    }


def device_json(device: Device | None) -> "shapes.Device | None":
    """Return a device; None where none was named."""
    if device is None:
        return None
    return {
        "name": device.name,
        "source": device.source,
        "unified": device.unified,
        "total_bytes": device.total_bytes,
        "usable_bytes": device.usable_bytes,
        "ram_bytes": device.ram_bytes,
        "gpus": [gpu_of_device_json(gpu) for gpu in device.gpus],
        "notes": list(device.notes),
    }


def workload_json(workload: Workload) -> "load_shapes.Workload":
    """Return what the model is asked to do."""
    found: load_shapes.Workload = {
        "engine": workload.engine.id,
        "engine_version": workload.options.engine_version or workload.engine.version,
        "precision": workload.format.precision,
        "format": workload.format.id,
        "context": workload.context,
        "prompt_tokens": workload.prefill_tokens,
        "sequences": workload.sequences,
        "kv_format": workload.kv_format.id,
    }
    if workload.has_options and (options := _options_json(workload)):
        found["options"] = options
    return found


def _options_json(workload: Workload) -> "dict[str, bool | int | float | str]":
    from llmfit.estimate.options import OPTIONS, set_options

    return {OPTIONS[name].word: value for name, value in set_options(workload).items()}


def split_json(split: "Split") -> "load_shapes.Split":
    """Return how llama.cpp divides a model between GPU and RAM."""
    return {
        "n_gpu_layers": split.n_gpu_layers,
        "n_cpu_moe": split.n_cpu_moe,
        "layers": split.layers,
        "gpu_bytes": split.gpu_bytes,
        "ram_bytes": split.ram_bytes,
        "moved_bytes": split.moved_bytes,
    }


def training_json(training: "Training") -> "load_shapes.TrainingWorkload":
    """Return how a model is fine-tuned."""
    from llmfit.records.training import LORA_METHODS

    return {
        "training": training.method,
        "stage": training.stage,
        "optimizer": training.optimizer,
        "recipe": training.recipe,
        "batch_size": training.batch_size,
        "sequence_length": training.sequence_length,
        "gradient_checkpointing": training.gradient_checkpointing,
        "lora_rank": training.lora_rank if training.method in LORA_METHODS else None,
        "target_modules": list(training.target_modules),
        "gpus": training.gpus,
        "sharding": training.sharding,
    }


def memory_json(estimate: Estimate) -> "dict[str, int | None]":
    """Return the parts in bytes, and their total; null where a part is unknown, and the total a lower bound."""
    names = [*_ALWAYS, *(part.name for part in estimate.parts if part.name not in _ALWAYS)]
    parts: dict[str, int | None] = {
        f"{name}_bytes": None if name in estimate.unknown else estimate.part_bytes(name)
        for name in PartName
        if name in names
    }
    return {**parts, "total_bytes": estimate.total_bytes}


def parts_json(estimate: Estimate) -> "list[shapes.Part]":
    """Return the parts with their terms, as `--explain` shows them."""
    return [
        {
            "name": part.name.value,
            "bytes": part.bytes,
            "low_bytes": part.bytes if part.low is None else part.low,
            "high_bytes": part.bytes if part.high is None else part.high,
            "lines": [
                {"label": line.label, "bytes": line.bytes, "formula": line.formula, "source": line.source}
                for line in part.lines
            ],
            "assumptions": list(part.assumptions),
        }
        for part in estimate.parts
    ]


def fit_json(fit: Fit | None) -> dict[str, Any]:
    """Return the verdict, its reason and what stays free; null where no device was named."""
    if fit is None:
        return {"verdict": None, "verdict_reason": "", "headroom_bytes": None}
    return {"verdict": fit.verdict.value, "verdict_reason": fit.reason, "headroom_bytes": fit.headroom_bytes}


def speed_json(speed: Speed | None) -> "shapes.Speed | None":
    """Return tokens per second as a range with its basis; None where unknown."""
    if speed is None:
        return None
    return {
        "low": round(speed.low, 2),
        "typical": round(speed.typical, 2),
        "high": round(speed.high, 2),
        "prefill": None if speed.prefill is None else round(speed.prefill, 1),
        "basis": speed.basis,
    }


def gpu_json(gpu: Gpu) -> "shapes.Gpu":
    """Return one row of the GPU table."""
    return {
        "id": gpu.id,
        "name": gpu.name,
        "vendor": gpu.vendor,
        "aliases": list(gpu.aliases),
        "generation": gpu.generation,
        "architecture": gpu.architecture,
        "compute": gpu.compute,
        "form_factor": gpu.form_factor,
        "released": gpu.released,
        "memory_bytes": gpu.memory_bytes,
        "reported_bytes": gpu.reported_bytes,
        "reserved_bytes": gpu.reserved_bytes,
        "unified_memory": gpu.unified_memory,
        "memory_type": gpu.memory_type,
        "bandwidth_gbps": gpu.bandwidth_gbps,
        "fp32_tflops": gpu.fp32_tflops,
        "fp16_tflops": gpu.fp16_tflops,
        "int8_tops": gpu.int8_tops,
        "fp8_tflops": gpu.fp8_tflops,
        "bf16": gpu.bf16,
        "disagreement": gpu.disagreement,
        "sources": [source.source for source in gpu.sources],
    }


def without(item: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the object without some of its fields."""
    return {name: value for name, value in item.items() if name not in names}
