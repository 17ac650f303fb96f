"""What words of `recommend` mean at their borders, and what is said of those that mean nothing."""

from typing import Any

import pytest

from llmfit.answers.questions import question_of, weights_of
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UsageError


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The built-in catalog."""
    return load_catalog(user_file=None)


def refused(catalog: Catalog, **given: Any) -> tuple[str, str]:
    """Return sentence and hint with which the words are refused."""
    with pytest.raises(UsageError) as caught:
        question_of(catalog, **given)
    return caught.value.message, caught.value.hint


def test_what_is_given_is_what_is_asked(catalog: Catalog) -> None:
    """Numbers as they are, names as the catalog spells them, in the order of the words."""
    found = question_of(
        catalog,
        context=4096,
        prompt_tokens=4096,
        sequences=3,
        format_name="q4_k_m",
        top=None,
        weights={"speed": 0.5},
        family=["QWEN3", "gemma 3", "qwen3"],
        license_=["MIT", " PERMISSIVE ", "mit"],
        language=["nb", "ko", "korean"],
        engine=["llama.cpp", "llama.cpp"],
    )
    assert (found.context, found.prompt_tokens, found.sequences, found.top) == (4096, 4096, 3, None)
    assert (found.format, found.precision, found.weights) == ("Q4_K_M", None, {"speed": 0.5})
    assert found.families == ("Qwen3", "Gemma 3")
    assert found.licenses == ("mit", "permissive")
    assert found.languages == ("nb", "ko")
    assert found.engines == ("llama.cpp",)
    assert question_of(catalog, engine=["vllm", "llama.cpp", "vllm"]).engines == ("vllm", "llama.cpp")


def test_nothing_given_is_nothing_asked(catalog: Catalog) -> None:
    """But for a task, which is chat."""
    found = question_of(catalog)
    assert (found.tasks, found.region, found.languages, found.engines) == (("chat",), None, (), ())
    assert (found.precision, found.format, found.kv_format, found.weights) == (None, None, None, {})
    assert (found.publishers, found.families, found.prompt_tokens) == ((), (), None)


def test_a_publisher_answers_to_the_owner_of_its_official_models(catalog: Catalog) -> None:
    """A re-upload's owner is nobody's publisher, and a publisher's own name comes before an owner's."""
    official = catalog.model("Qwen/Qwen3-8B")
    assert question_of(catalog, publisher=["QWEN"]).publishers == (official.publisher,)
    others = {row.id.partition("/")[0].casefold() for row in catalog.models.values() if not row.official}
    owners = {row.id.partition("/")[0].casefold() for row in catalog.models.values() if row.official}
    names = {row.publisher.casefold() for row in catalog.models.values()}
    for owner in sorted(others - owners - names)[:3]:
        assert "has the publisher" in refused(catalog, publisher=[owner])[0]
    publishers = sorted({row.publisher for row in catalog.models.values()})
    assert question_of(catalog, publisher=publishers).publishers == tuple(publishers)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"context": 100, "prompt_tokens": 101},
            "--prompt-tokens 101 is more than the context of 100 tokens",
            "The context holds prompt and answer",
        ),
        (
            {"precision": "int8", "format_name": "Q4_K_M"},
            "--precision int8 and --format Q4_K_M contradict each other",
            "Give one of them",
        ),
        (
            {"engine": ["llama.cpp", "vllm"], "format_name": "Q4_K_M"},
            "vllm does not run Q4_K_M",
            "Engines that do: llama.cpp",
        ),
        ({"engine": ["llama.cpp"], "precision": "fp8"}, "llama.cpp has no fp8", "Engines that have it: vllm"),
        (
            {"publisher": ["zzzzzz"]},
            "No model of the catalog has the publisher 'zzzzzz'",
            "`llmfit models` lists them",
        ),
        ({"family": ["zzzzzz"]}, "No model of the catalog has the family 'zzzzzz'", "`llmfit models` lists them"),
        (
            {"language": ["qqqqqqq"]},
            "No model of the catalog claims the language 'qqqqqqq'",
            "Write an ISO 639-1 code such as ko or en",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_with_a_way_out(
    catalog: Catalog, given: dict[str, Any], message: str, hint: str
) -> None:
    """The words themselves, and what would go."""
    assert refused(catalog, **given) == (message, hint)


@pytest.mark.parametrize("given", [{"context": 5}, {"prompt_tokens": 10**6}, {"context": 7, "prompt_tokens": 7}])
def test_a_prompt_is_held_against_a_context_that_is_given(catalog: Catalog, given: dict[str, int]) -> None:
    """One alone contradicts nothing."""
    assert question_of(catalog, **given).context == given.get("context")  # type: ignore[arg-type]  # a table of numbers


def test_a_word_of_any_length_is_shown_in_part(catalog: Catalog) -> None:
    """A message stays a sentence."""
    for given in ({"language": ["x" * 500]}, {"family": ["x" * 500]}, {"publisher": ["x" * 500]}):
        message, _ = refused(catalog, **given)
        assert len(message) < 200
    with pytest.raises(UsageError) as caught:
        weights_of(["x" * 500])
    assert len(caught.value.message) < 150


@pytest.mark.parametrize("word", ["speed=0", "speed=1", "speed=1e-3", " speed = 0.5"])
def test_a_weight_lies_from_0_to_1(word: str) -> None:
    """Both ends among them."""
    assert weights_of([word]) == {"speed": float(word.partition("=")[2])}


def test_the_last_weight_of_a_part_counts() -> None:
    """Several parts, each once."""
    assert weights_of([]) == {}
    assert weights_of(["speed=0.1", "quality=0.2", "speed=0.3"]) == {"speed": 0.3, "quality": 0.2}


def test_a_weight_that_is_none_is_told_how_one_looks() -> None:
    """With an example."""
    with pytest.raises(UsageError) as caught:
        weights_of(["speed"])
    assert caught.value.message == "--weight speed: no part with a number from 0 to 1"
    assert caught.value.hint == "Write --weight speed=0.3"


def test_licences_are_nearest_words_too(catalog: Catalog) -> None:
    """The vocabulary is that of the table, and two words."""
    with pytest.raises(UnknownWordError, match="apach"):
        question_of(catalog, license_=["apach"])
    assert question_of(catalog, license_=["commercial"]).licenses == ("commercial",)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("englsih", "Did you mean en (English)?"),
        ("germn", "Did you mean de (German)?"),
        ("xk", "Did you mean uk (Ukrainian)?"),
    ],
)
def test_an_unknown_language_is_near_a_name_or_else_a_code(catalog: Catalog, word: str, hint: str) -> None:
    """A name that is alike comes first."""
    assert refused(catalog, language=[word]) == (f"No model of the catalog claims the language '{word}'", hint)


def test_a_precision_and_its_own_format_agree(catalog: Catalog) -> None:
    """Both may be said."""
    found = question_of(catalog, precision="int4", format_name="Q4_K_M")
    assert (found.precision, found.format) == ("int4", "Q4_K_M")
