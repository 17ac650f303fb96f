"""Decoders of the GPT plan: plain MLPs and layer norms, often with biases and learned positions."""

from dataclasses import replace

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.mlp import plain
from llmfit.architectures.blocks.surrounds import once_norm, positions
from llmfit.architectures.decoder import Decoder, own_heads
from llmfit.architectures.families.llama import all_sliding
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role

N_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
    "intermediate_size": "n_inner",
}
_4H = ("dense_h_to_4h", "dense_4h_to_h")
_NO_CROSS = ("add_cross_attention", (False,))


def _one_or_all(config: Config, heads: int) -> int:
    """Multi-query unless the config says otherwise (GPT-BigCode)."""
    return 1 if config.flag("multi_query", True) else heads


def _falcon_heads(config: Config, heads: int) -> int:
    """KV heads by Falcon's flags; without multi-query the old design has as many as heads."""
    stated = heads if config.nulls("num_kv_heads") else config.size("num_kv_heads", heads)
    if config.flag("new_decoder_architecture"):
        return stated
    if config.flag("multi_query", True):
        return 1
    if stated != heads:
        config.unsupported("num_kv_heads", f"is {stated} for {heads} heads without multi_query")
    return heads


def _falcon_norms(config: Config) -> tuple[str, ...]:
    """Two norms before parallel branches in the new design, one in the old, two in sequence."""
    if not config.flag("parallel_attn", True):
        return ("input_layernorm", "post_attention_layernorm")
    many = config.size("num_ln_in_parallel_attn", 2 if config.flag("new_decoder_architecture") else 1)
    return ("ln_attn", "ln_mlp") if many == 2 else ("input_layernorm",)


def _opt_ends(stack: Stack, _: tuple[int, ...]) -> None:
    """Add OPT's projections between embedding and layers, and its last norm."""
    config = stack.config
    width = config.size("word_embed_proj_dim", stack.hidden)
    if width != stack.hidden:
        stack.linear(Role.OTHER, "project_in", (stack.hidden, width))
        stack.linear(Role.OTHER, "project_out", (width, stack.hidden))
    last = config.flag("do_layer_norm_before", True) and not config.flag("_remove_final_layer_norm")
    if last and config.flag("layer_norm_elementwise_affine", True):
        stack.norm("final_layer_norm", stack.hidden, bias=True)


def _opt_norms(config: Config) -> tuple[str, ...]:
    affine = config.flag("layer_norm_elementwise_affine", True)
    return ("self_attn_layer_norm", "final_layer_norm") if affine else ()


def _check_neo_kinds(stack: Stack, _: tuple[int, ...]) -> None:
    """Check `attention_types`: [[["global", "local"], 12]] is twelve times the pair (GPT-Neo).

    Local layers keep every token in the cache all the same; only the mask is narrow.
    """
    config, n = stack.config, stack.n
    stated = config.items("attention_types", list) or ([["global", "local"], 12],)
    kinds: list[str] = []
    for item in stated:
        if len(item) != 2 or not isinstance(item[0], list) or type(item[1]) is not int or not 0 < item[1] <= n:
            config.invalid("attention_types", "is not a list of [kinds, repeats]")
        kinds.extend(item[0] * item[1])
    if len(kinds) != n or not all(kind in ("global", "local") for kind in kinds):
        config.invalid("attention_types", f"does not name `global` or `local` for each of {n} layers")


GPT2 = Decoder(
    mixer=fused_attention(bias=True, out_bias=True, names=("c_attn", "c_proj")),
    mlp=plain(bias=True, names=("c_fc", "c_proj")),
    norms=("ln_1", "ln_2"),
    norm_bias=True,
    embed="wte",
    final_norm="ln_f",
    tied=True,
    extras=(positions(module="wpe"),),
    aliases=N_NAMES,
    defaults={"max_position_embeddings": 1024},
    inter_factor=4,
    kv_heads=own_heads,
    reads_head_dim=False,
    check=(_NO_CROSS,),
)
PHI = Decoder(
    mixer=attention(
        bias=True,
        out_bias=True,
        names=("q_proj", "k_proj", "v_proj", "dense"),
        qk_norm="head",
        qk_norm_if="qk_layernorm",
        norm_names=("q_layernorm", "k_layernorm"),
        norm_bias=True,
    ),
    mlp=plain(bias=True, names=("fc1", "fc2")),
    norms=("input_layernorm",),
    norm_bias=True,
    final_norm="final_layernorm",
    head_bias=True,
)

