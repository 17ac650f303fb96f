"""What engines choose where the workload leaves an option open."""

from dataclasses import replace

from llmfit.records.device import Device
from llmfit.records.workload import Workload

LARGE_CARD_BYTES = 70 * 2**30
"""vLLM's server takes other defaults from this size on, except on an A100 (`EngineArgs.get_batch_defaults`)."""


def resolve(workload: Workload, device: Device | None) -> Workload:
    """Return the workload with vLLM's step options filled in, as its server would on this card.

    1024 sequences and 8192 tokens on large cards, 256 and 2048 on all others and where no device is named.
    """
    options = workload.options
    if workload.engine.id != "vllm" or (options.max_num_seqs and options.max_num_batched_tokens):
        return workload
    large = is_large(device)
    sequences = options.max_num_seqs or (1024 if large else 256)
    tokens = options.max_num_batched_tokens or (8192 if large else 2048)
    filled = replace(options, max_num_seqs=sequences, max_num_batched_tokens=max(tokens, sequences))
    return replace(workload, options=filled)


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
