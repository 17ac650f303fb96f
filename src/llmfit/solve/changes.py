"""The smallest change that makes a load fit: less context, a smaller cache format, a smaller format, the next GPU."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmfit.errors import UnsupportedWorkloadError
from llmfit.records.architecture import Architecture
from llmfit.records.deployment import Change
from llmfit.records.device import Device
from llmfit.records.format import Format, KvFormat
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload
from llmfit.solve.judge import Judgement, judge, with_context
from llmfit.solve.offload import estimate_offload
from llmfit.solve.search import largest

LEAST_BITS = 3.9
"""Formats below this are no advice: they cost more quality than a smaller model would."""
KEPT = 0.5
"""A context of which less than this share would be left is a last resort, not the smallest change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """What a load could be changed to."""

    formats: Sequence[Format] = ()
    kv_formats: Sequence[KvFormat] = ()
    devices: Sequence[Device] = ()
    """Machines to move to, the smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    architecture: Architecture
    workload: Workload
    device: Device
    headroom: float
    headroom_bytes: int

    def judge(self, workload: Workload, device: Device | None = None) -> Judgement | None:
        """Return the judgement of another load or machine; None where the engine cannot run it."""
        try:
            return judge(
                self.architecture,
                workload,
                device=device or self.device,
                headroom=self.headroom,
                headroom_bytes=self.headroom_bytes,
            )
        except UnsupportedWorkloadError:
            return None


def solve_changes(
    architecture: Architecture,
    workload: Workload,
    *,
    device: Device,
    alternatives: Alternatives,
    headroom: float = 0.0,
    headroom_bytes: int = 0,
) -> tuple[Change, ...]:
    """Return every single change that makes the load fit, the smallest first; none where no single one does.

    In the order of what a user loses: a setting of the engine, part of the context (half of it at most), precision
    of the cache, precision of the weights, sequences at once, speed with part of it in RAM, another GPU;
    more than half of the context comes last.
    """
    asked = _Question(
        architecture=architecture,
        workload=workload,
        device=device,
        headroom=headroom,
        headroom_bytes=headroom_bytes,
    )
    shorter = list(_context(asked))
    little = [change for change in shorter if float(change.value) >= KEPT * workload.context]
    return (
        *_utilization(asked),
        *little,
        *_kv_format(asked, alternatives.kv_formats),
        *_format(asked, alternatives.formats),
        *_sequences(asked),
        *_offload(asked),
        *_device(asked, alternatives.devices),
        *(change for change in shorter if change not in little),
    )


def _utilization(asked: _Question) -> Iterator[Change]:
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


def _margin(asked: _Question, workload: Workload) -> int:
    """Return what the load leaves on the fullest GPU; -1 where it does not run."""
    found = asked.judge(workload)
    return -1 if found is None or not found.runs else found.tightest.margin


def _context(asked: _Question) -> Iterator[Change]:
    def margin(context: int) -> int:
        return _margin(asked, with_context(asked.workload, context))

    longest = largest(margin, limit=asked.workload.context)
    if 0 < longest < asked.workload.context:
        yield Change(
            kind="context",
            setting="context",
            value=longest,
            message=f"Shorten the context to {longest:,} tokens",
            margin_bytes=margin(longest),
        )


def _sequences(asked: _Question) -> Iterator[Change]:
    def margin(sequences: int) -> int:
        return _margin(asked, replace(asked.workload, sequences=sequences))

    most = largest(margin, limit=asked.workload.sequences)
    if 0 < most < asked.workload.sequences:
        yield Change(
            kind="sequences",
            setting="sequences",
            value=most,
            message=f"Serve {most:,} sequences at once",
            margin_bytes=margin(most),
        )


def _kv_format(asked: _Question, kv_formats: Sequence[KvFormat]) -> Iterator[Change]:
    """Yield the most exact smaller format of the cache that makes it fit."""
    now = _width(asked.workload.kv_format)
    smaller = [kv for kv in kv_formats if asked.workload.engine.id in kv.engines and _width(kv) < now]
    for kv in sorted(smaller, key=lambda kv: (-_width(kv), kv.id)):
        found = asked.judge(replace(asked.workload, kv_format=kv, kv_format_v=None))
        if found is not None and found.runs:
            yield Change(
                kind="kv_format",
                setting="kv_format",
                value=kv.id,
                message=f"Store the KV cache in {kv.id}",
                margin_bytes=found.tightest.margin,
            )
            return


def _format(asked: _Question, formats: Sequence[Format]) -> Iterator[Change]:
    """Yield the most exact smaller format of the weights that makes it fit."""
    load = asked.workload
    for format_ in smaller_formats(load.format, formats, engine=load.engine.id):
        found = asked.judge(replace(load, format=format_))
        if found is not None and found.runs:
            yield Change(
                kind="format",
                setting="format",
                value=format_.id,
                message=f"Store the weights in {format_.id}",
                margin_bytes=found.tightest.margin,
            )
            return


def smaller_formats(current: Format, formats: Sequence[Format], *, engine: str) -> list[Format]:
    """Return the formats of the engine that take fewer bits than the current one, the most exact first."""
    able = [f for f in formats if engine in f.engines and not f.requires_qat]
    smaller = [f for f in able if LEAST_BITS <= f.nominal_bits < current.nominal_bits]
    return sorted(smaller, key=lambda f: (-f.nominal_bits, f.precision is None, f.id))


def _offload(asked: _Question) -> Iterator[Change]:
    """Yield the split that leaves most on the GPU, where llama.cpp runs it and the RAM is known."""
    device, load = asked.device, asked.workload
    if load.engine.id != "llama.cpp" or not device.gpus or device.unified or device.ram_bytes is None:
        return
    split = estimate_offload(asked.architecture, load, device=device, headroom=asked.headroom)
    if split is None:
        return
    found = asked.judge(split.applied_to(load))
    if found is None or not found.runs:
        return
    experts = split.n_gpu_layers is None
    value = split.n_cpu_moe if split.n_gpu_layers is None else split.n_gpu_layers
    flag = f"--n-cpu-moe {value}" if experts else f"-ngl {value}"
    yield Change(
        kind="options",
        setting="n_cpu_moe" if experts else "n_gpu_layers",
        value=value,
        message=f"Keep part of it in RAM with {flag}",
        margin_bytes=found.tightest.margin,
    )


def _device(asked: _Question, devices: Sequence[Device]) -> Iterator[Change]:
    """Yield the smallest of the machines on which it fits."""
    for device in devices:
        found = asked.judge(asked.workload, device)
        if found is not None and found.runs:
            yield Change(
                kind="gpu",
                setting="gpu",
                value=device.name,
                message=f"Move to {device.name}",
                margin_bytes=found.tightest.margin,
            )
            return


def _width(kv_format: KvFormat) -> float:
    return kv_format.block_bytes / kv_format.block_size


__all__ = ["Alternatives", "smaller_formats", "solve_changes"]
