"""How fast a workload decodes: seconds per token in three terms, as a range.

seconds = bytes read / (share x bandwidth)
        + weights unpacked x operations per weight / compute
        + layers x launch seconds + step seconds

Shares, operations and seconds are the engine's constants, fitted by `benchmarks/speed.py`.
"""

from llmfit.records.architecture import Architecture, CacheKind, Role, Section
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.estimate import Estimate, PartName
from llmfit.records.speed import Speed
from llmfit.records.workload import Workload

_NEVER_DECODES = frozenset({Section.ENCODER, Section.VISION, Section.AUDIO, Section.PROJECTOR})
_UNREAD = frozenset({Role.POSITION, Role.PER_LAYER_EMBEDDING})
_STATE_ELEMENT_BYTES = 4
_KERNELS_OF_UNIFIED_MEMORY = ("LP", "DDR4", "DDR5")


def estimate_speed(
    architecture: Architecture, workload: Workload, *, device: Device, estimate: Estimate
) -> Speed | None:
    """Estimate tokens per second of one sequence, half of its context filled.

    None where the bandwidth is unknown, the engine has no constants for the platform, the model
    does not decode, or part of it lies in RAM.
    """
    gpu = min(device.gpus, key=lambda gpu: gpu.bandwidth_gbps or 0, default=None)
    if gpu is None or not gpu.bandwidth_gbps or not _decodes_on_gpu(architecture, workload):
        return None
    try:
        seconds = step_seconds(architecture, workload, gpu=gpu, weights_bytes=estimate.part_bytes(PartName.WEIGHTS))
        low = workload.engine.constant("speed_range_low_ratio", gpu.platform).value
        high = workload.engine.constant("speed_range_high_ratio", gpu.platform).value
    except KeyError:
        return None
    if seconds is None:
        return None
    typical = 1 / seconds
    return Speed(
        low=typical * low,
        typical=typical,
        high=typical * high,
        basis=f"{gpu.bandwidth_gbps:g} GB/s, {workload.engine.id}, {workload.context // 2} tokens in the cache",
        prefill=_prefill(architecture, workload, gpu),
    )


def _decodes_on_gpu(architecture: Architecture, workload: Workload) -> bool:
    """Whether the formula speaks of this load: no layers in RAM, and no experts that transformers loops over."""
    options = workload.options
    in_ram = bool(options.n_cpu_moe) or (
        options.n_gpu_layers is not None and options.n_gpu_layers < architecture.num_hidden_layers
    )
    looped = bool(architecture.num_experts) and workload.engine.id == "transformers"
    return not (architecture.is_encoder_only or in_ram or looped)


def step_seconds(architecture: Architecture, workload: Workload, *, gpu: DeviceGpu, weights_bytes: int) -> float | None:
    """Seconds of one decoding step of all sequences; None where an unpacking format meets unknown compute.

    Raises KeyError where the engine has no constant for the GPU's platform.
    """
    if gpu.bandwidth_gbps is None:
        return None
    constant = workload.engine.constant
    read, touched = read_per_step(architecture, workload, weights_bytes)
    share = constant(f"bandwidth_share_{memory_class(gpu)}", gpu.platform).value
    seconds = read / (share * gpu.bandwidth_gbps * 1e9 * workload.options.tensor_parallel)
    if workload.format.family != "float":
        if not gpu.fp32_tflops:
            return None
        operations = constant(f"unpack_{workload.format.family}_flops_per_weight", gpu.platform).value
        seconds += operations * touched / (gpu.fp32_tflops * 1e12 * workload.options.tensor_parallel)
    launches = architecture.num_hidden_layers * constant("launch_seconds_per_layer", gpu.platform).value
    return seconds + launches + constant("step_seconds", gpu.platform).value


def read_per_step(architecture: Architecture, workload: Workload, weights_bytes: int) -> tuple[float, float]:
    """Return (bytes read, weights touched) by one decoding step of all sequences."""
    stored = touched = tables = 0
    towers = workload.engine.id != "llama.cpp" or workload.images > 0
    for tensor in architecture.tensors:
        if tensor.section is Section.MTP:
            continue
        if tensor.section in _NEVER_DECODES:
            stored += tensor.parameters if towers or tensor.section is Section.ENCODER else 0
        elif tensor.role in _UNREAD or (tensor.role is Role.EMBEDDING and not architecture.tied_embeddings):
            tables += tensor.parameters
        else:
            stored += tensor.parameters
            touched += _touched(tensor.parameters, tensor.active_parameters, workload.sequences)
    in_memory = weights_bytes
    if workload.engine.id != "llama.cpp":  # which leaves the table in RAM
        in_memory -= tables * (4 if workload.format.precision == "fp32" else 2)
    cache = _cache_bytes_read(architecture, workload) * workload.sequences
    return in_memory * touched / max(1, stored) + cache, touched


def _touched(parameters: int, active: int, sequences: int) -> int:
    """Weights that a step of several sequences reads: their experts overlap by chance."""
    if active == parameters or sequences == 1:
        return active
    return round(parameters * (1 - (1 - active / parameters) ** sequences))


def _cache_bytes_read(architecture: Architecture, workload: Workload) -> float:
    """Bytes of the cache that one sequence reads per token, half of the context filled."""
    depth = workload.context // 2
    element = workload.kv_format.block_bytes / workload.kv_format.block_size
    total = 0.0
    for cache in architecture.caches:
        if cache.kind is CacheKind.STATE:
            state = cache.conv_elements * 2 + cache.recurrent_elements * _STATE_ELEMENT_BYTES
            total += len(cache.layers) * state * 2  # read and written
            continue
        tokens = min(depth, cache.window) if cache.window else depth / cache.compression
        total += len(cache.layers) * (cache.key_elements + cache.value_elements) * tokens * element
    return total


def memory_class(gpu: DeviceGpu) -> str:
    """Return the kind of memory whose kernels reach a common share of the bandwidth."""
    kind = (gpu.memory_type or "").upper()
    if "HBM" in kind:
        return "hbm"
    return "unified" if kind.startswith(_KERNELS_OF_UNIFIED_MEMORY) else "gddr"


def _prefill(architecture: Architecture, workload: Workload, gpu: DeviceGpu) -> float | None:
    """Prompt tokens per second, bound by compute; None where the compute rate is unknown."""
    if not gpu.fp16_tflops:
        return None
    try:
        share = workload.engine.constant("prefill_compute_share", gpu.platform).value
    except KeyError:
        return None
    tables = sum(t.parameters for t in architecture.tensors if t.role is Role.EMBEDDING)
    per_token = 2 * max(1, architecture.active_parameters - tables)
    return share * gpu.fp16_tflops * 1e12 * workload.options.tensor_parallel / per_token
