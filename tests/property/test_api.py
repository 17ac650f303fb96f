"""Laws of what programs call: an answer, or an error of ours, whatever is given."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import llmfit
from llmfit import arguments
from llmfit.answers.finetuning import VOCABULARIES
from llmfit.errors import LlmfitError

CATALOG = llmfit.load_catalog(user_file=None)
MODELS = st.sampled_from(
    [
        *("Qwen/Qwen3-0.6B", "openai/gpt-oss-20b", "google/gemma-3-4b-it", "BAAI/bge-m3"),
        *(
            "google-t5/t5-small",
            "deepseek-ai/DeepSeek-V3.1",
            "Qwen/Qwen2.5-VL-7B-Instruct",
            "ibm-granite/granite-4.0-h-tiny",
        ),
    ]
).filter(lambda name: name in CATALOG.models)
DEVICES = st.sampled_from([llmfit.named_device(catalog=CATALOG, gpu=name) for name in ("RTX 4060", "2x L4", "T4")])

words = st.sampled_from(
    [
        *CATALOG.engines,
        *CATALOG.formats,
        *CATALOG.kv_formats,
        *CATALOG.tasks,
        *(word for vocabulary in VOCABULARIES.values() for word in vocabulary),
        *(
            "fp32",
            "fp16",
            "int8",
            "int4",
            "commercial",
            "mit",
            "ko",
            "eu",
            "all-linear",
            "q_proj",
            "8k",
            "0.9",
            "8B",
            "b6400",
        ),
    ]
)
numbers = st.integers(-2, 300) | st.integers() | st.floats() | st.just(10**400)
plain = words | numbers | st.none() | st.booleans() | st.text(st.characters(exclude_characters="/\\"), max_size=8)
json_values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=2)
)


def options_of(table: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return some options of a table, each of any value that JSON has."""
    return st.dictionaries(st.sampled_from(sorted(table)), json_values, max_size=2)


def answers_or_refuses(call: Callable[[], object]) -> None:
    """Fail where something other than an answer or an error of ours comes out."""
    try:
        call()
    except LlmfitError as error:
        said = error.message
    else:
        return
    assert said
    assert "\n" not in said


@settings(max_examples=150)
@given(MODELS, st.none() | DEVICES, options_of(arguments.LOAD))
def test_an_estimate_answers_or_refuses(model: str, device: Any, options: dict[str, Any]) -> None:
    """No value of an option brings out an error of Python's own."""
    answers_or_refuses(lambda: llmfit.estimate_model(model, device=device, catalog=CATALOG, **options))


@settings(max_examples=150)
@given(MODELS, words | json_values, st.none() | DEVICES, options_of(arguments.TRAINING))
def test_fine_tuning_answers_or_refuses(model: str, method: Any, device: Any, options: dict[str, Any]) -> None:
    """No value of an option brings out an error of Python's own."""
    answers_or_refuses(lambda: llmfit.estimate_finetuning(model, method, device=device, catalog=CATALOG, **options))


@settings(max_examples=60)
@given(DEVICES, json_values, options_of(arguments.WISHES))
def test_a_recommendation_answers_or_refuses(device: Any, training: Any, wishes: dict[str, Any]) -> None:
    """No wish brings out an error of Python's own."""
    answers_or_refuses(lambda: llmfit.recommend_models(device=device, catalog=CATALOG, training=training, **wishes))


@settings(max_examples=60)
@given(json_values, json_values, json_values, json_values)
def test_whatever_stands_for_a_model_or_a_device_is_read_or_refused(
    models: Any, device: Any, gpu: Any, size: Any
) -> None:
    """Names, sizes and records."""
    answers_or_refuses(lambda: llmfit.named_device(gpu=gpu, vram=size, catalog=CATALOG))
    answers_or_refuses(lambda: llmfit.named_device(gpu=gpu or "L4", ram=size, catalog=CATALOG))
    answers_or_refuses(lambda: llmfit.estimate_model("Qwen/Qwen3-0.6B", device=device, catalog=CATALOG))
    answers_or_refuses(lambda: llmfit.compare_models(models, catalog=CATALOG))


@given(MODELS, st.integers(1, 4096), st.integers(1, 8))
@settings(max_examples=30)
def test_a_number_and_its_word_are_one(model: str, context: int, sequences: int) -> None:
    """What JSON has as a number may come as text."""
    numbers = llmfit.estimate_model(model, context=min(context, 512), sequences=sequences, catalog=CATALOG)
    texts = llmfit.estimate_model(model, context=str(min(context, 512)), sequences=f"{sequences}", catalog=CATALOG)
    assert numbers == texts
