"""What each of several GPUs holds: llama.cpp divides the layers, vLLM divides every layer."""

from itertools import pairwise

from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Part, PartName
from llmfit.records.workload import Workload


def per_gpu_bytes(
    architecture: Architecture, workload: Workload, *, parts: tuple[Part, ...], terms: list[Term], device: Device | None
) -> tuple[int, ...]:
    """Return the bytes of each GPU, the fullest first; empty for one GPU.

    Every GPU has an activation buffer and overhead of its own; layers are taken as equally large.
    llama.cpp divides layers and output by the memory of the cards, transformers evenly: whole layers.
    vLLM divides heads: a cache by at most its KV heads, a latent not at all.
    """
    gpus = gpus_used(workload, device)
    if gpus < 2:
        return ()
    sizes = {part.name: part.bytes for part in parts}
    fixed = sizes.get(PartName.ACTIVATION, 0) // gpus + sizes.get(PartName.OVERHEAD, 0) // gpus
    weights, cache = sizes.get(PartName.WEIGHTS, 0), sizes.get(PartName.KV_CACHE, 0)
    if workload.engine.id == "vllm":
        held = sum(-(-term.bytes // min(gpus, max(1, term.cache.heads))) for term in terms)
        return (-(-weights // gpus) + held + fixed,) * gpus
    usable = [gpu.usable_bytes for gpu in device.gpus] if device is not None else []
    layers = architecture.num_hidden_layers + 1
    if workload.engine.id != "llama.cpp" or not all(usable):
        usable = [1] * gpus
    counts = divide_layers(layers, usable)
    return tuple(sorted((-(-(weights + cache) * count // layers) + fixed for count in counts), reverse=True))


def gpus_used(workload: Workload, device: Device | None) -> int:
    """Return over how many GPUs the workload is spread."""
    if workload.engine.id == "vllm":
        return workload.options.tensor_parallel
    return max(1, len(device.gpus)) if device is not None else 1


def divide_layers(layers: int, usable: list[int]) -> list[int]:
    """Return how many layers each GPU gets in proportion to its memory, the output counted as the last layer.

    Layer i goes to the first GPU whose cumulative share is above i / layers (`load_tensors` of llama-model.cpp).
    """
    total, ends, reached = sum(usable), [0], 0
    for amount in usable:
        reached += amount
        ends.append(-(-reached * layers // total))
    return [end - start for start, end in pairwise(ends)]
