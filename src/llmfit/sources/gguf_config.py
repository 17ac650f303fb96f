"""Turns the metadata of a GGUF file into the fields of `config.json` that describe the same model.

Names of keys: ggml-org/ggml docs/gguf.md and gguf 0.19.0 (read 2026-11). What the metadata leaves to the engine, such
as which layers slide, the description of the model type knows; what biases there are, the tensors tell.
The caller compares the tensors with what the fields describe, so that a wrong translation does not pass unseen.
"""

from collections.abc import Callable, Mapping

from llmfit.records.checkpoint import Checkpoint
from llmfit.sources import gguf_recurrent, gguf_special
from llmfit.sources.gguf_header import Fields, Header

UNKNOWN = "gguf/"
"""Begins the `model_type` of a file whose architecture has no translation."""
_PLAIN = {
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    "expert_shared_count": "n_shared_experts",
    "leading_dense_block_count": "first_k_dense_replace",
}
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def config_of(checkpoint: Checkpoint) -> Fields:
    """Return the fields of `config.json` for a GGUF file; a `model_type` that nobody knows where there is no rule."""
    header = Header(checkpoint)
    rule = _RULES.get(header.architecture)
    if rule is None:
        return {"model_type": f"{UNKNOWN}{header.architecture[:60]}"}
    fields = _common(header)
    if callable(rule):
        rule(header, fields)
    else:
        fields["model_type"] = rule
    return fields


def _common(header: Header) -> Fields:
    """Return what most architectures have, by the same names."""
    fields = {name: found for key, name in _PLAIN.items() if (found := header.value(key)) is not None}
    layers = header.value("block_count")
    if isinstance(layers, int) and header.layers < layers:
        fields["num_nextn_predict_layers"] = layers - header.layers
        layers = header.layers
    fields["num_hidden_layers"] = layers
    for name in ("sliding_window", "intermediate_size"):
        if fields.get(name) == 0:  # written where there is none
            del fields[name]
    fields["vocab_size"] = header.rows("token_embd.weight") or header.value("vocab_size")
    fields["tie_word_embeddings"] = "output.weight" not in header.shapes
    fields["attention_bias"] = header.has("attn_q.bias") or header.has("attn_qkv.bias")
    fields["mlp_bias"] = header.has("ffn_up.bias")
    experts = header.value("expert_count")
    if isinstance(experts, int) and experts > 0:
        fields.update(dict.fromkeys(_EXPERTS, experts))
        fields.setdefault("moe_intermediate_size", fields.get("intermediate_size"))
        if not fields.get("intermediate_size"):  # no layer is dense
            fields["intermediate_size"] = fields["moe_intermediate_size"]
    return fields


def _llama(header: Header, fields: Fields) -> None:
    """Llama, and everything that was converted as one, such as Mistral, Mixtral and Yi."""
    del header
    fields["model_type"] = "mixtral" if "num_local_experts" in fields else "llama"
    fields.pop("sliding_window", None)  # llama.cpp keeps every token for this architecture


def _qwen_moe(model_type: str) -> Callable[[Header, Fields], None]:
    def rule(header: Header, fields: Fields) -> None:
        shared = header.shapes.get("blk.0.ffn_up_shexp.weight")
        if shared:
            fields["shared_expert_intermediate_size"] = shared[0]
        fields["model_type"] = model_type
        if model_type == "qwen3_moe":
            fields["head_dim"] = fields.get("head_dim", 128)
            fields["attention_bias"] = header.has("attn_q.bias")

    return rule


def _deepseek(header: Header, fields: Fields) -> None:
    """DeepSeek V2 and V3: heads without the latent are `key_length_mla` wide where the file says so."""
    key = header.value("attention.key_length_mla") or header.value("attention.key_length")
    value = header.value("attention.value_length_mla") or header.value("attention.value_length")
    rope = header.value("rope.dimension_count")
    fields["model_type"] = "deepseek_v3" if header.value("expert_gating_func") == 2 else "deepseek_v2"
    fields["num_key_value_heads"] = fields.get("num_attention_heads")
    fields["kv_lora_rank"] = header.value("attention.kv_lora_rank")
    fields["q_lora_rank"] = header.value("attention.q_lora_rank") if header.has("attn_q_a.weight") else None
    fields["qk_rope_head_dim"], fields["v_head_dim"] = rope, value
    if isinstance(key, int) and isinstance(rope, int):
        fields["qk_nope_head_dim"] = key - rope
    fields.pop("head_dim", None)


def _indexed(header: Header, fields: Fields) -> None:
    _deepseek(header, fields)
    gguf_special.indexed(header, fields)


def _cohere(header: Header, fields: Fields) -> None:
    fields |= {"model_type": "cohere", "use_qk_norm": header.has("attn_q_norm.weight")}


def _phi_moe(header: Header, fields: Fields) -> None:
    fields |= {"model_type": "phimoe", "lm_head_bias": "output.bias" in header.shapes}


def _exaone4(header: Header, fields: Fields) -> None:
    """EXAONE 4: layers slide only where a window is stated."""
    del header
    fields |= {"model_type": "exaone4", "sliding_window": fields.get("sliding_window")}


