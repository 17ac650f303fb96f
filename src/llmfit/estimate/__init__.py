"""Model × workload → bytes, in named parts: weights, cache, activations, overhead."""

from llmfit.estimate.assemble import estimate

__all__ = ["estimate"]
