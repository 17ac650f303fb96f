"""The load of a plan that is to be started, with every number that its engine must be told."""

from llmfit.answers.planning.question import Wanted
from llmfit.errors import UsageError
from llmfit.fit import ROOMY
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


def launch_of(wanted: Wanted, plan: Plan, *, emit: str) -> Launch | None:
    """Return what to start: the asked context, else the longest with a tenth free; None where nothing runs.

    Of several formats the one with the most bits that fits, as everywhere else; those that fill the card beyond nine
    tenths come after the others where no context was asked for, and those that take fewer sequences in a step than
    vLLM's default after those that do not. Where all lie partly in RAM, the usual format: more
    bits would leave fewer layers on the GPU.

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
    chosen = min(able, key=lambda variant: _place(variant, wanted))
    return _launch(wanted, chosen, plan.device)


def _place(variant: Variant, wanted: Wanted) -> tuple[bool, bool, bool]:
    """Return what decides which variant is taken, the first of equals."""
    if variant.in_ram:
        usual = wanted.usual
        return True, usual is not None and variant.workload.format != usual.format, False
    return False, not wanted.context_asked and not _roomy(variant), variant.max_num_seqs is not None


def _roomy(variant: Variant) -> bool:
    return variant.comfortable_context > 0


def _holds(variant: Variant, wanted: Wanted) -> bool:
    """Whether the variant has the asked context, or any where none was asked for."""
    least = variant.workload.context if wanted.context_asked else 1
    return variant.longest_context >= least


def _launch(wanted: Wanted, variant: Variant, device: Device) -> Launch:
    context, basis = _context(wanted, variant)
    load = with_context(variant.workload, context)
    found = judge(wanted.architecture, load, device=device, headroom=wanted.headroom)
    return Launch(
        model=wanted.model,
        workload=found.workload,
        device=device,
        total_bytes=found.estimate.total_bytes,
        margin_bytes=found.tightest.margin,
        utilization=found.utilization,
        in_ram=variant.in_ram,
        basis=basis,
    )


def _context(wanted: Wanted, variant: Variant) -> tuple[int, str]:
    """Return the context to start with, and what it is: the measured totals of a full card reach beyond it."""
    if wanted.context_asked:
        return variant.workload.context, "the asked context"
    if variant.in_ram:
        context = variant.splits[0].context
        return context, f"{_named(wanted, variant, context)}, part of the model in RAM"
    free = f"{100 * max(ROOMY, wanted.headroom):g} % free"
    if _roomy(variant):
        context = variant.comfortable_context
        if context == wanted.limit:
            return context, f"all that the model was made for, more than {free}"
        return context, f"the longest context with {free}"
    if variant.longest_context == wanted.limit:
        return variant.longest_context, f"all that the model was made for, with less than {free}"
    return variant.longest_context, f"the longest context that fits, with less than {free}"


def _named(wanted: Wanted, variant: Variant, context: int) -> str:
    if context == wanted.limit:
        return "all that the model was made for"
    return "the usual context" if context == variant.workload.context else "the longest context that runs"
