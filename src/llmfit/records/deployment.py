"""What a team promises to run where: the deploy file's rows, and what `check` finds out about them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Any, Literal

from llmfit.records.base import Field, Record
from llmfit.records.device import MOST_GPUS
from llmfit.records.frozen import dataclass
from llmfit.records.sizing import Sizing

Rule = Literal[
    "fit", "headroom", "license", "commercial", "region", "speed", "price", "undecided", "exception", "engine", "lock"
]
"""What a finding is about; the id of its rule in SARIF.

fit         the load needs more memory than there is
headroom    less stays free than the limit asks for
license     the effective licence is none of those allowed
commercial  commercial use is not allowed, or unknown
region      a licence grants nothing in a region
speed       slower than the limit, or unknown
price       dearer than the limit, or unknown
undecided   the question could not be answered
exception   an exception that is out of date or excuses nothing
engine      what to tell the engine so that the load runs as counted
lock        a fact that is not what the lock file says
"""

Excusable = Literal["fit", "headroom", "license", "commercial", "region", "speed", "price"]
"""Rules that an exception may excuse."""

Level = Literal["error", "unknown", "warning", "note"]
Status = Literal["pass", "fail", "undecided"]


class Limits(Record):
    """What must hold beyond that the load fits."""

    min_headroom_percent: float | None = Field(default=None, ge=0, lt=100)
    """Share of each GPU's usable memory that must stay free."""
    min_headroom_gb: float | None = Field(default=None, ge=0)
    """GiB of each GPU that must stay free."""
    licenses: tuple[str, ...] = ()
    """Ids of licences of which one must be the effective one; empty for any."""
    commercial: bool | None = None
    """Whether commercial use must be allowed, with conditions or without."""
    regions: tuple[str, ...] = ()
    """Countries (ISO 3166) or `eu` where the licence must hold."""
    min_tokens_per_second: float | None = Field(default=None, gt=0)
    """Slowest decoding of one sequence."""
    max_usd_per_hour: float | None = Field(default=None, gt=0)
    """Highest list price of a cloud instance with this GPU."""


class Options(Record):
    """Options of the engine, by its own names; what is left out is the engine's default."""

    n_ubatch: int | None = Field(default=None, ge=1, le=65_536)
    """llama.cpp `--ubatch-size`."""
    n_batch: int | None = Field(default=None, ge=1, le=65_536)
    """llama.cpp `--batch-size`."""
    flash_attention: bool | None = None
    """llama.cpp `--flash-attn`; the attention kernel of transformers."""
    unified_kv: bool | None = None
    """llama.cpp `--kv-unified`."""
    swa_full: bool | None = None
    """llama.cpp `--swa-full`."""
    n_gpu_layers: int | None = Field(default=None, ge=0, le=1000)
    """llama.cpp `-ngl`; left out for all layers."""
    n_cpu_moe: int | None = Field(default=None, ge=0, le=1000)
    """llama.cpp `--n-cpu-moe`."""
    max_num_seqs: int | None = Field(default=None, ge=1, le=65_536)
    """vLLM `--max-num-seqs`."""
    max_num_batched_tokens: int | None = Field(default=None, ge=1, le=10_000_000)
    """vLLM `--max-num-batched-tokens`."""
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    """vLLM `--gpu-memory-utilization`."""
    enforce_eager: bool | None = None
    """vLLM `--enforce-eager`."""
    block_size: int | None = Field(default=None, ge=1, le=1024)
    """vLLM `--block-size`."""
    tensor_parallel: int | None = Field(default=None, ge=1, le=MOST_GPUS)
    """vLLM `--tensor-parallel-size`."""
    pipeline_parallel: int | None = Field(default=None, ge=1, le=MOST_GPUS)
    """vLLM `--pipeline-parallel-size`."""
    attn_implementation: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    """transformers `attn_implementation`."""


OPTIONS_OF: Mapping[str, tuple[str, ...]] = {
    "llama.cpp": (
        "n_ubatch",
        "n_batch",
        "flash_attention",
        "unified_kv",
        "swa_full",
        "n_gpu_layers",
        "n_cpu_moe",
    ),
    "vllm": (
        "max_num_seqs",
        "max_num_batched_tokens",
        "gpu_memory_utilization",
        "enforce_eager",
        "block_size",
        "tensor_parallel",
        "pipeline_parallel",
    ),
    "transformers": ("flash_attention", "attn_implementation"),
}
"""Options that each engine has."""


