"""Quality: prior, series, benchmarks and caps in terms that sum."""

from datetime import date
from typing import Any

import pytest

from llmfit.rank.quality import Rater
from llmfit.rank.scales import deviation
from llmfit.records.model import Model
from llmfit.records.recommendation import Quality
from support.ranking import World, a_score, built_in, ranked, world

CATALOG = built_in()


def rate(facts: World, name: str, task: str = "chat") -> Quality:
    """Return a model's quality at a task."""
    return Rater(facts, tasks=(facts.tasks[task],)).rate(facts.models[name])


def old(name: str, billions: float = 8, **changes: object) -> Model:
    """Return a model of April 2024."""
    return ranked(name, billions, **{"released": date(2024, 4, 18), **changes})


def points(quality: Quality, label: str) -> float:
    """Return the points of a term, 0 where it is not there."""
    return sum(term.points for term in quality.terms if term.label == label)


@pytest.mark.parametrize("task", ["chat", "code", "reasoning", "korean"])
@pytest.mark.parametrize("score", [None, 10.0, 60.0])
def test_terms_sum_to_the_rating(task: str, score: float | None) -> None:
    """What is shown is what is counted."""
    scores = () if score is None else (a_score("a/b", score),)
    quality = rate(world(old("a/b"), scores=scores), "a/b", task)
    assert sum(term.points for term in quality.terms) == pytest.approx(quality.rating)


def test_no_evidence_is_estimated_not_bad() -> None:
    """Without benchmarks the rating is the prior's, with the prior's error."""
    quality = rate(world(old("a/b")), "a/b")
    assert quality.badge == "estimated"
    assert quality.standard_error == pytest.approx(CATALOG.ranking.prior.standard_deviation)
    assert points(quality, "benchmarks") == 0


def test_evidence_narrows_and_moves_less_than_it_says() -> None:
    """It is shrunk toward the prior."""
    facts = world(old("a/b"), scores=(a_score("a/b", 50.0),))
    quality = rate(facts, "a/b")
    assert quality.badge == "measured"
    assert quality.standard_error < CATALOG.ranking.prior.standard_deviation
    assert 0 < points(quality, "benchmarks") < 2.5 * CATALOG.ranking.prior.standard_deviation
    assert quality.evidence[0].benchmark == "livebench-2024-06-24/global"


def test_a_neighbouring_tasks_benchmark_is_related() -> None:
    """A board of chat does not measure code."""
    facts = world(old("a/b"), scores=(a_score("a/b", 50.0),))
    chat, code = rate(facts, "a/b"), rate(facts, "a/b", "code")
    assert code.badge == "related"
    assert code.standard_error > chat.standard_error


def test_a_fine_tune_inherits_its_bases_benchmarks() -> None:
    """What is known of the base is known, less surely, of what was made from it."""
    base = old("a/base")
    tuned = old("b/tuned", base_model="a/base", base_relation="finetune")
    facts = world(base, tuned, scores=(a_score("a/base", 50.0),))
    quality = rate(facts, "b/tuned")
    assert quality.badge == "related"
    assert {row.model for row in quality.evidence} == {"a/base"}


def test_a_bases_scores_count_less_for_what_was_made_of_it() -> None:
    """The same scores, with twice the variance: they move the derivative less, and leave more unknown."""
    tuned = old("b/tuned", base_model="a/base", base_relation="finetune", publisher="b", family="Another")
    facts = world(old("a/base"), tuned, scores=(a_score("a/base", 20.0),))
    own, inherited = rate(facts, "a/base"), rate(facts, "b/tuned")
    shares = [
        float(term.detail.partition("counted to ")[2].partition("%")[0])
        for quality in (own, inherited)
        for term in quality.terms
        if term.label == "benchmarks"
    ]
    judgement, shrinkage = CATALOG.ranking.judgement, CATALOG.ranking.shrinkage
    noise = shrinkage.noise["livebench"]
    assert shares[0] == round(100 * shrinkage.shared / (shrinkage.shared + noise))
    assert shares[1] == round(100 * shrinkage.shared / (shrinkage.shared + judgement.related_factor * noise))
    assert own.standard_error < inherited.standard_error
    details = [next(t.detail for t in quality.terms if t.label == "benchmarks") for quality in (own, inherited)]
    assert details[0].endswith("%")
    assert details[1].endswith("%, of a/base")


