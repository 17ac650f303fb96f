"""Models to fine-tune: who comes into question, from which weights, under which licence."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.rank.tuning import kinds_to_tune
from llmfit.records.estimate import PartName, Verdict
from support.ranking import a_score, built_in, card, config, ranked, world
from support.tuning import ask, family, ids


@pytest.mark.parametrize("method", ["lora", "qlora", "dora", "rslora"])
def test_an_adapter_starts_from_the_instruct_model(method: str) -> None:
    """One pick of the lineage, and why the others are not it."""
    answer = ask(family(), 48, method, load={"target_modules": ("all-linear",)})
    assert ids(answer)[0] == "a/eight-chat"
    for other in ("a/eight-base", "a/eight-think"):
        found = answer.why_not(other)
        assert found is not None
        assert found.reason == "lineage"
        assert method in found.detail


def test_full_fine_tuning_starts_from_the_base() -> None:
    """Where there is one; else from what there is, and it says so."""
    answer = ask(family(), 200, "full")
    assert "a/eight-base" in ids(answer)
    assert "a/eight-chat" not in ids(answer)
    small = ask(world(ranked("b/three", 3)), 96, "full").picks[0]
    assert "the catalog lacks their base, from which full usually starts" in " ".join(small.reasons)


def test_what_always_thinks_comes_last() -> None:
    """Data seldom think, so even a better thinker stands behind; for reasoning it keeps its place."""
    thinker = ranked("a/think", 14, kind="reasoning")
    facts = world(thinker, ranked("b/plain", 8), ranked("c/small", 8, released=date(2025, 3, 1)))
    assert ids(ask(facts, 96)) == ["b/plain", "c/small", "a/think"]
    assert ids(ask(facts, 96, tasks=("reasoning",)))[0] == "a/think"
    assert ids(ask(facts, 96, tasks=("chat", "math")))[0] == "a/think"


@pytest.mark.parametrize(
    ("method", "fields", "said"),
    [
        ("full", {}, True),
        ("full", {"recipe": "bf16"}, False),
        ("full", {"offload_optimizer": True, "zero": 2}, False),
        ("qlora", {}, False),
        ("freeze", {}, False),
    ],
)
def test_full_fine_tuning_says_what_makes_room(method: str, fields: dict[str, Any], *, said: bool) -> None:
    """Where the optimizer's states are what fills the card, and nothing was done about it."""
    warnings = ask(world(ranked("a/one", 1)), 80, method, load=fields).warnings
    assert any("--offload-optimizer" in words for words in warnings) == said


def test_bases_are_preferred_on_request() -> None:
    """`--include-base` turns the preference round; `--siblings` keeps everybody."""
    assert "a/eight-base" in ids(ask(family(), 48, include_base=True))
    assert {"a/eight-base", "a/eight-chat", "a/eight-think"} <= set(ids(ask(family(), 48, all_variants=True)))


def test_a_base_is_rated_by_what_its_publisher_made_of_it() -> None:
    """Benchmarks are run on instruct models; they say something of the weights below, and are only related."""
    scores = (a_score("a/eight-chat", 50.0),)
    plain = ask(family(), 200, "full").picks
    told = ask(replace(family(), scores=scores), 200, "full").picks
    before = next(pick for pick in plain if pick.model.id == "a/eight-base")
    after = next(pick for pick in told if pick.model.id == "a/eight-base")
    assert after.quality.rating > before.quality.rating + 5
    assert (before.quality.badge, after.quality.badge) == ("estimated", "related")
    assert after.quality.evidence[0].model == "a/eight-chat"


def test_a_licence_must_allow_derivatives() -> None:
    """Over the lineage: what was made from weights that may not be changed may not be changed either."""
    strict = replace(built_in().licenses["llama3.1"], id="strict", derivatives_allowed=False, aliases=())
    facts = world(
        ranked("a/free"),
        ranked("b/strict", license="strict"),
        ranked("c/child", base_model="b/strict", base_relation="finetune"),
        ranked("d/unknown", license="nobody-knows"),
        licenses={**built_in().licenses, "strict": strict},
    )
    answer = ask(facts, 48)
    assert ids(answer) == ["a/free"]
    assert answer.rejected == {"license": 3}
    child = answer.why_not("c/child")
    assert child is not None
    assert "changed version" in child.detail


