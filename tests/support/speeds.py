"""A made-up engine, model and card of round figures, whose speed can be worked out by hand."""

from dataclasses import replace

from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Tensor
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import Constant, Engine
from llmfit.records.estimate import Estimate, Part, PartName
from llmfit.records.format import BlockLayout, Format, KvFormat
from llmfit.records.workload import Workload

GIB = 1024**3
LAYERS = (0, 1)


def constant(name: str, value: float) -> Constant:
    """Make a constant of which only the value matters."""
    return Constant(
        name=name, engine="llama.cpp", value=value, low=value, high=value, version="1", source="made up", checked="2026"
    )


ENGINE = Engine(
    id="llama.cpp",
    version="1",
    constants=(
        constant("bandwidth_share_gddr", 0.5),
        constant("bandwidth_share_hbm", 0.25),
        constant("unpack_gguf_flops_per_weight", 4.0),
        constant("launch_seconds_per_layer", 0.001),
        constant("step_seconds", 0.002),
        constant("speed_range_low_ratio", 0.8),
        constant("speed_range_high_ratio", 1.25),
        constant("prefill_compute_share", 0.5),
        constant("crossing_seconds", 0.0005),
        constant("parallel_share", 0.6),
    ),
)
F16 = Format(id="f16", family="float", precision="fp16", engines=("llama.cpp",), nominal_bits=16.0)
Q4 = Format(
    id="Q4_0",
    family="gguf",
    precision="int4",
    engines=("llama.cpp",),
    nominal_bits=4.5,
    layouts=(BlockLayout(name="Q4_0", block_size=32, block_bytes=18),),
)
KV_F16 = KvFormat(id="f16", block_size=1, block_bytes=2, engines=("llama.cpp",))
GPU = DeviceGpu(
    name="card", total_bytes=8 * GIB, bandwidth_gbps=100.0, memory_type="GDDR6", fp32_tflops=10.0, fp16_tflops=20.0
)


def architecture(**changes: object) -> Architecture:
    """Make a model of 5 M weights: an untied table of 1 M, a head of 1 M, and 3 M in two layers."""
    made = Architecture(
        model_type="made-up",
        hidden_size=1000,
        num_hidden_layers=2,
        vocab_size=1000,
        num_attention_heads=10,
        num_key_value_heads=10,
        head_dim=100,
        intermediate_size=1500,
        gated_mlp=False,
        tied_embeddings=False,
        context_length=4096,
        tensors=(
            Tensor(Role.EMBEDDING, "embed_tokens", (1000, 1000)),
            Tensor(Role.MLP_UP, "up_proj", (1500, 1000), layers=LAYERS),
            Tensor(Role.HEAD, "lm_head", (1000, 1000)),
        ),
        caches=(Cache(CacheKind.FULL, LAYERS, key_elements=100, value_elements=100, heads=10),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields by keyword


def workload(**changes: object) -> Workload:
    """Make a load whose context is half filled with 1,000 tokens."""
    made = Workload(engine=ENGINE, format=F16, kv_format=KV_F16, context=2000)
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields by keyword


def device(*gpus: DeviceGpu) -> Device:
    """Make a machine of these cards."""
    return Device(gpus=gpus)


def estimate(weights: int = 8_000_000) -> Estimate:
    """Make an estimate of which only the weights matter."""
    return Estimate(parts=(Part(name=PartName.WEIGHTS, bytes=weights),))
