"""transformers' activations: what is alive at the widest moment of a forward pass.

Read in `models/llama/modeling_llama.py` and `integrations/sdpa_attention.py` of the version in `engines.yaml`.
"""

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture
from llmfit.records.workload import Workload

LAST_LOGITS_ONLY = (4, 45)
"""From this version `generate` computes the logits of the last prompt token alone."""


def peaks(architecture: Architecture, workload: Workload) -> list[Stage]:
    """Return the stages of a prefill and of a decoding step.

    In elements a token: MLP 3I + 4h (gate, up, product; embedding, layer input, residual, normed input),
    attention 4·H·d + 2·K·d + 4h (rotated queries), eager scores 8 bytes · heads · n² a sequence.
    """
    width = element_bytes(workload)
    batch, prompt = workload.sequences, max(1, workload.prefill_tokens)
    tokens = batch * prompt
    mlp = tokens * width * mlp_elements(architecture)
    attention = tokens * width * attention_elements(architecture)
    if not workload.options.flash_attention or workload.options.attn_implementation == "eager":
        attention += 8 * architecture.num_attention_heads * prompt * prompt * batch
    return [
        Stage("MLP of a prefilled prompt", mlp),
        Stage("attention of a prefilled prompt", attention),
        Stage("logits", logits_bytes(architecture, workload, tokens=tokens)),
    ]


def element_bytes(workload: Workload) -> int:
    """Return bytes of one activation: 4 in fp32, else 2."""
    return 4 if workload.format.precision == "fp32" else 2


def mlp_elements(architecture: Architecture) -> int:
    """Return the elements of one token that are alive in the widest MLP."""
    wide = 3 if architecture.gated_mlp else 2
    dense = wide * architecture.intermediate_size + 4 * architecture.hidden_size
    if not architecture.num_experts:
        return dense
    routed = architecture.num_experts_per_tok * (2 * architecture.hidden_size + 3 * architecture.moe_intermediate_size)
    return max(routed + 4 * architecture.hidden_size, dense)


def attention_elements(architecture: Architecture) -> int:
    """Return the elements of one token that are alive while its query is rotated."""
    queries = architecture.num_attention_heads * architecture.head_dim
    keys = architecture.num_key_value_heads * architecture.head_dim
    return 4 * queries + 2 * keys + 4 * architecture.hidden_size


def logits_bytes(architecture: Architecture, workload: Workload, *, tokens: int) -> int:
    """Return the bytes of logits: of the last tokens, or up to 4.44 of the whole prompt with an fp32 copy."""
    if architecture.is_encoder_only:
        return 0
    if is_before(workload.options.engine_version, LAST_LOGITS_ONLY):
        return tokens * architecture.vocab_size * 6
    return workload.sequences * architecture.vocab_size * 6
