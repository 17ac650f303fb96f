"""How engines store weights and caches: formats, their block layouts, and precisions."""

from typing import Literal

from llmfit.records.base import Field, Record, Source

PrecisionName = Literal["fp32", "fp16", "fp8", "int8", "int4"]
EngineName = Literal["llama.cpp", "transformers", "vllm"]
FormatFamily = Literal["float", "gguf", "bitsandbytes", "gptq", "awq", "fp8", "w8a8", "mxfp4", "nvfp4"]


class BlockLayout(Record):
    """One ggml tensor type: how many bytes a block of weights takes."""

    name: str
    block_size: int = Field(gt=0)
    """Weights in a block."""
    block_bytes: int = Field(gt=0)
    """Bytes of a block, scales included."""


class Format(Record):
    """One way to store a model's weights."""

    id: str
    """Canonical spelling, such as `Q4_K_M`, `nf4`, `awq-int4`."""
    aliases: tuple[str, ...] = ()
    """Other spellings, compared without case."""
    family: FormatFamily
    """Which rules decide what it leaves alone."""
    precision: PrecisionName | None
    """The precision that a user would call it; None between them (Q5_K_M, Q2_K)."""
    engines: tuple[EngineName, ...]
    """Engines that run it."""
    nominal_bits: float = Field(gt=0)
    """Typical bits per weight of a large model, for sorting and for words; never for an estimate."""
    bits: float | None = None
    """Bits of one quantised weight, scales excluded (families other than gguf)."""
    group_size: int | None = None
    """Weights that share a scale; None for one scale per row or tensor."""
    scale_bits: int | None = None
    """Bits of a group's scale."""
    zero_bits: int | None = None
    """Bits of a group's zero point."""
    outer_group_size: int | None = None
    """Scales that share a scale of their own (double quantisation)."""
    outer_scale_bits: int | None = None
    """Bits of such a scale of scales."""
    layouts: tuple[BlockLayout, ...] = ()
    """Every ggml type that a file of this scheme may hold; the first is the scheme's own."""
    requires_qat: bool = False
    """Offered only where the weights were published in it (MXFP4)."""
    sources: tuple[Source, ...] = ()
    """Where the layout was read."""


class KvFormat(Record):
    """One way to store the cache."""

    id: str
    """Canonical spelling: f32, f16, bf16, q8_0, q4_0, fp8, …"""
    aliases: tuple[str, ...] = ()
    block_size: int = Field(gt=0)
    block_bytes: int = Field(gt=0)
    engines: tuple[EngineName, ...]