def test_a_score_moves_a_rating_by_its_share_of_the_deviation() -> None:
    """What it says beyond size, age, thinking and what the series lets expect, times how far it is believed."""
    facts = world(old("a/b"), scores=(a_score("a/b", 20.0),))
    quality, ranking = rate(facts, "a/b"), CATALOG.ranking
    scale = next(s for s in ranking.scales if s.benchmark == "livebench-2024-06-24/global")
    prior = sum(points(quality, label) for label in ("model of 1 B", "size", "age", "small"))
    expected = prior + ranking.shrinkage.thinking["general"]
    said = deviation(scale, 20.0, expected=expected, judgement=ranking.judgement)
    assert said is not None
    share = ranking.shrinkage.shared / (ranking.shrinkage.shared + ranking.shrinkage.noise["livebench"])
    series = points(quality, "series")
    assert series == pytest.approx(ranking.shrinkage.series_mean)
    assert points(quality, "benchmarks") == pytest.approx(share * (said - series))


def test_a_base_that_answers_is_not_rated_by_what_was_made_of_it() -> None:
    """Its instruct model's scores speak of the base as a start, not as a model to talk to."""
    base = old("a/base", kind="base", tasks=("finetune",))
    facts = world(base, old("a/chat", base_model="a/base", base_relation="instruct"), scores=(a_score("a/chat", 50.0),))
    assert rate(facts, "a/base").evidence == ()
    told = Rater(facts, tasks=(facts.tasks["chat"],), for_tuning=True).rate(base)
    assert {row.model for row in told.evidence} == {"a/chat"}


def test_of_several_made_of_a_base_the_surest_speaks_for_it() -> None:
    """One that others measured, before one that its maker did."""
    base = old("a/base", kind="base", tasks=("finetune",))
    made = [old(f"a/{name}", base_model="a/base", base_relation="instruct") for name in ("its-word", "measured")]
    scores = (a_score("a/its-word", 60.0, evidence="self_reported"), a_score("a/measured", 20.0))
    facts = world(base, *made, scores=scores)
    told = Rater(facts, tasks=(facts.tasks["chat"],), for_tuning=True).rate(base)
    assert {row.model for row in told.evidence} == {"a/measured"}


def test_a_series_term_says_whether_anybody_was_measured() -> None:
    """A relative's scores, or the mean of all series where there are none."""
    before, new = old("a/one", family="F1"), old("a/two", family="F2", released=date(2024, 6, 1))
    alone = rate(world(new, old("z/other"), scores=(a_score("z/other", 50.0),)), "a/two")
    told = rate(world(before, new, scores=(a_score("a/one", 60.0),)), "a/two")
    details = [next(t.detail for t in quality.terms if t.label == "series") for quality in (alone, told)]
    assert details[0] == "no other model of the series was measured"
    assert details[1] == "how other a models measured, the nearest in time most"


def test_of_several_tasks_the_one_that_gains_most_by_thinking_counts() -> None:
    """Who asks for chat and mathematics needs a model that thinks."""
    facts = world(old("a/t", tasks=("chat", "writing", "math", "reasoning")))
    thinking = CATALOG.ranking.shrinkage.thinking
    for order in (("chat", "math"), ("math", "chat")):
        quality = Rater(facts, tasks=tuple(facts.tasks[name] for name in order)).rate(facts.models["a/t"])
        assert points(quality, "thinking") == thinking["math"] > thinking["language"]


def test_a_fine_tune_of_unknown_origin_stays_below_its_base() -> None:
    """Even where its claimed size or date would place it higher."""
    base = old("a/base")
    tuned = old("b/tuned", base_model="a/base", base_relation="finetune", released=date(2026, 4, 18))
    facts = world(base, tuned)
    gap = rate(facts, "a/base").rating - rate(facts, "b/tuned").rating
    assert gap == pytest.approx(CATALOG.ranking.judgement.finetune_points)


def test_what_stands_below_the_cap_is_left_where_it_stands() -> None:
    """A pruned 8 B model is not lifted to its 32 B base."""
    base = old("a/base", 32)
    pruned = old("b/pruned", 8, base_model="a/base", base_relation="finetune")
    quality = rate(world(base, pruned), "b/pruned")
    assert "cap" not in {term.label for term in quality.terms}
    assert quality.rating < rate(world(base, pruned), "a/base").rating - CATALOG.ranking.judgement.finetune_points


