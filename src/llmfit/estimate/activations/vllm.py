"""vLLM's activation peak: the profile run at start, with the largest step it may ever take.

Read in `v1/worker/gpu_model_runner.py` (`profile_run`) of the version in `engines.yaml`.
"""

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.activations.transformers import attention_elements, element_bytes, mlp_elements
from llmfit.estimate.defaults import vllm_batched_tokens, vllm_sequences
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.workload import Workload


def peaks(
    architecture: Architecture,
    workload: Workload,
    device: Device | None = None,  # noqa: ARG001 - every engine has the same signature
    terms: object = None,  # noqa: ARG001 - every engine has the same signature
) -> list[Stage]:
    """Return the sampler of `max_num_seqs` sequences and the forward of `max_num_batched_tokens` tokens."""
    constant = workload.engine.constant("sampler_bytes_per_logit")
    per_logit = constant.value
    sequences, tokens = vllm_sequences(workload), vllm_batched_tokens(workload)
    sampler = 0 if architecture.is_encoder_only else round(per_logit * sequences * architecture.vocab_size)
    b = element_bytes(workload)
    mlp, attention = mlp_elements(architecture), attention_elements(architecture)
    return [
        Stage(
            "sampler of the profile run",
            sampler,
            f"{sequences} sequences · {architecture.vocab_size} · {per_logit:g} B",
            f"{constant.source}; read at {constant.version}",
        ),
        Stage("MLP of the profile run", b * tokens * mlp, lambda: f"{tokens} tokens · {mlp} · {b} B"),
        Stage("attention of the profile run", b * tokens * attention, lambda: f"{tokens} tokens · {attention} · {b} B"),
    ]
