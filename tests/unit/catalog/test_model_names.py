"""What people call models: other marks, no tuning word, a tag as Ollama writes it."""

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.model_names import ask, loosely_called, near_models, packed_hint, spaced
from llmfit.catalog.names import find_model
from llmfit.errors import AmbiguousModelError, UnknownModelError
from support.models import a_model

CATALOG = load_catalog(user_file=None)
ROWS = (
    a_model("meta-llama/Llama-3.1-8B", kind="base", downloads=50),
    a_model("meta-llama/Llama-3.1-8B-Instruct", downloads=90),
    a_model("meta-llama/Meta-Llama-3-8B-Instruct"),
    a_model("meta-llama/Llama-2-7b-hf", kind="base"),
    a_model("meta-llama/Llama-2-7b-chat-hf"),
    a_model("google/gemma-3-27b-it", publisher="Google"),
    a_model("google/gemma-3-4b-it", downloads=9),
    a_model("google/gemma-3-4b-pt", kind="base"),
    a_model("Qwen/Qwen3-8B"),
    a_model("Qwen/Qwen3-8B-Base", kind="base"),
    a_model("Qwen/Qwen3-30B-A3B-Instruct-2507"),
    a_model("Qwen/Qwen2.5-Coder-7B", kind="base"),
    a_model("Qwen/Qwen2.5-Coder-7B-Instruct"),
    a_model("mistralai/Mistral-7B-v0.1", kind="base", downloads=1),
    a_model("mistralai/Mistral-7B-Instruct-v0.2", downloads=2),
    a_model("mistralai/Mistral-7B-Instruct-v0.3", downloads=3),
    a_model("allenai/OLMo-2-1124-7B-Instruct"),
    a_model("CohereLabs/command-r7b-12-2024"),
    a_model("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"),
    a_model("deepseek-ai/DeepSeek-R1", kind="reasoning"),
    a_model("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", kind="reasoning"),
    a_model("TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
)
MODELS = {row.id: row for row in ROWS}


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("llama 3.1 8b", "meta-llama/Llama-3.1-8B"),
        ("llama3.1:8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("LLAMA.3.1.8B.INSTRUCT", "meta-llama/Llama-3.1-8B-Instruct"),
        ("Llama-3.1-8B-Instruct:latest", "meta-llama/Llama-3.1-8B-Instruct"),
        ("llama 3.1 8b chat", "meta-llama/Llama-3.1-8B-Instruct"),
        ("llama 3 8b", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("llama3:8b", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("llama-2-7b", "meta-llama/Llama-2-7b-hf"),
        ("llama2:7b", "meta-llama/Llama-2-7b-chat-hf"),
        ("Gemma 3 27B", "google/gemma-3-27b-it"),
        ("google gemma 3 27b", "google/gemma-3-27b-it"),
        ("gemma3:4b", "google/gemma-3-4b-it"),
        ("gemma 3 4b base", "google/gemma-3-4b-pt"),
        ("qwen3:8b", "Qwen/Qwen3-8B"),
        ("qwen 3 8b base", "Qwen/Qwen3-8B-Base"),
        ("qwen2.5-coder:7b", "Qwen/Qwen2.5-Coder-7B-Instruct"),
        ("qwen2.5 coder 7b", "Qwen/Qwen2.5-Coder-7B"),
        ("qwen3 30b", "Qwen/Qwen3-30B-A3B-Instruct-2507"),
        ("olmo2:7b", "allenai/OLMo-2-1124-7B-Instruct"),
        ("command r7b", "CohereLabs/command-r7b-12-2024"),
        ("nemotron 3 nano 30b", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"),
        ("deepseek r1", "deepseek-ai/DeepSeek-R1"),
        ("tinyllama 1.1b", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
    ],
)
def test_a_loose_name_with_one_reading_finds_its_model(name: str, model_id: str) -> None:
    """The same letters and numbers first; a tag after a colon means the tuned model, as it does in Ollama."""
    assert find_model(name, MODELS).id == model_id


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gemma 3 4b", "Name google/gemma-3-4b-it or google/gemma-3-4b-pt"),
        ("mistral:7b", "Name mistralai/Mistral-7B-Instruct-v0.3 or mistralai/Mistral-7B-Instruct-v0.2"),
        (
            "mistral 7b",
            "Name mistralai/Mistral-7B-Instruct-v0.3, mistralai/Mistral-7B-Instruct-v0.2 or mistralai/Mistral-7B-v0.1",
        ),
    ],
)
def test_a_loose_name_with_several_readings_is_no_guess(name: str, hint: str) -> None:
    """All of them are named, the most used first."""
    with pytest.raises(AmbiguousModelError, match="can mean") as caught:
        find_model(name, MODELS)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("deepseek-r1:8b", "Did you mean deepseek-ai/DeepSeek-R1-Distill-Llama-8B?"),
        ("tinyllama", "Did you mean TinyLlama/TinyLlama-1.1B-Chat-v1.0?"),
        ("unsloth/Qwen3-8B", "Did you mean Qwen/Qwen3-8B or Qwen/Qwen3-8B-Base?"),
        ("microsoft/gemma3:27b", "Did you mean google/gemma-3-27b-it?"),
        ("qwen3 8b instruct", "Did you mean Qwen/Qwen3-8B"),
        ("8b", "`llmfit models` lists them"),
        ("3 8b", "Did you mean "),
        ("", "`llmfit models` lists them"),
    ],
)
def test_a_name_that_says_too_little_or_names_another_owner_is_unknown(name: str, near: str) -> None:
    """Somebody else's repository is never taken for the publisher's, nor a bare size for a model."""
    with pytest.raises(UnknownModelError) as caught:
        find_model(name, MODELS)
    assert caught.value.hint.startswith(near)


