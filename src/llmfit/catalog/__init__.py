"""The facts that llmfit knows: compiled tables, with the user's own rows on top."""

from llmfit.catalog.load import Catalog, load_catalog

__all__ = ["Catalog", "load_catalog"]
