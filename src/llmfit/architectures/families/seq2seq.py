"""Encoder-decoders: T5, mT5, UMT5, Switch, BART, T5Gemma."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmfit.architectures.blocks.attention import attention
from llmfit.architectures.blocks.mlp import gated, plain
from llmfit.architectures.decoder import Describe
from llmfit.architectures.families.gemma import GEMMA2
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section, Tensor
from llmfit.records.frozen import dataclass

_T5_NAMES = {
    "hidden_size": "d_model",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "head_dim": "d_kv",
    "intermediate_size": "d_ff",
}


def _t5_attention(stack: Stack, layers: tuple[int, ...], *, cross: bool = False) -> None:
    """Add Q, K, V and output without biases; their inner width is heads · d_kv."""
    inner, h = stack.heads * stack.head_dim, stack.hidden
    roles = [Role.CROSS_ATTN] * 4 if cross else [Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V, Role.ATTN_OUT]
    for role, name in zip(roles, ("q", "k", "v", "o"), strict=True):
        stack.linear(role, name, (h, inner) if name == "o" else (inner, h), layers)
    kind = CacheKind.CROSS if cross else CacheKind.FULL
    if stack.section is Section.TEXT:
        stack.caches.append(Cache(kind, layers, inner, inner, stack.heads))


@dataclass(frozen=True, slots=True, kw_only=True)
class T5:
    """The T5 family: relative positions of the first layer (or of every one), norms without biases."""

    feed_forward: str = "relu"
    """What an absent `feed_forward_proj` means."""
    every_layer: bool = False
    """Whether every layer has relative positions of its own (UMT5)."""
    sparse: bool = False
    """Whether some layers have experts (Switch)."""

    def __call__(self, model_type: str, values: Mapping[str, Any]) -> Architecture:
        """Describe the encoder, the decoder and the head."""
        stack = Stack(Config(values, aliases=_T5_NAMES))
        config = stack.config
        stack.hidden, stack.vocab = config.size("hidden_size"), config.size("vocab_size")
        stack.heads = stack.kv_heads = config.size("num_attention_heads")
        stack.head_dim, stack.inter = config.size("head_dim", 64), config.size("intermediate_size")
        encoder = config.layers()
        stack.n = config.layers("num_decoder_layers", encoder)
        stack.tied = config.flag("tie_word_embeddings", True)
        stack.tensor(Role.EMBEDDING, "shared", (stack.vocab, stack.hidden))
        self._half(stack, encoder, Section.ENCODER)
        names = config.items("architectures", str)
        alone = names is not None and len(names) > 0 and names[0].endswith("EncoderModel")
        if alone:
            stack.n, stack.tied = encoder, False
        else:
            self._half(stack, stack.n, Section.TEXT)
            if not stack.tied:
                stack.linear(Role.HEAD, "lm_head", (stack.vocab, stack.hidden))
        stack.extra["num_encoder_layers"] = encoder
        return stack.architecture(
            model_type=model_type,
            context=config.tokens("n_positions"),
            is_encoder_only=alone,
            is_encoder_decoder=not alone,
        )

    def _half(self, stack: Stack, n: int, section: Section) -> None:
        stack.section, layers = section, tuple(range(n))
        _t5_attention(stack, layers)
        buckets = stack.config.size("relative_attention_num_buckets", 32)
        first = layers if self.every_layer else layers[:1]
        stack.tensor(Role.POSITION, "relative_attention_bias", (buckets, stack.heads), first)
        decodes = section is Section.TEXT
        if decodes:
            _t5_attention(stack, layers, cross=True)
        for _ in range(3 if decodes else 2):
            stack.norm("layer_norm", stack.hidden, layers)
        stack.norm("final_layer_norm", stack.hidden)
        if self.sparse:
            self._experts(stack, layers, "decoder" if decodes else "encoder")
        else:
            self._mlp(stack, layers)

    def _mlp(self, stack: Stack, layers: tuple[int, ...]) -> None:
        kind = stack.config.word("feed_forward_proj", self.feed_forward).split("-")
        if len(kind) > 2 or (len(kind) == 2 and kind[0] != "gated"):
            stack.config.unsupported("feed_forward_proj", "is neither `gated-…` nor one activation")
        if len(kind) == 2:
            gated(names=("wi_0", "wi_1", "wo"))(stack, layers)
        else:
            plain(names=("wi", "wo"))(stack, layers)

    @staticmethod
    def _experts(stack: Stack, layers: tuple[int, ...], half: str) -> None:
        """Every so-manieth layer is sparse, counted from the second (Switch)."""
        config = stack.config
        config.only("router_bias", False)
        many = config.count(f"num_sparse_{half}_layers", 3)
        step = max(1, len(layers) // many) if many else 0
        sparse = tuple(i for i in layers if step and (i % step == 1 or step == 1))
        dense = tuple(i for i in layers if i not in sparse)
        if dense:
            plain(names=("wi", "wo"))(stack, dense)
        if sparse:
            stack.num_experts, stack.experts_per_tok = config.size("num_experts", 8), 1
            stack.moe_inter, h, inter = stack.inter, stack.hidden, stack.inter
            stack.linear(Role.ROUTER, "classifier", (stack.num_experts, h), sparse)
            for role, name, shape in ((Role.EXPERT_UP, "wi", (inter, h)), (Role.EXPERT_DOWN, "wo", (h, inter))):
                stack.tensors.append(Tensor(role, name, shape, sparse, stack.num_experts, 1, stack.section))


_BART_NAMES = {"hidden_size": "d_model"}


def bart(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe BART: learned positions (offset by two), biases everywhere, a tied head."""
    stack = Stack(Config(values, aliases=_BART_NAMES))
    config = stack.config
    stack.hidden, stack.vocab = config.size("hidden_size"), config.size("vocab_size")
    stack.tied = config.flag("tie_word_embeddings", True)
    if not stack.tied:
        config.unsupported("tie_word_embeddings", "is false")
    stack.tensor(Role.EMBEDDING, "shared", (stack.vocab, stack.hidden))
    places = config.size("max_position_embeddings", 1024) + 2
    for half, section in (("encoder", Section.ENCODER), ("decoder", Section.TEXT)):
        stack.section, stack.n = section, config.layers(f"{half}_layers")
        stack.heads = stack.kv_heads = config.size(f"{half}_attention_heads")
        stack.head_dim = config.divided("hidden_size", stack.hidden, stack.heads)
        stack.inter = config.size(f"{half}_ffn_dim")
        _bart_half(stack, tuple(range(stack.n)), places)
    stack.extra["num_encoder_layers"] = config.layers("encoder_layers")
    return stack.architecture(model_type=model_type, context=places - 2, is_encoder_decoder=True)


