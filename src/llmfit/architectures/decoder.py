"""A decoder-only model as a recipe: which block its layers have, and what surrounds them."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from llmfit.architectures.blocks.flags import Flag, resolve
from llmfit.architectures.blocks.heads import LM, decoder_head, task_head
from llmfit.architectures.blocks.kinds import FULL, grouped
from llmfit.architectures.reader import MAX_LAYERS, Config, Pattern
from llmfit.architectures.stack import Block, Blocks, Stack
from llmfit.errors import InvalidConfigError
from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """How a family of decoder-only models is built; one is written per `model_type`."""

    mixer: Blocks
    """Attention (or what stands for it): one block, or one for each kind of layer."""
    kinds: Pattern | None = None
    """Kind of every layer, where `mixer` is a mapping."""
    mlp: Blocks | None = None
    """Feed-forward: one block, or one for each kind of layer."""
    mlp_kinds: Pattern | None = None
    """Kind of every layer's feed-forward, where `mlp` is a mapping."""
    norms: tuple[str, ...] | Callable[[Config], tuple[str, ...]] = ("input_layernorm", "post_attention_layernorm")
    """Normalisations of h that every layer has."""
    norm_bias: Flag = False
    norm_weight: bool = True
    embed: str = "embed_tokens"
    final_norm: str = "norm"
    """Name of the normalisation before the head; empty where there is none."""
    head_bias: Flag = False
    tied: bool | None = False
    """What an absent `tie_word_embeddings` means; None where it must be stated."""
    top: Callable[[Stack, str], None] | None = None
    """Adds what an encoder has on top, by the kind of head; None for a decoder's language-model head."""
    bare: str = LM
    """Head of a config that names none in `architectures`."""
    reads_architectures: bool = True
    """Whether the name in `architectures` tells the head."""
    extras: tuple[Block, ...] = ()
    """Further blocks that every layer (or the model once) has."""
    check: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Keys and the only values of them that can be counted."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Older names of keys: canonical → older."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What absent keys mean anywhere."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """What absent sizes mean in a nested config, which states only what differs from its class."""
    reads_head_dim: bool = True
    """Whether the family knows the key `head_dim`."""
    even_heads: bool = True
    """Whether the heads must divide the hidden size where `head_dim` is not stated."""
    square: bool = False
    """Whether the heads together must be as wide as the hidden size."""
    has_heads: bool = True
    """Whether it has attention at all."""
    kv_heads: Callable[[Config, int], int] | None = None
    """KV heads from the number of heads, where no plain key tells."""
    inter_factor: int | str = 0
    """What an absent `intermediate_size` is a multiple of h by (or the key that says it); 0 where it must be stated."""
    embed_dim: str = ""
    """Key of the embedding's width, where it may differ from h."""
    depth: Callable[[Config], int] = Config.layers
    """How many layers there are."""
    mtp: str = ""
    """Key that says how many prediction layers the checkpoint has; none are assumed where it is absent."""
    context: str = "max_position_embeddings"
    rewrite: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Brings an unusual config into the usual form before it is read."""

    def read(self, values: Mapping[str, Any], *, path: str = "") -> Config:
        """Return the config with this family's names and defaults; nested ones may leave sizes out."""
        if self.rewrite is not None:
            values = self.rewrite(values)
        defaults = {**self.defaults, **self.sizes} if path else self.defaults
        return Config(values, aliases=self.aliases, defaults=defaults, path=path)

    def __call__(self, model_type: str, values: Mapping[str, Any]) -> Architecture:
        """Describe a model whose whole config is of this family."""
        stack = Stack(self.read(values))
        head = task_head(stack.config, self.bare) if self.reads_architectures else LM
        self.build(stack, head=head)
        silent = self.top is not None or head != LM
        if silent:
            stack.caches.clear()
        return stack.architecture(
            model_type=model_type, context=stack.config.tokens(self.context), is_encoder_only=silent
        )

    def measure(self, stack: Stack) -> None:
        """Read the widths of the stack from its config."""
        config = stack.config
        stack.hidden = config.size("hidden_size")
        stack.n = self.depth(config)
        stack.layers = tuple(range(stack.n))
        stack.vocab = config.size("vocab_size")
        stack.inter = self._inter(config, stack.hidden)
        if self.has_heads:
            self._measure_heads(stack)
        nextn = config.count("num_nextn_predict_layers") or config.count("mtp_num_hidden_layers")
        if nextn:  # files of llama.cpp count them as layers
            stack.extra["num_nextn_predict_layers"] = nextn
        config.only("per_layer_config")
        for name, allowed in self.check:
            config.only(name, *allowed)

    def _inter(self, config: Config, hidden: int) -> int:
        if isinstance(self.inter_factor, str):
            return hidden * config.size(self.inter_factor)
        return config.size("intermediate_size", hidden * self.inter_factor)

    def _measure_heads(self, stack: Stack) -> None:
        config = stack.config
        stack.heads = heads = config.size("num_attention_heads")
        if self.kv_heads is not None:
            stack.kv_heads = self.kv_heads(config, heads)
        elif config.nulls("num_key_value_heads"):
            stack.kv_heads = heads
        else:
            stack.kv_heads = config.size("num_key_value_heads", heads)
        config.divided("num_attention_heads", heads, stack.kv_heads)
        stated = config.optional("head_dim") if self.reads_head_dim else None
        if stated is None and self.even_heads:
            stated = config.divided("hidden_size", stack.hidden, heads)
        stack.head_dim = stated or max(1, stack.hidden // heads)
        if self.square and stack.head_dim * heads != stack.hidden:
            config.unsupported("head_dim", f"of {stack.head_dim} times {heads} heads is not the hidden size")

    def build(self, stack: Stack, *, head: str = LM, tied: bool | None = None) -> None:
        """Add the whole model to the stack; `tied` overrides the config where a parent decides."""
        self.build_body(stack)
        if self.top is not None:
            self.top(stack, head)
        elif head != LM:
            decoder_head(stack, head)
        else:
            self._add_head(stack, self._width(stack), tied=self.ties(stack.config) if tied is None else tied)
        if self.mtp and head == LM:
            self._add_predictors(stack)

    def _width(self, stack: Stack) -> int:
        """Return the width of the embedding."""
        return stack.config.size(self.embed_dim, stack.hidden) if self.embed_dim else stack.hidden

    def build_body(self, stack: Stack) -> None:
        """Add everything but the head: embedding, layers, norms, extras."""
        self.measure(stack)
        config, layers = stack.config, stack.layers
        stack.tensor(Role.EMBEDDING, self.embed, (stack.vocab, self._width(stack)))
        self._apply(stack, self.mixer, self.kinds)
        if self.mlp is not None:
            self._apply(stack, self.mlp, self.mlp_kinds)
        if self.norm_weight:
            bias = resolve(config, self.norm_bias)
            norms = self.norms(config) if callable(self.norms) else self.norms
            for name in norms:
                stack.norm(name, stack.hidden, layers, bias=bias)
            if self.final_norm:
                stack.norm(self.final_norm, stack.hidden, bias=bias)
        for block in self.extras:
            block(stack, layers)

    def _add_predictors(self, stack: Stack) -> None:
        """Add multi-token-prediction layers: each like the model's last full layer, behind a joining matrix.

        A predictor joins hidden state and embedding (h × 2h, a norm for each) and ends in a norm of its own;
        embedding and head are the model's. Source: DeepSeek-V3 report, arXiv 2412.19437, section 2.2.
        """
        many = stack.config.count(self.mtp)
        if not many or many > MAX_LAYERS:
            return
        first, caches, section, h = len(stack.tensors), len(stack.caches), stack.section, stack.hidden
        stack.section = Section.MTP
        self._apply_last(stack, self.mixer, self.kinds)
        if self.mlp is not None:
            self._apply_last(stack, self.mlp, self.mlp_kinds)
        norms = self.norms(stack.config) if callable(self.norms) else self.norms
        one = (stack.n - 1,)
        for name in (*norms, "enorm", "hnorm", "norm"):
            stack.norm(name, h, one)
        stack.linear(Role.OTHER, "eh_proj", (h, 2 * h), one)
        added = tuple(range(stack.n, stack.n + many))
        stack.tensors[first:] = [replace(tensor, layers=added) for tensor in stack.tensors[first:]]
        del stack.caches[caches:]
        stack.section = section

    @staticmethod
    def _apply_last(stack: Stack, blocks: Blocks, kinds: Pattern | None) -> None:
        """Apply the block of the last layer that attends fully (or is of the last kind there is)."""
        if not isinstance(blocks, Mapping):
            blocks(stack, (stack.n - 1,))
        elif kinds is not None:
            names = kinds(stack.config, stack.n)
            kind = FULL if FULL in names else names[-1]
            last = max(i for i, name in enumerate(names) if name == kind)
            blocks[kind](stack, (last,))

    def _add_head(self, stack: Stack, width: int, *, tied: bool) -> None:
        stack.tied = tied
        if not tied:
            stack.linear(Role.HEAD, "lm_head", (stack.vocab, width))
        if resolve(stack.config, self.head_bias):
            stack.tensor(Role.BIAS, "lm_head", (stack.vocab,))

    def ties(self, config: Config) -> bool:
        """Whether the head shares the embedding's tensor."""
        if self.tied is None and config.raw("tie_word_embeddings") is None:
            raise InvalidConfigError(f"config.json has no `{config.path}tie_word_embeddings`")
        return config.flag("tie_word_embeddings", bool(self.tied))

    @staticmethod
    def _apply(stack: Stack, blocks: Blocks, kinds: Pattern | None) -> None:
        if not isinstance(blocks, Mapping):
            blocks(stack, stack.layers)
        elif kinds is not None:
            for kind, layers in grouped(kinds(stack.config, stack.n)).items():
                blocks[kind](stack, layers)


def own_heads(_: Config, heads: int) -> int:
    """Every head has its own keys and values, whatever the config says of KV heads."""
    return heads


Describe = Callable[[str, Mapping[str, Any]], Architecture]
"""Describes the config of one model_type."""
