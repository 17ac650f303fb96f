"""How fast a workload decodes: seconds per token in three terms, as a range.

seconds = bytes read / (share x bandwidth)
        + weights unpacked x operations per weight / compute
        + layers x launch seconds + step seconds

Shares, operations and seconds are the engine's constants, fitted by `benchmarks/speed.py`.
Over several GPUs vLLM divides every layer, so that all of them read at once, at a share of what one alone reaches;
llama.cpp and transformers give each GPU whole layers, so that one works at a time.
"""

from llmfit.estimate.defaults import resolve
from llmfit.records.architecture import Architecture, CacheKind, Role, Section
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import UnknownConstantError
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
    many = len(device.gpus)
    if many > 1:
        workload = resolve(architecture, workload, device=device)
    weights = estimate.part_bytes(PartName.WEIGHTS)
    try:
        step = _step(architecture, workload, gpu=gpu, weights_bytes=weights, gpus=many)
        low = workload.engine.constant("speed_range_low_ratio", gpu.platform).value
        high = workload.engine.constant("speed_range_high_ratio", gpu.platform).value
    except UnknownConstantError:
        return None
    if step is None:
        return None
    typical = 1 / step[0]
    return Speed(
        low=typical * low,
        typical=typical,
        high=typical * high,
        basis=_basis(architecture, workload, gpu, gpus=many, own=step[1]),
        prefill=_prefill(architecture, workload, gpu),
    )


def _basis(architecture: Architecture, workload: Workload, gpu: DeviceGpu, *, gpus: int, own: bool) -> str:
    """Return in words what the speed follows from; vLLM's rows are of dense models alone."""
    at_once = workload.options.tensor_parallel
    times = f"{at_once} × " if at_once > 1 else ""
    alone = "" if gpus <= at_once else " of one GPU at a time" if at_once == 1 else " at a time"
    tokens = f"{workload.context // 2} tokens in the cache"
    strange = "" if own else f"; nobody measured {workload.format.id} on such memory"
    if architecture.num_experts and workload.engine.id == "vllm":
        strange = "; nobody measured mixtures of experts"
    return f"{times}{gpu.bandwidth_gbps:g} GB/s{alone}, {workload.engine.id}, {tokens}{strange}"


def why_no_speed(architecture: Architecture, workload: Workload, *, device: Device, writes: bool = True) -> str:
    """Return why `estimate_speed` has no answer for this load, in words; empty where it has one.

    `writes`: whether the model answers with tokens, as embedders and rerankers do not.
    """
    gpu = min(device.gpus, key=lambda gpu: gpu.bandwidth_gbps or 0, default=None)
    if gpu is None or architecture.is_encoder_only or not writes:
        return "there is no GPU" if gpu is None else "such a model writes no tokens"
    if not _decodes_on_gpu(architecture, workload):
        if workload.engine.id == "transformers":
            return "nobody measured how fast transformers runs experts"
        return "nobody measured loads with part of the model in RAM"
    if not gpu.bandwidth_gbps:
        return f"no bandwidth is known of {gpu.name}; name the card with --gpu"
    try:
        seconds = step_seconds(architecture, workload, gpu=gpu, weights_bytes=0)
    except UnknownConstantError:
        return f"nobody measured {workload.engine.id} with {workload.format.id} on {gpu.platform}"
    return f"no compute rate is known of {gpu.name}" if seconds is None else ""


def _decodes_on_gpu(architecture: Architecture, workload: Workload) -> bool:
    """Whether the formula speaks of this load: no layers in RAM, and no experts that transformers loops over."""
    options = workload.options
    wanted = options.n_gpu_layers  # the output counts as one more layer
    in_ram = bool(options.n_cpu_moe) or (wanted is not None and 0 <= wanted <= architecture.num_hidden_layers)
    looped = bool(architecture.num_experts) and workload.engine.id == "transformers"
    return not (architecture.is_encoder_only or in_ram or looped)


def step_seconds(
    architecture: Architecture, workload: Workload, *, gpu: DeviceGpu, weights_bytes: int, gpus: int = 1
) -> float | None:
    """Seconds of one decoding step of all sequences; None where an unpacking format meets unknown compute.

    `gpus` are those over which llama.cpp spreads the layers: a step passes from one to the next.

    Raises UnknownConstantError where the engine has no constant for the GPU's platform.
    """
    step = _step(architecture, workload, gpu=gpu, weights_bytes=weights_bytes, gpus=gpus)
    return None if step is None else step[0]


def _step(
    architecture: Architecture, workload: Workload, *, gpu: DeviceGpu, weights_bytes: int, gpus: int
) -> tuple[float, bool] | None:
    """Return the seconds of a step, and whether every constant was measured on loads of this kind."""
    if gpu.bandwidth_gbps is None:
        return None
    constant, platform = workload.engine.constant, gpu.platform
    read, touched = read_per_step(architecture, workload, weights_bytes)
    share = constant(f"bandwidth_share_{memory_class(gpu)}", platform)
    at_once: float = workload.options.tensor_parallel
    if at_once > 1:
        at_once *= constant("parallel_share", platform).value
    seconds, own = read / (share.value * gpu.bandwidth_gbps * 1e9 * at_once), share.own
    if workload.format.family != "float":
        if not gpu.fp32_tflops:
            return None
        operations = constant(f"unpack_{workload.format.family}_flops_per_weight", platform)
        seconds += operations.value * touched / (gpu.fp32_tflops * 1e12 * at_once)
        own = own and operations.own
    if gpus > 1 and workload.engine.id == "llama.cpp":
        seconds += (gpus - 1) * constant("crossing_seconds", platform).value
    launches = architecture.num_hidden_layers * constant("launch_seconds_per_layer", platform).value
    return seconds + launches + constant("step_seconds", platform).value, own


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
    except UnknownConstantError:
        return None
    multiplied = sum(
        t.active_parameters
        for t in architecture.tensors
        if t.section is not Section.MTP and t.role is not Role.EMBEDDING
    )
    per_token = 2 * max(1, multiplied)
    return share * gpu.fp16_tflops * 1e12 * workload.options.tensor_parallel / per_token
