"""Small architectures made by hand, and the loads and devices to estimate them with."""

from typing import Any

from llmfit.catalog import load_catalog
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.workload import EngineOptions, Workload

GIB = 2**30
MIB = 2**20


def make_architecture(**changes: Any) -> Architecture:
    """Return a decoder of 4 layers: h 512, I 2048, 8 heads of 64, 2 KV heads, 1,000 words."""
    layers = changes.pop("layers", (0, 1, 2, 3))
    heads = changes.get("num_key_value_heads", 2)
    width = heads * changes.get("head_dim", 64)
    values: dict[str, Any] = {
        "model_type": "llama",
        "hidden_size": 512,
        "num_hidden_layers": len(layers),
        "vocab_size": 1000,
        "num_attention_heads": 8,
        "num_key_value_heads": heads,
        "head_dim": 64,
        "intermediate_size": 2048,
        "gated_mlp": True,
        "tied_embeddings": False,
        "context_length": 32768,
        "tensors": (
            Tensor(Role.EMBEDDING, "embed_tokens", (1000, 512)),
            Tensor(Role.ATTN_Q, "q_proj", (512, 512), layers),
            Tensor(Role.ATTN_K, "k_proj", (width, 512), layers),
            Tensor(Role.ATTN_V, "v_proj", (width, 512), layers),
            Tensor(Role.ATTN_OUT, "o_proj", (512, 512), layers),
            Tensor(Role.MLP_GATE, "gate_proj", (2048, 512), layers),
            Tensor(Role.MLP_UP, "up_proj", (2048, 512), layers),
            Tensor(Role.MLP_DOWN, "down_proj", (512, 2048), layers),
            Tensor(Role.NORM, "norm", (512,)),
            Tensor(Role.HEAD, "lm_head", (1000, 512)),
        ),
        "caches": (Cache(CacheKind.FULL, layers, width, width, heads),),
    }
    return Architecture(**{**values, **changes})


def make_load(engine: str = "llama.cpp", format_name: str = "", *, context: int = 4096, **changes: Any) -> Workload:
    """Return a load with the real constants of the engine; options by their own names."""
    catalog = load_catalog(user_file=None)
    default = {"llama.cpp": "Q8_0", "transformers": "bf16", "vllm": "bf16"}[engine]
    names = {"kv_format", "kv_format_v"}
    formats: dict[str, Any] = {name: catalog.kv_format(changes.pop(name)) for name in names & set(changes)}
    fields: dict[str, Any] = {
        name: changes.pop(name) for name in ("sequences", "prompt_tokens", "images") if name in changes
    }
    return Workload(
        engine=catalog.engine(engine),
        format=catalog.format(format_name or default),
        context=context,
        options=EngineOptions(**changes),
        **{"kv_format": catalog.kv_format("f16"), **formats, **fields},
    )


def make_device(*gib: float, ram: float | None = None, **changes: Any) -> Device:
    """Return a device with GPUs of these sizes."""
    unified = changes.pop("unified", False)
    gpus = tuple(
        DeviceGpu(**{"name": f"card {size}", "total_bytes": round(size * GIB), "platform": "cuda", **changes})
        for size in gib
    )
    return Device(gpus=gpus, ram_bytes=None if ram is None else round(ram * GIB), unified=unified)


def make_large(*, experts: int = 0) -> Architecture:
    """Return ten layers of 284 MB each, dense or of experts."""
    layers = tuple(range(10))
    role, shape = (Role.EXPERT_UP, (2048, 512)) if experts else (Role.MLP_UP, (2048, 512))
    return make_architecture(
        layers=layers,
        num_experts=experts,
        num_experts_per_tok=1 if experts else 0,
        moe_intermediate_size=2048 if experts else 0,
        tensors=(
            Tensor(Role.EMBEDDING, "embed_tokens", (1000, 512)),
            Tensor(role, "up_proj", shape, layers, 256, 1),
            Tensor(Role.HEAD, "lm_head", (1000, 512)),
        ),
    )
