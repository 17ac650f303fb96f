"""What each of several GPUs holds: llama.cpp divides the layers, vLLM divides every layer."""

from itertools import pairwise
from math import ceil

from llmfit.estimate.kv_cache.terms import Term
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.device import Device
from llmfit.records.estimate import Part, PartName
from llmfit.records.workload import Workload

VOCABULARY_PADDING = 64
"""Rows to which vLLM pads embedding and head (`DEFAULT_VOCAB_PADDING_SIZE`)."""
_ON_EVERY_GPU = frozenset({Role.NORM, Role.ROUTER, Role.POSITION, Role.BIAS})
_DOWN_PROJECTIONS = frozenset({"q_a_proj", "kv_a_proj_with_mqa", "kv_a_proj"})


def per_gpu_bytes(
    architecture: Architecture, workload: Workload, *, parts: tuple[Part, ...], terms: list[Term], device: Device | None
) -> tuple[int, ...]:
    """Return the bytes of each GPU, the fullest first; empty for one GPU.

    Every GPU has an activation buffer and overhead of its own; layers are taken as equally large.
    llama.cpp divides layers and output by the memory of the cards, transformers evenly: whole layers.
    vLLM divides every layer, or groups of GPUs share the layers: see `vllm_rank_bytes`.
    """
    gpus = gpus_used(workload, device)
    if gpus < 2:
        return ()
    sizes = {part.name: part.bytes for part in parts}
    fixed = sizes.get(PartName.ACTIVATION, 0) // gpus + sizes.get(PartName.OVERHEAD, 0) // gpus
    weights, cache = sizes.get(PartName.WEIGHTS, 0), sizes.get(PartName.KV_CACHE, 0)
    if workload.engine.id == "vllm":
        return (vllm_rank_bytes(architecture, workload, weights=weights, terms=terms) + fixed,) * gpus
    usable = [gpu.usable_bytes for gpu in device.gpus] if device is not None else []
    layers = architecture.num_hidden_layers + 1
    if workload.engine.id != "llama.cpp" or not all(usable):
        usable = [1] * gpus
    counts = divide_layers(layers, usable)
    return tuple(sorted((-(-(weights + cache) * count // layers) + fixed for count in counts), reverse=True))


def gpus_used(workload: Workload, device: Device | None) -> int:
    """Return over how many GPUs the workload is spread."""
    if workload.engine.id == "vllm":
        return workload.options.tensor_parallel * workload.options.pipeline_parallel
    return max(1, len(device.gpus)) if device is not None else 1


def vllm_rank_bytes(architecture: Architecture, workload: Workload, *, weights: int, terms: list[Term]) -> int:
    """Return weights and cache of the fullest rank.

    Each of `pipeline_parallel` groups has ceil(L / groups) layers, the first the embedding and the last the head.
    In a group, matrices are divided among `tensor_parallel` GPUs; norms, routers and the down-projections of a latent
    are on every one, keys and values at least one head on each, and the vocabulary is padded to 64 rows
    (`linear.py`, `vocab_parallel_embedding.py` of vLLM 0.33.0). A cache divides by at most its KV heads.
    """
    tensor, groups = workload.options.tensor_parallel, workload.options.pipeline_parallel
    layers = max(1, architecture.num_hidden_layers)
    stage = -(-layers // groups)
    inside, ends, every = 0.0, [0.0, 0.0], 0
    for one in architecture.tensors:
        if one.section is Section.MTP:
            continue
        every += one.parameters
        held = one.parameters * _rank_share(architecture, one, tensor)
        if one.layers:
            inside += held
        elif one.role is Role.HEAD:
            ends[1] += held
        else:
            ends[0] += held
            ends[1] += held if architecture.tied_embeddings and one.role is Role.EMBEDDING else 0.0
    outside = max(ends) if groups > 1 else sum(ends) if not architecture.tied_embeddings else ends[0]
    held_weights = weights * (inside * stage / layers + outside) / max(1, every)
    cache = sum(-(-term.bytes // min(tensor, max(1, term.cache.heads))) for term in terms)
    return ceil(held_weights) + -(-cache * stage // layers)


def _rank_share(architecture: Architecture, one: Tensor, tensor: int) -> float:
    """Return which share of a tensor each of `tensor` GPUs holds."""
    kv_heads, heads = max(1, architecture.num_key_value_heads), max(1, architecture.num_attention_heads)
    if one.role in _ON_EVERY_GPU or one.module in _DOWN_PROJECTIONS or len(one.shape) < 2:
        return 1.0
    if one.role in {Role.ATTN_K, Role.ATTN_V}:
        return 1 / min(tensor, kv_heads)
    if one.role is Role.ATTN_QKV:
        return (heads / tensor + 2 * kv_heads / min(tensor, kv_heads)) / (heads + 2 * kv_heads)
    if one.role in {Role.EMBEDDING, Role.HEAD}:
        rows = max(one.shape)
        return -(-rows // VOCABULARY_PADDING) * VOCABULARY_PADDING / rows / tensor
    return 1 / tensor


def divide_layers(layers: int, usable: list[int]) -> list[int]:
    """Return how many layers each GPU gets in proportion to its memory, the output counted as the last layer.

    Layer i goes to the first GPU whose cumulative share is above i / layers (`load_tensors` of llama-model.cpp).
    """
    total, ends, reached = sum(usable), [0], 0
    for amount in usable:
        reached += amount
        ends.append(-(-reached * layers // total))
    return [end - start for start, end in pairwise(ends)]
