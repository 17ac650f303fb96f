"""Models to fine-tune: how much memory decides, of whose load, and how far it goes."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.estimate.training import estimate_training
from llmfit.fit import COMFORTABLE
from llmfit.rank.tuning import TuningChooser
from llmfit.records.device import Device
from llmfit.records.estimate import PartName
from support.ranking import GIB, card, config, ranked, world
from support.training import load
from support.tuning import ask, family, ids


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


def test_a_small_card_with_ram_has_no_offload_section() -> None:
    """Training with part of the model in RAM is asked for by name, not offered."""
    answer = ask(world(ranked("a/seventy", 70)), 24, device=card(24, ram=256))
    assert answer.offload == ()
    assert answer.rejected == {"too_large": 1}


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
