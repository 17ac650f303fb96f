"""The answer of `plan` for programs: JSON objects, and rows of plain and CSV."""

from typing import Any

from llmfit.records.plan import GpuChoice, GridCell, Plan, Variant
from llmfit.render import envelope as nouns
from llmfit.render.grid import Scalar

FIELDS = (
    "model",
    "engine",
    "format",
    "kv_format",
    "device",
    "gpus",
    "context",
    "sequences",
    "longest_context",
    "comfortable_context",
    "most_sequences",
    "total_bytes",
    "margin_bytes",
    "price_usd_per_hour",
    "price_date",
    "card_gb",
    "reason",
)


def variant_json(variant: Variant) -> dict[str, Any]:
    """Return how far one engine and format go."""
    return {
        "workload": nouns.workload_json(variant.workload),
        "longest_context": variant.longest_context,
        "comfortable_context": variant.comfortable_context,
        "limited_by_model": variant.limited_by_model,
        "most_sequences": variant.most_sequences,
        "frontier": [{"sequences": one.sequences, "context": one.context} for one in variant.frontier],
        "memory": None if variant.estimate is None else nouns.memory_json(variant.estimate),
        "per_gpu_bytes": [] if variant.estimate is None else list(variant.estimate.per_gpu_bytes),
        "ram_bytes": 0 if variant.estimate is None else variant.estimate.host_bytes,
        "margin_bytes": variant.margin_bytes,
        "gpu_memory_utilization": variant.utilization,
        "tensor_parallel": variant.workload.options.tensor_parallel,
        "pipeline_parallel": variant.workload.options.pipeline_parallel,
        "max_num_seqs": variant.max_num_seqs,
        "missing_bytes": variant.missing_bytes,
        "in_ram": variant.in_ram,
        "n_gpu_layers": variant.n_gpu_layers,
        "n_cpu_moe": variant.n_cpu_moe,
        "splits": [
            {"context": one.context, "n_gpu_layers": one.n_gpu_layers, "n_cpu_moe": one.n_cpu_moe}
            for one in variant.splits
        ],
        "refused": [
            {
                "tensor_parallel": one.tensor_parallel,
                "pipeline_parallel": one.pipeline_parallel,
                "reason": one.reason,
            }
            for one in variant.refused
        ],
        "reason": variant.reason,
    }


def choice_json(choice: GpuChoice) -> dict[str, Any]:
    """Return one machine, with its price where there is one."""
    row = choice.instance
    return {
        "device": nouns.device_json(choice.device),
        "total_bytes": choice.total_bytes,
        "margin_bytes": choice.margin_bytes,
        "tensor_parallel": choice.tensor_parallel,
        "pipeline_parallel": choice.pipeline_parallel,
        "price_note": choice.price_note,
        "instance": None
        if row is None
        else {
            "id": row.id,
            "provider": row.provider,
            "instance": row.instance,
            "region": row.region,
            "vcpus": row.vcpus,
            "ram_bytes": row.ram_bytes,
            "price_usd_per_hour": row.price_usd_per_hour,
            "price_date": row.price_date,
        },
    }


def cell_json(cell: GridCell) -> dict[str, Any]:
    """Return one cell of the grid."""
    return {
        "precision": cell.precision,
        "format": cell.format,
        "context": cell.context,
        "card_gb": cell.card_gb,
        "total_bytes": cell.total_bytes,
    }


def variant_record(plan: Plan, variant: Variant) -> list[Scalar]:
    """Return a variant as a row of FIELDS."""
    load, device = variant.workload, plan.device
    return [
        plan.model.id,
        load.engine.id,
        load.format.id,
        load.kv_format.id,
        None if device is None else device.name,
        None if device is None else len(device.gpus),
        load.context,
        load.sequences,
        variant.longest_context,
        variant.comfortable_context,
        variant.most_sequences,
        None if variant.estimate is None else variant.estimate.total_bytes,
        variant.margin_bytes,
        None,
        None,
        None,
        variant.reason,
    ]


def choice_record(plan: Plan, choice: GpuChoice) -> list[Scalar]:
    """Return a machine as a row of FIELDS."""
    load, row = plan.workload, choice.instance
    words: list[Scalar] = [None] * 3 if load is None else [load.engine.id, load.format.id, load.kv_format.id]
    return [
        plan.model.id,
        *words,
        choice.device.name,
        len(choice.device.gpus),
        plan.context,
        plan.sequences,
        None,
        None,
        None,
        choice.total_bytes,
        choice.margin_bytes,
        None if row is None else row.price_usd_per_hour,
        None if row is None else row.price_date,
        None,
        choice.price_note,
    ]


def cell_record(plan: Plan, cell: GridCell) -> list[Scalar]:
    """Return a cell as a row of FIELDS."""
    engine, _, format_ = cell.format.partition(" ")
    empty: list[Scalar] = [None] * 3
    shown: list[Scalar] = [plan.model.id, engine, format_, *empty, cell.context, plan.sequences, *empty]
    return [*shown, cell.total_bytes, *empty, cell.card_gb, "" if cell.card_gb else "no single card suffices"]
