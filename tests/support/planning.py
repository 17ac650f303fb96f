"""Questions about the built-in models, for tests of `plan` and `check`."""

from datetime import date
from functools import cache

from llmfit.answers.planning import Wanted, wanted_of
from llmfit.catalog import Catalog, load_catalog

TODAY = date(2026, 11, 21)
"""The day of the tests."""


@cache
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def wanted(model: str = "Qwen/Qwen3-32B", **words: object) -> Wanted:
    """Return a question about a model on vLLM in int4, unless said otherwise."""
    asked = {"engines": ["vllm"], "precision": "int4", "context": 32_768, "sequences": 4, **words}
    return wanted_of(catalog(), model, **asked)  # type: ignore[arg-type]  # each is a word of its own type
