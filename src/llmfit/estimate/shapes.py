"""How vLLM 0.33 divides a model among GPUs: which ways it accepts, why it refuses the others, which one is counted.

Rules read in `config/model.py` (`verify_with_parallel_config`), `model_executor/layers/linear.py`
(`QKVParallelLinear`, `divide`), `vocab_parallel_embedding.py` and the `quantization` layers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from llmfit.errors import UsageError
from llmfit.estimate.parallel import VOCABULARY_PADDING
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.format import Format
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeProblem:
    """Why the engine refuses a shape."""

    message: str
    hint: str = ""
    option: str = "tensor_parallel"
    """The option that would have to change, by its name in `options.OPTIONS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way of dividing a model: each layer among `tensor_parallel` GPUs, the layers among `pipeline_parallel`."""

    tensor_parallel: int
    pipeline_parallel: int
    problems: tuple[ShapeProblem, ...] = ()

    @property
    def gpus(self) -> int:
        """How many GPUs it takes."""
        return self.tensor_parallel * self.pipeline_parallel


_ALONE = Shape(tensor_parallel=1, pipeline_parallel=1)


def shape_problems(architecture: Architecture, workload: Workload, device: Device) -> tuple[ShapeProblem, ...]:
    """Return why vLLM would refuse to divide this load; empty where it accepts, and for the other engines."""
    if workload.engine.id != "vllm":
        return ()
    options = divided(architecture, workload, device).options
    used, there = options.tensor_parallel * options.pipeline_parallel, max(1, len(device.gpus))
    problems = list(refusals(architecture, workload.format, options.tensor_parallel, options.pipeline_parallel))
    if used > there:
        message = f"tensor_parallel {options.tensor_parallel} x pipeline_parallel {options.pipeline_parallel} needs"
        problems.insert(0, ShapeProblem(message=f"{message} {used} GPUs, there are {there}", hint="Name more GPUs"))
    old = [gpu.name for gpu in device.gpus if gpu.bf16 is False]
    if workload.format.id == "bf16" and old:
        problems.append(ShapeProblem(message=f"{old[0]} has no bf16", hint="Ask for the format f16"))
    return tuple(problems)


def refuse_one_of_several(given: Mapping[str, Any], device: Device) -> None:
    """Check that options that were given, by the names of `options.OPTIONS`, do not leave all GPUs but one idle.

    Raises UsageError where they do: a shape of 1 x 1 means one GPU to vLLM, and stands for no shape here.
    """
    named = [given[name] for name in ("tensor_parallel", "pipeline_parallel") if given.get(name) is not None]
    if named and prod(named) == 1 < len(device.gpus):
        raise UsageError(f"One of the {len(device.gpus)} GPUs alone would be used", hint="Name one GPU")


def refusals(architecture: Architecture, format_: Format, tensor: int, pipeline: int) -> Iterator[ShapeProblem]:
    """Yield each reason for which vLLM refuses to divide a model so."""
    heads, kv_heads = architecture.num_attention_heads, max(1, architecture.num_key_value_heads)
    if heads % tensor:
        able = [str(n) for n in range(1, heads + 1) if heads % n == 0]
        hint = f"Divide by one of {', '.join(able[:8])}"
        yield ShapeProblem(message=f"{heads} attention heads cannot be divided among {tensor} GPUs", hint=hint)
    elif _has_kv_heads(architecture) and kv_heads % tensor and tensor % kv_heads:
        message = f"{kv_heads} KV heads can be neither divided among {tensor} GPUs nor copied evenly to them"
        yield ShapeProblem(message=message, hint=f"Divide by a divisor or a multiple of {kv_heads}")
    if architecture.intermediate_size % tensor:
        yield ShapeProblem(message=f"the MLP's {architecture.intermediate_size} columns do not divide by {tensor}")
    padded = -(-architecture.vocab_size // VOCABULARY_PADDING) * VOCABULARY_PADDING
    if padded % tensor:
        message = f"the vocabulary of {padded} rows, padded to {VOCABULARY_PADDING}, does not divide by {tensor}"
        yield ShapeProblem(message=message)
    yield from _groups(architecture, format_, tensor)
    if pipeline > architecture.num_hidden_layers:
        message = f"{architecture.num_hidden_layers} layers cannot be divided among {pipeline} groups of GPUs"
        hint = f"Divide them among {architecture.num_hidden_layers} at most"
        yield ShapeProblem(message=message, hint=hint, option="pipeline_parallel")


def _has_kv_heads(architecture: Architecture) -> bool:
    """Return whether the cache is divided by heads: a latent is not, every GPU keeps it whole."""
    return "kv_lora_rank" not in architecture.extra


def _groups(architecture: Architecture, format_: Format, tensor: int) -> Iterator[ShapeProblem]:
    """Yield a refusal where a part of a quantised matrix would end inside a group of weights with one scale."""
    group = format_.group_size
    if tensor == 1 or group is None or format_.family not in {"gptq", "awq", "fp8"}:
        return
    heads = architecture.num_attention_heads * architecture.head_dim
    widths = {"MLP": architecture.intermediate_size, "attention": heads}
    if architecture.moe_intermediate_size:
        widths["expert"] = architecture.moe_intermediate_size
    for name, width in widths.items():
        if width % tensor == 0 and (width // tensor) % group:
            message = (
                f"the {name}'s {width} inputs in {tensor} parts of {width // tensor} cut groups of {group} weights"
            )
            yield ShapeProblem(message=message, hint=f"{format_.id} needs parts of whole groups")


def shapes(architecture: Architecture, workload: Workload, *, gpus: int) -> tuple[Shape, ...]:
    """Return every way to divide a model among exactly so many GPUs, those with most tensor parallelism first."""
    return tuple(_shapes(architecture, workload.format, gpus))


def _shapes(architecture: Architecture, format_: Format, gpus: int) -> Iterator[Shape]:
    for tensor in range(gpus, 0, -1):
        if gpus % tensor == 0:
            pipeline = gpus // tensor
            problems = tuple(refusals(architecture, format_, tensor, pipeline))
            yield Shape(tensor_parallel=tensor, pipeline_parallel=pipeline, problems=problems)


def shaped(workload: Workload, shape: Shape) -> Workload:
    """Return the load divided so."""
    options = replace(
        workload.options, tensor_parallel=shape.tensor_parallel, pipeline_parallel=shape.pipeline_parallel
    )
    return replace(workload, options=options)


def divided(architecture: Architecture, workload: Workload, device: Device | None) -> Workload:
    """Return the load divided among the device's GPUs as `usual_shape` says, unless it says how itself."""
    options, gpus = workload.options, 1 if device is None else len(device.gpus)
    if workload.engine.id != "vllm" or gpus < 2 or options.tensor_parallel * options.pipeline_parallel > 1:
        return workload
    return shaped(workload, usual_shape(architecture, workload.format, gpus=gpus))


def usual_shape(architecture: Architecture, format_: Format, *, gpus: int) -> Shape:
    """Return the shape that is counted where nobody says one: every GPU is used, as its documentation advises.

    Each layer is divided among as many GPUs as vLLM accepts; where that is not all of them, the layers are divided
    among groups of so many. Fewer GPUs are used only where a model has too few layers to go round.
    """
    every = (shape for count in range(gpus, 0, -1) for shape in _shapes(architecture, format_, count))
    return next((shape for shape in every if not shape.problems), _ALONE)
