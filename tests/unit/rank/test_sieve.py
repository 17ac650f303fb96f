"""The cheap tests, each with its reason."""

from typing import Any

import pytest

from llmfit.rank.sieve import Sieve, context_limit, context_of, tasks_of
from llmfit.records.model import Model
from llmfit.records.question import Question
from support.models import a_license
from support.ranking import built_in, ranked, world

TASKS = built_in().tasks


def reason(model: Model, **asked: Any) -> str:
    """Return why a model is rejected; empty where it passes."""
    question = Question(**asked)
    facts = world(model)
    rejection = Sieve(question, facts, tasks=tasks_of(question, facts.tasks)).reject(model)
    if rejection is None:
        return ""
    assert rejection.model == model.id
    assert rejection.detail
    return rejection.reason


def test_an_instruct_model_may_chat() -> None:
    """Nothing is against it."""
    assert reason(ranked("a/b")) == ""


@pytest.mark.parametrize("kind", ["base", "encoder", "seq2seq", "embedding", "reranker"])
def test_other_kinds_may_not_chat(kind: str) -> None:
    """A kind is a type, not a taste."""
    assert reason(ranked("a/b", kind=kind)) == "type"


def test_a_base_may_answer_where_asked_for() -> None:
    """`include_base` opens the door to pretrained models alone."""
    assert reason(ranked("a/b", kind="base", tasks=()), include_base=True) == ""
    assert reason(ranked("a/b", kind="encoder", tasks=()), include_base=True) == "type"


@pytest.mark.parametrize("kind", ["instruct", "reasoning", "base", "reranker"])
def test_only_embedders_embed(kind: str) -> None:
    """A chat model is no embedder, whatever tasks it claims."""
    assert reason(ranked("a/b", kind=kind, tasks=("embed",)), tasks=("embed",)) == "type"
    assert reason(ranked("a/b", kind="embedding", tasks=("embed",)), tasks=("embed",)) == ""


def test_vision_is_required_not_wished() -> None:
    """A model without eyes sees nothing."""
    assert reason(ranked("a/b"), tasks=("vision",)) == "task"
    assert reason(ranked("a/b", tasks=("chat", "vision")), tasks=("vision",)) == ""


def test_all_tasks_must_be_possible() -> None:
    """Several tasks at once are an and."""
    assert reason(ranked("a/b", tasks=("chat", "code")), tasks=("code", "math")) == "task"


def test_a_language_must_be_claimed() -> None:
    """By the question or by the task."""
    english = ranked("a/b", languages=("en",))
    assert reason(english, languages=("ko",)) == "language"
    assert reason(english, tasks=("korean",)) == "language"
    assert reason(ranked("a/b", languages=()), languages=("ko",)) == "language"
    assert reason(ranked("a/b"), languages=("ko",)) == ""


def test_the_context_must_be_held() -> None:
    """With the publisher's documented extension."""
    short = ranked("a/b", context_length=4096)
    assert reason(short) == "context"
    assert reason(short, context=4096) == ""
    assert reason(ranked("a/b", context_length=4096, context_extended=16384)) == ""


def test_a_task_may_need_more_context_than_was_asked() -> None:
    """An agent's repository does not fit into 8,192 tokens of a model that holds no more."""
    agent = ranked("a/b", tasks=("agentic-code",), context_length=16384)
    assert reason(agent, tasks=("agentic-code",), context=8192) == "context"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"publishers": ("z",)}, "publisher"),
        ({"families": ("Z",)}, "family"),
        ({"max_parameters": 10}, "parameters"),
        ({"publishers": ("a",)}, ""),
    ],
)
def test_wishes_are_limits(asked: dict[str, Any], expected: str) -> None:
    """Publisher, family and size filter."""
    assert reason(ranked("a/b"), **asked) == expected


