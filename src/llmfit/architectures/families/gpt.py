"""Decoders of the GPT plan: plain MLPs and layer norms, often with biases and learned positions."""

from llmfit.architectures.blocks.attention import fused_attention
from llmfit.architectures.blocks.mlp import plain
from llmfit.architectures.decoder import Decoder

_N_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
}
_NEOX_MLP = plain(bias=True, names=("dense_h_to_4h", "dense_4h_to_h"))

FAMILIES = {
    "gpt_neox": Decoder(
        mixer=fused_attention(
            bias=("attention_bias", True), out_bias=("attention_bias", True), names=("query_key_value", "dense")
        ),
        mlp=_NEOX_MLP,
        norm_bias=True,
        embed="embed_in",
        final_norm="final_layer_norm",
        reads_head_dim=False,
    ),
}
