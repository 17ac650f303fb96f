"""What words mean at their borders: contexts, stored formats, engines that nobody named."""

from dataclasses import fields, replace
from typing import Any

import pytest

from llmfit.answers import words as w
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UnsupportedWorkloadError, UsageError
from llmfit.records.checkpoint import Checkpoint
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.records.workload import Workload

CHECKPOINT = Checkpoint(kind="gguf", tensors=())


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The built-in catalog."""
    return load_catalog(user_file=None)


@pytest.fixture(scope="module")
def qwen(catalog: Catalog) -> Model:
    """A decoder that llama.cpp can convert, of 40,960 tokens."""
    return replace(catalog.model("Qwen/Qwen3-8B"), context_length=40_960, context_extended=131_072)


def stored(catalog: Catalog, model: Model, format_name: str = "Q8_0", **changes: Any) -> SourcedModel:
    """Return the model as a file of its weights in a format."""
    facts = {field.name: getattr(model, field.name) for field in fields(model)}
    own = {"origin": "a file", "checkpoint": CHECKPOINT, "stored_format": catalog.format(format_name)}
    return SourcedModel(**{**facts, **own, **changes})


def load(catalog: Catalog, model: Model, **given: Any) -> Workload:
    """Return the load of a model."""
    return w.workload_of(catalog, model, describe(model.architecture), **given)


@pytest.mark.parametrize(
    ("word", "precision"),
    [("bf16", "fp16"), ("f16", "fp16"), ("F32", "fp32"), ("4bit", "int4"), (" 8BIT ", "int8"), ("FP8", "fp8")],
)
def test_a_precision_has_other_names(word: str, precision: str) -> None:
    """As other programs write them."""
    assert w.precision_of(word) == precision


@pytest.mark.parametrize(
    ("word", "hint"), [("int44", "Did you mean int4 or int8?"), ("zzz", "Name one of fp32, fp16,")]
)
def test_an_unknown_precision_is_told_what_there_is(word: str, hint: str) -> None:
    """The nearest alone, or all of them."""
    with pytest.raises(UnknownWordError, match=f"No precision is called '{word}'") as caught:
        w.precision_of(word)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("context", "prompt", "found"),
    [
        (None, None, 8192),
        (None, 100, 8192),
        (None, 8193, 8193),
        (None, 131_072, 131_072),
        (1, 1, 1),
        (100, 100, 100),
        (131_072, None, 131_072),
    ],
)
def test_a_context_holds_the_prompt_within_what_the_model_can(
    qwen: Model, context: int | None, prompt: int | None, found: int
) -> None:
    """The usual one where nobody says, more where the prompt is longer, up to what the publisher documents."""
    assert w.context_of(qwen, context=context, prompt_tokens=prompt) == found


def test_a_short_model_has_a_short_context(qwen: Model) -> None:
    """Extension counts only where it is asked for."""
    short = replace(qwen, context_length=2048, context_extended=4096)
    assert w.context_of(short, context=None, prompt_tokens=None) == 2048
    assert w.context_of(short, context=None, prompt_tokens=3000) == 3000
    assert w.context_of(replace(short, context_extended=None), context=2048, prompt_tokens=None) == 2048


@pytest.mark.parametrize(
    ("context", "prompt", "message", "hint"),
    [
        (131_073, None, "--context 131,073 is beyond the 131,072 tokens of Qwen/Qwen3-8B", "Give at most 131072"),
        (100, 101, "--prompt-tokens 101 is more than the context of 100 tokens", "The context holds prompt and answer"),
        (
            None,
            131_073,
            "--prompt-tokens 131,073 is more than the context of 131,072 tokens",
            "The context holds prompt and answer",
        ),
    ],
)
def test_one_token_too_many_is_refused(qwen: Model, context: Any, prompt: Any, message: str, hint: str) -> None:
    """With the most that could be given."""
    with pytest.raises(UsageError) as caught:
        w.context_of(qwen, context=context, prompt_tokens=prompt)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_the_publishers_context_comes_before_the_configurations(qwen: Model) -> None:
    """Unless nobody knows it."""
    own = describe(qwen.architecture).context_length
    assert own is not None
    for length in (own, own // 2):
        assert w.architecture_of(replace(qwen, context_length=length)).context_length == length
    assert w.architecture_of(replace(qwen, context_length=7, context_certainty="unknown")).context_length == own


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"format_name": "q8_0"},
        {"precision": "int8"},
        {"engine": "llama.cpp"},
        {"engine": "llama.cpp", "precision": "int8"},
    ],
)
def test_a_file_runs_as_it_is_stored(catalog: Catalog, qwen: Model, given: dict[str, Any]) -> None:
    """Where the words ask for nothing else, even of a model whose architecture nobody knows."""
    model = stored(catalog, qwen)
    for architecture in (describe(qwen.architecture), None):
        found = w.workload_of(catalog, model, architecture, **given)
        assert (found.engine.id, found.format.id, found.checkpoint) == ("llama.cpp", "Q8_0", CHECKPOINT)


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ({"format_name": "Q4_K_M"}, ("llama.cpp", "Q4_K_M")),
        ({"precision": "int4"}, ("llama.cpp", "Q4_K_M")),
        ({"engine": "vllm", "precision": "fp8"}, ("vllm", "fp8")),
        ({"engine": "transformers"}, ("transformers", "nf4")),
    ],
)
def test_other_words_leave_the_file_alone(
    catalog: Catalog, qwen: Model, given: dict[str, Any], runs: tuple[str, str]
) -> None:
    """It is counted as it would be made; where it cannot be counted, that is said."""
    model = stored(catalog, qwen)
    found = load(catalog, model, **given)
    assert (found.engine.id, found.format.id, found.checkpoint) == (*runs, None)
    with pytest.raises(UnsupportedWorkloadError, match="can only be counted as stored") as caught:
        w.workload_of(catalog, model, None, **given)
    assert caught.value.hint == "Leave engine and format out"


def test_a_configuration_alone_is_no_file(catalog: Catalog, qwen: Model) -> None:
    """Without headers of weights nothing is stored."""
    found = load(catalog, stored(catalog, qwen, checkpoint=None))
    assert (found.format.id, found.checkpoint) == ("Q4_K_M", None)


@pytest.mark.parametrize(
    ("given", "engine"),
    [
        ({}, "llama.cpp"),
        ({"precision": "int4"}, "llama.cpp"),
        ({"precision": "fp8"}, "vllm"),
        ({"format_name": "nf4"}, "transformers"),
        ({"format_name": "w8a8"}, "vllm"),
        ({"format_name": "Q6_K"}, "llama.cpp"),
    ],
)
def test_an_engine_that_nobody_named_is_one_that_can(
    catalog: Catalog, qwen: Model, given: dict[str, Any], engine: str
) -> None:
    """The usual one where it can, else the first that does."""
    assert load(catalog, qwen, **given).engine.id == engine


def test_what_llama_cpp_cannot_convert_runs_on_transformers(qwen: Model) -> None:
    """Whatever kind of decoder it is."""
    from llmfit.estimate.weights.gguf_models import MODELS

    known = describe(qwen.architecture)
    assert w.default_engine(known) == "llama.cpp"
    assert "nobody" not in MODELS
    assert w.default_engine(replace(known, model_type="nobody")) == "transformers"
    assert w.default_engine(replace(known, is_encoder_only=True)) == "transformers"
    assert w.default_engine(replace(known, is_encoder_decoder=True)) == "transformers"
    assert w.default_precision(known) == "int4"
    assert w.default_precision(replace(known, is_encoder_only=True)) == "fp16"
    assert w.default_precision(replace(known, is_encoder_decoder=True)) == "fp16"


def test_a_published_format_is_the_default_on_engines_that_run_it(catalog: Catalog, qwen: Model) -> None:
    """Elsewhere the usual one is, and what is asked for comes first."""
    native = replace(qwen, native_format="awq-int4")
    assert load(catalog, native, engine="vllm").format.id == "awq-int4"
    assert load(catalog, native, engine="vllm", precision="int8").format.id == "w8a8"
    assert load(catalog, native, engine="llama.cpp").format.id == "Q4_K_M"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"precision": "int8", "format_name": "Q4_K_M"},
            "--precision int8 and --format Q4_K_M contradict each other",
            "Give one of them",
        ),
        ({"engine": "vllm", "format_name": "Q4_K_M"}, "vllm does not run Q4_K_M", "Engines that do: llama.cpp"),
        ({"engine": "llama.cpp", "precision": "fp8"}, "llama.cpp has no fp8", "Engines that have it: vllm"),
    ],
)
def test_a_contradiction_is_said_with_what_would_go(
    catalog: Catalog, qwen: Model, given: dict[str, Any], message: str, hint: str
) -> None:
    """Which words, and which engines."""
    with pytest.raises(UsageError) as caught:
        load(catalog, qwen, **given)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_neither_precision_nor_format_means_nothing(catalog: Catalog) -> None:
    """No format is made up."""
    with pytest.raises(UsageError, match="No precision and no format") as caught:
        w.format_of(catalog, engine=catalog.engine("vllm"), precision=None, format_name=None)
    assert caught.value.hint == "Give --precision or --format"


def test_options_of_the_engine_are_set_and_none_is_not_given(catalog: Catalog, qwen: Model) -> None:
    """A cache's format for V is a word, too."""
    found = load(catalog, qwen, kv_format_v="Q8_0", swa_full=None, n_ubatch=256, sequences=3)
    assert found.kv_format_v is catalog.kv_format("q8_0")
    assert (found.options.n_ubatch, found.options.swa_full, found.sequences) == (256, False, 3)
    assert load(catalog, qwen, n_ubatch=256).kv_format_v is None
    with pytest.raises(UsageError, match=r"--cache-type-v is an option of llama\.cpp, not of vllm"):
        load(catalog, qwen, engine="vllm", kv_format_v="q8_0")
