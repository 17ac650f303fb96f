"""Reads deploy files strictly, with line and column of everything that is wrong; reads and writes lock files."""

from llmfit.deployments.read import Reading, read_deployments

__all__ = ["Reading", "read_deployments"]
