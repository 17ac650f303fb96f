"""The smallest change that makes a load fit: less context, a smaller cache format, a smaller format, the next GPU."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmfit.fit import ROOMY
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import Change
from llmfit.records.device import Device
from llmfit.records.format import Format, KvFormat
from llmfit.records.workload import Workload
from llmfit.solve.alternatives import Alternatives, Question, smaller_caches, smaller_formats
from llmfit.solve.judge import with_context
from llmfit.solve.offload import Offload, estimate_offload
from llmfit.solve.pairs import (
    cache_change,
    context_change,
    device_change,
    format_change,
    pairs_elsewhere,
    pairs_here,
    step_change,
)
from llmfit.solve.search import largest
from llmfit.solve.steps import shorter_steps

KEPT = 0.5
"""A context of which less than this share would be left is a last resort, not the smallest change."""


def solve_changes(
    architecture: Architecture,
    workload: Workload,
    *,
    device: Device,
    alternatives: Alternatives,
    headroom: float = 0.0,
    headroom_bytes: int = 0,
) -> tuple[Change, ...]:
    """Return every single change that makes the load fit, the smallest first; pairs of them where none suffices here.

    In the order of what a user loses: a setting of the engine, part of the context (half of it at most), precision
    of the cache, precision of the weights, sequences at once, speed with part of it in RAM; two of these together;
    another GPU, more GPUs; more than half of the context comes last.
    """
    asked = Question(
        architecture=architecture,
        workload=workload,
        device=device,
        headroom=headroom,
        headroom_bytes=headroom_bytes,
    )
    shorter = list(_context(asked))
    little = [change for change in shorter if float(change.value) >= KEPT * workload.context]
    here = [
        *_utilization(asked),
        *_steps(asked),
        *little,
        *_kv_format(asked, alternatives.kv_formats),
        *_format(asked, alternatives.formats),
        *_sequences(asked),
        *_offload(asked),
    ]
    here += [] if here else pairs_here(asked, alternatives, least=KEPT)
    elsewhere = [
        *_device(asked, alternatives.devices),
        *_more_gpus(asked, alternatives),
        *(change for change in shorter if change not in little),
    ]
    return (*here, *elsewhere) if here or elsewhere else tuple(pairs_elsewhere(asked, alternatives))


def _utilization(asked: Question) -> Iterator[Change]:
    """Yield a larger share of the card, where vLLM was told to take less than there is."""
    given = asked.workload.options.gpu_memory_utilization
    if asked.workload.engine.id != "vllm" or given is None:
        return
    first = int(100 * given) + 1
    for hundredths in range(first, 100):
        options = replace(asked.workload.options, gpu_memory_utilization=hundredths / 100)
        found = asked.judge(replace(asked.workload, options=options))
        if found is not None and found.runs:
            share = hundredths / 100
            yield Change(
                kind="options",
                setting="gpu_memory_utilization",
                value=share,
                message=f"Raise gpu_memory_utilization to {share:g}",
                margin_bytes=found.tightest.margin,
            )
            return


def _steps(asked: Question) -> Iterator[Change]:
    """Yield the most sequences in one step of vLLM with which it fits."""
    for load in shorter_steps(asked.architecture, asked.workload, device=asked.device):
        found = asked.runs(load)
        if found is not None:
            yield step_change(found)
            return


def _context(asked: Question) -> Iterator[Change]:
    longest = asked.longest(asked.workload)
    found = asked.runs(with_context(asked.workload, longest)) if 0 < longest < asked.workload.context else None
    if found is not None:
        yield context_change(longest, found)


def _sequences(asked: Question) -> Iterator[Change]:
    def margin(sequences: int) -> int:
        found = asked.runs(replace(asked.workload, sequences=sequences))
        return -1 if found is None else found.tightest.margin

    most = largest(margin, limit=asked.workload.sequences)
    if 0 < most < asked.workload.sequences:
        yield Change(
            kind="sequences",
            setting="sequences",
            value=most,
            message=f"Serve {most:,} {'sequence' if most == 1 else 'sequences'} at once",
            margin_bytes=margin(most),
        )


def _kv_format(asked: Question, kv_formats: Sequence[KvFormat]) -> Iterator[Change]:
    """Yield the most exact smaller format of the cache that makes it fit."""
    for cache in smaller_caches(asked.workload, kv_formats):
        found = asked.runs(replace(asked.workload, kv_format=cache, kv_format_v=None))
        if found is not None:
            yield cache_change(cache, found)
            return


def _format(asked: Question, formats: Sequence[Format]) -> Iterator[Change]:
    """Yield the most exact smaller format of the weights that makes it fit."""
    load = asked.workload
    for format_ in smaller_formats(load.format, formats, engine=load.engine.id):
        found = asked.runs(replace(load, format=format_))
        if found is not None:
            yield format_change(format_, found)
            return


def _offload(asked: Question) -> Iterator[Change]:
    """Yield the split that leaves most on the GPU, where llama.cpp runs it and the RAM is known."""
    device, load = asked.device, asked.workload
    if load.engine.id != "llama.cpp" or not device.gpus or device.unified or device.ram_bytes is None:
        return
    share = max([asked.headroom, *(asked.headroom_bytes / max(1, gpu.usable_bytes) for gpu in device.gpus)])
    split = estimate_offload(asked.architecture, load, device=device, headroom=share) if share < 1 else None
    found = None if split is None else asked.runs(split.applied_to(load))
    if split is None or found is None:
        return
    roomy = estimate_offload(asked.architecture, load, device=device, headroom=ROOMY) if share < ROOMY else None
    yield replace(split_change(split, roomy), margin_bytes=found.tightest.margin)


def split_change(split: Offload, roomy: Offload | None) -> Change:
    """Return the change to a split, with the number of a split of the same kind that leaves a tenth of the GPU free."""
    experts = split.n_gpu_layers is None
    value = split.n_cpu_moe if split.n_gpu_layers is None else split.n_gpu_layers
    layers = "1 layer" if value == 1 else f"{value} layers"
    more = None
    if roomy is not None and (roomy.n_gpu_layers is None) == experts:
        more = roomy.n_cpu_moe if roomy.n_gpu_layers is None else roomy.n_gpu_layers
    return Change(
        kind="options",
        setting="n_cpu_moe" if experts else "n_gpu_layers",
        value=value,
        message=f"Keep the experts of {layers} in RAM" if experts else f"Keep {layers} on the GPU, the others in RAM",
        roomy=None if more == value else more,
    )


def _device(asked: Question, devices: Sequence[Device]) -> Iterator[Change]:
    """Yield the smallest of the machines on which it fits."""
    for device in devices:
        found = asked.runs(asked.workload, device)
        if found is not None:
            yield device_change(device, found, here=asked.device)
            return


def _more_gpus(asked: Question, alternatives: Alternatives) -> Iterator[Change]:
    """Yield the fewest GPUs of the same kind among which it fits."""
    for device in asked.more_gpus(alternatives):
        found = asked.runs(asked.workload, device)
        if found is not None:
            yield device_change(device, found, here=asked.device)
            return


__all__ = ["Alternatives", "smaller_formats", "solve_changes"]
