"""A model's architecture as what takes memory: its tensors and its caches.

`llmfit.architectures.describe` makes it from the fields of `config.json`; every estimate reads it.
"""

from dataclasses import field
from enum import StrEnum
from math import prod

from llmfit.records.frozen import dataclass


class Role(StrEnum):
    """What a tensor does; decides which format an engine stores it in."""

    __hash__ = str.__hash__  # an enum's own is written in Python, and looked up for every tensor

    EMBEDDING = "embedding"
    """Token embedding (also the head where tied)."""
    POSITION = "position"
    """Learned position or token-type embedding."""
    HEAD = "head"
    """Untied output projection."""
    ATTN_Q = "attn_q"
    ATTN_K = "attn_k"
    ATTN_V = "attn_v"
    ATTN_QKV = "attn_qkv"
    """Fused query, key and value."""
    ATTN_OUT = "attn_out"
    ATTN_LATENT = "attn_latent"
    """Down- and up-projections of multi-head latent attention (`q_a_proj`, `kv_a_proj_with_mqa`, …)."""
    ATTN_INDEXER = "attn_indexer"
    """Sparse-attention indexer (DeepSeek V3.2, GLM-5)."""
    ATTN_EXTRA = "attn_extra"
    """Gates, sinks and other attention tensors."""
    CROSS_ATTN = "cross_attn"
    """Cross-attention of an encoder-decoder or a vision adapter."""
    MLP_GATE = "mlp_gate"
    MLP_UP = "mlp_up"
    MLP_GATE_UP = "mlp_gate_up"
    """Fused gate and up projection."""
    MLP_DOWN = "mlp_down"
    EXPERT_GATE = "expert_gate"
    EXPERT_UP = "expert_up"
    EXPERT_GATE_UP = "expert_gate_up"
    EXPERT_DOWN = "expert_down"
    SHARED_EXPERT = "shared_expert"
    ROUTER = "router"
    MIXER_IN = "mixer_in"
    """Input projection of a recurrent mixer (Mamba, Gated DeltaNet, short convolution)."""
    MIXER_OUT = "mixer_out"
    MIXER_CONV = "mixer_conv"
    MIXER_STATE = "mixer_state"
    """A, D, dt and other small tensors of a recurrent mixer."""
    NORM = "norm"
    BIAS = "bias"
    PER_LAYER_EMBEDDING = "per_layer_embedding"
    """Gemma 3n / 4 per-layer input embeddings."""
    POOLER = "pooler"
    OTHER = "other"


class Section(StrEnum):
    """Which part of the model a tensor belongs to."""

    __hash__ = str.__hash__  # an enum's own is written in Python, and looked up for every tensor

    TEXT = "text"
    ENCODER = "encoder"
    VISION = "vision"
    AUDIO = "audio"
    PROJECTOR = "projector"
    MTP = "mtp"
    """Multi-token-prediction layers: stored, loaded only for speculation; not counted as parameters."""


UNSEEN = "its image part is not described here"
"""What is said of a model that takes images, where its configuration says nothing of how."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Tensors of one shape and role, repeated over layers and experts."""

    role: Role
    module: str
    """Last part of the module's name in transformers, such as `q_proj`."""
    shape: tuple[int, ...]
    """As in the checkpoint: (out_features, in_features) for a linear layer."""
    layers: tuple[int, ...] = ()
    """Indices of the layers that have it; empty outside the layers."""
    copies: int = 1
    """How many of it one layer has: the number of experts."""
    active_copies: int | None = None
    """How many of the copies one token uses; all where None."""
    section: Section = Section.TEXT

    @property
    def repeats(self) -> int:
        """How many tensors of this shape there are."""
        return self.copies * max(1, len(self.layers))

    @property
    def parameters(self) -> int:
        """Elements in all repetitions."""
        return prod(self.shape) * self.repeats

    @property
    def active_parameters(self) -> int:
        """Elements that one token uses."""
        used = self.copies if self.active_copies is None else self.active_copies
        return prod(self.shape) * used * max(1, len(self.layers))


