"""Encoders: BERT and its line, which read a text at once and keep no cache."""

from dataclasses import replace

from llmfit.architectures.blocks.attention import attention, fused_attention
from llmfit.architectures.blocks.heads import (
    BASE,
    LM,
    add_word_predictor,
    bert_head,
    distilbert_head,
    modernbert_head,
    roberta_head,
)
from llmfit.architectures.blocks.mlp import gated, plain
from llmfit.architectures.blocks.surrounds import once_norm, positions
from llmfit.architectures.decoder import Decoder, own_heads
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Role


def _token_types(stack: Stack, _: tuple[int, ...]) -> None:
    """Add one vector for each kind of segment, where there are kinds."""
    many = stack.config.count("type_vocab_size", 2)
    if many:
        stack.tensor(Role.POSITION, "token_type_embeddings", (many, stack.hidden))


def _nomic_head(stack: Stack, head: str) -> None:
    if head == LM:
        add_word_predictor(stack)
    elif head != BASE:
        stack.config.unsupported("architectures", "names a head that is not described")


def _eurobert_head(stack: Stack, head: str) -> None:
    config = stack.config
    if head == LM:
        stack.tied = config.flag("tie_word_embeddings")
        if not stack.tied:
            stack.linear(Role.HEAD, "lm_head", (stack.vocab, stack.hidden))
    elif head != BASE:
        config.unsupported("architectures", "names a head that is not described")


def _modernbert_norms(stack: Stack, layers: tuple[int, ...]) -> None:
    """The embedding's norm stands in for the first layer's."""
    bias = stack.config.flag("norm_bias")
    stack.norm("norm", stack.hidden, bias=bias)
    if len(layers) > 1:
        stack.norm("attn_norm", stack.hidden, layers[1:], bias=bias)


def _mpnet_bias(stack: Stack, _: tuple[int, ...]) -> None:
    """Add the relative positions that all layers share."""
    stack.tensor(
        Role.POSITION, "relative_attention_bias", (stack.config.size("relative_attention_num_buckets", 32), stack.heads)
    )


BERT = Decoder(
    mixer=attention(bias=True, out_bias=True, names=("query", "key", "value", "dense")),
    mlp=plain(bias=True, names=("dense", "dense")),
    norms=("LayerNorm", "LayerNorm"),
    norm_bias=True,
    embed="word_embeddings",
    final_norm="",
    top=bert_head,
    extras=(positions(module="position_embeddings"), _token_types, once_norm("LayerNorm")),
    kv_heads=own_heads,
    reads_head_dim=False,
    defaults={"max_position_embeddings": 512},
    check=(
        ("position_embedding_type", ("absolute",)),
        ("is_decoder", (False,)),
        ("add_cross_attention", (False,)),
        ("embedding_size", ()),
    ),
)
ROBERTA = replace(BERT, top=roberta_head)

FAMILIES = {
    "bert": BERT,
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "camembert": ROBERTA,
    "distilbert": Decoder(
        mixer=attention(bias=True, out_bias=True, names=("q_lin", "k_lin", "v_lin", "out_lin")),
        mlp=plain(bias=True, names=("lin1", "lin2")),
        norms=("sa_layer_norm", "output_layer_norm"),
        norm_bias=True,
        embed="word_embeddings",
        final_norm="",
        top=distilbert_head,
        extras=(positions(module="position_embeddings"), once_norm("LayerNorm")),
        aliases={
            "hidden_size": "dim",
            "num_hidden_layers": "n_layers",
            "num_attention_heads": "n_heads",
            "intermediate_size": "hidden_dim",
        },
        defaults={"max_position_embeddings": 512},
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "mpnet": replace(
        BERT,
        mixer=attention(bias=True, out_bias=True, names=("q", "k", "v", "o")),
        top=roberta_head,
        extras=(positions(module="position_embeddings"), once_norm("LayerNorm"), _mpnet_bias),
        check=(),
    ),
    "modernbert": Decoder(
        mixer=fused_attention(bias="attention_bias", out_bias="attention_bias", names=("Wqkv", "Wo")),
        mlp=gated(bias="mlp_bias", fused="Wi", names=("", "", "Wo")),
        norms=("mlp_norm",),
        norm_bias="norm_bias",
        embed="tok_embeddings",
        final_norm="final_norm",
        top=modernbert_head,
        bare=BASE,
        extras=(_modernbert_norms,),
        kv_heads=own_heads,
        reads_head_dim=False,
    ),
    "nomic_bert": Decoder(
        mixer=attention(),
        mlp=gated(),
        norms=("post_attention_layernorm", "post_mlp_layernorm"),
        norm_bias=True,
        embed="word_embeddings",
        final_norm="",
        top=_nomic_head,
        extras=(_token_types, once_norm("LayerNorm")),
        kv_heads=own_heads,
    ),
    "jina_embeddings_v3": Decoder(
        mixer=attention(bias=True, out_bias=True),
        mlp=plain(bias=True, names=("fc1", "fc2")),
        norms=("post_attention_layernorm", "post_mlp_layernorm"),
        norm_bias=True,
        embed="word_embeddings",
        final_norm="",
        top=roberta_head,
        bare=BASE,
        extras=(_token_types, once_norm("LayerNorm")),
        kv_heads=own_heads,
        defaults={"type_vocab_size": 1},
    ),
    "eurobert": Decoder(
        mixer=attention(bias="attention_bias", out_bias="attention_bias"),
        mlp=gated(bias="mlp_bias"),
        top=_eurobert_head,
    ),
}