FAMILIES = {
    "gpt2": GPT2,
    "gpt_bigcode": replace(GPT2, kv_heads=_one_or_all),
    "openai-gpt": replace(
        GPT2,
        defaults={"max_position_embeddings": 512},
        embed="tokens_embed",
        final_norm="",
        extras=(positions(module="positions_embed"),),
    ),
    "gpt_neo": Decoder(
        mixer=attention(out_bias=True, names=("q_proj", "k_proj", "v_proj", "out_proj")),
        mlp=plain(bias=True, names=("c_fc", "c_proj")),
        norms=("ln_1", "ln_2"),
        norm_bias=True,
        embed="wte",
        final_norm="ln_f",
        tied=True,
        extras=(positions(module="wpe"), _check_neo_kinds),
        aliases={"num_hidden_layers": "num_layers", "num_attention_heads": "num_heads"},
        defaults={"max_position_embeddings": 2048},
        inter_factor=4,
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "gptj": Decoder(
        mixer=attention(names=("q_proj", "k_proj", "v_proj", "out_proj")),
        mlp=plain(bias=True, names=("fc_in", "fc_out")),
        norms=("ln_1",),
        norm_bias=True,
        embed="wte",
        final_norm="ln_f",
        head_bias=True,
        aliases=N_NAMES,
        inter_factor=4,
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "gpt_neox": Decoder(
        mixer=fused_attention(
            bias=("attention_bias", True), out_bias=("attention_bias", True), names=("query_key_value", "dense")
        ),
        mlp=plain(bias=True, names=_4H),
        norm_bias=True,
        embed="embed_in",
        final_norm="final_layer_norm",
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "bloom": Decoder(
        mixer=fused_attention(bias=True, out_bias=True, names=("query_key_value", "dense")),
        mlp=plain(bias=True, names=_4H),
        norm_bias=True,
        embed="word_embeddings",
        final_norm="ln_f",
        tied=True,
        extras=(once_norm("word_embeddings_layernorm"),),
        aliases={"num_hidden_layers": "n_layer", "num_attention_heads": "n_head", "hidden_size": "n_embed"},
        inter_factor=4,
        kv_heads=own_heads,
        reads_head_dim=False,
        context="seq_length",
    ),
    "falcon": Decoder(
        mixer=fused_attention(bias="bias", out_bias="bias", names=("query_key_value", "dense")),
        mlp=plain(bias="bias", names=_4H),
        norms=_falcon_norms,
        norm_bias=True,
        embed="word_embeddings",
        final_norm="ln_f",
        tied=True,
        aliases={
            "num_hidden_layers": "n_layer",
            "num_attention_heads": "n_head",
            "hidden_size": "n_embed",
            "intermediate_size": "ffn_hidden_size",
            "num_kv_heads": "n_head_kv",
        },
        inter_factor=4,
        kv_heads=_falcon_heads,
        reads_head_dim=False,
    ),
    "mpt": Decoder(
        mixer=fused_attention(names=("Wqkv", "out_proj")),
        mlp=plain(),
        norms=("norm_1", "norm_2"),
        embed="wte",
        final_norm="norm_f",
        tied=True,
        aliases={
            "hidden_size": "d_model",
            "num_hidden_layers": "n_layers",
            "num_attention_heads": "n_heads",
            "max_position_embeddings": "max_seq_len",
        },
        defaults={"expansion_ratio": 4},
        inter_factor="expansion_ratio",
        kv_heads=own_heads,
        reads_head_dim=False,
        check=(("no_bias", (True,)), ("expansion_ratio", (4,))),
    ),
    "opt": Decoder(
        mixer=attention(
            bias=("enable_bias", True), out_bias=("enable_bias", True), names=("q_proj", "k_proj", "v_proj", "out_proj")
        ),
        mlp=plain(bias=("enable_bias", True), names=("fc1", "fc2")),
        norms=_opt_norms,
        norm_bias=True,
        final_norm="",
        tied=True,
        extras=(positions(offset=2), _opt_ends),
        aliases={"intermediate_size": "ffn_dim"},
        defaults={"max_position_embeddings": 2048},
        embed_dim="word_embed_proj_dim",
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "phi": PHI,
    "starcoder2": Decoder(
        mixer=attention(bias=("use_bias", True), out_bias=("use_bias", True), kinds=all_sliding),
        mlp=plain(bias=("use_bias", True), names=("c_fc", "c_proj")),
        norm_bias=True,
        tied=True,
        defaults={"num_key_value_heads": 2},
    ),
}