def _bart_half(stack: Stack, layers: tuple[int, ...], places: int) -> None:
    h, decodes = stack.hidden, stack.section is Section.TEXT
    stack.tensor(Role.POSITION, "embed_positions", (places, h))
    stack.norm("layernorm_embedding", h, bias=True)
    caches = len(stack.caches)
    attention(bias=True, out_bias=True, names=("q_proj", "k_proj", "v_proj", "out_proj"))(stack, layers)
    if decodes:
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            stack.linear(Role.CROSS_ATTN, name, (h, h), layers, bias=True)
        stack.norm("encoder_attn_layer_norm", h, layers, bias=True)
        stack.caches.append(Cache(CacheKind.CROSS, layers, h, h, stack.heads))
    else:
        del stack.caches[caches:]
    plain(bias=True, names=("fc1", "fc2"))(stack, layers)
    stack.norm("self_attn_layer_norm", h, layers, bias=True)
    stack.norm("final_layer_norm", h, layers, bias=True)


_T5GEMMA_NORMS = (
    "pre_self_attn_layernorm",
    "post_self_attn_layernorm",
    "pre_feedforward_layernorm",
    "post_feedforward_layernorm",
)
_T5GEMMA = replace(GEMMA2, norms=_T5GEMMA_NORMS)


def t5gemma(model_type: str, values: Mapping[str, Any]) -> Architecture:
    """Describe T5Gemma: two Gemma 2 stacks with embeddings of their own; the head is the decoder's."""
    top = Config(values)
    encoder = Stack(_T5GEMMA.read(top.child("encoder").values, path="encoder."), section=Section.ENCODER)
    _T5GEMMA.build_body(encoder)
    encoder.caches.clear()
    stack = Stack(_T5GEMMA.read(top.child("decoder").values, path="decoder."), parent=encoder)
    _T5GEMMA.build_body(stack)
    width, kv = stack.heads * stack.head_dim, stack.kv_heads * stack.head_dim
    bias = stack.config.flag("attention_bias")
    for name, shape in (
        ("q_proj", (width, stack.hidden)),
        ("k_proj", (kv, encoder.hidden)),
        ("v_proj", (kv, encoder.hidden)),
        ("o_proj", (stack.hidden, width)),
    ):
        stack.linear(Role.CROSS_ATTN, name, shape, stack.layers, bias=bias)
    stack.caches.append(Cache(CacheKind.CROSS, stack.layers, kv, kv, stack.kv_heads))
    for name in ("pre_cross_attn_layernorm", "post_cross_attn_layernorm"):
        stack.norm(name, stack.hidden, stack.layers)
    stack.tied = top.flag("tie_word_embeddings", True)
    if not stack.tied:
        stack.linear(Role.HEAD, "out_proj", (stack.vocab, stack.hidden))
    stack.extra["num_encoder_layers"] = encoder.n
    context = stack.config.tokens("max_position_embeddings")
    return stack.architecture(model_type=model_type, context=context, is_encoder_decoder=True)


FAMILIES: dict[str, Describe] = {
    "t5": T5(),
    "mt5": T5(feed_forward="gated-gelu"),
    "umt5": T5(feed_forward="gated-gelu", every_layer=True),
    "switch_transformers": T5(sparse=True),
    "bart": bart,
    "t5gemma": t5gemma,
}
