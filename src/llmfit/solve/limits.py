"""How far one load can go on one machine: the longest context, the most sequences, and what they cost each other."""

from dataclasses import replace

from llmfit.estimate.defaults import resolve
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.plan import Corner
from llmfit.records.workload import Workload
from llmfit.solve.judge import judge, with_context
from llmfit.solve.search import largest

MOST_SEQUENCES = 4096
"""Beyond so many at once, nobody asks of one machine."""
MOST_TOKENS = 1 << 24
"""Context of models that state no limit."""
STEPS = {"llama.cpp": 256, "vllm": 16, "transformers": 1}
"""Tokens by which an engine's cache grows: its cells or blocks."""


def longest_context(
    architecture: Architecture, workload: Workload, *, device: Device, limit: int | None = None, headroom: float = 0.0
) -> int:
    """Return the longest context of each sequence that fits, at most the model's own; 0 where not even one token does.

    One token more does not fit, unless the limit is reached.

    Raises UnsupportedWorkloadError where the engine cannot run the model in the format.
    """
    most = limit or architecture.context_length or MOST_TOKENS

    def margin(context: int) -> int:
        return _margin(architecture, with_context(workload, context), device=device, headroom=headroom)

    return largest(margin, limit=most, step=_step(workload))


def most_sequences(architecture: Architecture, workload: Workload, *, device: Device, headroom: float = 0.0) -> int:
    """Return the most sequences at once of the workload's context; 0 where not even one fits.

    vLLM runs at most `max_num_seqs` of them at once: the others wait.

    Raises UnsupportedWorkloadError where the engine cannot run the model in the format.
    """
    most = sequences_limit(architecture, workload, device=device)

    def margin(sequences: int) -> int:
        return _margin(architecture, replace(workload, sequences=sequences), device=device, headroom=headroom)

    return largest(margin, limit=most)


def sequences_limit(architecture: Architecture, workload: Workload, *, device: Device) -> int:
    """Return how many sequences the engine runs at once, whatever the memory."""
    if workload.engine.id != "vllm":
        return MOST_SEQUENCES
    return resolve(architecture, workload, device=device).options.max_num_seqs or MOST_SEQUENCES


def frontier(
    architecture: Architecture, workload: Workload, *, device: Device, limit: int | None = None, headroom: float = 0.0
) -> tuple[Corner, ...]:
    """Return the longest context for 1, 2, 4, … sequences, down to where none fits.

    Each point is maximal: neither its context nor, at this context, its power of two can grow.
    """
    corners: list[Corner] = []
    sequences, most = 1, sequences_limit(architecture, workload, device=device)
    while sequences <= most:
        load = replace(workload, sequences=sequences)
        context = longest_context(architecture, load, device=device, limit=limit, headroom=headroom)
        if not context:
            break
        corners.append(Corner(sequences=sequences, context=context))
        limit, sequences = context, sequences * 2
    return tuple(corners)


def _margin(architecture: Architecture, workload: Workload, *, device: Device, headroom: float) -> int:
    found = judge(architecture, workload, device=device, headroom=headroom)
    if found.ram_missing:
        return min(found.tightest.margin, -found.ram_missing)
    return found.tightest.margin if found.runs else min(found.tightest.margin, -1)


def _step(workload: Workload) -> int:
    return workload.options.block_size if workload.engine.id == "vllm" else STEPS[workload.engine.id]
