"""The JSON envelope, typed: what programs may rely on. `python -m llmfit.render.schema` publishes it.

Nothing imports this when it runs: pydantic turns it into JSON Schema, mypy checks the renderers against it.
"""

import sys
from typing import Any, Literal, NotRequired

from llmfit.render.load_shapes import (
    Measured,
    MethodSize,
    RecipeSize,
    Split,
    TrainingWorkload,
    Verdict,
    Workload,
)

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


class License(TypedDict):
    """A licence as it holds over the model's lineage."""

    id: str
    """The licence that the repository states."""
    effective_id: str
    """The strictest licence that holds: the model's own or an ancestor's."""
    commercial: Literal["yes", "conditional", "no", "unknown"]
    permissive: bool
    conditions: list[str]
    """What remains to be done or kept, each in one sentence."""
    regions_excluded: list[str]
    """ISO 3166 codes, or `eu`, where some licence of the lineage grants nothing."""


class Model(TypedDict):
    """A model, wherever it appears."""

    id: str
    family: str
    publisher: str
    kind: str
    parameters: int
    active_parameters: int | None
    """Parameters that one token of an answer is multiplied with: of a mixture neither the input table, unless it is the
    head too, nor towers; all of any other model. Null where the architecture cannot be described."""
    context_length: int | None
    """Null where the source of an uncatalogued model does not tell it."""
    released: str | None
    """ISO date on which the base weights were released."""
    tasks: list[str]
    languages: list[str]
    license: License


class DeviceGpu(TypedDict):
    """One GPU of a device."""

    name: str
    vendor: str
    platform: str
    compute: str | None
    total_bytes: int
    """What the driver reports, or the nominal size where nothing was reported."""
    reserved_bytes: int
    """What the driver keeps for itself."""
    used_bytes: int
    """What other programs hold now; 0 unless detected."""
    usable_bytes: int
    bandwidth_gbps: float | None
    fp16_tflops: float | None
    source: str
    """Where the figures come from."""


class Device(TypedDict):
    """One machine: its GPUs and its RAM."""

    name: str
    source: str
    """How it was named: `--vram`, `--gpu`, `detected`."""
    unified: bool
    """Whether GPU and CPU share one memory."""
    total_bytes: int
    usable_bytes: int
    ram_bytes: int | None
    """RAM that a program can take; null where unknown."""
    gpus: list[DeviceGpu]
    notes: list[str]


class Memory(TypedDict):
    """Bytes by part. All but the total sum to the total; null where a part is unknown, and the total a lower bound."""

    weights_bytes: int | None
    kv_cache_bytes: int | None
    gradients_bytes: NotRequired[int | None]
    """Training alone."""
    optimizer_bytes: NotRequired[int | None]
    """Training alone."""
    adapter_bytes: NotRequired[int | None]
    """Training alone."""
    activation_bytes: int | None
    """What the engine's tensors take beyond weights and cache: logits, compute buffers."""
    overhead_bytes: int | None
    """What engine and driver take beyond tensors: CUDA context, allocator reserve, graphs."""
    total_bytes: int
    """The sum of the others: weights and cache once, activations and overhead of every GPU."""


class Term(TypedDict):
    """One term of a part."""

    label: str
    bytes: int
    formula: str
    """The formula with the numbers put in."""
    source: str


class Part(TypedDict):
    """One part with its terms."""

    name: str
    bytes: int
    low_bytes: int
    """Lower end of what was measured; the figure itself where it is exact."""
    high_bytes: int
    lines: list[Term]
    assumptions: list[str]


class Speed(TypedDict):
    """Tokens per second of one sequence, as a range."""

    low: float
    typical: float
    high: float
    prefill: float | None
    """Prompt tokens per second; null where the compute rate is unknown."""
    basis: str


class TrainingPlan(TypedDict):
    """How far fine-tuning could go on the device, and how to start it."""

    batch_size: int | None
    """Largest micro-batch that fits; null where none does, or no device was named."""
    sequence_length: int | None
    lora_rank: int | None
    methods: list[MethodSize]
    adapted: list[str]
    """Modules on which the adapters among these methods are compared; `all-linear` for every linear layer."""
    recipes: list[RecipeSize]
    """Empty under an adapter, whose model is frozen."""
    recipe: dict[str, Any]
    """Arguments of PEFT, TRL and DeepSpeed by their own names."""


class Sizing(TypedDict):
    """One model under one load, on a device or on none."""

    model: Model
    workload: Workload | TrainingWorkload
    memory: Memory
    ram_bytes: int
    """RAM that it takes beside the device's memory."""
    per_gpu_bytes: list[int]
    """Bytes of each GPU, the fullest first; empty for one GPU.

    Their sum may be more than the total: vLLM keeps norms, routers, latents and KV heads that do not divide on every
    GPU, and each of its ranks is taken to be as full as the fullest.
    """
    unknown: list[str]
    """Parts that could not be computed."""
    verdict: Verdict | None
    """Null where no device was named."""
    verdict_reason: str
    headroom_bytes: int | None
    """Usable bytes that stay free; negative where it does not fit."""
    speed: Speed | None
    speed_reason: str
    """Why there is none, where the model fits a device."""
    measured: Measured | None
    """Null where nobody looked it up."""
    assumptions: list[str]
    warnings: list[str]
    plan: NotRequired[TrainingPlan]
    """For fine-tuning."""
    offload: NotRequired[Split]
    """With the verdict `offload`."""
    parts: NotRequired[list[Part]]
    """With `--explain`."""


class Gpu(TypedDict):
    """One row of the GPU table."""

    id: str
    name: str
    vendor: str
    aliases: list[str]
    generation: str | None
    architecture: str | None
    compute: str | None
    form_factor: str | None
    released: int | None
    memory_bytes: int
    """What the box says: 1 GB of the box is 1 GiB."""
    reported_bytes: int | None
    """Total that the driver reports, where somebody read it."""
    reserved_bytes: int | None
    unified_memory: bool
    memory_type: str | None
    bandwidth_gbps: float | None
    fp32_tflops: float | None
    fp16_tflops: float | None
    int8_tops: float | None
    fp8_tflops: float | None
    bf16: bool | None
    disagreement: str
    """Where the sources differ, in words."""
    sources: list[str]


class Source(TypedDict):
    """Where a fact was read."""

    of: str
    """The fields that it vouches for, separated by `|`."""
    source: str
    checked: str
    certainty: str


class LicenseText(TypedDict):
    """One of the licences that hold over a model's lineage."""

    id: str
    name: str
    spdx_id: str | None
    url: str | None
    """Where its text can be read."""
    regions_note: str


class ModelDetails(Model):
    """A model with everything that the catalog knows of it."""

    parameters_certainty: str
    parameters_note: str
    released_certainty: str
    context_certainty: str
    context_extended: int | None
    base_model: str | None
    base_relation: str | None
    lineage_licenses: list[str]
    data_caveats: list[str]
    license_because: list[str]
    """How the effective licence came to be, ancestor by ancestor."""
    license_texts: list[LicenseText]
    """Every licence that applies and that the catalog knows, the model's own first."""
    native_format: str | None
    official: bool
    gated: bool | None
    likes: int | None
    downloads: int | None
    notes: str
    origin: str
    """`built-in`, or the user's file."""
    sources: list[Source]


class Catalog(TypedDict):
    """The facts that the answer comes from."""

    version: str
    models: int