@pytest.mark.parametrize(
    "changes",
    [
        {"publisher": "z"},
        {"base_model": "a/other"},
        {"kind": "embedding", "tasks": ("embed",)},
        {"base_model": "a/chat-base"},
    ],
)
def test_a_base_to_tune_is_told_by_its_own_makers_talkers_alone(changes: dict[str, Any]) -> None:
    """Not by another publisher's, another base's, an embedder, nor where it is no base."""
    base = old("a/base", kind="base", tasks=("finetune",))
    made = old("a/made", **{"base_model": "a/base", "base_relation": "instruct", **changes})
    facts = world(base, old("a/chat-base"), made, scores=(a_score("a/made", 50.0),))
    rater = Rater(facts, tasks=(facts.tasks["chat"],), for_tuning=True)
    assert rater.rate(base).evidence == ()
    assert rater.rate(facts.models["a/chat-base"]).evidence == ()


def test_its_own_word_lifts_no_fine_tune() -> None:
    """A card's own figures do not break the cap; somebody else's do."""
    base = old("a/base")
    tuned = old("b/tuned", base_model="a/base", base_relation="finetune")
    for evidence, higher in (("self_reported", False), ("vendor", False), ("independent", True)):
        facts = world(base, tuned, scores=(a_score("b/tuned", 60.0, evidence=evidence),))
        assert (rate(facts, "b/tuned").rating > rate(facts, "a/base").rating) is higher


def test_a_copy_is_as_good_as_what_it_copies() -> None:
    """A repack adds and takes nothing."""
    base = old("a/base")
    copy = old("b/copy", base_model="a/base", base_relation="repack", released=date(2026, 1, 1))
    facts = world(base, copy)
    assert rate(facts, "b/copy").rating == pytest.approx(rate(facts, "a/base").rating)


def test_an_embedder_is_not_held_below_what_it_was_made_of() -> None:
    """An encoder, or a model that writes, embeds nothing; an embedder made of an embedder stays below it."""
    encoder, writer = old("a/encoder", kind="encoder", released=date(2019, 11, 5)), old("a/writer", kind="base")
    first = old("a/first", kind="embedding", tasks=("embed",))
    for base, held in ((encoder, False), (writer, False), (first, True)):
        made = old("b/made", kind="embedding", tasks=("embed",), base_model=base.id, base_relation="finetune")
        quality = rate(world(base, made), "b/made", "embed")
        assert (points(quality, "cap") < 0) is held
    reranker = old("b/reranker", kind="reranker", tasks=("rerank",), base_model=first.id, base_relation="finetune")
    assert points(rate(world(first, reranker), "b/reranker", "rerank"), "cap") == 0


def test_the_publishers_own_tuning_is_not_capped() -> None:
    """An official instruct model may be better than its base."""
    base = old("a/base", kind="base")
    tuned = old("a/tuned", base_model="a/base", base_relation="instruct")
    assert points(rate(world(base, tuned), "a/tuned"), "cap") == 0


def test_a_specialist_gains_where_it_is_one_and_pays_elsewhere() -> None:
    """Models for code are better at code than their size, and worse at chat."""
    coder = old("a/coder", tasks=("code", "chat"))
    facts = world(coder)
    assert points(rate(facts, "a/coder", "code"), "specialist") == CATALOG.ranking.shrinkage.specialist_points
    assert points(rate(facts, "a/coder"), "specialist") == -CATALOG.ranking.shrinkage.specialist_points


def test_thinkers_gain_by_the_skill_that_a_task_asks_for() -> None:
    """Much in mathematics, little in chat; nothing for those that do not think."""
    thinker, plain = (
        old("a/t", tasks=("chat", "writing", "math", "reasoning")),
        old("a/p", tasks=("chat", "writing", "math")),
    )
    facts = world(thinker, plain)
    thinking = CATALOG.ranking.shrinkage.thinking
    assert points(rate(facts, "a/t", "math"), "thinking") == thinking["math"]
    assert points(rate(facts, "a/t"), "thinking") == thinking["language"]
    assert thinking["math"] > thinking["language"]
    assert points(rate(facts, "a/p", "math"), "thinking") == 0


def test_a_new_model_is_expected_to_be_like_its_predecessors() -> None:
    """Nobody measured it; its publisher's last model stood high. It is related, and surer than without."""
    before, new = old("a/one", family="F1"), old("a/two", family="F2", released=date(2024, 6, 1))
    quality = rate(world(before, new, scores=(a_score("a/one", 50.0),)), "a/two")
    assert quality.badge == "related"
    assert points(quality, "series") > 0
    assert quality.standard_error < CATALOG.ranking.prior.standard_deviation
