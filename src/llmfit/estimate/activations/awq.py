"""What the 4-bit kernels of AutoAWQ and GPTQ need beside the weights, in transformers' own modules.

Read in AutoAWQ 0.1.0–0.2.9 (`modules/linear/gemm.py`, `gemm_cuda_gen.cu`) and auto_gptq 0.7 (exllama).
"""

from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture, Role
from llmfit.records.workload import Workload

FUSED = "awq_fused"
"""`attn_implementation` for AutoAWQ's fused modules, which preallocate the cache."""
UNPACKS = (4, 37)
"""AutoAWQ 0.2.0, of the time of transformers 4.37, unpacks a weight for long prompts; before, all were summed."""
UNPACKS_FROM = 1024
"""Tokens from which the GEMM kernel unpacks a weight to 16 bit instead of summing partial results."""
PARTIAL_RESULTS = 8
"""Partial results (`split_k_iters`) that the GEMM kernel keeps of one product."""
_MATRICES = frozenset({Role.MLP_UP, Role.MLP_GATE_UP, Role.MLP_DOWN, Role.ATTN_QKV, Role.ATTN_Q, Role.EXPERT_UP})


def largest_matrix(architecture: Architecture) -> int:
    """Return the elements of the largest linear layer of a block, which exllama unpacks into a buffer of its own."""
    return max((t.shape[0] * t.shape[1] for t in architecture.tensors if t.role in _MATRICES), default=0)


def prefill_stages(architecture: Architecture, workload: Workload, *, tokens: int) -> list[Stage]:
    """Return the moment in which the widest product is summed or unpacked; none for other formats."""
    if workload.format.family != "awq":
        return []
    wide, h = architecture.intermediate_size, architecture.hidden_size
    if tokens >= UNPACKS_FROM and not is_before(workload.options.engine_version, UNPACKS):
        return [
            Stage("unpacked weight of a prefill", 2 * largest_matrix(architecture) + 2 * tokens * (2 * wide + 4 * h))
        ]
    return [Stage("partial results of a prefill", 2 * tokens * ((PARTIAL_RESULTS + 2) * wide + 4 * h))]