class CacheKind(StrEnum):
    """What a layer remembers of the tokens before."""

    __hash__ = str.__hash__  # an enum's own is written in Python, and looked up for every tensor

    FULL = "full"
    """Keys and values of every token."""
    SLIDING = "sliding"
    """Keys and values of the last `window` tokens."""
    CHUNKED = "chunked"
    """Keys and values of the current chunk of `window` tokens (Llama 4)."""
    LATENT = "latent"
    """One compressed latent per token (MLA)."""
    COMPRESSED = "compressed"
    """Sparse or compressed attention whose cells grow more slowly than the tokens (DeepSeek V4)."""
    STATE = "state"
    """A recurrent state of fixed size."""
    CROSS = "cross"
    """Keys and values of the encoder's output."""


@dataclass(frozen=True, slots=True)
class Cache:
    """What layers of one kind keep, per sequence."""

    kind: CacheKind
    layers: tuple[int, ...]
    """Indices of the layers that keep it."""
    key_elements: int = 0
    """Elements of K (or of the latent) that one layer keeps for one token."""
    value_elements: int = 0
    """Elements of V that one layer keeps for one token; 0 for a latent."""
    heads: int = 0
    """KV heads: how far tensor parallelism can divide the cache; 1 for a latent."""
    window: int | None = None
    """Tokens of a sliding window or chunk; of CROSS the positions that are always seen, or those of one image."""
    indexer_elements: int = 0
    """Elements of sparse-attention index keys that one layer keeps for one token."""
    compression: int = 1
    """Tokens that share one cell (COMPRESSED)."""
    conv_elements: int = 0
    """Elements of a convolution's state in one layer, in the model's dtype."""
    recurrent_elements: int = 0
    """Elements of a recurrent state in one layer, in fp32."""


_BESIDE_ANSWERS = frozenset((Section.MTP, Section.VISION, Section.AUDIO, Section.PROJECTOR))
_LOOKED_UP = frozenset((Role.POSITION, Role.PER_LAYER_EMBEDDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What a model consists of, as far as memory and speed can tell."""

    model_type: str
    hidden_size: int
    num_hidden_layers: int
    vocab_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    intermediate_size: int
    """Width of the widest dense MLP (of one expert's, where all are sparse)."""
    gated_mlp: bool
    tied_embeddings: bool
    context_length: int | None
    is_encoder_only: bool = False
    is_encoder_decoder: bool = False
    num_experts: int = 0
    num_experts_per_tok: int = 0
    moe_intermediate_size: int = 0
    tensors: tuple[Tensor, ...]
    caches: tuple[Cache, ...]
    notes: tuple[str, ...] = ()
    """What was assumed on the way, in words for the user."""
    extra: dict[str, int] = field(default_factory=dict, hash=False, compare=False)
    """Further figures of `config.json` that an engine's rule needs, by their own names."""

    @property
    def parameters(self) -> int:
        """Parameters of the model as run: every section but MTP."""
        return sum(t.parameters for t in self.tensors if t.section is not Section.MTP)

    @property
    def active_parameters(self) -> int:
        """Parameters that one token of an answer is multiplied with, counted as publishers of mixtures do.

        Without experts all of them. Of a mixture what every token passes and the experts that one chooses: neither
        the input table, of which it reads a row, unless that is the head too, nor towers, which read images alone.
        """
        if not self.num_experts:
            return self.parameters
        return sum(t.active_parameters for t in self.tensors if self._is_multiplied(t))

    def _is_multiplied(self, tensor: Tensor) -> bool:
        if tensor.section in _BESIDE_ANSWERS or tensor.role in _LOOKED_UP:
            return False
        return self.tied_embeddings or tensor.role is not Role.EMBEDDING