@pytest.mark.parametrize(
    "name", ["qwen3-8b-gguf", "Qwen3-8B-Q4_K_M", "qwen3 8b awq", "qwen3 8b 4bit", "qwen3:8b-fp16", "qwen3-8b-IQ4_XS"]
)
def test_a_format_in_a_name_is_an_option(name: str) -> None:
    """The name without it is offered, with the option that says the format."""
    with pytest.raises(UnknownModelError) as caught:
        find_model(name, MODELS)
    assert caught.value.hint.startswith("Name Qwen/Qwen3-8B, and the format with --format")


def test_a_format_in_a_repository_of_others_stays_what_it_is() -> None:
    """`owner/name-GGUF` is a repository of its own, and nothing is said of options."""
    assert packed_hint("unsloth/Qwen3-8B-GGUF", ROWS) == ""
    assert packed_hint("qwen3 8b", ROWS) == ""
    assert packed_hint("nothing like it gguf", ROWS) == ""


def test_names_are_runs_of_letters_and_numbers() -> None:
    """Marks and case go, and the words of publishers for one thing are one."""
    assert spaced("Llama-3_1.8B it") == " llama 3 1 8 b instruct "
    assert spaced("x-hf:latest") == " x "
    assert spaced("x-chat") == spaced("x Instruct")
    assert spaced("x-pt") == spaced("x base")


def test_what_a_name_says_of_tuning() -> None:
    """The word itself decides; a tag comes second."""
    assert [ask(name).kind for name in ("x", "x it", "x:8b", "x base", "x:8b-base")] == [
        None,
        "tuned",
        "tuned",
        "base",
        "base",
    ]


def test_a_hostile_name_takes_no_time() -> None:
    """Only the beginning is read, and nothing is found."""
    assert loosely_called("a 1 " * 50_000, ROWS) == []
    assert near_models("q 4 " * 50_000, ROWS) == []


def test_words_in_order_are_near() -> None:
    """Others may stand between them; the wrong order is another name."""
    assert near_models("nemotron 30b", ROWS) == ["nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"]
    assert near_models("coder qwen2.5", ROWS) != ["Qwen/Qwen2.5-Coder-7B-Instruct"]


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("llama 3.1 8b", "meta-llama/Llama-3.1-8B"),
        ("llama3.1:8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("phi4", "microsoft/phi-4"),
        ("phi 4 mini", "microsoft/Phi-4-mini-instruct"),
        ("gpt oss 20b", "openai/gpt-oss-20b"),
        ("gpt-oss:120b", "openai/gpt-oss-120b"),
        ("qwen2.5vl:7b", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("exaone 3.5 7.8b", "LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct"),
        ("smollm2:1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct"),
        ("nomic-embed-text", "nomic-ai/nomic-embed-text-v1.5"),
        ("codellama:7b", "codellama/CodeLlama-7b-Instruct-hf"),
        ("kanana 1.5 8b", "kakaocorp/kanana-1.5-8b-instruct-2505"),
    ],
)
def test_the_catalog_answers_to_what_people_type(name: str, model_id: str) -> None:
    """Spellings of chats, of Ollama and of the publishers themselves."""
    assert CATALOG.model(name).id == model_id


def test_every_model_is_found_by_its_own_name() -> None:
    """No other reading comes before a model's id, or its name without the owner where no other has it."""
    for model_id in CATALOG.models:
        assert CATALOG.model(model_id).id == model_id
        assert CATALOG.model(model_id.rpartition("/")[2]).id == model_id
