"""What each of several GPUs holds: llama.cpp divides the layers, vLLM divides every layer."""

from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import Part, PartName
from llmfit.records.workload import Workload


def per_gpu_bytes(
    architecture: Architecture, workload: Workload, *, parts: tuple[Part, ...], terms: list[Term], gpus: int
) -> tuple[int, ...]:
    """Return the bytes of each GPU, the fullest first; empty for one GPU.

    Every GPU has an activation buffer of its own; weights are divided evenly.
    llama.cpp and transformers divide whole layers: the fullest GPU has ceil(L / gpus) of them.
    vLLM divides heads: a cache by at most its KV heads, a latent not at all.
    """
    if gpus < 2:
        return ()
    sizes = {part.name: part.bytes for part in parts}
    overhead = sizes.get(PartName.OVERHEAD, 0) // gpus
    fixed = sizes.get(PartName.ACTIVATION, 0) // gpus + overhead
    weights, cache = sizes.get(PartName.WEIGHTS, 0), sizes.get(PartName.KV_CACHE, 0)
    if workload.engine.id == "vllm":
        held = sum(-(-term.bytes // min(gpus, max(1, term.cache.heads))) for term in terms)
        return (-(-weights // gpus) + held + fixed,) * gpus
    layers = max(1, architecture.num_hidden_layers)
    full, rest = divmod(layers, gpus)
    shares = [full + (1 if rank < rest else 0) for rank in range(gpus)]
    return tuple((weights + cache) * share // layers + fixed for share in shares)
