"""GGUF metadata of encoders, T5, Gemma 3n and 4, sparse attention, and experts with keys of their own.

Keys: gguf 0.19.0 `Keys`, and what `conversion/*.py` of llama.cpp 0c1e570 writes under them.
"""

from llmfit.sources.gguf_header import Fields, Header

CHUNK = 8192
"""Tokens of a chunk of Llama 4, which the metadata leave to the engine (`src/models/llama4.cpp`)."""


def bert(header: Header, fields: Fields) -> None:
    """BERT and RoBERTa: the file has the positions that can be used, and no pooler."""
    fields |= {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "add_pooling_layer": False,
        "max_position_embeddings": header.rows("position_embd.weight"),
        "type_vocab_size": header.rows("token_types.weight") or 0,
    }


def modern_bert(header: Header, fields: Fields) -> None:
    """ModernBERT: the bare encoder, every third layer of which sees everything."""
    del header
    fields |= {"model_type": "modernbert", "architectures": ["ModernBertModel"]}


def t5(header: Header, fields: Fields) -> None:
    """T5 and mT5; UMT5 where every layer has relative positions of its own; an encoder alone."""
    half = "enc" if header.architecture == "t5encoder" else "dec"
    every = f"{half}.blk.1.attn_rel_b.weight" in header.shapes
    fields |= {
        "model_type": "umt5" if every else "t5",
        "architectures": ["T5EncoderModel" if half == "enc" else "T5ForConditionalGeneration"],
        "n_positions": header.value("context_length"),
        "num_decoder_layers": header.value("decoder_block_count") or header.value("block_count"),
        "relative_attention_num_buckets": header.value("attention.relative_buckets_count"),
        "feed_forward_proj": "gated-gelu" if f"{half}.blk.0.ffn_gate.weight" in header.shapes else "relu",
    }


def _sliding(header: Header) -> list[str] | None:
    """Return the kinds of layers where the file says which of them slide."""
    found = header.each("attention.sliding_window_pattern")
    return None if found is None else ["sliding_attention" if one else "full_attention" for one in found]


def olmo2(header: Header, fields: Fields) -> None:
    """OLMo 2, and 3 where layers slide."""
    kinds = _sliding(header)
    fields["model_type"] = "olmo2" if kinds is None else "olmo3"
    if kinds is not None:
        fields["layer_types"] = kinds


def gemma3n(header: Header, fields: Fields) -> None:
    """Gemma 3n: inputs of every layer, several states, and layers without caches of their own."""
    _gemma(header, fields)
    fields |= {
        "model_type": "gemma3n_text",
        "altup_num_inputs": header.value("altup.num_inputs"),
        "laurel_rank": header.rows("blk.0.laurel_l.weight"),
        "intermediate_size": header.value("feed_forward_length"),
    }


def gemma4(header: Header, fields: Fields) -> None:
    """Gemma 4: global heads are wider and may have no values; layers that share caches may be twice as wide."""
    _gemma(header, fields)
    kinds, heads = fields.get("layer_types") or [], header.each("attention.head_count_kv") or []
    widths = [width for width in header.each("feed_forward_length") or [] if isinstance(width, int)]
    seeing = next((layer for layer, kind in enumerate(kinds) if kind == "full_attention"), None)
    fields |= {
        "model_type": "gemma4_text",
        "head_dim": header.value("attention.key_length_swa"),
        "global_head_dim": header.value("attention.key_length"),
        "intermediate_size": min(widths, default=0),
        "use_double_wide_mlp": len(set(widths)) > 1,
        "enable_moe_block": header.number("expert_count") > 0,
        "top_k_experts": header.value("expert_used_count"),
    }
    if seeing is not None and heads:
        fields["attention_k_eq_v"] = f"blk.{seeing}.attn_v.weight" not in header.shapes
        fields["num_global_key_value_heads"] = heads[seeing]
        fields["num_key_value_heads"] = next(
            (count for count, kind in zip(heads, kinds, strict=False) if kind != "full_attention"), heads[seeing]
        )


def _gemma(header: Header, fields: Fields) -> None:
    fields["layer_types"] = _sliding(header)
    fields["hidden_size_per_layer_input"] = header.number("embedding_length_per_layer_input")
    fields["vocab_size_per_layer_input"] = header.rows("per_layer_token_embd.weight")
    fields["num_kv_shared_layers"] = header.number("attention.shared_kv_layers")


def llama4(header: Header, fields: Fields) -> None:
    """Llama 4: experts in every so-manieth layer, chunks in three of four."""
    fields |= {
        "model_type": "llama4_text",
        "interleave_moe_layer_step": header.value("interleave_moe_layer_step"),
        "intermediate_size_mlp": header.value("feed_forward_length"),
        "intermediate_size": header.value("expert_feed_forward_length"),
        "attention_chunk_size": CHUNK,
    }
    fields.pop("sliding_window", None)


def afmoe(header: Header, fields: Fields) -> None:
    """AFMoE: dense layers first, and a window in three of four."""
    fields |= {
        "model_type": "afmoe",
        "num_dense_layers": header.number("leading_dense_block_count"),
        "num_shared_experts": header.number("expert_shared_count"),
    }


def ernie_moe(header: Header, fields: Fields) -> None:
    """ERNIE 4.5 with experts."""
    fields |= {
        "model_type": "ernie4_5_moe",
        "moe_num_experts": header.value("expert_count"),
        "moe_k": header.value("expert_used_count"),
        "moe_num_shared_experts": header.number("expert_shared_count"),
        "moe_layer_start_index": header.number("leading_dense_block_count"),
        "moe_layer_interval": header.value("interleave_moe_layer_step"),
        "use_bias": header.has("attn_q.bias"),
    }


def hunyuan_moe(header: Header, fields: Fields) -> None:
    """Hunyuan with experts."""
    fields |= {
        "model_type": "hunyuan_v1_moe",
        "moe_topk": header.value("expert_used_count"),
        "num_shared_expert": header.number("expert_shared_count"),
        "intermediate_size": header.value("expert_feed_forward_length") or header.value("feed_forward_length"),
    }


def indexed(header: Header, fields: Fields) -> None:
    """Sparse attention of DeepSeek V3.2 and GLM-5: the indexer's sizes beside those of the latent."""
    fields |= {
        "model_type": "glm_moe_dsa" if header.architecture == "glm-dsa" else "deepseek_v32",
        "index_n_heads": header.value("attention.indexer.head_count"),
        "index_head_dim": header.value("attention.indexer.key_length"),
        "index_topk": header.value("attention.indexer.top_k"),
    }
    own = header.each("attention.indexer.types")
    if own is not None:
        fields["indexer_types"] = ["full" if one else "shared" for one in own]
