"""Fixed parts of answers, built by hand, so that outputs do not follow the catalog."""

from dataclasses import replace
from datetime import date

from llmfit.records.base import Source
from llmfit.records.device import Device, DeviceGpu, Gpu
from llmfit.records.engine import Engine
from llmfit.records.estimate import Estimate, Fit, Line, Part, PartName, Verdict
from llmfit.records.format import BlockLayout, Format, KvFormat
from llmfit.records.license import EffectiveLicense, License
from llmfit.records.measured import Measured
from llmfit.records.model import Model
from llmfit.records.sizing import MethodSize, RecipeSize, Sizing, Split, TrainingPlan
from llmfit.records.speed import Speed
from llmfit.records.training import Training, TrainingFacts
from llmfit.records.workload import EngineOptions, Workload
from llmfit.render.catalog import ModelRow
from llmfit.render.view import Origin

GIB = 1024**3
MIB = 1024**2

ENGINE = Engine(id="llama.cpp", version="b9000", constants=())
Q4 = Format(
    id="Q4_K_M",
    family="gguf",
    precision="int4",
    engines=("llama.cpp",),
    nominal_bits=4.85,
    layouts=(BlockLayout(name="Q4_K", block_size=256, block_bytes=144),),
)
F16_CACHE = KvFormat(id="f16", block_size=1, block_bytes=2, engines=("llama.cpp",))
LICENSE = EffectiveLicense(
    id="apache-2.0", effective_id="apache-2.0", commercial="yes", permissive=True, ids=("apache-2.0",)
)
STRICT = EffectiveLicense(
    id="other",
    effective_id="meadow-nc",
    commercial="no",
    permissive=False,
    conditions=("Research only.",),
    regions_excluded=("eu",),
    because=("meadow-nc: inherited from meadow/base",),
    ids=("other", "meadow-nc"),
)


def model(name: str = "meadow/Lark-8B-Instruct", **changes: object) -> Model:
    """Return a model of 8 B parameters."""
    facts: dict[str, object] = {
        "id": name,
        "family": "Lark",
        "publisher": "Meadow",
        "kind": "instruct",
        "architecture": {"model_type": "llama"},
        "parameters": 8_030_261_248,
        "released": date(2026, 3, 1),
        "license": "apache-2.0",
        "tasks": ("chat", "code"),
        "languages": ("en", "ko"),
        "context_length": 131_072,
        "sources": (Source(of="license|context_length", source="model card of Lark", checked="2026-11-01"),),
    }
    return Model(**{**facts, **changes})  # type: ignore[arg-type]  # each change is a field of its own type


def estimate(weights: float = 4.5, cache: float = 1.0) -> Estimate:
    """Return an estimate whose parts are given in GiB."""
    return Estimate(
        parts=(
            Part(
                name=PartName.WEIGHTS,
                bytes=round(weights * GIB),
                lines=(Line("matrices", round(weights * GIB), "8,000,000,000 × 4.83 bit", "llama.cpp b9000"),),
                assumptions=("The input embedding stays in RAM",),
            ),
            Part(
                name=PartName.KV_CACHE,
                bytes=round(cache * GIB),
                lines=(Line("keys and values", round(cache * GIB), "32 layers × 2 × 8 × 128 × 2 B × 8,192", ""),),
            ),
            Part(name=PartName.ACTIVATION, bytes=100 * MIB, low=50 * MIB, high=300 * MIB),
            Part(name=PartName.OVERHEAD, bytes=450 * MIB, low=440 * MIB, high=740 * MIB),
        ),
        host_bytes=300 * MIB,
        assumptions=("Flash attention is on",),
        warnings=("A warning of the estimate",),
    )


def device(gib: float = 8.0) -> Device:
    """Return a machine with one card."""
    gpu = DeviceGpu(
        name="Meadow RTX 8",
        total_bytes=round(gib * GIB),
        reserved_bytes=300 * MIB,
        vendor="nvidia",
        compute="sm_89",
        bandwidth_gbps=288.0,
        fp16_tflops=60.0,
        source="GPU table: meadow-rtx-8",
    )
    return Device(gpus=(gpu,), ram_bytes=32 * GIB, source="--gpu", notes=("A note on the device",))


WORKLOAD = Workload(engine=ENGINE, format=Q4, kv_format=F16_CACHE, context=8192)
SPEED = Speed(low=38.2, typical=44.9, high=51.6, basis="288 GB/s, llama.cpp", prefill=1200.0)


