"""The JSON of `check` and `plan`, typed; `shapes.py` has the nouns inside them."""

import sys
from typing import Literal

from llmfit.render.load_shapes import Workload
from llmfit.render.shapes import Device, Memory, Sizing

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


class Place(TypedDict):
    """Where something stands in a deploy file."""

    file: str
    line: int
    column: int


class Finding(TypedDict):
    """One thing that a check found."""

    rule: str
    """fit, headroom, license, commercial, region, speed, price, undecided, exception, engine."""
    level: Literal["error", "unknown", "warning", "note"]
    message: str
    field: str
    """Field of the deploy file that it speaks of."""
    excused: str
    """Reason and last day of the exception that excuses it; empty where none does."""
    place: Place | None


class FurtherChange(TypedDict):
    """What has to change together with a change."""

    kind: Literal["context", "sequences", "kv_format", "format", "options", "gpu"]
    setting: str
    value: str | int | float


class Change(TypedDict):
    """One change that makes the load fit, solved."""

    kind: Literal["context", "sequences", "kv_format", "format", "options", "gpu"]
    setting: str
    value: str | int | float
    message: str
    write: str
    """The same as it is written where the question stands: options of the command line, or fields of the file."""
    margin_bytes: int
    """What then stays free on the fullest GPU, beyond the asked headroom."""
    roomy: int | None
    """The value that would leave a tenth of each GPU free; null where this one does, or none is known."""
    also: list[FurtherChange]
    """What has to change with it; empty where it suffices alone."""


class Result(TypedDict):
    """One deployment."""

    name: str
    asked_model: str
    """As it was asked for; the model that it stands for is in `estimate`."""
    revision: str | None
    place: Place | None
    """Null on the command line."""
    status: Literal["pass", "fail", "undecided"]
    error_code: str
    """Why it could not be decided, in a stable word; else empty."""
    margin_bytes: int | None
    """What stays free on the fullest GPU, of what the engine may take; negative where it does not fit."""
    margin_percent: float | None
    deciding_part: str | None
    """The part with which the sum passes what there is; the largest where it fits."""
    changes: list[Change]
    """The smallest change first."""
    findings: list[Finding]
    conditions: list[str]
    """What the licences ask for."""
    device: Device | None
    estimate: Sizing | None


Counts = TypedDict("Counts", {"pass": int, "fail": int, "undecided": int})


class Corner(TypedDict):
    """So many sequences, and the longest context of each."""

    sequences: int
    context: int


class RefusedShape(TypedDict):
    """A way of dividing the model that the engine refuses."""

    tensor_parallel: int
    pipeline_parallel: int
    reason: str


class ContextSplit(TypedDict):
    """How llama.cpp divides the model for one context."""

    context: int
    n_gpu_layers: int | None
    """`-ngl`; null for all layers."""
    n_cpu_moe: int


class Variant(TypedDict):
    """How far one engine and format go on the device."""

    workload: Workload
    longest_context: int
    """0 where not even one token fits; with whatever split it takes where part of it lies in RAM."""
    comfortable_context: int
    """The same with a tenth of each GPU left free."""
    limited_by_model: bool
    most_sequences: int
    frontier: list[Corner]
    memory: Memory | None
    """Of the longest context; where part of it lies in RAM, of the asked one."""
    per_gpu_bytes: list[int]
    ram_bytes: int
    margin_bytes: int
    gpu_memory_utilization: float | None
    tensor_parallel: int
    pipeline_parallel: int
    max_num_seqs: int | None
    """vLLM: sequences of one step to ask for, where its default takes more than there is."""
    missing_bytes: int
    """What the asked context, or one token where none was asked for, lacks on the fullest GPU."""
    in_ram: bool
    """Whether it runs only with part of it in RAM."""
    n_gpu_layers: int | None
    n_cpu_moe: int
    splits: list[ContextSplit]
    """Where part of it lies in RAM: how, for the asked context as far as it runs, and for the longest one."""
    refused: list[RefusedShape]
    reason: str
    """Why it does not run."""


class Instance(TypedDict):
    """A cloud instance with its dated price."""

    id: str
    provider: str
    instance: str
    region: str
    vcpus: int | None
    ram_bytes: int | None
    """RAM beside the GPUs."""
    price_usd_per_hour: float | None
    price_date: str | None


class Choice(TypedDict):
    """One machine on which the load runs."""

    device: Device
    total_bytes: int
    margin_bytes: int
    tensor_parallel: int
    pipeline_parallel: int
    price_note: str
    instance: Instance | None


class GridCell(TypedDict):
    """The smallest class of card for one format and context."""

    precision: str
    format: str
    context: int
    card_gb: int | None
    total_bytes: int | None
