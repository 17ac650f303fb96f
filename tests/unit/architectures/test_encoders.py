"""Encoders and encoder-decoders by hand."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import UnsupportedArchitectureError
from llmfit.records.architecture import Architecture, CacheKind, Role, Section
from support.configs import config, modules, shapes, tiny

H, INNER, V, N = 64, 160, 1000, 6
LAYER = 4 * (H * H + H) + (H * INNER + INNER) + (INNER * H + H) + 4 * H
"""One layer of BERT: four projections, the MLP, two norms, all with biases."""
BODY = V * H + 128 * H + 2 * H + 2 * H + N * LAYER


def bert(**changes: Any) -> Architecture:
    """Describe a small BERT with 128 positions."""
    return tiny("bert", **{"num_key_value_heads": None, "max_position_embeddings": 128, **changes})


@pytest.mark.parametrize(
    ("architecture", "more"),
    [
        ("BertModel", H * H + H),
        ("BertForMaskedLM", H * H + H + 2 * H + V),
        ("BertForPreTraining", 2 * (H * H + H) + 2 * H + V + 2 * H + 2),
        ("BertForSequenceClassification", H * H + H + 2 * H + 2),
        ("BertForTokenClassification", 2 * H + 2),
        ("BertForQuestionAnswering", 2 * H + 2),
    ],
)
def test_bert_is_its_body_and_one_head(architecture: str, more: int) -> None:
    """Pooler, word predictor or classifier; the predictor's matrix is the embedding."""
    tied = {"tie_word_embeddings": True}
    assert bert(architectures=[architecture], **tied).parameters == BODY + more


def test_roberta_classifies_with_a_dense_layer_of_its_own() -> None:
    """A reranker: no pooler, dense h × h, one label."""
    found = tiny(
        "xlm-roberta",
        num_key_value_heads=None,
        max_position_embeddings=128,
        architectures=["XLMRobertaForSequenceClassification"],
        id2label={"0": "LABEL_0"},
    )
    assert found.parameters == BODY + H * H + H + H + 1
    assert found.is_encoder_only
    assert found.caches == ()


def test_what_would_change_berts_shapes_is_refused() -> None:
    """Relative positions, decoders and cross-attention are another model."""
    for key, value in (
        ("position_embedding_type", "relative_key"),
        ("is_decoder", True),
        ("add_cross_attention", True),
    ):
        with pytest.raises(UnsupportedArchitectureError, match=key):
            bert(**{key: value})


def test_modernbert_has_no_norm_before_its_first_attention() -> None:
    """The embedding's norm stands in; MLPs are fused and gated."""
    found = tiny("modernbert", num_key_value_heads=None)
    (norm,) = [t for t in found.tensors if t.module == "attn_norm"]
    assert norm.layers == (1, 2, 3, 4, 5)
    assert shapes(found, Role.MLP_GATE_UP) == {(2 * INNER, H)}


T5: dict[str, Any] = {
    "model_type": "t5",
    "d_model": 64,
    "d_kv": 4,
    "d_ff": 160,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "num_heads": 8,
    "vocab_size": 1000,
}


def test_t5_has_two_halves_and_one_embedding() -> None:
    """Inner width 32: encoder layers of two parts, decoder layers of three."""
    found = describe(T5)
    attention = 4 * 32 * H
    encoder = 3 * (attention + 2 * H * INNER + 2 * H) + 32 * 8 + H
    decoder = 2 * (2 * attention + 2 * H * INNER + 3 * H) + 32 * 8 + H
    assert found.parameters == V * H + encoder + decoder
    assert describe({**T5, "tie_word_embeddings": False}).parameters == found.parameters + V * H
    assert found.is_encoder_decoder
    assert {c.kind: (c.layers, c.key_elements) for c in found.caches} == {
        CacheKind.FULL: ((0, 1), 32),
        CacheKind.CROSS: ((0, 1), 32),
    }


def test_t5s_mlp_and_halves_follow_the_config() -> None:
    """Gated activations have two inputs; absent decoder layers are as many as the encoder's."""
    gated = describe({**T5, "feed_forward_proj": "gated-gelu"})
    assert {t.module for t in gated.tensors if t.role is Role.MLP_GATE} == {"wi_0"}
    silent = describe({key: value for key, value in T5.items() if key != "num_decoder_layers"})
    assert silent.num_hidden_layers == 3
    alone = describe({**T5, "architectures": ["T5EncoderModel"]})
    assert alone.is_encoder_only
    assert not [t for t in alone.tensors if t.role is Role.CROSS_ATTN]
    with pytest.raises(UnsupportedArchitectureError, match="feed_forward_proj"):
        describe({**T5, "feed_forward_proj": "twice-gated-gelu"})


def test_every_layer_of_umt5_has_positions_of_its_own() -> None:
    """T5 shares the first layer's."""
    many = [t for t in describe({**T5, "model_type": "umt5"}).tensors if t.role is Role.POSITION]
    assert [len(t.layers) for t in many] == [3, 2]


def test_switch_makes_every_so_manieth_layer_sparse() -> None:
    """Three of six layers, counted from the second."""
    found = describe({**T5, "model_type": "switch_transformers", "num_layers": 6, "num_decoder_layers": 6})
    assert {t.layers for t in found.tensors if t.role is Role.EXPERT_UP} == {(1, 3, 5)}
    assert found.active_parameters < found.parameters


def test_bart_keeps_both_caches() -> None:
    """Halves of their own depth and width; positions are offset by two."""
    found = describe(
        {
            "model_type": "bart",
            "d_model": 64,
            "vocab_size": 1000,
            "encoder_layers": 3,
            "decoder_layers": 2,
            "encoder_attention_heads": 8,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 160,
            "decoder_ffn_dim": 96,
            "max_position_embeddings": 128,
        }
    )
    assert shapes(found, Role.POSITION) == shapes(found, Role.POSITION, section=Section.ENCODER) == {(130, 64)}
    assert {c.kind for c in found.caches} == {CacheKind.FULL, CacheKind.CROSS}
    assert (found.num_hidden_layers, found.extra["num_encoder_layers"]) == (2, 3)


def test_t5gemma_joins_two_gemmas() -> None:
    """The decoder's cross-attention reads the encoder's width."""
    half = {key: value for key, value in config(head_dim=8).items() if key != "model_type"}
    found = describe({"model_type": "t5gemma", "encoder": {**half, "hidden_size": 32}, "decoder": half})
    assert {t.shape for t in found.tensors if t.role is Role.CROSS_ATTN} == {(64, 64), (16, 32)}
    assert [t.shape for t in modules(found, "embed_tokens")] == [(1000, 32), (1000, 64)]
