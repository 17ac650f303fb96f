"""Architectures, loads and devices made by hand, for tests of estimates and verdicts."""

from dataclasses import fields
from typing import Any, Literal

from support.formats import load_kv_formats, make_engine, make_format

from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.workload import EngineOptions, Workload

MIB, GIB = 1024**2, 1024**3
_LAYERS = (0, 1, 2, 3)
_FORMATS = {"llama.cpp": "Q8_0", "transformers": "f16", "vllm": "f16"}
_OPTIONS = {field.name for field in fields(EngineOptions)}


def make_architecture(**changes: Any) -> Architecture:
    """Return a small Llama: four layers, h 512, 8 heads of 64, 2 KV heads, 1,000 words, untied."""
    h, inter, kv, vocab = 512, 2048, 2 * 64, 1000
    values: dict[str, Any] = {
        "model_type": "llama",
        "hidden_size": h,
        "num_hidden_layers": len(_LAYERS),
        "vocab_size": vocab,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "intermediate_size": inter,
        "gated_mlp": True,
        "tied_embeddings": False,
        "context_length": 32768,
        "tensors": (
            Tensor(Role.EMBEDDING, "embed_tokens", (vocab, h)),
            Tensor(Role.ATTN_Q, "q_proj", (h, h), _LAYERS),
            Tensor(Role.ATTN_K, "k_proj", (kv, h), _LAYERS),
            Tensor(Role.ATTN_V, "v_proj", (kv, h), _LAYERS),
            Tensor(Role.ATTN_OUT, "o_proj", (h, h), _LAYERS),
            Tensor(Role.MLP_GATE, "gate_proj", (inter, h), _LAYERS),
            Tensor(Role.MLP_UP, "up_proj", (inter, h), _LAYERS),
            Tensor(Role.MLP_DOWN, "down_proj", (h, inter), _LAYERS),
            Tensor(Role.NORM, "input_layernorm", (h,), _LAYERS),
            Tensor(Role.NORM, "post_attention_layernorm", (h,), _LAYERS),
            Tensor(Role.NORM, "norm", (h,)),
            Tensor(Role.HEAD, "lm_head", (vocab, h)),
        ),
        "caches": (Cache(CacheKind.FULL, _LAYERS, kv, kv, 2),),
    }
    return Architecture(**{**values, **changes})


def make_load(engine: str = "llama.cpp", format_name: str = "", *, context: int = 4096, **changes: Any) -> Workload:
    """Return one sequence with an f16 cache; `changes` are fields of the workload or options of the engine."""
    kv_formats = load_kv_formats()
    options = {name: value for name, value in changes.items() if name in _OPTIONS}
    load = {name: value for name, value in changes.items() if name not in _OPTIONS}
    for name in ("kv_format", "kv_format_v"):
        if isinstance(load.get(name), str):
            load[name] = kv_formats[load[name]]
    load.setdefault("kv_format", kv_formats["f16"])
    return Workload(
        engine=make_engine(engine),
        format=make_format(format_name or _FORMATS[engine]),
        context=context,
        options=EngineOptions(**options),
        **load,
    )


def make_device(
    *gib: float,
    ram: float | None = None,
    unified: bool = False,
    platform: Literal["cuda", "rocm", "metal", "vulkan", "cpu"] = "cuda",
    **gpu: Any,
) -> Device:
    """Return a machine with GPUs of these sizes and so much RAM, both in GiB."""
    values = {"vendor": "nvidia", **gpu}
    return Device(
        gpus=tuple(
            DeviceGpu(name=f"test {size} GiB", total_bytes=round(size * GIB), platform=platform, **values)
            for size in gib
        ),
        ram_bytes=None if ram is None else round(ram * GIB),
        unified=unified,
        source="test",
    )
