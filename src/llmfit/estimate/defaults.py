"""What engines choose where the workload leaves an option open."""

from dataclasses import replace
from functools import lru_cache

from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.engine import Platform
from llmfit.records.workload import EngineOptions, Workload
from llmfit.units import GIB

LARGE_CARD_BYTES = 70 * GIB
"""vLLM's server takes other defaults from this size on, except on an A100 (`EngineArgs.get_batch_defaults`)."""


def resolve(architecture: Architecture, workload: Workload, *, device: Device | None) -> Workload:
    """Return the workload with vLLM's options filled in, as its server would on this card.

    1024 sequences and 8192 tokens on large cards, 256 and 2048 on all others and where no device is named;
    no more sequences than tokens where the tokens are given.
    On several GPUs the model is divided as `shapes.usual_shape` says.
    """
    if workload.engine.id != "vllm":
        return workload
    options = workload.options
    tensor, pipeline = options.tensor_parallel, options.pipeline_parallel
    if tensor == pipeline == 1 and device is not None and len(device.gpus) > 1:
        from llmfit.estimate.shapes import usual_shape

        shape = usual_shape(architecture, workload.format, gpus=len(device.gpus))
        tensor, pipeline = shape.tensor_parallel, shape.pipeline_parallel
    filled = _filled(options, large=is_large(device), tensor=tensor, pipeline=pipeline)
    return replace(workload, options=filled)


@lru_cache(maxsize=64)
def _filled(options: EngineOptions, *, large: bool, tensor: int, pipeline: int) -> EngineOptions:
    tokens = options.max_num_batched_tokens or (8192 if large else 2048)
    sequences = options.max_num_seqs or min(1024 if large else 256, tokens)
    return replace(
        options,
        tensor_parallel=tensor,
        pipeline_parallel=pipeline,
        max_num_seqs=sequences,
        max_num_batched_tokens=max(tokens, sequences),
    )


def platform_of(device: Device | None) -> Platform:
    """Return what the engine runs on: CUDA where no device is named, the processor where it has no GPU."""
    if device is None:
        return "cuda"
    return device.gpus[0].platform if device.gpus else "cpu"


def is_large(device: Device | None) -> bool:
    """Whether vLLM counts every GPU among the large ones."""
    if device is None or not device.gpus:
        return False
    return all(gpu.total_bytes >= LARGE_CARD_BYTES and "a100" not in gpu.name.lower() for gpu in device.gpus)


def vllm_batched_tokens(workload: Workload) -> int:
    """Return the tokens of one step."""
    return workload.options.max_num_batched_tokens or 2048


def vllm_sequences(workload: Workload) -> int:
    """Return the sequences of one step for which the sampler is profiled."""
    return workload.options.max_num_seqs or 256