def test_the_asked_licence_still_counts() -> None:
    """`--license commercial` and `--region` limit as they always do."""
    facts = world(ranked("a/free"), ranked("b/nc", license="cc-by-nc-4.0"))
    assert ids(ask(facts, 48, licenses=("commercial",))) == ["a/free"]


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        ("chat", {"base", "instruct", "reasoning"}),
        ("summarize", {"base", "instruct", "reasoning", "seq2seq"}),
        ("classify", {"encoder"}),
        ("embed", {"embedding", "encoder"}),
        ("rerank", {"reranker", "encoder"}),
        ("finetune", {"base", "instruct", "reasoning"}),
    ],
)
def test_kinds_that_learn_a_task(task: str, kinds: set[str]) -> None:
    """Decoders learn what decoders do, encoders what no decoder is asked for."""
    assert kinds_to_tune(built_in().tasks[task]) == kinds


def test_a_task_need_not_be_claimed_but_senses_must() -> None:
    """Fine-tuning teaches function calling, not seeing."""
    facts = world(ranked("a/plain", tasks=("chat",)))
    assert ids(ask(facts, 24, tasks=("function-calling",))) == ["a/plain"]
    blind = ask(facts, 24, tasks=("vision",)).why_not("a/plain")
    assert blind is not None
    assert blind.reason == "task"


def test_a_base_of_coders_is_offered_for_code_alone() -> None:
    """Bases claim completion where their instruct models claim code."""
    coder = ranked("a/coder", kind="base", tasks=("code-completion", "finetune"))
    rejection = ask(world(coder), 200, "full").why_not("a/coder")
    assert rejection is not None
    assert rejection.reason == "specialist"
    assert ids(ask(world(coder), 200, "full", tasks=("code",))) == ["a/coder"]


def test_an_embedder_is_counted_without_a_loss_over_the_vocabulary() -> None:
    """The same weights take less as an embedder than as a model that predicts words."""
    embedder = ask(world(ranked("a/embed", 0.5, kind="embedding", tasks=("embed",))), 24, "lora", tasks=("embed",))
    talker = ask(world(ranked("a/talk", 0.5)), 24, "lora")
    spent = [answer.picks[0].fit.estimate.part_bytes(PartName.ACTIVATION) for answer in (embedder, talker)]
    assert spent[0] < spent[1]


def test_what_must_be_known_before_training_is_a_warning() -> None:
    """Weights published in four bits alone, and images that the count leaves out."""
    native = ask(world(ranked("a/native", 1, native_format="mxfp4")), 24).picks[0]
    assert any("unpack" in warning for warning in native.warnings)
    seeing = ask(world(ranked("a/seeing", 1, tasks=("chat", "vision"))), 24).picks[0]
    assert any("images" in warning for warning in seeing.warnings)
    assert not any("images" in w or "unpack" in w for w in ask(world(ranked("a/plain", 1)), 24).picks[0].warnings)


def test_a_kind_that_cannot_learn_the_task_is_out() -> None:
    """A reranker does not chat, however long it is trained."""
    rejection = ask(world(ranked("a/rank", 1, kind="reranker", tasks=("rerank",))), 24).why_not("a/rank")
    assert rejection is not None
    assert rejection.reason == "type"
    assert "learnt by" in rejection.detail


def test_a_bundle_is_not_trained_together() -> None:
    """For `rag` the generator alone is tuned; nothing stands beside it."""
    embedder = ranked("x/embed", 0.5, kind="embedding", tasks=("embed",))
    answer = ask(world(ranked("a/b"), embedder), 24, tasks=("rag",))
    assert ids(answer) == ["a/b"]
    assert answer.picks[0].companions == ()
    assert answer.warnings == ()


def test_copies_are_no_start() -> None:
    """Who wants to train takes the original."""
    copy = ranked("z/copy", base_model="a/b", base_relation="quantized", official=False)
    rejection = ask(world(ranked("a/b"), copy), 24).why_not("z/copy")
    assert rejection is not None
    assert rejection.reason == "copy"


def test_the_score_has_no_speed_and_sums() -> None:
    """Nothing is known of how fast a step is."""
    pick = ask(family(), 24, device=card(24, bandwidth=900)).picks[0]
    assert {part.name for part in pick.parts} == {"quality", "context", "adoption"}
    assert sum(part.weight for part in pick.parts) == pytest.approx(1.0)
    assert pick.speed is None
    assert pick.fit.verdict is Verdict.FITS


def test_a_mixture_warns_of_its_frozen_experts() -> None:
    """PEFT reaches routed experts only when asked."""
    mixture = {**config(1), "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
    parameters = describe(mixture).parameters
    facts = world(ranked("a/moe", 1, architecture=mixture, parameters=parameters))
    assert any("routed experts" in warning for warning in ask(facts, 80).picks[0].warnings)
    assert not any("routed experts" in w for w in ask(world(ranked("a/dense", 1)), 80).picks[0].warnings)
