"""What stored tensors mean: how many weights are packed into them, and in which format they are.

Layouts of packed checkpoints as their writers leave them: GPTQModel 5, AutoAWQ 0.2, bitsandbytes 0.49,
compressed-tensors 0.13, NVIDIA ModelOpt 0.41, gpt-oss (files and sources read 2026-11).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.records.format import EngineName, Format

_SCALE_WORDS = """scales qzeros g_idx absmax quant_map nested_absmax nested_quant_map SCB weight_format weight_scale
    weight_scale_inv weight_scale_2 weight_global_scale input_scale input_global_scale weight_shape weight_zero_point
    weight_g_idx input_zero_point k_scale v_scale output_scale scale_inv bitsandbytes__nf4 bitsandbytes__fp4"""
_SCALES = frozenset(_SCALE_WORDS.split())
"""Last parts of names of what a quantised tensor has beside its weights."""
_BUFFER_WORDS = """inv_freq masked_bias position_ids e_score_correction_bias num_batches_tracked
    rope_freqs rope_factors_long rope_factors_short exp_probs_b"""
_BUFFERS = frozenset(_BUFFER_WORDS.split())
"""Parts of names of what is stored without being a parameter."""
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
"""Names of the schemes that `general.file_type` numbers (gguf 0.19.0, LlamaFileType)."""
_FLOATS = {"F32": "f32", "F16": "f16", "BF16": "bf16"}
_SAFETENSORS: tuple[EngineName, ...] = ("transformers", "vllm")
AS_STORED = "as-stored"


def quantization_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a configuration's statement on how its weights are packed; empty where it makes none."""
    text = config.get("text_config")
    for place in (config, text if isinstance(text, Mapping) else {}):
        for name in ("quantization_config", "compression_config"):
            found = place.get(name)
            if isinstance(found, Mapping):
                return found
    return {}


def logical_parameters(checkpoint: Checkpoint, quantization: Mapping[str, Any]) -> int | None:
    """Return how many weights the tensors stand for, without scales and buffers; None where that cannot be told."""
    bits = _bits(quantization)
    packed = bool(quantization) or any(tensor.name.endswith((".qweight", "_packed")) for tensor in checkpoint.tensors)
    total = 0
    for tensor in checkpoint.tensors:
        factor = _weights_per_element(tensor, bits=bits, packed=packed)
        if factor is None:
            return None
        total += tensor.elements * factor
    return total


def _weights_per_element(tensor: StoredTensor, *, bits: int | None, packed: bool) -> int | None:
    parts = tensor.name.split(".")
    last = parts[-1]
    if _BUFFERS.intersection(parts) or (last == "bias" and tensor.dtype in {"BOOL", "U8"}):
        return 0
    if not packed:
        return 1
    if last in _SCALES or last.endswith("_scales"):
        return 0
    if last in {"qweight", "weight_packed"} and tensor.dtype in {"I32", "U32"}:
        return 32 // bits if bits else None
    if tensor.dtype == "U8":
        return 2
    return 1


def _bits(quantization: Mapping[str, Any]) -> int | None:
    """Return the bits of a packed weight; None where they are not stated."""
    found: Any = quantization.get("bits", quantization.get("w_bit"))
    groups = quantization.get("config_groups")
    if isinstance(groups, Mapping):
        for group in groups.values():
            weights = group.get("weights") if isinstance(group, Mapping) else None
            found = weights.get("num_bits") if isinstance(weights, Mapping) else found
    return found if type(found) is int and found in {2, 4, 8, 16} else None


def stored_format(
    checkpoint: Checkpoint, quantization: Mapping[str, Any], *, formats: Mapping[str, Format], parameters: int
) -> Format:
    """Return the catalog's format of a checkpoint, for the engines that load such files; else one of its own."""
    gguf = checkpoint.kind == "gguf"
    name = _gguf_name(checkpoint) if gguf else _name(checkpoint, quantization)
    engines: tuple[EngineName, ...] = ("llama.cpp",) if gguf else _SAFETENSORS
    spelled = {format_.casefold(): format_ for format_ in formats}
    if name.casefold() in spelled:
        known = formats[spelled[name.casefold()]]
        able = tuple(engine for engine in engines if engine in known.engines)
        return replace(known, engines=able or engines)
    bits = 8 * checkpoint.bytes / max(1, parameters)
    return Format(
        id=AS_STORED, family="gguf" if gguf else "float", precision=None, engines=engines, nominal_bits=max(bits, 0.01)
    )


def _gguf_name(checkpoint: Checkpoint) -> str:
    number = checkpoint.metadata.get("general.file_type")
    types = [dtype for dtype in checkpoint.bytes_by_dtype() if dtype != "F32"]
    if isinstance(number, int) and number in FILE_TYPES:
        return FILE_TYPES[number]
    return types[0] if types else "F32"


_METHODS = {"mxfp4": "mxfp4", "fp8": "fp8", "fbgemm_fp8": "fp8"}
_ALGORITHMS = (("nvfp4", "nvfp4"), ("fp8", "fp8"), ("float-quantized", "fp8"), ("int-quantized", "w8a8"))


def _name(checkpoint: Checkpoint, quantization: Mapping[str, Any]) -> str:
    """Return the format's id in the catalog; `as-stored` where it has none."""
    method, bits = str(quantization.get("quant_method", "")).casefold(), _bits(quantization)
    algorithm = str(quantization.get("quant_algo") or quantization.get("format") or "").casefold()
    if not quantization:
        sizes = checkpoint.bytes_by_dtype()
        first = next(iter(sizes), "")
        return _FLOATS.get(first, AS_STORED) if sizes.get(first, 0) >= 0.9 * checkpoint.bytes else AS_STORED
    if method in {"gptq", "awq"}:
        return f"{method}-int{bits or 4}"
    if method == "fp8" and quantization.get("weight_block_size"):
        return "fp8-block"
    if quantization.get("load_in_4bit") or quantization.get("load_in_8bit"):
        return _bitsandbytes(quantization)
    return _METHODS.get(method) or next((name for word, name in _ALGORITHMS if word in algorithm), AS_STORED)


def _bitsandbytes(quantization: Mapping[str, Any]) -> str:
    if quantization.get("load_in_8bit"):
        return "int8"
    if quantization.get("bnb_4bit_quant_type", "fp4") != "nf4":
        return AS_STORED
    return "nf4-dq" if quantization.get("bnb_4bit_use_double_quant") else "nf4"
