"""Small checkpoints, written by the real `safetensors` and `gguf` packages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import save, save_file

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 512,
    "vocab_size": 1000,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
"""A config whose tensors `llama_tensors` lists."""
PARAMETERS = 2 * 1000 * 256 + 256 + 2 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256 + 2 * 256)


def llama_tensors(*, head: bool = True) -> dict[str, tuple[int, ...]]:
    """Return name and shape of each tensor of LLAMA, by the names of transformers."""
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (1000, 256), "model.norm.weight": (256,)}
    if head:
        shapes["lm_head.weight"] = (1000, 256)
    for layer in range(2):
        for name, shape in (
            ("self_attn.q_proj", (256, 256)),
            ("self_attn.k_proj", (128, 256)),
            ("self_attn.v_proj", (128, 256)),
            ("self_attn.o_proj", (256, 256)),
            ("mlp.gate_proj", (512, 256)),
            ("mlp.up_proj", (512, 256)),
            ("mlp.down_proj", (256, 512)),
            ("input_layernorm", (256,)),
            ("post_attention_layernorm", (256,)),
        ):
            shapes[f"model.layers.{layer}.{name}.weight"] = shape
    return shapes


def arrays(shapes: Mapping[str, tuple[int, ...]], dtype: Any = np.float16) -> dict[str, Any]:
    """Return zeros of these shapes."""
    return {name: np.zeros(shape, dtype) for name, shape in shapes.items()}


def safetensors_bytes(tensors: Mapping[str, Any] | None = None) -> bytes:
    """Return a file with these tensors, those of LLAMA in F16 unless given."""
    return save(dict(tensors if tensors is not None else arrays(llama_tensors())), metadata={"format": "pt"})


def write_sharded(folder: Path, *, count: int = 3, total_size: int | None = None) -> None:
    """Write LLAMA in shards with an index, as transformers does."""
    import json

    tensors = arrays(llama_tensors())
    where: dict[str, str] = {}
    for shard in range(count):
        name = f"model-{shard + 1:05}-of-{count:05}.safetensors"
        part = dict(list(tensors.items())[shard::count])
        save_file(part, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(part, name)
    size = sum(array.nbytes for array in tensors.values()) if total_size is None else total_size
    index = {"metadata": {"total_size": size}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(LLAMA))


GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name: str) -> str:
    """Return what llama.cpp calls a tensor of LLAMA."""
    fixed = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    stem = name.removesuffix(".weight")
    if stem in fixed:
        return f"{fixed[stem]}.weight"
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest]}.weight"


def packed(shape: tuple[int, ...], kind: gguf.GGMLQuantizationType) -> Any:
    """Return the bytes of a tensor of a type, as zeros."""
    block, width = gguf.GGML_QUANT_SIZES[kind]
    return np.zeros((*shape[:-1], shape[-1] // block * width), np.uint8)


def write_gguf(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    *,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.Q4_K,
    architecture: str = "llama",
    file_type: int = 15,
    keys: Mapping[str, int] | None = None,
    words: int = 1000,
    split: Sequence[str] = (),
    head: bool = True,
) -> int:
    """Write a file with vectors in F32 and matrices in `kind`; return the bytes of its tensors.

    `keys` are further values of the architecture; `split` names the tensors of a second part.
    """
    if shapes is None:
        shapes = {gguf_name(name): shape for name, shape in llama_tensors(head=head).items()}
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=len(shapes) // 2 if split else 0)
    values = keys if keys is not None else GGUF_KEYS
    for name, value in values.items():
        writer.add_uint32(f"{architecture}.{name}", value)
    writer.add_file_type(file_type)
    writer.add_token_list([f"t{i}" for i in range(words)])
    total = 0
    for name, shape in shapes.items():
        if len(shape) == 1:
            data, raw = np.zeros(shape, np.float32), None
        else:
            data, raw = packed(shape, kind), kind
        total += data.nbytes
        writer.add_tensor(name, data, raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return total


GGUF_KEYS = {
    "block_count": 2,
    "context_length": 4096,
    "embedding_length": 256,
    "feed_forward_length": 512,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
}
