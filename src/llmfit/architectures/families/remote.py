"""Dense decoders whose code lies in their own repositories: InternLM, Baichuan, Qwen 1, EXAONE 3."""

from collections.abc import Mapping

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.mlp import gated
from llmfit.architectures.decoder import Decoder, own_heads
from llmfit.architectures.families.gpt import N_NAMES, PHI
from llmfit.architectures.families.llama import LLAMA
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack

_W_NAMES = ("w1", "w3", "w2")


def _qwen_mlp(stack: Stack, layers: tuple[int, ...]) -> None:
    """Add Qwen 1's MLP, whose `intermediate_size` is twice its width."""
    stack.inter = stack.config.divided("intermediate_size", stack.mlp_width(), 2)
    gated(names=("w2", "w1", "c_proj"))(stack, layers)


def _chatglm_heads(config: Config, heads: int) -> int:
    return config.size("multi_query_group_num") if config.flag("multi_query_attention") else heads


def _with(recipe: Decoder, **changes: object) -> Decoder:
    from dataclasses import replace

    return replace(recipe, **changes)  # type: ignore[arg-type] # field names are checked when run


_PHI_OLD: Mapping[str, str] = {**N_NAMES, "num_key_value_heads": "n_head_kv"}

FAMILIES = {
    "internlm": Decoder(mixer=attention(bias=("bias", True), out_bias=("bias", True)), mlp=gated()),
    "internlm2": Decoder(
        mixer=fused_attention(bias="bias", out_bias="bias", names=("wqkv", "wo")),
        mlp=gated(names=_W_NAMES),
        norms=("attention_norm", "ffn_norm"),
        embed="tok_embeddings",
    ),
    "baichuan": Decoder(mixer=fused_attention(names=("W_pack", "o_proj")), mlp=gated(), kv_heads=own_heads),
    "qwen": Decoder(
        mixer=fused_attention(bias=True, names=("c_attn", "c_proj")),
        mlp=_qwen_mlp,
        norms=("ln_1", "ln_2"),
        embed="wte",
        final_norm="ln_f",
        aliases={"head_dim": "kv_channels"},
        kv_heads=own_heads,
        check=(("no_bias", (True,)),),
        context="seq_length",
    ),
    "exaone": Decoder(
        mixer=attention(names=("q_proj", "k_proj", "v_proj", "out_proj")),
        mlp=gated(names=("c_fc_0", "c_fc_1", "c_proj")),
        norms=("ln_1", "ln_2"),
        embed="wte",
        final_norm="ln_f",
        tied=None,
        aliases={"num_hidden_layers": "num_layers"},
    ),
    "minicpm": _with(LLAMA, tied=None, sizes={}, check=(("num_experts", (0,)),)),
    "orion": _with(LLAMA, norm_bias=True, sizes={}),
    "chatglm": Decoder(
        reads_architectures=False,
        mixer=fused_attention(bias="add_qkv_bias", out_bias="add_bias_linear", names=("query_key_value", "dense")),
        mlp=gated(bias="add_bias_linear", fused="dense_h_to_4h", names=("", "", "dense_4h_to_h")),
        embed="word_embeddings",
        final_norm="final_layernorm",
        aliases={
            "num_hidden_layers": "num_layers",
            "vocab_size": "padded_vocab_size",
            "intermediate_size": "ffn_hidden_size",
            "head_dim": "kv_channels",
            "max_position_embeddings": "seq_length",
        },
        kv_heads=_chatglm_heads,
        check=(("rmsnorm", (True,)), ("post_layer_norm", (True,)), ("pre_seq_len", ())),
    ),
    "phi-msft": _with(PHI, aliases=_PHI_OLD, inter_factor=4),
}
