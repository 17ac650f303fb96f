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


@pytest.mark.parametrize(("gpu", "gpus", "message"), [("L4", 1025, "1,025"), ("Apple M4 Max 64 GB", 2, "one memory")])
def test_gpus_that_cannot_train_together_are_refused(catalog: Catalog, gpu: str, gpus: int, message: str) -> None:
    """Absurd numbers, and machines whose GPU shares the RAM."""
    device = device_of(catalog, gpu=[gpu])
    with pytest.raises(UsageError, match=message):
        estimate_finetuning("Qwen/Qwen3-4B", "lora", device=device, catalog=catalog, gpus=gpus)


def test_without_a_device_there_are_bytes_and_a_recipe(catalog: Catalog) -> None:
    """No verdict and no limits, but the libraries' arguments."""
    found = estimate_finetuning("Qwen/Qwen3-4B", "lora", catalog=catalog)
    assert found.fit is None
    assert found.estimate.total_bytes > 0
    assert found.plan is not None
    assert found.plan.batch_size is None
    assert found.plan.recipe["peft"]["class"] == "LoraConfig"


def test_a_library_brings_its_own_defaults(catalog: Catalog) -> None:
    """They hold where nobody says otherwise: litgpt trains in bf16, with rank 8, and computes no layer again."""
    own = training_of(catalog, "lora", trainer="LitGPT")
    assert (own.recipe, own.adapter_dtype, own.lora_rank, own.gradient_checkpointing) == ("bf16", "bf16", 8, "none")
    several = training_of(catalog, "lora", trainer="litgpt", gpus=2)
    assert (several.fsdp, several.gradient_checkpointing) == (True, "full")
    said = training_of(catalog, "lora", trainer="litgpt", lora_rank=64, gradient_checkpointing="full")
    assert (said.lora_rank, said.gradient_checkpointing) == (64, "full")
    assert training_of(catalog, "full", trainer="torchtune").loss == "chunked"
    assert training_of(catalog, "lora").trainer == "peft"


def test_an_embedder_is_counted_with_the_loss_that_it_learns_by(catalog: Catalog) -> None:
    """Logits of its whole vocabulary would take gigabytes."""
    name = next(row.id for row in catalog.models.values() if row.kind == "embedding" and row.parameters > 3e8)
    found = estimate_finetuning(name, "lora", target_modules=["all-linear"], catalog=catalog)
    assert isinstance(found.workload, Training)
    assert found.workload.loss == "contrastive"


def test_the_answer_names_the_modules_that_are_adapted(catalog: Catalog) -> None:
    """PEFT's default for the architecture under LoRA, every linear layer under QLoRA."""
    plain, quantised = (estimate_finetuning("Qwen3-8B", method, catalog=catalog) for method in ("lora", "qlora"))
    assert plain.plan is not None
    assert quantised.plan is not None
    assert plain.plan.recipe["peft"]["target_modules"] == ["q_proj", "v_proj"]
    assert len(quantised.plan.recipe["peft"]["target_modules"]) == 7
