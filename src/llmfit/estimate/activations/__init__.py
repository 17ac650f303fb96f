"""How many bytes an engine's tensors take beyond weights and cache: layer outputs, logits, compute buffers."""

from importlib import import_module

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Part, PartName
from llmfit.records.workload import Workload
from llmfit.units import MIB

_RULES = {"llama.cpp": "llamacpp", "transformers": "transformers", "vllm": "vllm"}
"""Module of each engine's rules, imported when a load runs on it."""


def estimate_activations(
    architecture: Architecture,
    workload: Workload,
    *,
    device: Device | None = None,
    explain: bool = False,
    terms: list[Term] | None = None,
) -> Part:
    """Return the peak bytes of buffers and activations on one GPU.

    A run passes through stages that reuse one memory: the largest counts.
    `explain` adds one line for the stage that counts, and what it was compared with.
    `terms` are the caches, of `cache_terms`, if known already.
    """
    rules = import_module(f"{__name__}.{_RULES[workload.engine.id]}")
    stages: list[Stage] = rules.peaks(architecture, workload, device, terms)
    peak = max(stages, key=lambda stage: stage.bytes)
    if not explain:
        return Part(name=PartName.ACTIVATION, bytes=peak.bytes)
    others = ", ".join(f"{stage.label} {stage.bytes / MIB:.0f} MiB" for stage in stages if stage is not peak)
    notes = (f"Stages that take less at another moment: {others}",) if others else ()
    return Part(name=PartName.ACTIVATION, bytes=peak.bytes, lines=(peak.line(),), assumptions=notes)
