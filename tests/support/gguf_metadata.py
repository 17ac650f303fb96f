"""What llama.cpp's converter writes about a model, as far as memory follows from it.

Keys and rules read at gguf 0.19.0 and llama.cpp 0c1e57098, conversion/*.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.checkpoint import Checkpoint, StoredTensor

ARCHITECTURES = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "qwen2_moe": "qwen2moe",
    "qwen3_moe": "qwen3moe",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "phi3": "phi3",
    "phimoe": "phimoe",
    "gpt_oss": "gpt-oss",
    "deepseek_v2": "deepseek2",
    "deepseek_v3": "deepseek2",
    "cohere": "command-r",
    "cohere2": "cohere2",
    "starcoder2": "starcoder2",
    "falcon": "falcon",
    "gpt_neox": "gptneox",
    "gpt2": "gpt2",
    "bloom": "bloom",
    "mpt": "mpt",
    "stablelm": "stablelm",
    "olmo": "olmo",
    "olmo2": "olmo2",
    "olmoe": "olmoe",
    "granite": "granite",
    "granitemoe": "granitemoe",
    "exaone": "exaone",
    "exaone4": "exaone4",
    "smollm3": "smollm3",
    "glm4": "glm4",
    "glm4_moe": "glm4moe",
    "internlm2": "internlm2",
    "seed_oss": "seed_oss",
    "minicpm": "minicpm",
    "hunyuan_v1_dense": "hunyuan-dense",
    "ernie4_5": "ernie4_5",
    "minimax_m2": "minimax-m2",
    "baichuan": "baichuan",
    "lfm2": "lfm2",
}
"""`general.architecture` by `model_type`."""
_BIASES = {
    "q_proj": "attn_q",
    "query_key_value": "attn_qkv",
    "c_attn": "attn_qkv",
    "up_proj": "ffn_up",
    "fc1": "ffn_up",
    "c_fc": "ffn_up",
}
_NORMS = {
    "q_norm": "attn_q_norm",
    "q_layernorm": "attn_q_norm",
    "post_attention_layernorm": "ffn_norm",
    "ln_mlp": "attn_norm_2",
}
_OUTSIDE = {Role.EMBEDDING: "token_embd", Role.HEAD: "output", Role.POSITION: "position_embd"}


def gguf_checkpoint(architecture: Architecture, config: Mapping[str, Any]) -> Checkpoint:
    """Return the header of a file that was converted from this model, with the tensors that tell something."""
    name = ARCHITECTURES[architecture.model_type]
    keys = {f"{name}.{key}": value for key, value in _keys(architecture, config) if value is not None}
    tensors = tuple(StoredTensor(tensor, "F32", shape, 0) for tensor, shape in _tensors(architecture))
    return Checkpoint(kind="gguf", tensors=tensors, metadata={"general.architecture": name, **keys})


def _keys(architecture: Architecture, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    nextn = architecture.extra.get("num_nextn_predict_layers", 0) if architecture.model_type == "glm4_moe" else 0
    yield "block_count", architecture.num_hidden_layers + nextn
    yield "nextn_predict_layers", nextn or None
    yield "embedding_length", architecture.hidden_size
    yield "context_length", architecture.context_length
    yield "feed_forward_length", config.get("intermediate_size", architecture.intermediate_size)
    yield "attention.head_count", architecture.num_attention_heads
    yield "attention.head_count_kv", architecture.num_key_value_heads
    if config.get("head_dim") or architecture.model_type.startswith(("gemma", "qwen3")):
        yield "attention.key_length", architecture.head_dim
    yield "attention.sliding_window", config.get("sliding_window")
    if architecture.num_experts:
        yield "expert_count", architecture.num_experts
        yield "expert_used_count", architecture.num_experts_per_tok
        yield "expert_feed_forward_length", config.get("moe_intermediate_size")
        yield "expert_shared_count", config.get("n_shared_experts")
        yield "leading_dense_block_count", config.get("first_k_dense_replace")
    if "kv_lora_rank" in config:
        yield from _latent_keys(architecture, config)
    if architecture.model_type == "lfm2":
        attends = {layer for cache in architecture.caches if cache.key_elements for layer in cache.layers}
        heads = [architecture.num_key_value_heads * (i in attends) for i in range(architecture.num_hidden_layers)]
        yield "attention.head_count_kv", heads
        yield "shortconv.l_cache", config.get("conv_L_cache")
        yield "feed_forward_length", architecture.intermediate_size


def _latent_keys(architecture: Architecture, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    rope = config["qk_rope_head_dim"]
    yield "attention.kv_lora_rank", config["kv_lora_rank"]
    yield "attention.q_lora_rank", config.get("q_lora_rank")
    yield "attention.head_count_kv", 1
    yield "attention.key_length", config["kv_lora_rank"] + rope
    yield "attention.value_length", config["kv_lora_rank"]
    yield "attention.key_length_mla", config["qk_nope_head_dim"] + rope
    yield "attention.value_length_mla", config["v_head_dim"]
    yield "rope.dimension_count", rope
    if architecture.model_type != "deepseek_v2":
        yield "expert_gating_func", 2


def _tensors(architecture: Architecture) -> Iterator[tuple[str, tuple[int, ...]]]:
    for tensor in architecture.tensors:
        if tensor.section is not Section.TEXT:
            continue
        if tensor.role in _OUTSIDE and not tensor.layers:
            yield f"{_OUTSIDE[tensor.role]}.weight", tensor.shape
        if tensor.role is Role.BIAS and tensor.module == "lm_head":
            yield "output.bias", tensor.shape
        for layer in tensor.layers:
            if tensor.role is Role.BIAS and tensor.module in _BIASES:
                yield f"blk.{layer}.{_BIASES[tensor.module]}.bias", tensor.shape
            elif tensor.role is Role.NORM and tensor.module in _NORMS:
                yield f"blk.{layer}.{_NORMS[tensor.module]}.weight", tensor.shape
            elif tensor.role is Role.SHARED_EXPERT and "up" in tensor.module:
                yield f"blk.{layer}.ffn_up_shexp.weight", tensor.shape
            elif tensor.module == "q_a_proj":
                yield f"blk.{layer}.attn_q_a.weight", tensor.shape
