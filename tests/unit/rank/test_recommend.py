"""The whole answer: picks, offload, rejections, labels, bundle."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.rank import recommend
from llmfit.records.estimate import Verdict
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import World, a_score, card, config, ranked, world
from support.training import load


def several() -> World:
    """Return six models of different size, publisher and licence."""
    return world(
        ranked("a/small", 1),
        ranked("b/three", 3),
        ranked("c/eight", 8),
        ranked("d/fourteen", 14, license="llama3.1"),
        ranked("e/thirty", 32),
        ranked("f/seventy", 70),
    )


def ask(facts: World, gb: float, **asked: Any) -> Recommendations:
    """Return the answer for a card without known bandwidth."""
    ram = asked.pop("ram", None)
    bandwidth = asked.pop("bandwidth", None)
    return recommend(Question(**asked), facts, device=card(gb, ram=ram, bandwidth=bandwidth))


def ids(answer: Recommendations) -> list[str]:
    """Return the picks' ids."""
    return [pick.model.id for pick in answer.picks]


@pytest.mark.parametrize(("gb", "first"), [(8, "c/eight"), (12, "d/fourteen"), (24, "e/thirty"), (80, "f/seventy")])
def test_the_largest_of_one_age_that_fits_comes_first(gb: float, first: str) -> None:
    """Of models alike in all but size, the card is used."""
    assert ids(ask(several(), gb))[0] == first


@pytest.mark.parametrize("gb", [4, 8, 24, 80])
def test_every_model_is_a_pick_or_has_a_reason(gb: float) -> None:
    """Nobody disappears."""
    answer = ask(several(), gb, ram=64)
    named = {*ids(answer), *(p.model.id for p in answer.offload), *(r.model for r in answer.rejections)}
    assert named == set(several().models)
    assert answer.considered == 6
    assert sum(answer.rejected.values()) == len(answer.rejections)
    assert len(answer.rejections) + len(answer.picks) + len(answer.offload) == 6


def test_why_not_tells_the_reason() -> None:
    """Of a model that is no pick; a pick has none."""
    answer = ask(several(), 8)
    rejection = answer.why_not("f/seventy")
    assert rejection is not None
    assert rejection.reason == "too_large"
    assert "GiB" in rejection.detail
    assert answer.why_not(ids(answer)[0]) is None


def test_all_picks_fit() -> None:
    """At most 90 % of the card."""
    for gb in (4, 8, 16, 48):
        for pick in ask(several(), gb, top=None).picks:
            assert pick.fit.verdict is Verdict.FITS
            assert pick.fit.headroom_bytes >= 0.099 * gb * 2**30


def test_scores_sum_and_fall() -> None:
    """Parts sum to the score, the score falls from rank to rank, weights sum to 1."""
    answer = ask(several(), 48, top=None, bandwidth=900)
    scores = [pick.score for pick in answer.picks]
    assert scores == sorted(scores, reverse=True)
    assert [pick.rank for pick in answer.picks] == list(range(1, len(scores) + 1))
    for pick in answer.picks:
        assert pick.score == pytest.approx(sum(part.points for part in pick.parts))
        assert sum(part.weight for part in pick.parts) == pytest.approx(1.0)
        assert sum(term.points for term in pick.quality.terms) == pytest.approx(pick.quality.rating)
        assert {part.name for part in pick.parts} == {"quality", "speed", "context", "adoption"}


def test_offload_stands_in_its_own_section() -> None:
    """A larger model that needs RAM is shown apart, and only where it is better."""
    answer = ask(several(), 24, ram=64)
    assert [pick.model.id for pick in answer.offload] == ["f/seventy"]
    assert answer.offload[0].fit.verdict is Verdict.OFFLOAD
    assert answer.offload[0].warnings
    assert "f/seventy" not in ids(answer)


