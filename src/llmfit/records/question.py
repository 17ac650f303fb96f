"""What the user asks of `recommend`: tasks, limits and tastes."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from llmfit.records.format import EngineName, PrecisionName
from llmfit.records.frozen import dataclass

if TYPE_CHECKING:
    from llmfit.records.training import Training

DEFAULT_TOP = 5
"""How many picks to show where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request for recommendations. Ids are resolved before it is made; limits filter, weights weigh."""

    tasks: tuple[str, ...] = ("chat",)
    """Ids in `tasks.yaml`; a model must be able to do all of them."""
    licenses: tuple[str, ...] = ()
    """Licence ids, `commercial` or `permissive`: any of the ids, and each of the words; empty for no limit."""
    region: str | None = None
    """ISO 3166 code, or `eu`, where it will be used."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that the model must claim."""
    context: int | None = None
    """Tokens of one sequence, prompt and answer; the task's usual context where None."""
    prompt_tokens: int | None = None
    """How much of the context is prefilled; all where None."""
    sequences: int = 1
    """Sequences at once."""
    training: "Training | None" = None
    """How the model is to be fine-tuned; it is to answer where None."""
    engines: tuple[EngineName, ...] = ()
    """Engines to consider; those of `data/ranking.yaml` where empty."""
    precision: PrecisionName | None = None
    """Only this precision."""
    format: str | None = None
    """Only this format, an id in `formats.yaml`."""
    kv_format: str | None = None
    """Cache format, an id in `formats.yaml`; the engine's default where None."""
    top: int | None = DEFAULT_TOP
    """How many picks to show; all where None."""
    offload_top: int = 3
    """How many picks to show that need RAM beside the GPU."""
    include_low_bit: bool = False
    """Whether formats below three bits may be chosen (models from 70 B)."""
    include_base: bool = False
    """Whether pretrained models without instruction tuning may answer."""
    all_variants: bool = False
    """Whether to keep every model of a lineage instead of its best one."""
    max_parameters: int | None = None
    """Largest model to consider."""
    max_weight_bytes: int | None = None
    """Largest download, as bytes of the weights in their format."""
    publishers: tuple[str, ...] = ()
    """Only these publishers."""
    families: tuple[str, ...] = ()
    """Only these families."""
    min_tokens_per_second: float | None = None
    """Slowest decoding to accept; models whose speed is unknown stay."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weights of the score's parts that replace those of `data/ranking.yaml`, by the parts' names."""
