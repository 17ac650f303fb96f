"""vLLM's `max_num_seqs`: at start its sampler takes memory for so many sequences, however few will run at once."""

from collections.abc import Iterator
from dataclasses import replace

from llmfit.estimate.defaults import resolve
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.workload import Workload


def shorter_steps(architecture: Architecture, workload: Workload, *, device: Device) -> Iterator[Workload]:
    """Yield the load with fewer sequences in one step of vLLM: powers of two, the most first.

    No fewer than the load has at once, which comes last; none for the other engines.
    """
    if workload.engine.id != "vllm":
        return
    most = resolve(architecture, workload, device=device).options.max_num_seqs or 1
    count = 1 << (most - 1).bit_length()
    while (count := count // 2) > workload.sequences:
        yield _stepped(workload, count)
    if workload.sequences < most:
        yield _stepped(workload, workload.sequences)


def _stepped(workload: Workload, sequences: int) -> Workload:
    return replace(workload, options=replace(workload.options, max_num_seqs=sequences))
