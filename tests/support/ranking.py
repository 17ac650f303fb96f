"""A small world of models to rank: the product's own formats, tasks and figures, and a few models made up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from llmfit.catalog.load import Catalog, load_catalog
from llmfit.records.device import Device, DeviceGpu
from llmfit.records.engine import Engine
from llmfit.records.format import Format, KvFormat
from llmfit.records.license import License
from llmfit.records.model import Model
from llmfit.records.ranking import Ranking
from llmfit.records.recommendation import Rated
from llmfit.records.score import Score
from llmfit.records.task import Task

GIB = 2**30
SHAPES = {
    0.5: (896, 24, 14, 2, 4864),
    1: (2048, 16, 16, 4, 5632),
    3: (2560, 36, 20, 4, 9216),
    8: (4096, 32, 32, 8, 14336),
    14: (5120, 40, 40, 8, 17408),
    32: (5120, 64, 40, 8, 27648),
    70: (8192, 80, 64, 8, 28672),
}
"""Size in B → hidden size, layers, heads, KV heads, intermediate size."""


@cache
def built_in() -> Catalog:
    """Return the product's own catalog, without a user's rows."""
    return load_catalog(user_file=None)


@dataclass(frozen=True)
class World:
    """Facts as `recommend` reads them, each replaceable."""

    models: Mapping[str, Model]
    scores: tuple[Score, ...] = ()
    licenses: Mapping[str, License] = field(default_factory=lambda: built_in().licenses)
    tasks: Mapping[str, Task] = field(default_factory=lambda: built_in().tasks)
    formats: Mapping[str, Format] = field(default_factory=lambda: built_in().formats)
    kv_formats: Mapping[str, KvFormat] = field(default_factory=lambda: built_in().kv_formats)
    engines: Mapping[str, Engine] = field(default_factory=lambda: built_in().engines)
    ranking: Ranking = field(default_factory=lambda: built_in().ranking)

    def scores_of(self, benchmarks: Collection[str]) -> list[Score]:
        """Return the scores on these benchmarks."""
        return [score for score in self.scores if score.benchmark in benchmarks]

    def qualities_of(self, task: str) -> Mapping[str, Rated]:
        """Return nothing: no such facts were compiled."""
        del task
        return {}


def config(billions: float) -> dict[str, Any]:
    """Return the configuration of a dense decoder of about this size."""
    hidden, layers, heads, kv_heads, wide = SHAPES[billions]
    return {
        "model_type": "llama",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": wide,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "tie_word_embeddings": False,
    }


def ranked(name: str, billions: float = 8, **changes: Any) -> Model:
    """Return an instruct model of about this size, changed as asked."""
    from llmfit.architectures import describe

    shape = config(billions)
    plain = Model(
        id=name,
        family=f"Family {name}",
        publisher=name.partition("/")[0],
        kind="instruct",
        architecture=shape,
        parameters=describe(shape).parameters,
        released=date(2025, 6, 1),
        license="apache-2.0",
        tasks=("chat", "writing", "summarize", "code", "math", "reasoning", "rag"),
        languages=("en", "ko"),
        context_length=131072,
        likes=500,
    )
    return replace(plain, **changes)


def world(*models: Model, scores: tuple[Score, ...] = (), **changes: Any) -> World:
    """Return a world of these models."""
    return World({model.id: model for model in models}, scores=scores, **changes)


def a_score(model: str, score: float, **changes: Any) -> Score:
    """Return an independent score on LiveBench of June 2024, changed as asked."""
    plain = Score(
        model=model,
        benchmark="livebench-2024-06-24/global",
        score=score,
        evidence="independent",
        date="2024-06-24",
        source="a board",
    )
    return replace(plain, **changes)


def card(gb: float, *, bandwidth: float | None = None, ram: float | None = None) -> Device:
    """Return a card of this size, without what a driver keeps."""
    gpu = DeviceGpu(
        name=f"{gb:g} GB",
        total_bytes=round(gb * GIB),
        bandwidth_gbps=bandwidth,
        fp32_tflops=20.0 if bandwidth else None,
        fp16_tflops=80.0 if bandwidth else None,
    )
    return Device(gpus=(gpu,), ram_bytes=None if ram is None else round(ram * GIB))
