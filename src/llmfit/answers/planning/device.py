"""How far each engine and format go on one device."""

from dataclasses import replace

from llmfit.answers.planning.question import Wanted
from llmfit.errors import LlmfitError
from llmfit.estimate.shapes import Shape, divided, shaped, shapes
from llmfit.fit import ROOMY
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.plan import ContextSplit, Plan, RefusedShape, Variant
from llmfit.records.workload import Workload
from llmfit.solve.judge import judge, with_context
from llmfit.solve.limits import frontier, longest_context, most_sequences
from llmfit.solve.offload import longest_offloaded, roomy_offload
from llmfit.solve.platforms import runs_on
from llmfit.solve.steps import shorter_steps


def plan_device(wanted: Wanted, device: Device) -> Plan:
    """Return, for each engine and format, the longest context, the most sequences, and what they cost each other.

    Engines that do not run on the device's GPUs are left out, unless nothing else was asked for.
    """
    able = [workload for workload in wanted.workloads if runs_on(workload.engine.id, device)]
    variants = tuple(_variant(wanted, workload, device) for workload in able or wanted.workloads)
    return wanted.plan(device=device, variants=variants)


def _variant(wanted: Wanted, workload: Workload, device: Device) -> Variant:
    """Return how far it goes: on several GPUs in the shape that every command counts.

    Where not even one token fits in that shape, in the next one that vLLM accepts.
    """
    options = workload.options
    if workload.engine.id != "vllm" or len(device.gpus) < 2 or options.tensor_parallel * options.pipeline_parallel > 1:
        return _solved(wanted, workload, device)
    every = shapes(wanted.architecture, workload, gpus=len(device.gpus))
    refused = tuple(_refused(shape) for shape in every if shape.problems)
    found = _solved(wanted, divided(wanted.architecture, workload, device), device)
    for shape in every:
        if not shape.problems and not found.longest_context:
            found = _solved(wanted, shaped(workload, shape), device)
    return replace(found, refused=refused)


def _refused(shape: Shape) -> RefusedShape:
    return RefusedShape(
        tensor_parallel=shape.tensor_parallel,
        pipeline_parallel=shape.pipeline_parallel,
        reason="; ".join(problem.message for problem in shape.problems),
    )


def _solved(wanted: Wanted, workload: Workload, device: Device) -> Variant:
    architecture, share, limit = wanted.architecture, wanted.headroom, wanted.limit
    try:
        longest = longest_context(architecture, workload, device=device, limit=limit, headroom=share)
        if longest < (workload.context if wanted.context_asked else 1):
            fewer = _in_shorter_steps(wanted, workload, device, beyond=longest)
            if fewer is not None:
                return replace(_solved(wanted, fewer, device), max_num_seqs=fewer.options.max_num_seqs)
            partly = _in_ram(wanted, workload, device)
            if not longest or partly.longest_context >= workload.context:
                return replace(partly, missing_bytes=0 if partly.in_ram else _missing(wanted, workload, device))
        roomy = max(share, ROOMY)
        load = with_context(workload, longest)
        found = judge(architecture, load, device=device, headroom=share)
        return Variant(
            workload=workload,
            longest_context=longest,
            comfortable_context=longest_context(architecture, workload, device=device, limit=limit, headroom=roomy),
            limited_by_model=longest == limit,
            most_sequences=most_sequences(architecture, workload, device=device, headroom=share),
            frontier=frontier(architecture, workload, device=device, limit=limit, headroom=share),
            estimate=found.estimate,
            margin_bytes=found.tightest.margin,
            utilization=found.utilization,
            missing_bytes=_missing(wanted, workload, device),
        )
    except LlmfitError as error:
        return Variant(workload=workload, reason=error.message)


def _missing(wanted: Wanted, workload: Workload, device: Device) -> int:
    """Return what the asked context lacks on the fullest GPU, or one token where none was asked for; 0 if it fits.

    With as few sequences in one step of vLLM as were asked for.
    """
    *_, least = (workload, *_steps(wanted, workload, device))
    least = least if wanted.context_asked else with_context(least, 1)
    return max(0, -judge(wanted.architecture, least, device=device, headroom=wanted.headroom).tightest.margin)


def _in_shorter_steps(wanted: Wanted, workload: Workload, device: Device, *, beyond: int) -> Workload | None:
    """Return the load with as many sequences in one step of vLLM as can be: with the context if that fits so.

    Else with the longest context that any number of them leaves; None where that is not `beyond` so many tokens, and
    where the number was asked for.
    """
    steps = _steps(wanted, workload, device)
    for step in steps:
        if judge(wanted.architecture, step, device=device, headroom=wanted.headroom).runs:
            return step

    def longest(step: Workload) -> int:
        return longest_context(wanted.architecture, step, device=device, limit=wanted.limit, headroom=wanted.headroom)

    most = longest(steps[-1]) if steps else 0
    return next(step for step in steps if longest(step) == most) if most > beyond else None


def _steps(wanted: Wanted, workload: Workload, device: Device) -> list[Workload]:
    """Return the load with fewer sequences in one step of vLLM; empty where their number was asked for."""
    if workload.options.max_num_seqs is not None:
        return []
    return list(shorter_steps(wanted.architecture, workload, device=device))


def _in_ram(wanted: Wanted, workload: Workload, device: Device) -> Variant:
    """Return how it runs with part of it in RAM: llama.cpp alone can, and only where the RAM is known."""
    if workload.engine.id != "llama.cpp" or device.unified or not device.gpus:
        return Variant(workload=workload, reason="not even one token fits")
    if workload.options.n_gpu_layers is not None or workload.options.n_cpu_moe:
        return Variant(workload=workload, reason="not even one token fits with these layers on the GPU")
    if device.ram_bytes is None:
        return Variant(workload=workload, reason="not even one token fits; --ram tells how much may lie in RAM")
    architecture, share, limit = wanted.architecture, wanted.headroom, wanted.limit
    longest = longest_offloaded(architecture, workload, device=device, limit=limit, headroom=share)
    if not longest:
        return Variant(workload=workload, reason="not even with part of it in RAM")
    loads = [with_context(workload, context) for context in dict.fromkeys((min(workload.context, longest), longest))]
    loads = [_in_split(architecture, load, device, share) for load in loads]
    asked = replace(loads[0], context=workload.context, prompt_tokens=workload.prompt_tokens)
    found = judge(architecture, loads[0], device=device, headroom=share)
    return Variant(
        workload=asked,
        longest_context=longest,
        comfortable_context=longest_offloaded(
            architecture, workload, device=device, limit=limit, headroom=max(share, ROOMY)
        ),
        limited_by_model=longest == limit,
        estimate=found.estimate,
        margin_bytes=found.tightest.margin,
        n_gpu_layers=asked.options.n_gpu_layers,
        n_cpu_moe=asked.options.n_cpu_moe,
        in_ram=True,
        splits=tuple(
            ContextSplit(context=load.context, n_gpu_layers=load.options.n_gpu_layers, n_cpu_moe=load.options.n_cpu_moe)
            for load in loads
        ),
    )


def _in_split(architecture: Architecture, load: Workload, device: Device, headroom: float) -> Workload:
    """Return the load in the split that leaves most on the GPU and a tenth of it free; itself where there is none."""
    split = roomy_offload(architecture, load, device=device, headroom=headroom)
    return load if split is None else split.applied_to(load)
