"""What engines choose where the workload leaves an option open."""

from dataclasses import replace
from functools import lru_cache

from llmfit.records.device import Device
from llmfit.records.engine import Platform
from llmfit.records.workload import EngineOptions, Workload

LARGE_CARD_BYTES = 70 * 2**30
"""vLLM's server takes other defaults from this size on, except on an A100 (`EngineArgs.get_batch_defaults`)."""


def resolve(workload: Workload, device: Device | None, *, heads: int = 1) -> Workload:
    """Return the workload with vLLM's options filled in, as its server would on this card.

    1024 sequences and 8192 tokens on large cards, 256 and 2048 on all others and where no device is named;
    no more sequences than tokens where the tokens are given.
    On several GPUs layers are divided among as many of them as divide the attention heads.
    """
    options = workload.options
    if workload.engine.id != "vllm":
        return workload
    gpus = len(device.gpus) if device is not None else 1
    spread = gpus > 1 and options.tensor_parallel == options.pipeline_parallel == 1
    divided = divided_among(heads, gpus) if spread else options.tensor_parallel
    return Workload(
        engine=workload.engine,
        format=workload.format,
        kv_format=workload.kv_format,
        context=workload.context,
        sequences=workload.sequences,
        prompt_tokens=workload.prompt_tokens,
        images=workload.images,
        options=_filled(options, large=is_large(device), divided=divided),
        kv_format_v=workload.kv_format_v,
        checkpoint=workload.checkpoint,
    )


@lru_cache(maxsize=64)
def _filled(options: EngineOptions, *, large: bool, divided: int) -> EngineOptions:
    tokens = options.max_num_batched_tokens or (8192 if large else 2048)
    sequences = options.max_num_seqs or min(1024 if large else 256, tokens)
    return replace(
        options,
        tensor_parallel=divided,
        max_num_seqs=sequences,
        max_num_batched_tokens=max(tokens, sequences),
    )


def platform_of(device: Device | None) -> Platform:
    """Return what the engine runs on: CUDA where no device is named, the processor where it has no GPU."""
    if device is None:
        return "cuda"
    return device.gpus[0].platform if device.gpus else "cpu"


def divided_among(heads: int, gpus: int) -> int:
    """Return the largest number of GPUs, up to those there are, that divides the attention heads."""
    return next(count for count in range(gpus, 0, -1) if heads % count == 0)


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
