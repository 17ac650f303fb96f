"""llama.cpp's compute buffer: the widest moment of the graph of one micro-batch.

Checked against logs of GPUs and against `llama-fit-params`, see `docs/concepts/how-it-estimates.md`.
"""

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.kv_cache.llamacpp import CELLS
from llmfit.estimate.kv_cache.terms import pad
from llmfit.records.architecture import Architecture
from llmfit.records.workload import Workload


def peaks(architecture: Architecture, workload: Workload) -> list[Stage]:
    """Return the stages of one micro-batch of `n_ubatch` tokens, everything in f32.

    Feed-forward 2I + 2h, attention without flash heads·n + 4h, output V + h; and the mask of n cells for each token.
    """
    options = workload.options
    cells = pad(workload.context * (workload.sequences if options.unified_kv else 1), CELLS)
    u = min(options.n_ubatch, cells)
    h = architecture.hidden_size
    mask = cells * u * (2 if options.flash_attention else 4)
    scores = 0 if options.flash_attention else architecture.num_attention_heads * cells * u * 4
    wide = architecture.intermediate_size
    if architecture.num_experts:
        wide = max(wide, architecture.num_experts_per_tok * (architecture.moe_intermediate_size + h))
    return [
        Stage("feed-forward of a micro-batch", u * 4 * (2 * wide + 2 * h) + mask),
        Stage("attention of a micro-batch", scores + u * 4 * 4 * h + mask),
        Stage("logits of a micro-batch", workload.sequences * 4 * architecture.vocab_size + u * 4 * h + mask),
    ]