def _glm4_moe(header: Header, fields: Fields) -> None:
    fields["model_type"] = "glm4_moe"
    fields["use_qk_norm"] = header.has("attn_q_norm.weight")
    fields.setdefault("first_k_dense_replace", 0)


def _gpt2(header: Header, fields: Fields) -> None:
    fields["model_type"] = "gpt2"
    fields["max_position_embeddings"] = header.rows("position_embd.weight")


def _starcoder2(header: Header, fields: Fields) -> None:
    fields["model_type"] = "starcoder2"
    fields["use_bias"] = header.has("attn_q.bias")


def _falcon(header: Header, fields: Fields) -> None:
    """Falcon: the new design has two norms a layer and several KV heads."""
    new = header.has("attn_norm_2.weight")
    fields |= {"model_type": "falcon", "new_decoder_architecture": new, "multi_query": not new, "bias": False}
    if new:
        fields["num_kv_heads"] = fields.get("num_key_value_heads")


def _gpt_neox(header: Header, fields: Fields) -> None:
    fields |= {"model_type": "gpt_neox", "attention_bias": header.has("attn_qkv.bias")}


def _stablelm(header: Header, fields: Fields) -> None:
    fields |= {
        "model_type": "stablelm",
        "use_qkv_bias": header.has("attn_q.bias"),
        "qk_layernorm": header.has("attn_q_norm.weight"),
        "use_parallel_residual": not header.has("ffn_norm.weight"),
    }


def _bloom(header: Header, fields: Fields) -> None:
    del header
    fields |= {"model_type": "bloom", "seq_length": fields.get("max_position_embeddings")}


def _mpt(header: Header, fields: Fields) -> None:
    del header
    fields |= {"model_type": "mpt", "no_bias": True}


_RULES: Mapping[str, str | Callable[[Header, Fields], None]] = {
    "llama": _llama,
    "mistral3": _llama,
    "qwen2": "qwen2",
    "qwen2vl": "qwen2",
    "qwen3": "qwen3",
    "qwen3vl": "qwen3",
    "qwen2moe": _qwen_moe("qwen2_moe"),
    "qwen3moe": _qwen_moe("qwen3_moe"),
    "qwen3vlmoe": _qwen_moe("qwen3_moe"),
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "phi2": "phi",
    "phi3": "phi3",
    "phimoe": _phi_moe,
    "gpt-oss": "gpt_oss",
    "deepseek2": _deepseek,
    "command-r": _cohere,
    "cohere2": "cohere2",
    "starcoder2": _starcoder2,
    "falcon": _falcon,
    "gptneox": _gpt_neox,
    "gpt2": _gpt2,
    "bloom": _bloom,
    "mpt": _mpt,
    "stablelm": _stablelm,
    "olmo": "olmo",
    "olmo2": gguf_special.olmo2,
    "olmoe": "olmoe",
    "granite": "granite",
    "granitemoe": "granitemoe",
    "exaone": "exaone",
    "exaone4": _exaone4,
    "smollm3": "smollm3",
    "nemotron": "nemotron",
    "glm4": "glm4",
    "glm4moe": _glm4_moe,
    "internlm2": "internlm2",
    "seed_oss": "seed_oss",
    "minicpm": "minicpm",
    "hunyuan-dense": "hunyuan_v1_dense",
    "ernie4_5": "ernie4_5",
    "arcee": "arcee",
    "dots1": "dots1",
    "minimax-m2": "minimax_m2",
    "orion": "orion",
    "baichuan": "baichuan",
    "lfm2": gguf_recurrent.lfm2,
    "lfm2moe": gguf_recurrent.lfm2,
    "mamba": gguf_recurrent.mamba,
    "mamba2": gguf_recurrent.mamba2,
    "jamba": gguf_recurrent.jamba,
    "falcon-h1": gguf_recurrent.falcon_h1,
    "granitehybrid": gguf_recurrent.granite_hybrid,
    "nemotron_h": gguf_recurrent.nemotron_h,
    "nemotron_h_moe": gguf_recurrent.nemotron_h,
    "qwen3next": gguf_recurrent.qwen_delta("qwen3_next"),
    "qwen35": gguf_recurrent.qwen_delta("qwen3_5_text"),
    "qwen35moe": gguf_recurrent.qwen_delta("qwen3_5_moe_text"),
    "bert": gguf_special.bert,
    "modern-bert": gguf_special.modern_bert,
    "t5": gguf_special.t5,
    "t5encoder": gguf_special.t5,
    "gemma3n": gguf_special.gemma3n,
    "gemma4": gguf_special.gemma4,
    "llama4": gguf_special.llama4,
    "afmoe": gguf_special.afmoe,
    "ernie4_5-moe": gguf_special.ernie_moe,
    "hunyuan-moe": gguf_special.hunyuan_moe,
    "deepseek32": _indexed,
    "glm-dsa": _indexed,
    "apertus": "apertus",
}
"""Rule of each `general.architecture`: the `model_type` alone where the common fields say the rest."""
