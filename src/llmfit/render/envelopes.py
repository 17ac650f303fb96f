"""The envelope of each command, typed; `shapes.py` has the nouns inside them."""

import sys
from typing import Literal, NotRequired

from llmfit.render.inverse_shapes import Choice, Counts, GridCell, Result, Variant
from llmfit.render.load_shapes import Workload
from llmfit.render.recommendation_shapes import Question, Recommendation, Rejection
from llmfit.render.shapes import (
    Catalog,
    Device,
    DeviceGpu,
    Gpu,
    ModelDetails,
    Sizing,
)
from llmfit.render.shapes import Model as ModelShape

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


class Envelope(TypedDict):
    """What every answer begins with."""

    schema_version: Literal[1]
    command: str
    catalog: Catalog


class EstimateEnvelope(Envelope, Sizing):
    """The answer of `llmfit estimate`."""

    device: Device | None


class CompareEnvelope(Envelope):
    """The answer of `llmfit compare`."""

    device: Device | None
    estimates: list[Sizing]


class RecommendEnvelope(Envelope):
    """The answer of `llmfit recommend`."""

    device: Device
    question: Question
    considered: int
    """How many models were looked at."""
    recommendations: list[Recommendation]
    offload: list[Recommendation]
    """Better models that run only with part of them in RAM."""
    rejected: dict[str, int]
    """How many models each reason kept out."""
    rejections: NotRequired[list[Rejection]]
    """With `--explain`, or the one that `--why-not` asks for."""
    weights: dict[str, float]
    """Weights of the score's parts that were used."""
    warnings: list[str]


class CheckEnvelope(Envelope):
    """The answer of `llmfit check`."""

    as_of: str
    """ISO day on which prices and exceptions were judged."""
    summary: Counts
    results: list[Result]
    changed: list[str]
    """What is not what the lock file says."""


class PlanEnvelope(Envelope):
    """The answer of `llmfit plan`: variants with a device, smallest and cheapest with a load, grid with a model."""

    device: Device | None
    model: ModelShape
    context: int
    sequences: int
    headroom_percent: float
    workload: Workload | None
    variants: list[Variant]
    smallest: list[Choice]
    cheapest: list[Choice]
    prices_note: str
    grid: list[GridCell]
    launch: str
    """With `--emit`: the command or file."""
    warnings: list[str]


class ListedModel(ModelShape):
    """A model in the list."""

    origin: str
    """`built-in`, or the user's file."""


class ModelsEnvelope(Envelope):
    """The answer of `llmfit models`."""

    models: list[ListedModel]


class ModelEnvelope(Envelope):
    """The answer of `llmfit models show`."""

    model: ModelDetails


class GpusEnvelope(Envelope):
    """The answer of `llmfit gpus`."""

    gpus: list[Gpu]


class DetectEnvelope(Envelope):
    """The answer of `llmfit detect`."""

    device: Device
    gpus: list[DeviceGpu]


class Change(TypedDict):
    """One field of a row that differs."""

    field: str
    before: object
    after: object


class ImportEnvelope(Envelope):
    """The answer of `llmfit import`."""

    model: ModelShape
    action: Literal["added", "updated", "unchanged", "checked"]
    file: str
    """Where the row is; `built-in` for one that comes with the program."""
    changes: list[Change]
    warnings: list[str]


class Problem(TypedDict):
    """One error of a deploy file."""

    file: str
    line: int
    column: int
    deployment: str
    """Name of the deployment; empty outside of them."""
    field: str
    message: str
    fix: str


class Error(TypedDict):
    """Why there is no answer."""

    code: str
    """Stable word, such as `unknown_model`, `usage`, `no_gpu`."""
    message: str
    hint: str
    problems: NotRequired[list[Problem]]
    """Each error of a deploy file that is not valid."""


class ErrorEnvelope(TypedDict):
    """What any command answers where it cannot, with exit code 2 or 3."""

    schema_version: Literal[1]
    command: str
    error: Error
    device: NotRequired[Device]
    """What `detect` knows of a machine without a GPU: its RAM."""
