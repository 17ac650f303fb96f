"""A model that fits, on its way to becoming a pick."""

from llmfit.rank.variants import Variant
from llmfit.records.architecture import Architecture
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.recommendation import Quality, ScorePart
from llmfit.records.speed import Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model with its best variant and its score."""

    model: Model
    architecture: Architecture
    license: EffectiveLicense
    variant: Variant
    speed: Speed | None
    quality: Quality
    parts: tuple[ScorePart, ...]

    @property
    def score(self) -> float:
        """Sum of the parts, 0 to 100."""
        return sum(part.points for part in self.parts)

    @property
    def order(self) -> tuple[float, float, bool, int, int, str]:
        """Sort key, best first: score, rating, official, newer, smaller, then a fixed order."""
        model = self.model
        return (
            -round(self.score, 6),
            -round(self.quality.rating, 6),
            not model.official,
            -model.released.toordinal(),
            model.parameters,
            model.id,
        )
