"""The words of `recommend` as a question."""

import pytest

from llmfit.answers.questions import question_of, weights_of
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UsageError


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The built-in catalog."""
    return load_catalog(user_file=None)


def test_words_become_ids(catalog: Catalog) -> None:
    """Synonyms, other cases and repetitions end in one id each."""
    found = question_of(
        catalog,
        task=["대화", "chat", "CODE"],
        license_=["Commercial", "Apache-2.0"],
        region="KR",
        language=["KO"],
        engine=["llama.cpp", "llama.cpp"],
        precision="bf16",
        kv_format="Q8_0",
        family=["qwen3"],
        publisher=["qwen", catalog.model("Qwen/Qwen3-8B").publisher],
    )
    assert found.tasks == ("chat", "code")
    assert found.licenses == ("commercial", "apache-2.0")
    assert (found.region, found.languages, found.engines) == ("kr", ("ko",), ("llama.cpp",))
    assert found.publishers == (catalog.model("Qwen/Qwen3-8B").publisher,)
    assert (found.precision, found.kv_format, found.families) == ("fp16", "q8_0", ("Qwen3",))


def test_nothing_said_is_chat_without_limits(catalog: Catalog) -> None:
    """The question of a first run."""
    found = question_of(catalog)
    assert (found.tasks, found.licenses, found.context, found.sequences, found.top) == (("chat",), (), None, 1, 5)


def test_further_fields_are_handed_on(catalog: Catalog) -> None:
    """Limits that need no vocabulary keep their names."""
    found = question_of(catalog, max_parameters=8 * 10**9, include_base=True, min_tokens_per_second=10.0)
    assert (found.max_parameters, found.include_base, found.min_tokens_per_second) == (8 * 10**9, True, 10.0)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"task": ["chatt"]}, "chat"),
        ({"license_": ["apach-2"]}, "apache"),
        ({"language": ["koo"]}, "ko"),
        ({"publisher": ["Qwenn"]}, "qwen"),
        ({"family": ["Qwen33"]}, "qwen3"),
        ({"precision": "int44"}, "int4"),
        ({"format_name": "Q4_K_N"}, "Q4_K_M"),
    ],
)
def test_unknown_words_name_the_nearest(catalog: Catalog, given: dict[str, object], hint: str) -> None:
    """A closed vocabulary does not guess."""
    with pytest.raises(UnknownWordError) as caught:
        question_of(catalog, **given)  # type: ignore[arg-type]  # words by name
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "given",
    [
        {"engine": ["transformers"], "format_name": "Q4_K_M"},
        {"engine": ["llama.cpp", "transformers"], "format_name": "Q4_K_M"},
        {"precision": "int8", "format_name": "Q4_K_M"},
        {"engine": ["vllm"], "kv_format": "q4_0"},
        {"context": 2048, "prompt_tokens": 4096},
        {"region": "korea"},
    ],
)
def test_words_that_contradict_each_other_are_usage(catalog: Catalog, given: dict[str, object]) -> None:
    """Each with a hint."""
    with pytest.raises(UsageError) as caught:
        question_of(catalog, **given)  # type: ignore[arg-type]  # words by name
    assert caught.value.hint


def test_weights_are_parts_with_numbers_from_0_to_1() -> None:
    """Spaces around the name do not matter."""
    assert weights_of(["speed=0.3", " quality =1"]) == {"speed": 0.3, "quality": 1.0}
    for wrong in ("speed", "=0.3", "speed=", "speed=x", "speed=-1", "speed=1.1", "speed=nan"):
        with pytest.raises(UsageError, match="no part with a number"):
            weights_of([wrong])


@pytest.mark.parametrize(
    ("word", "code"), [("Korean", "ko"), ("한국어", "ko"), (" english", "en"), ("japanese", "ja"), ("KO", "ko")]
)
def test_a_language_answers_to_its_names(catalog: Catalog, word: str, code: str) -> None:
    """In English and Korean, besides the code."""
    assert question_of(catalog, language=[word]).languages == (code,)


def test_an_unknown_language_comes_with_one_that_is_near(catalog: Catalog) -> None:
    """One code with its name, not a row of codes that look alike."""
    with pytest.raises(UnknownWordError) as caught:
        question_of(catalog, language=["kor"])
    assert caught.value.hint == "Did you mean ko (Korean)?"