class Settings(Record):
    """Everything that a deployment may say, and `defaults` too."""

    revision: str | None = None
    """Commit, tag or branch of the model's repository; noted in the answer, no facts depend on it."""
    engine: str | None = None
    """llama.cpp, transformers or vllm."""
    engine_version: str | None = None
    """Version whose rules apply, such as `0.33.0` or `b6400`; the newest known one where left out."""
    precision: str | None = None
    """fp32, fp16, fp8, int8 or int4."""
    format: str | None = None
    """Exact format: Q4_K_M, nf4, awq-int4, …"""
    kv_format: str | None = None
    """Format of the KV cache."""
    context: int | None = Field(default=None, ge=1, le=10**9)
    """Tokens of one sequence, prompt and answer."""
    prompt_tokens: int | None = Field(default=None, ge=1, le=10**9)
    """How much of the context is prefilled; all where left out."""
    sequences: int | None = Field(default=None, ge=1, le=10**6)
    """Sequences at once: users or answers."""
    options: Options | None = None
    """Options of the engine."""
    gpu: str | None = None
    """GPU by name."""
    gpu_count: int | None = Field(default=None, ge=1, le=MOST_GPUS)
    """How many of it one machine has."""
    vram_gb: float | None = Field(default=None, gt=0, le=16_384)
    """Size of the card as sold, instead of a name."""
    ram_gb: float | None = Field(default=None, gt=0, le=65_536)
    """RAM beside the GPU that may be used."""
    limits: Limits | None = None
    """What must hold beyond that the load fits."""


class Deployment(Settings):
    """One model under one load on one machine."""

    name: str
    """Unique in the file."""
    model: str
    """Id or unambiguous short name in the catalog."""


class Waiver(Record):
    """An exception: one rule that one deployment need not keep, why, and until when."""

    deployment: str
    """Name of the deployment."""
    rule: Excusable
    """What it need not keep."""
    reason: str
    """Why, and who agreed."""
    expires: date
    """Last day on which it holds."""


class DeployFile(Record):
    """The deploy file: `llmfit check deploy.yaml`."""

    schema_version: Literal[1]
    """Version of this form."""
    defaults: Settings | None = None
    """What holds for every deployment that says nothing else."""
    deployments: tuple[Deployment, ...]
    """What runs where."""
    exceptions: tuple[Waiver, ...] = ()
    """What need not be kept, for how long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a file."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing to correct in a deploy file."""

    place: Place
    row: str = ""
    """Name of the deployment, or its place in the list; empty outside of them."""
    field: str = ""
    message: str
    fix: str
    """What to do, as an order."""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.row, self.field) if part)
        at = f"{self.place.file}:{self.place.line}:{self.place.column}"
        return f"{at}: {where + ': ' if where else ''}{self.message}; {self.fix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found."""

    rule: Rule
    level: Level
    """error: does not hold · unknown: could not be decided · warning, note: nothing depends on it."""
    message: str
    excused: str = ""
    """Reason and last day of the exception that excuses it; empty where none does."""
    field: str = ""
    """Field of the deploy file that it speaks of, such as `limits.commercial`."""
    place: Place | None = None


ChangeKind = Literal["context", "sequences", "kv_format", "format", "options", "gpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a load that makes it fit, solved."""

    kind: ChangeKind
    setting: str
    """Name of the field that changes."""
    value: str | int | float
    """What it changes to: the most that fits, or the least that suffices."""
    message: str
    """The change as an order."""
    write: str = ""
    """The same as it is written where the question stands: options of the command line, or fields of the file."""
    margin_bytes: int = 0
    """What then stays free on the fullest GPU, beyond the asked headroom."""
    roomy: int | None = None
    """The value that would leave a tenth of each GPU free, where this one leaves less."""
    note: str = ""
    """What else to know of it, as a clause."""
    also: tuple["Change", ...] = ()
    """What has to change with it; empty where it suffices alone."""

    @property
    def advice(self) -> str:
        """The order, and how to write it."""
        return f"{self.message} ({self.write})" if self.write else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Whether one deployment holds what is asked of it."""

    name: str
    model: str
    """As it was asked for."""
    place: Place | None = None
    revision: str | None = None
    status: Status
    sizing: Sizing | None = None
    """None where the question could not be answered."""
    margin_bytes: int | None = None
    """What stays free on the fullest GPU, beyond what the engine may take; negative where it does not fit."""
    margin_percent: float | None = None
    """The same as a share of what is usable there."""
    deciding_part: str | None = None
    """The part with which the sum passes what is usable; the largest where it fits."""
    headroom: str = ""
    """What was asked to stay free, in words; empty where nothing was."""
    changes: tuple[Change, ...] = ()
    """What would make it fit, the smallest change first."""
    findings: tuple[Finding, ...] = ()
    conditions: tuple[str, ...] = ()
    """What the licences ask for, to be kept by whoever deploys."""
    error_code: str = ""
    """Stable word of the error, where the question could not be answered."""
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Facts that a lock file pins, by name."""
