"""Assembling an estimate: weights, cache, activations and overhead, and what each GPU holds of them."""

from llmfit.estimate.activations import estimate_activations
from llmfit.estimate.defaults import platform_of, resolve
from llmfit.estimate.kv_cache import cache_terms, estimate_kv_cache, host_cache_bytes
from llmfit.estimate.overhead import estimate_overhead
from llmfit.estimate.parallel import gpus_used, per_gpu_bytes
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.estimate import Estimate, Line, Part
from llmfit.records.workload import Workload


def estimate(
    architecture: Architecture, workload: Workload, *, device: Device | None = None, explain: bool = False
) -> Estimate:
    """Return the bytes of a model under a load, part by part.

    The device decides the overhead's platform, engine defaults that follow the card, and the number of GPUs.
    `explain` adds lines and assumptions to the parts; the bytes are the same.

    Raises UnsupportedWorkloadError where the engine cannot run the model in the format.
    """
    from llmfit.estimate.weights import estimate_weights

    if workload.options.attn_implementation == "litgpt":
        from llmfit.estimate.weights.untied import with_own_head

        architecture = with_own_head(architecture)
    workload = resolve(architecture, workload, device=device)
    gpus = gpus_used(workload, device)
    terms = cache_terms(architecture, workload)
    weights, host = estimate_weights(architecture, workload, explain=explain)
    if workload.engine.id == "llama.cpp":
        from llmfit.estimate.activations import llamacpp

        host += llamacpp.host_bytes(architecture, workload, terms) + host_cache_bytes(architecture, workload)
        host -= _mapped_bytes(architecture, workload, device)
    cache = estimate_kv_cache(architecture, workload, explain=explain, terms=terms)
    activation = _on_every_gpu(
        estimate_activations(architecture, workload, device=device, explain=explain, terms=terms), gpus
    )
    overhead = estimate_overhead(
        architecture, workload, device=device, tensor_bytes=activation.bytes + cache.bytes, explain=explain
    )
    parts = (weights, cache, activation, overhead)
    return Estimate(
        parts=parts,
        host_bytes=host,
        per_gpu_bytes=per_gpu_bytes(architecture, workload, parts=parts, terms=terms, device=device),
        offloadable_bytes=weights.bytes + cache.bytes if workload.engine.id == "llama.cpp" else 0,
        assumptions=_assumptions(architecture, workload) if explain else (),
        warnings=_warnings(architecture, workload),
    )


def _mapped_bytes(architecture: Architecture, workload: Workload, device: Device | None) -> int:
    """Return the bytes of a tied head that Metal reads from the mapped file, where the input embedding lies too.

    One memory holds one copy of them (`buffer_from_host_ptr` of llama.cpp's Metal backend, used for mapped files);
    elsewhere the GPU has its own.
    """
    if device is None or not architecture.tied_embeddings or platform_of(device) != "metal":
        return 0
    from llmfit.estimate.weights import weights_by_layer

    return 0 if workload.options.n_gpu_layers == 0 else weights_by_layer(architecture, workload).tied


def _on_every_gpu(part: Part, gpus: int) -> Part:
    if gpus == 1:
        return part
    lines = tuple(
        Line(line.label, line.bytes * gpus, f"{gpus} GPUs · ({line.formula})", line.source) for line in part.lines
    )
    return Part(name=part.name, bytes=part.bytes * gpus, lines=lines, assumptions=part.assumptions)


def _assumptions(architecture: Architecture, workload: Workload) -> tuple[str, ...]:
    options = workload.options
    version = options.engine_version or workload.engine.version
    notes = [*architecture.notes, f"Rules of {workload.engine.id} {version}"]
    if workload.engine.id == "transformers":
        notes.append(f"Attention by {options.attn_implementation}")
    else:
        notes.append(f"Flash attention is {'on' if options.flash_attention else 'off'}")
    if workload.engine.id == "llama.cpp":
        notes.append(
            "Logits of one token a sequence, as llama-server reserves; other programs reserve n_ubatch of them"
        )
    if workload.engine.id == "vllm":
        if options.tensor_parallel > 1:
            notes.append(f"Each layer is divided among {options.tensor_parallel} GPUs")
        if options.pipeline_parallel > 1:
            notes.append(f"The layers are divided among {options.pipeline_parallel} groups of GPUs")
        notes.append(f"vLLM steps of {options.max_num_seqs} sequences and {options.max_num_batched_tokens} tokens")
    return tuple(notes)


def _warnings(architecture: Architecture, workload: Workload) -> tuple[str, ...]:
    known = architecture.context_length
    if known is not None and workload.context > known:
        return (f"The context of {workload.context} tokens is longer than the model's {known}",)
    return ()