@pytest.mark.parametrize(
    ("commercial", "permissive", "asked", "expected"),
    [
        ("no", False, ("commercial",), "license"),
        ("unknown", False, ("commercial",), "license"),
        ("conditional", False, ("commercial",), ""),
        ("conditional", False, ("permissive",), "license"),
        ("yes", True, ("commercial", "permissive"), ""),
        ("no", False, (), ""),
        ("no", False, ("x",), ""),
        ("no", False, ("apache-2.0",), "license"),
    ],
)
def test_licences_filter(commercial: str, permissive: bool, asked: tuple[str, ...], expected: str) -> None:  # noqa: FBT001 - one column of a table
    """Words and ids; unknown is no yes."""
    licenses = {"x": a_license("x", commercial=commercial, permissive=permissive)}
    question = Question(licenses=asked)
    model = ranked("a/b", license="x")
    facts = world(model, licenses=licenses)
    rejection = Sieve(question, facts, tasks=tasks_of(question, facts.tasks)).reject(model)
    assert (rejection.reason if rejection else "") == expected


def test_regions_filter() -> None:
    """A licence that grants nothing in Korea is none there."""
    model = ranked("a/b", license="x")
    facts = world(model, licenses={"x": a_license("x", regions_excluded=("kr",))})
    for region, passes in (("kr", False), ("us", True)):
        question = Question(region=region)
        sieve = Sieve(question, facts, tasks=tasks_of(question, facts.tasks))
        assert (sieve.reject(model) is None) is passes


def test_a_language_brings_its_task_along() -> None:
    """Chat in Korean is judged by Korean benchmarks as well."""
    assert [t.id for t in tasks_of(Question(languages=("ko",)), TASKS)] == ["chat", "korean"]
    assert [t.id for t in tasks_of(Question(tasks=("korean",), languages=("ko",)), TASKS)] == ["korean"]


def test_a_language_changes_no_type() -> None:
    """An embedder that knows Korean embeds Korean; a coder need not chat."""
    embedder = ranked("a/b", kind="embedding", tasks=("embed",))
    assert reason(embedder, tasks=("embed",), languages=("ko",)) == ""
    assert [t.id for t in tasks_of(Question(tasks=("embed",), languages=("ko",)), TASKS)] == ["embed"]
    assert reason(ranked("a/b", tasks=("code",)), tasks=("code",), languages=("ko",)) == ""


def test_a_coder_is_no_assistant() -> None:
    """A model made for code is offered for code, not for chat, even where it can chat."""
    coder = ranked("a/b", tasks=("code", "chat"))
    assert reason(coder) == "specialist"
    assert reason(coder, tasks=("code",)) == ""
    assert reason(ranked("a/b", tasks=("code", "chat", "writing"))) == ""


def test_the_longest_usual_context_holds() -> None:
    """Unless the user names one."""
    question = Question(tasks=("chat", "code"))
    assert context_of(question, tasks_of(question, TASKS)) == TASKS["code"].default_context
    assert context_of(Question(context=1000), (TASKS["chat"],)) == 1000


def test_the_limit_of_context_includes_the_extension() -> None:
    """The longer of both."""
    assert context_limit(ranked("a/b", context_length=10, context_extended=None)) == 10
    assert context_limit(ranked("a/b", context_length=10, context_extended=40)) == 40


def test_models_of_one_kind_and_one_set_of_tasks_are_told_apart_by_all_else() -> None:
    """The verdict on a type is worked out once; language, context and licence are each model's own."""
    facts = world(ranked("a/one"), ranked("a/two", languages=("de",)), ranked("a/three", context_length=512))
    question = Question(tasks=("chat",), languages=("ko",), context=4096)
    sieve = Sieve(question, facts, tasks=(facts.tasks["chat"],))
    found = [sieve.reject(model) for model in facts.models.values()]
    assert [None if rejection is None else rejection.reason for rejection in found] == [None, "language", "context"]


def test_the_same_type_is_refused_in_the_same_words() -> None:
    """A second base is refused as the first was, under its own name; an instruct model of these tasks is not."""
    facts = world(ranked("a/one", kind="base"), ranked("a/two", kind="base"), ranked("a/three"))
    sieve = Sieve(Question(tasks=("chat",)), facts, tasks=(facts.tasks["chat"],))
    one, two, three = (sieve.reject(model) for model in facts.models.values())
    assert one is not None
    assert two is not None
    assert (one.model, two.model, three) == ("a/one", "a/two", None)
    assert (one.reason, one.detail) == (two.reason, two.detail)