@pytest.mark.parametrize(("ram", "format_"), [(64, "Q6_K"), (28, "Q5_K_M")])
def test_offload_has_the_best_format_that_gpu_and_ram_hold(ram: float, format_: str) -> None:
    """What the sentence beside it calls too large is too large for both together."""
    (pick,) = ask(several(), 24, ram=ram).offload
    assert pick.workload.format.id == format_
    assert pick.fit.verdict is Verdict.OFFLOAD
    assert any("too large" in reason for reason in pick.reasons) == (format_ != "Q6_K")


def test_offload_keeps_to_the_file_that_was_asked_for() -> None:
    """A better format that is a larger download is no choice."""
    (pick,) = ask(several(), 24, ram=64, max_weight_bytes=45 * 2**30).offload
    assert pick.workload.format.id == "Q4_K_M"


@pytest.mark.parametrize(("kind", "task"), [("embedding", "embed"), ("reranker", "rerank")])
def test_what_writes_no_tokens_has_no_speed(kind: Any, task: str) -> None:
    """A vector or a score is no stream of tokens, as `estimate` says too; a least speed leaves it in."""
    facts = world(ranked("a/three", 3, kind=kind, tasks=(task,)))
    answer = ask(facts, 24, bandwidth=900, tasks=(task,), min_tokens_per_second=10_000.0)
    (pick,) = answer.picks
    assert pick.speed is None
    assert "fastest" not in pick.labels


@pytest.mark.parametrize(("asked", "said"), [({"tasks": ("finetune",)}, 1), ({"tasks": ("chat",)}, 0)])
def test_models_to_fine_tune_are_counted_for_answering_and_say_so(asked: Any, said: int) -> None:
    """Without a method; with one the load is that of training."""
    facts = world(ranked("a/three", 3, kind="base", tasks=("finetune", "chat")))
    assert sum("--training" in text for text in ask(facts, 24, **asked).warnings) == said
    training = ask(facts, 24, training=load("lora"), **asked)
    assert not any("--training" in text for text in training.warnings)


def test_no_offload_without_ram() -> None:
    """Nobody said how much RAM there is."""
    assert ask(several(), 24).offload == ()


def test_the_rest_is_outranked() -> None:
    """What is cut off at the end has its place named."""
    answer = ask(several(), 48, top=1)
    assert len(answer.picks) == 1
    assert any(r.reason == "outranked" and r.detail.startswith("place 2") for r in answer.rejections)


def test_labels_are_given_once_each() -> None:
    """Balanced is the first; the lightest takes the fewest bytes."""
    answer = ask(several(), 48, bandwidth=900)
    labels = [label for pick in answer.picks for label in pick.labels]
    assert len(labels) == len(set(labels)) == 5
    assert "balanced" in answer.picks[0].labels
    lightest = next(pick for pick in answer.picks if "lightest" in pick.labels)
    assert lightest.fit.estimate.total_bytes == min(p.fit.estimate.total_bytes for p in answer.picks)
    assert any(pick.pareto for pick in answer.picks)


def test_nothing_is_called_fastest_without_a_speed() -> None:
    """No bandwidth, no speed."""
    answer = ask(several(), 48)
    assert all("fastest" not in pick.labels for pick in answer.picks)
    assert all(pick.speed is None for pick in answer.picks)


def test_the_longest_context_fits_and_more_would_not() -> None:
    """In steps of 1,024 tokens."""
    from llmfit.architectures import describe
    from llmfit.estimate import estimate
    from llmfit.fit import fit

    pick = ask(several(), 12).picks[0]
    assert pick.max_context is not None
    device, architecture = card(12), describe(pick.model.architecture)
    verdicts = [
        fit(estimate(architecture, replace(pick.workload, context=tokens), device=device), device).verdict
        for tokens in (pick.max_context, pick.max_context + 1024)
    ]
    assert verdicts[0] is Verdict.FITS
    assert verdicts[1] is not Verdict.FITS


