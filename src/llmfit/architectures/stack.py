"""The sheet on which an architecture's blocks write their tensors and caches."""

from collections.abc import Callable, Mapping

from llmfit.architectures.reader import Config
from llmfit.records.architecture import Architecture, Cache, Role, Section, Tensor


class Stack:
    """One run of layers being described: its config, its widths, and all that its blocks add.

    Towers of a multimodal model each have a stack of their own that writes to the same lists.
    """

    __slots__ = (
        "caches",
        "config",
        "experts_per_tok",
        "extra",
        "gated",
        "head_dim",
        "heads",
        "hidden",
        "inter",
        "kv_heads",
        "layers",
        "moe_inter",
        "n",
        "notes",
        "num_experts",
        "section",
        "tensors",
        "tied",
        "vocab",
    )

    def __init__(self, config: Config, *, parent: "Stack | None" = None, section: Section = Section.TEXT) -> None:
        self.config = config
        self.section = section
        self.tensors: list[Tensor] = parent.tensors if parent else []
        self.caches: list[Cache] = parent.caches if parent else []
        self.notes: list[str] = parent.notes if parent else []
        self.extra: dict[str, int] = parent.extra if parent else {}
        self.hidden = self.n = self.heads = self.kv_heads = self.head_dim = 0
        self.vocab = self.inter = self.num_experts = self.experts_per_tok = self.moe_inter = 0
        self.gated = self.tied = False
        self.layers: tuple[int, ...] = ()

    def mlp_width(self, key: str = "") -> int:
        """Return the width of a dense MLP: that of the key, or `intermediate_size`, which must be stated."""
        if key:
            return self.config.size(key)
        return self.inter or self.config.size("intermediate_size")

    def tensor(
        self,
        role: Role,
        module: str,
        shape: tuple[int, ...],
        layers: tuple[int, ...] = (),
        *,
        copies: int = 1,
    ) -> None:
        """Add a tensor of this shape to each of the layers."""
        self.tensors.append(Tensor(role, module, shape, layers, copies, None, self.section))

    def linear(
        self,
        role: Role,
        module: str,
        shape: tuple[int, int],
        layers: tuple[int, ...] = (),
        *,
        bias: bool = False,
    ) -> None:
        """Add a linear layer of shape (out, in), with its bias where it has one."""
        self.tensors.append(Tensor(role, module, shape, layers, 1, None, self.section))
        if bias:
            self.tensors.append(Tensor(Role.BIAS, module, shape[:1], layers, 1, None, self.section))

    def norm(self, module: str, width: int, layers: tuple[int, ...] = (), *, bias: bool = False) -> None:
        """Add a normalisation's weight, with its bias where it has one."""
        self.tensors.append(Tensor(Role.NORM, module, (width,), layers, 1, None, self.section))
        if bias:
            self.tensors.append(Tensor(Role.BIAS, module, (width,), layers, 1, None, self.section))

    def architecture(
        self,
        *,
        model_type: str,
        context: int | None,
        is_encoder_only: bool = False,
        is_encoder_decoder: bool = False,
    ) -> Architecture:
        """Return what has been written as a record."""
        return Architecture(
            model_type=model_type,
            hidden_size=self.hidden,
            num_hidden_layers=self.n,
            vocab_size=self.vocab,
            num_attention_heads=self.heads,
            num_key_value_heads=self.kv_heads,
            head_dim=self.head_dim,
            intermediate_size=self.inter,
            gated_mlp=self.gated,
            tied_embeddings=self.tied,
            context_length=context,
            is_encoder_only=is_encoder_only,
            is_encoder_decoder=is_encoder_decoder,
            num_experts=self.num_experts,
            num_experts_per_tok=self.experts_per_tok,
            moe_intermediate_size=self.moe_inter,
            tensors=tuple(self.tensors),
            caches=tuple(self.caches),
            notes=tuple(self.notes),
            extra=self.extra,
        )


Block = Callable[[Stack, tuple[int, ...]], None]
"""What some layers have: adds its tensors and caches to the stack."""

Blocks = Block | Mapping[str, Block]
"""One block for every layer, or one for every kind of layer."""
