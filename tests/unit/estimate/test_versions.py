"""Versions of engines: how they are spelled, and which have rules that were read."""

import pytest

from llmfit.catalog import load_catalog
from llmfit.errors import UsageError
from llmfit.estimate.versions import checked_version


@pytest.mark.parametrize(
    ("engine", "version", "found"),
    [
        ("llama.cpp", "b6400", "b6400"),
        ("llama.cpp", " B1500", "b1500"),
        ("transformers", "4.44", "4.44"),
        ("transformers", "v4.44.2", "4.44.2"),
        ("transformers", "4.31.0", "4.31.0"),
        ("transformers", "5.23.1", "5.23.1"),
        ("vllm", "0.33.0", "0.33.0"),
        ("vllm", "v0.33", "0.33"),
    ],
)
def test_a_version_is_taken_as_the_rules_compare_it(engine: str, version: str, found: str) -> None:
    """Without a `v`, in small letters."""
    assert checked_version(load_catalog(user_file=None).engine(engine), version) == found


@pytest.mark.parametrize(
    ("engine", "version", "said"),
    [
        ("llama.cpp", "6400", "no version of llama.cpp"),
        ("llama.cpp", "b", "no version of llama.cpp"),
        ("llama.cpp", "b64x", "no version of llama.cpp"),
        ("llama.cpp", "b64\u0663", "no version of llama.cpp"),
        ("llama.cpp", "b1000", "b1000 were not read"),
        ("transformers", "4", "no version of transformers"),
        ("transformers", "4.44.2.1", "no version of transformers"),
        ("transformers", "four", "no version of transformers"),
        ("transformers", "", "no version of transformers"),
        ("transformers", "4.30", "4.30 were not read"),
        ("transformers", "6.0", "6.0 were not read"),
        ("vllm", "0.11.0", "0.11.0 were not read"),
        ("vllm", "0.34", "0.34 were not read"),
        ("vllm", "b6400", "no version of vllm"),
    ],
)
def test_a_version_without_rules_is_refused(engine: str, version: str, said: str) -> None:
    """It is never counted by the rules of another; the hint says which ones there are."""
    with pytest.raises(UsageError, match=said) as caught:
        checked_version(load_catalog(user_file=None).engine(engine), version)
    assert caught.value.hint
