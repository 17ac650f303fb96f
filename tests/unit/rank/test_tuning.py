"""Models to fine-tune: who comes into question, from which weights, under which licence, in how much memory."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.estimate.training import estimate_training
from llmfit.fit import COMFORTABLE
from llmfit.rank import recommend
from llmfit.rank.tuning import TuningChooser, kinds_to_tune
from llmfit.records.device import Device
from llmfit.records.estimate import PartName, Verdict
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import GIB, World, a_score, built_in, card, config, ranked, world
from support.training import load

DAY = date(2024, 4, 18)


def family() -> World:
    """Return a base with its instruct and reasoning models, and an instruct model of nobody's base."""
    base = ranked("a/eight-base", kind="base", tasks=("finetune",), languages=(), released=DAY)
    chat = ranked("a/eight-chat", base_model=base.id, base_relation="instruct", released=DAY)
    thinker = ranked("a/eight-think", kind="reasoning", base_model=base.id, base_relation="finetune", released=DAY)
    alone = ranked("b/three", 3, released=DAY)
    return world(base, chat, thinker, alone)


def ask(facts: World, gb: float, method: str = "qlora", **asked: Any) -> Recommendations:
    """Return the answer; `load` are fields of the training load, `device` stands for the card."""
    training = load(method, **asked.pop("load", {}))
    device: Device = asked.pop("device", None) or card(gb)
    return recommend(Question(training=training, **asked), facts, device=device)


def ids(answer: Recommendations) -> list[str]:
    """Return the picks' ids."""
    return [pick.model.id for pick in answer.picks]


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
    assert any("no base of this lineage" in reason for reason in small.reasons)


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


def test_what_fits_is_what_training_takes() -> None:
    """The pick's bytes are those of the training estimate, all parts, and within 90 % of the card."""
    pick = ask(family(), 24).picks[0]
    training = load("qlora")
    expected = estimate_training(describe(pick.model.architecture), training, device=card(24))
    assert pick.fit.estimate.total_bytes == expected.total_bytes <= COMFORTABLE * 24 * GIB
    assert pick.training == training
    assert pick.fit.estimate.part_bytes(PartName.OPTIMIZER) > 0
    assert pick.workload.format.id == "nf4-dq"
    assert pick.workload.context == training.sequence_length


def test_the_longest_sequence_fits_and_one_token_more_does_not() -> None:
    """It stands where an answering model has its longest context."""
    pick = ask(family(), 12).picks[0]
    assert pick.max_context is not None
    architecture, device = describe(pick.model.architecture), card(12)
    sizes = [
        estimate_training(architecture, load("qlora", sequence_length=n), device=device).total_bytes
        for n in (pick.max_context, pick.max_context + 1)
    ]
    assert sizes[0] <= COMFORTABLE * device.usable_bytes < sizes[1]


def test_the_load_decides_who_fits() -> None:
    """The same card holds less under a larger batch, a longer sequence, or a method that takes more."""
    facts = world(*(ranked(f"p{size}/m", size) for size in (1, 3, 8, 14, 32)))
    sizes = [
        max(pick.model.parameters for pick in ask(facts, 32, method, load=options, top=None).picks)
        for method, options in (
            ("qlora", {}),
            ("qlora", {"batch_size": 4}),
            ("lora", {"target_modules": ("q_proj", "v_proj")}),
            ("full", {}),
        )
    ]
    assert sizes[0] > sizes[1]
    assert sizes[0] > sizes[2] > sizes[3]


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


def test_a_small_card_with_ram_has_no_offload_section() -> None:
    """Training with part of the model in RAM is asked for by name, not offered."""
    answer = ask(world(ranked("a/seventy", 70)), 24, device=card(24, ram=256))
    assert answer.offload == ()
    assert answer.rejected == {"too_large": 1}


def test_copies_are_no_start() -> None:
    """Who wants to train takes the original."""
    copy = ranked("z/copy", base_model="a/b", base_relation="quantized", official=False)
    rejection = ask(world(ranked("a/b"), copy), 24).why_not("z/copy")
    assert rejection is not None
    assert rejection.reason == "copy"


def test_an_architecture_without_default_modules_gets_every_linear_layer() -> None:
    """So that new families are compared with old ones; the load and a warning say so."""
    strange = {**config(1), "model_type": "ernie4_5"}
    facts = world(ranked("a/new", 1, architecture=strange))
    pick = ask(facts, 24, "lora").picks[0]
    assert pick.training is not None
    assert pick.training.target_modules == ("all-linear",)
    assert any("every linear layer" in warning for warning in pick.warnings)
    known = ask(world(ranked("a/known", 1)), 24, "lora").picks[0]
    assert known.training is not None
    assert known.training.target_modules == ()


def test_a_module_that_one_model_lacks_does_not_stop_the_answer() -> None:
    """The model is out with the reason, the others stay."""
    gpt2 = {
        "model_type": "gpt2",
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "n_positions": 4096,
        "vocab_size": 50257,
    }
    facts = world(ranked("a/llama", 1), ranked("b/gpt2", 1, architecture=gpt2, parameters=124_439_808))
    answer = ask(facts, 24, "lora", load={"target_modules": ("q_proj",)}, tasks=("finetune",))
    assert ids(answer) == ["a/llama"]
    rejection = answer.why_not("b/gpt2")
    assert rejection is not None
    assert rejection.reason in {"unsupported", "outclassed"}


def test_several_gpus_share_what_the_sharding_shares() -> None:
    """ZeRO 3 over four cards holds what one does not."""
    facts = world(ranked("a/eight", 8))
    four = Device(gpus=card(24).gpus * 4)
    assert ids(ask(facts, 24, "full")) == []
    answer = ask(facts, 24, "full", load={"gpus": 4, "zero": 3, "offload_optimizer": True}, device=four)
    assert ids(answer) == ["a/eight"]
    assert len(answer.picks[0].fit.estimate.per_gpu_bytes) == 4


def test_ram_that_is_too_small_for_the_offloaded_state_is_no_fit() -> None:
    """What leaves the GPU must lie somewhere."""
    facts = world(ranked("a/three", 3))
    options = {"zero": 2, "offload_optimizer": True}
    small, large = (replace(card(24), ram_bytes=gb * GIB) for gb in (16, 128))
    assert ids(ask(facts, 24, "full", load=options, device=small)) == []
    assert ids(ask(facts, 24, "full", load=options, device=large)) == ["a/three"]


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


@pytest.mark.parametrize("method", ["full", "lora", "qlora", "freeze", "ia3", "prefix", "prompt"])
@pytest.mark.parametrize("options", [{}, {"gpus": 4, "zero": 3}, {"zero": 3, "offload_parameters": True}])
def test_the_lower_bound_is_below_every_estimate(method: str, options: dict[str, Any]) -> None:
    """Law: who is out by parameters and bits alone would have been out by the estimate."""
    facts = world(*(ranked(f"p{size}/m", size) for size in (0.5, 3, 14, 70)))
    training = load(method, **options)
    chooser = TuningChooser(training, facts, device=card(24))
    for model in facts.models.values():
        total = estimate_training(describe(model.architecture), training).total_bytes
        assert chooser.least_bytes(model) <= total


def test_contradictory_options_are_told_of_every_model() -> None:
    """The bound does not hide what the estimate has to say."""
    answer = ask(world(ranked("a/b", 1)), 24, "full", load={"offload_optimizer": True})
    assert answer.rejected == {"unsupported": 1}
    assert "needs ZeRO" in answer.rejections[0].detail
