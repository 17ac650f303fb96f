"""The load of a plan that is to be started, with every number that its engine must be told."""

from llmfit.errors import UsageError
from llmfit.planning.question import Wanted
from llmfit.records.device import Device
from llmfit.records.plan import Launch, Plan, Variant
from llmfit.solve.judge import judge, with_context

ENGINES = {
    "vllm": ("vllm",),
    "llama.cpp": ("llama.cpp",),
    "ollama": ("llama.cpp",),
    "transformers": ("transformers",),
    "compose": ("vllm", "llama.cpp"),
}
"""Engines for which each kind of launch can be written, the usual one first."""


def wants_engine(emit: str) -> str:
    """Return the engine that a kind of launch is for, where none was asked for."""
    return ENGINES[emit][0]


def launch_of(wanted: Wanted, plan: Plan, *, emit: str) -> Launch | None:
    """Return what to start: the asked context, else the longest that fits; None where nothing runs.

    Of several formats the one with the most bits that fits, as everywhere else; those in RAM come last.

    Raises:
        UsageError: No variant of the plan is of an engine that this launch is for.
    """
    if plan.device is None:
        raise UsageError("--emit needs a device", hint="Name it with --gpu or --vram, or add --here")
    fitting = [variant for variant in plan.variants if variant.workload.engine.id in ENGINES[emit]]
    if not fitting:
        engines = " or ".join(ENGINES[emit])
        raise UsageError(f"--emit {emit} is for {engines}", hint=f"Leave --engine out, or name {engines}")
    able = [variant for variant in fitting if _holds(variant, wanted)]
    if not able:
        return None
    chosen = next((variant for variant in able if not variant.in_ram), able[0])
    return _launch(wanted, chosen, plan.device)


def _holds(variant: Variant, wanted: Wanted) -> bool:
    """Whether the variant has the asked context, or any where none was asked for."""
    least = variant.workload.context if wanted.context_asked else 1
    return variant.longest_context >= least


def _launch(wanted: Wanted, variant: Variant, device: Device) -> Launch:
    asked = wanted.context_asked or variant.in_ram
    load = with_context(variant.workload, variant.workload.context if asked else variant.longest_context)
    found = judge(wanted.architecture, load, device=device, headroom=wanted.headroom)
    return Launch(
        model=wanted.model,
        workload=found.workload,
        device=device,
        total_bytes=found.estimate.total_bytes,
        margin_bytes=found.tightest.margin,
        utilization=found.utilization,
        in_ram=variant.in_ram,
    )
