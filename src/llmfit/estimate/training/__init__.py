"""Bytes of fine-tuning: weights, gradients, optimizer, adapter, activations, overhead."""

from llmfit.estimate.training.assemble import estimate_training

__all__ = ["estimate_training"]
