"""Which models to use: quality evidence, speed, score and guards."""

from llmfit.rank.facts import Facts
from llmfit.rank.recommend import recommend

__all__ = ["Facts", "recommend"]
