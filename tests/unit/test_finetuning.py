"""Fine-tuning, from words to an answer."""

import pytest

from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UsageError
from llmfit.finetuning import estimate_finetuning, training_of
from llmfit.records.training import Training
from llmfit.words import device_of


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The built-in catalog."""
    return load_catalog(user_file=None)


def test_words_become_a_load(catalog: Catalog) -> None:
    """Case and dashes do not matter, lists are split, what is not said keeps its default."""
    found = training_of(
        catalog, "QLoRA", optimizer="Paged-AdamW", target_modules=["q_proj, v_proj", "o_proj"], zero=2, loss=None
    )
    assert (found.method, found.optimizer, found.zero, found.loss) == ("qlora", "paged_adamw", 2, "full")
    assert found.target_modules == ("q_proj", "v_proj", "o_proj")
    assert found.base_format is not None
    assert found.base_format.id == "nf4-dq"
    assert training_of(catalog, "lora").base_format is None


@pytest.mark.parametrize(
    "given",
    [
        {"method": "full", "lora_rank": 8},
        {"method": "lora", "base_format": "nf4"},
        {"method": "lora", "fsdp": True, "zero": 3},
    ],
)
def test_words_that_contradict_each_other_are_usage(catalog: Catalog, given: dict[str, object]) -> None:
    """Each with a hint."""
    with pytest.raises(UsageError) as caught:
        training_of(catalog, **given)  # type: ignore[arg-type]  # words by name
    assert caught.value.hint


@pytest.mark.parametrize("name", ["stage", "optimizer", "recipe", "loss", "attention"])
def test_unknown_words_name_the_vocabulary(catalog: Catalog, name: str) -> None:
    """A closed vocabulary does not guess."""
    with pytest.raises(UnknownWordError) as caught:
        training_of(catalog, "lora", **{name: "qqqqqq"})
    assert caught.value.hint.startswith("Name one of")


def test_the_inverse_is_the_most_that_fits(catalog: Catalog) -> None:
    """One sequence more, one token more or one rank more does not fit."""
    device = device_of(catalog, vram=24)
    plan = estimate_finetuning("Qwen/Qwen3-8B", "qlora", device=device, catalog=catalog).plan
    assert plan is not None
    limits = {"batch_size": plan.batch_size, "sequence_length": plan.sequence_length, "lora_rank": plan.lora_rank}
    for name, limit in limits.items():
        assert limit is not None
        for value, verdict in ((limit, {"fits"}), (limit + 1, {"tight", "too_large"})):
            found = estimate_finetuning("Qwen/Qwen3-8B", "qlora", device=device, catalog=catalog, **{name: value}).fit
            assert found is not None
            assert found.verdict.value in verdict


def test_several_cards_of_one_name_train_together(catalog: Catalog) -> None:
    """`--gpus` repeats a named card, and follows the device where it is not given."""
    one = device_of(catalog, vram=24)
    found = estimate_finetuning("Qwen/Qwen3-4B", "lora", device=one, catalog=catalog, gpus=4, zero=3)
    assert found.device is not None
    assert len(found.device.gpus) == 4
    two = device_of(catalog, gpu=["2x L4"])
    load = estimate_finetuning("Qwen/Qwen3-4B", "lora", device=two, catalog=catalog).workload
    assert isinstance(load, Training)
    assert load.gpus == 2
    with pytest.raises(UsageError, match="--gpus 3"):
        estimate_finetuning("Qwen/Qwen3-4B", "lora", device=two, catalog=catalog, gpus=3)


def test_without_a_device_there_are_bytes_and_a_recipe(catalog: Catalog) -> None:
    """No verdict and no limits, but the libraries' arguments."""
    found = estimate_finetuning("Qwen/Qwen3-4B", "lora", catalog=catalog)
    assert found.fit is None
    assert found.estimate.total_bytes > 0
    assert found.plan is not None
    assert found.plan.batch_size is None
    assert found.plan.recipe["peft"]["class"] == "LoraConfig"