def fit(verdict: Verdict = Verdict.FITS, *, on: Device | None = None, of: Estimate | None = None) -> Fit:
    """Return a fit with the verdict that the test wants to see."""
    reason = "" if verdict is Verdict.FITS else "needs more than there is"
    return Fit(estimate=of or estimate(), device=on or device(), verdict=verdict, reason=reason)


def sizing(
    name: str = "meadow/Lark-8B-Instruct", *, compared: Fit | None = None, license_: EffectiveLicense = LICENSE
) -> Sizing:
    """Return an estimate of a model, compared with the device unless said otherwise."""
    fitted = compared or fit()
    return Sizing(
        model=model(name),
        active_parameters=8_030_261_248,
        license=license_,
        workload=WORKLOAD,
        estimate=fitted.estimate,
        fit=fitted,
        speed=SPEED,
    )


def offloaded_sizing(*, experts: bool = False) -> Sizing:
    """Return an estimate of a model that runs with part of it in RAM, with options of its engine set."""
    split = Split(
        n_gpu_layers=None if experts else 19,
        n_cpu_moe=13 if experts else 0,
        layers=33,
        gpu_bytes=round(7.4 * GIB),
        ram_bytes=round(8.1 * GIB),
        moved_bytes=round(7.8 * GIB),
    )
    options = EngineOptions(n_ubatch=1024, swa_full=True, engine_version="b8000")
    return replace(
        sizing(compared=fit(Verdict.OFFLOAD, of=estimate(weights=14.0))),
        workload=replace(WORKLOAD, options=options, kv_format_v=F16_CACHE),
        speed=None,
        offload=split,
    )


def training_sizing() -> Sizing:
    """Return an estimate of fine-tuning, with how far it could go."""
    load = Training(facts=TrainingFacts(id="peft-0", target_modules=(), constants=()), method="qlora", gpus=2, zero=2)
    parts = (
        *estimate(cache=0).parts,
        Part(name=PartName.GRADIENTS, bytes=GIB // 4),
        Part(name=PartName.OPTIMIZER, bytes=GIB // 2),
        Part(name=PartName.ADAPTER, bytes=GIB // 8),
    )
    plan = TrainingPlan(
        batch_size=3,
        sequence_length=6877,
        lora_rank=None,
        methods=(
            MethodSize(method="full", total_bytes=60 * GIB, verdict=Verdict.TOO_LARGE),
            MethodSize(method="qlora", total_bytes=6 * GIB, verdict=Verdict.FITS),
        ),
        adapted=("all-linear",),
        recipes=(
            RecipeSize(recipe="bf16-master", total_bytes=60 * GIB, verdict=Verdict.TOO_LARGE),
            RecipeSize(recipe="bf16", total_bytes=24 * GIB, verdict=Verdict.FITS),
        ),
        recipe={"trainer": "SFTTrainer", "peft": {"r": 16}, "deepspeed": {}},
    )
    estimated = Estimate(parts=parts, per_gpu_bytes=(3 * GIB, 3 * GIB))
    return Sizing(
        model=model(),
        active_parameters=1_000_000_000,
        license=LICENSE,
        workload=load,
        estimate=estimated,
        fit=fit(of=estimated),
        measured=Measured("qlora by peft", 0, nearest="lora by peft"),
        plan=plan,
    )


GPU = Gpu(
    id="meadow-rtx-8",
    name="Meadow RTX 8",
    vendor="nvidia",
    generation="Meadow",
    compute="sm_89",
    released=2026,
    memory_bytes=8 * GIB,
    bandwidth_gbps=288.0,
    fp16_tflops=60.0,
    bf16=True,
    sources=(Source(of="memory_bytes", source="data sheet", checked="2026-11-01"),),
)


def origin(command: str) -> Origin:
    """Return an origin with a fixed catalog."""
    return Origin(command=command, catalog_version="2026-11-21.0123abcd", catalog_models=5)


def row(name: str = "meadow/Lark-8B-Instruct", license_: EffectiveLicense = STRICT) -> ModelRow:
    """Return a model of the catalog."""
    return ModelRow(
        model=model(name, base_model="meadow/base", base_relation="instruct"),
        license=license_,
        active_parameters=8_030_261_248,
        origin="built-in",
        texts=(
            License(
                id="meadow-nc",
                name="Meadow Non-commercial License",
                permissive=False,
                commercial="conditional",
                passes_to_derivatives=True,
                url="https://meadow.example/license",
                regions_note="Towers are excluded in the EU.",
                certainty="sourced",
            ),
        ),
    )