def test_reasons_and_warnings_speak() -> None:
    """Each pick says why, and what to beware of."""
    answer = ask(several(), 16, top=None)
    assert all(len(pick.reasons) >= 2 for pick in answer.picks)
    llama = next(pick for pick in answer.picks if pick.model.id == "d/fourteen")
    assert set(llama.license.conditions) <= set(llama.warnings)


def test_evidence_lifts_a_model_over_its_equal() -> None:
    """Two models alike in all but what was measured."""
    from datetime import date

    day = date(2024, 4, 18)
    facts = world(ranked("a/one", released=day), ranked("b/two", released=day), scores=(a_score("b/two", 50.0),))
    answer = ask(facts, 12)
    assert ids(answer) == ["b/two", "a/one"]
    assert answer.picks[0].quality.evidence
    assert any("livebench" in reason for reason in answer.picks[0].reasons)


def test_nothing_fits_is_an_answer() -> None:
    """With a reason for each."""
    answer = ask(several(), 0.5)
    assert answer.picks == ()
    assert set(answer.rejected) == {"too_large"}


def test_limits_of_download_and_speed() -> None:
    """Too large to load, too slow to wait for."""
    answer = ask(several(), 48, max_weight_bytes=4 * 2**30, top=None)
    assert "download" in answer.rejected
    slow = ask(several(), 48, bandwidth=100, min_tokens_per_second=30.0, top=None)
    assert "slow" in slow.rejected


def test_an_unknown_architecture_is_named() -> None:
    """Not guessed."""
    facts = world(replace(ranked("a/b"), architecture={"model_type": "nobody"}))
    assert ask(facts, 24).rejected == {"unsupported": 1}


@pytest.mark.parametrize(
    "broken",
    [
        {"model_type": "llama"},
        {**config(8), "num_attention_heads": -1},
        {**config(8), "hidden_size": "wide"},
        {**config(8), "num_key_value_heads": 7},
        {},
    ],
)
@pytest.mark.parametrize("method", [None, "qlora"])
def test_a_broken_configuration_stops_nobody_else(broken: dict[str, Any], method: str | None) -> None:
    """One model that cannot be counted is out with the reason; the answer goes on."""
    facts = world(replace(ranked("a/broken"), architecture=broken), ranked("b/whole"))
    training = None if method is None else load(method)
    answer = recommend(Question(training=training), facts, device=card(24))
    assert ids(answer) == ["b/whole"]
    assert answer.rejected == {"unsupported": 1}
    assert answer.rejections[0].detail


@pytest.mark.parametrize("kind", ["embedding", "reranker"])
def test_a_broken_companion_stops_no_bundle(kind: str) -> None:
    """The generator is offered, with a warning that nothing stands beside it."""
    task = {"embedding": "embed", "reranker": "rerank"}[kind]
    broken = ranked("x/broken", 0.5, kind=kind, tasks=(task,), architecture={"model_type": "llama"})
    answer = ask(world(*several().models.values(), broken), 24, tasks=("rag",))
    assert answer.picks
    assert any(task in warning for warning in answer.warnings)


def test_a_bundle_fits_together() -> None:
    """Generator, embedder and reranker share the card."""
    embedder = ranked("x/embed", 0.5, kind="embedding", tasks=("embed",))
    reranker = ranked("x/rerank", 0.5, kind="reranker", tasks=("rerank",))
    facts = world(*several().models.values(), embedder, reranker)
    answer = ask(facts, 24, tasks=("rag",))
    pick = answer.picks[0]
    assert [companion.role for companion in pick.companions] == ["embed", "rerank"]
    together = pick.fit.estimate.total_bytes + sum(c.fit.estimate.total_bytes for c in pick.companions)
    assert together <= 24 * 2**30


def test_a_bundle_without_parts_says_so() -> None:
    """No embedder, no silence."""
    answer = ask(several(), 24, tasks=("rag",))
    assert len(answer.warnings) == 2
    assert answer.picks


def test_weights_without_meaning_are_refused() -> None:
    """Before anything is computed."""
    with pytest.raises(UsageError):
        ask(several(), 8, weights={"beauty": 1.0})
