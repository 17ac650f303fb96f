"""Weights of formats that quantise the linear layers of the blocks and leave the rest in 16 bit.

Embeddings, head, norms, biases, routers and convolutions stay in 16 bit everywhere. Beyond that
bitsandbytes quantises vision towers too, and leaves routed experts, which transformers 5 holds as one
tensor and not as linear layers (bitsandbytes-foundation/bitsandbytes issue 1849; read in transformers
5.23); litgpt's own experts are linear. GPTQ, AWQ, fp8 and w8a8 leave towers; MXFP4 stores experts
alone; NVFP4 stores experts alone where there are any, else all but the input projections of recurrent
mixers, as the published checkpoints do.
"""

from collections.abc import Iterator
from math import ceil, prod

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights.stored import EXPERT_ROLES, TOWERS, Stored, loaded
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from llmfit.records.format import Format

_ATTENTION = frozenset(
    {Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V, Role.ATTN_QKV, Role.ATTN_OUT, Role.ATTN_LATENT, Role.CROSS_ATTN}
)
_MLP = frozenset({Role.MLP_GATE, Role.MLP_UP, Role.MLP_GATE_UP, Role.MLP_DOWN, Role.SHARED_EXPERT})
_MIXER = frozenset({Role.MIXER_IN, Role.MIXER_OUT})
_LINEAR = _ATTENTION | _MLP | _MIXER | EXPERT_ROLES
_TEXT = frozenset({Section.TEXT, Section.ENCODER, Section.MTP})
EXPERTS_LEFT = "routed experts stay in 16 bit: transformers 5 holds them as one tensor, which bitsandbytes leaves"
_VLLM_MXFP4_COLUMNS = 256
"""vLLM's kernels on Hopper pad a side of each expert matrix to this; 2880 becomes 3072 in gpt-oss.

Found from vLLM 0.11 on H100, which loads 13.47 and 64.38 GiB; on Blackwell both sides are padded.
"""


def stored(
    architecture: Architecture,
    format: Format,  # noqa: A002 - the record's name
    *,
    engine: str,
    mtp: bool,
    litgpt: bool = False,
) -> Iterator[Stored]:
    """Yield each group of tensors as the format stores it; with `litgpt`, as its own models, the head quantised too.

    Raises UnsupportedWorkloadError where a matrix cannot be divided into the format's groups.
    """
    if format.family == "mxfp4" and not architecture.num_experts:
        raise UnsupportedWorkloadError(
            f"{format.id} stores experts, and this model has none", hint="choose int4 in another format"
        )
    tensors = loaded(architecture, towers=True, mtp=mtp)
    for tensor in tensors.matrices:
        if _is_quantized(tensor, architecture, format, litgpt=litgpt):
            layer_bytes = _matrix_bytes(tensor, format, engine=engine) * tensor.copies
            yield Stored(tensor.role, tensor.section, format.id, layer_bytes, tensor.layers)
        else:
            layer_bytes = 2 * prod(tensor.shape) * tensor.copies
            yield Stored(tensor.role, tensor.section, "16-bit", layer_bytes, tensor.layers)
    yield from tensors.stored_vectors("16-bit", 2)


def _is_quantized(
    tensor: Tensor,
    architecture: Architecture,
    format: Format,  # noqa: A002 - the record's name
    *,
    litgpt: bool = False,
) -> bool:
    if len(tensor.shape) != 2:
        return False
    role, family = tensor.role, format.family
    if role in EXPERT_ROLES:
        return family != "bitsandbytes" or litgpt
    if role is Role.HEAD:
        return litgpt
    if family == "bitsandbytes":
        return role in _LINEAR and (tensor.section in _TEXT or tensor.section in TOWERS)
    if family == "mxfp4" or (family == "nvfp4" and (architecture.num_experts or role is Role.MIXER_IN)):
        return False
    return role in _LINEAR and tensor.section in _TEXT


def _matrix_bytes(tensor: Tensor, format: Format, *, engine: str) -> int:  # noqa: A002 - the record's name
    """Bytes of one matrix: packed weights, scales, zero points, order of columns."""
    rows, columns = tensor.shape
    if format.family == "mxfp4" and engine == "vllm":
        columns = ceil(columns / _VLLM_MXFP4_COLUMNS) * _VLLM_MXFP4_COLUMNS
    bits, group = format.bits or 0, format.group_size
    extra_bits: float = (format.scale_bits or 0) + (format.zero_bits or 0)
    packed = ceil(rows * columns * bits / 8)
    if group is None:
        return packed + ceil(rows * extra_bits / 8)
    if format.family == "fp8":
        return packed + ceil(rows / group) * ceil(columns / group) * 4
    if format.family in ("gptq", "awq") and columns % group:
        raise UnsupportedWorkloadError(
            f"{format.id} groups {group} weights, and {tensor.module} has rows of {columns}",
            hint="choose nf4, fp8 or a GGUF scheme",
        )
    if format.outer_group_size:
        extra_bits += (format.outer_scale_bits or 0) / format.outer_group_size
    order = 4 * columns if format.family == "gptq" and engine == "transformers" else 0
    return packed + ceil(rows * columns / group * extra_bits / 8) + order


def packed_bytes(tensor: Tensor, architecture: Architecture, format: Format) -> int:  # noqa: A002 - the record's name
    """Bytes of one matrix without its scales, zero points and order, which are tensors of their own."""
    if format.family != "float" and _is_quantized(tensor, architecture, format):
        return ceil(prod(tensor.shape) * (format.bits or 0) / 8)
    return prod(tensor.shape) * (4 if format.precision == "fp32" else 2)
