"""GGUF metadata of models with recurrent layers: Mamba, gated DeltaNet, short convolutions, alone or with attention.

Keys: gguf 0.19.0 `Keys.SSM`, and what `conversion/*.py` of llama.cpp 0c1e570 writes under them.
"""

from collections.abc import Callable

from llmfit.sources.gguf_header import Fields, Header


def mamba(header: Header, fields: Fields) -> None:
    """Mamba and Falcon Mamba, which norms Δ, B and C without weights."""
    fields |= {"model_type": "falcon_mamba" if header.value("ssm.dt_b_c_rms") else "mamba", **_mamba1(header)}
    fields["intermediate_size"] = header.number("ssm.inner_size")


def _mamba1(header: Header) -> Fields:
    hidden = header.number("embedding_length")
    return {
        "state_size": header.value("ssm.state_size"),
        "conv_kernel": header.value("ssm.conv_kernel"),
        "time_step_rank": header.value("ssm.time_step_rank"),
        "expand": header.number("ssm.inner_size") / hidden if hidden else 0,
        "use_bias": header.has("ssm_in.bias"),
        "use_conv_bias": header.has("ssm_conv1d.bias"),
    }


def _mamba2(header: Header) -> Fields:
    heads, inner, hidden = (header.number(key) for key in ("ssm.time_step_rank", "ssm.inner_size", "embedding_length"))
    return {
        "mamba_n_heads": heads,
        "mamba_d_head": inner // heads if heads else 0,
        "mamba_d_state": header.value("ssm.state_size"),
        "mamba_d_conv": header.value("ssm.conv_kernel"),
        "mamba_n_groups": header.value("ssm.group_count"),
        "mamba_expand": inner / hidden if hidden else 0,
        "mamba_conv_bias": header.has("ssm_conv1d.bias"),
        "mamba_proj_bias": header.has("ssm_in.bias"),
        "use_bias": header.has("ssm_in.bias"),
    }


def mamba2(header: Header, fields: Fields) -> None:
    """Mamba 2 alone."""
    fields |= {"model_type": "mamba2", **_mamba2(header)}
    fields.pop("head_dim", None)


def _kinds(header: Header, fields: Fields, other: str) -> list[str]:
    """Return which layers attend: those with KV heads; and state how many these are."""
    heads = header.each("attention.head_count_kv") or []
    fields["num_key_value_heads"] = max((count for count in heads if isinstance(count, int)), default=0)
    return ["full_attention" if count else other for count in heads]


def jamba(header: Header, fields: Fields) -> None:
    """Jamba: attention, and experts, in every so-manieth layer."""
    kinds = _kinds(header, fields, "linear_attention")
    attending = [i for i, kind in enumerate(kinds) if kind == "full_attention"]
    old = _mamba1(header)
    fields |= {"model_type": "jamba", "num_experts": max(1, header.number("expert_count"))}
    names = {"state_size": "d_state", "conv_kernel": "d_conv", "time_step_rank": "dt_rank", "expand": "expand"}
    fields |= {f"mamba_{new}": old[name] for name, new in names.items()}
    fields |= {"mamba_proj_bias": old["use_bias"], "mamba_conv_bias": old["use_conv_bias"]}
    _spaced(fields, "attn_layer", attending, len(kinds))
    sparse = [i for i in range(len(kinds)) if f"blk.{i}.ffn_gate_inp.weight" in header.shapes]
    if sparse:
        _spaced(fields, "expert_layer", sparse, len(kinds))


def _spaced(fields: Fields, name: str, layers: list[int], many: int) -> None:
    """State the period and the offset of layers at equal distances; something impossible of others."""
    period = layers[1] - layers[0] if len(layers) > 1 else many
    offset = layers[0] if layers else 0
    even = layers == list(range(offset, many, period)) if layers and period > 0 else False
    fields |= {f"{name}_period": period if even else 0, f"{name}_offset": offset}


def falcon_h1(header: Header, fields: Fields) -> None:
    """Falcon-H1: Mamba 2 and attention side by side."""
    fields |= {"model_type": "falcon_h1", **_mamba2(header), "mamba_d_ssm": header.value("ssm.inner_size")}
    fields["mamba_rms_norm"] = header.has("ssm_norm.weight")


def granite_hybrid(header: Header, fields: Fields) -> None:
    """Granite 4: Mamba 2 in turn with attention; a shared MLP, and experts where there are any."""
    fields |= {"model_type": "granitemoehybrid", "layer_types": _kinds(header, fields, "mamba"), **_mamba2(header)}
    experts = header.number("expert_count")
    shared = header.value("expert_shared_feed_forward_length" if experts else "feed_forward_length")
    fields |= {"num_local_experts": experts, "shared_intermediate_size": shared}
    fields["intermediate_size"] = header.value("feed_forward_length")
    fields.pop("moe_intermediate_size", None)


def nemotron_h(header: Header, fields: Fields) -> None:
    """Nemotron-H: every layer is a mixer, an MLP, or experts."""
    fields |= {"model_type": "nemotron_h", **_mamba2(header)}
    kinds, widths = _kinds(header, fields, "M"), header.each("feed_forward_length") or []
    letters = []
    for layer, (kind, width) in enumerate(zip(kinds, widths, strict=False)):
        if width:
            letters.append("E" if f"blk.{layer}.ffn_gate_inp.weight" in header.shapes else "-")
        else:
            letters.append("*" if kind == "full_attention" else "M")
    fields["hybrid_override_pattern"] = "".join(letters)
    fields["intermediate_size"] = max((width for width in widths if isinstance(width, int)), default=0)
    fields["attention_bias"] = False
    if "E" in letters:
        fields["moe_shared_expert_intermediate_size"] = header.value("expert_shared_feed_forward_length")
        fields["moe_latent_size"] = header.value("moe_latent_size")
        fields["mlp_bias"] = header.has("ffn_up_exps.bias")


def qwen_delta(model_type: str) -> Callable[[Header, Fields], None]:
    """Qwen3-Next and Qwen3.5: gated DeltaNet in turn with gated attention."""

    def rule(header: Header, fields: Fields) -> None:
        values, inner = header.number("ssm.time_step_rank"), header.number("ssm.inner_size")
        fields |= {
            "model_type": model_type,
            "linear_num_key_heads": header.value("ssm.group_count"),
            "linear_key_head_dim": header.value("ssm.state_size"),
            "linear_num_value_heads": values,
            "linear_value_head_dim": inner // values if values else 0,
            "linear_conv_kernel_dim": header.value("ssm.conv_kernel"),
            "full_attention_interval": header.value("full_attention_interval"),
            "shared_expert_intermediate_size": header.value("expert_shared_feed_forward_length"),
            "attention_bias": header.has("attn_q.bias"),
        }
        recurrent = header.each("attention.recurrent_layers")
        if recurrent is not None:
            fields["layer_types"] = ["linear_attention" if one else "full_attention" for one in recurrent]

    return rule


def lfm2(header: Header, fields: Fields) -> None:
    """LFM2: short convolutions where a layer has no KV heads; experts after some dense layers."""
    fields |= {"model_type": "lfm2", "layer_types": _kinds(header, fields, "conv")}
    fields["conv_L_cache"] = header.value("shortconv.l_cache")
    fields["block_auto_adjust_ff_dim"] = False
    fields.pop("head_dim", None)
    if header.number("expert_count"):
        fields |= {"model_type": "lfm2_moe", "num_dense_layers": header.number("leading_dense_block_count")}
