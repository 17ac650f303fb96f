"""Fine-tuning, from words to an answer."""

import pytest

from llmfit.answers.finetuning import estimate_finetuning, training_of
from llmfit.answers.words import device_of
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownWordError, UsageError
from llmfit.records.training import Training


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


def test_methods_are_compared_like_with_like(catalog: Catalog) -> None:
    """Adapters stand on the same modules in every row, those of the asked method, and QLoRA is never missing."""
    device = device_of(catalog, vram=80)
    for method, names in (("full", ("all-linear",)), ("qlora", ("all-linear",)), ("lora", ("q_proj", "v_proj"))):
        plan = estimate_finetuning("Qwen/Qwen3-4B", method, device=device, catalog=catalog).plan
        assert plan is not None
        assert plan.adapted == names
        sizes = {one.method: one.total_bytes for one in plan.methods}
        assert set(sizes) == {"full", "freeze", "lora", "qlora"}
        for other in ("lora", "qlora"):
            alone = estimate_finetuning(
                "Qwen/Qwen3-4B", other, device=device, catalog=catalog, target_modules=list(names)
            )
            assert sizes[other] == alone.estimate.total_bytes


def test_a_model_without_default_modules_has_its_lora_row(catalog: Catalog) -> None:
    """PEFT has no default for gpt-oss; beside QLoRA on every linear layer, LoRA is on those too."""
    plan = estimate_finetuning("openai/gpt-oss-20b", "qlora", device=device_of(catalog, vram=80), catalog=catalog).plan
    assert plan is not None
    assert "lora" in {one.method for one in plan.methods}


def test_full_fine_tuning_names_every_recipe_with_its_total(catalog: Catalog) -> None:
    """Whoever reads 16 bytes a parameter is told of the recipe with 8; an adapter's model is frozen and has none."""
    device = device_of(catalog, vram=80)
    plan = estimate_finetuning("Qwen/Qwen3-4B", "full", device=device, catalog=catalog).plan
    assert plan is not None
    assert {one.recipe for one in plan.recipes} == {"bf16-master", "fp32", "bf16-amp", "bf16"}
    assert [one.total_bytes for one in plan.recipes] == sorted((one.total_bytes for one in plan.recipes), reverse=True)
    for one in plan.recipes:
        alone = estimate_finetuning("Qwen/Qwen3-4B", "full", device=device, catalog=catalog, recipe=one.recipe)
        assert alone.fit is not None
        assert (one.total_bytes, one.verdict) == (alone.estimate.total_bytes, alone.fit.verdict)
    adapter = estimate_finetuning("Qwen/Qwen3-4B", "lora", device=device, catalog=catalog).plan
    assert adapter is not None
    assert adapter.recipes == ()


def test_sequences_are_bound_by_the_context_that_the_publisher_states(catalog: Catalog) -> None:
    """Not by the configuration's, which adds room for the answer or a scaling that is not in use."""
    row = catalog.model("Qwen/Qwen3-0.6B")
    assert row.architecture["max_position_embeddings"] > row.context_length
    found = estimate_finetuning(row, "qlora", device=device_of(catalog, vram=180), catalog=catalog)
    assert found.plan is not None
    assert found.plan.sequence_length == row.context_length
    longer = estimate_finetuning(row, "qlora", catalog=catalog, sequence_length=row.context_length + 1)
    assert f"the model was made for {row.context_length} tokens" in longer.estimate.warnings


@pytest.mark.parametrize(
    ("name", "method", "words"),
    [
        ("openai/gpt-oss-20b", "qlora", "published in mxfp4 alone: unpack it to 16 bit and save that before it trains"),
        ("openai/gpt-oss-20b", "qlora", "a checkpoint in mxfp4 cannot be loaded in nf4-dq"),
        ("openai/gpt-oss-20b", "full", "before it trains"),
        ("Qwen/Qwen3-4B", "qlora", ""),
    ],
)
def test_a_model_that_is_published_packed_says_what_stands_before_training(
    catalog: Catalog, name: str, method: str, words: str
) -> None:
    """Transformers refuses to load a packed checkpoint in another packed format."""
    found = estimate_finetuning(name, method, catalog=catalog).warnings
    packed = [warning for warning in found if "before it trains" in warning]
    assert bool(packed) is bool(words)
    assert all(words in warning for warning in packed)
    assert all(("cannot be loaded" in warning) is (method == "qlora") for warning in packed)


@pytest.mark.parametrize(
    ("name", "given", "tokens"),
    [("google-t5/t5-base", None, 512), ("google-t5/t5-base", 1024, 1024), ("Qwen/Qwen3-4B", None, 2048)],
)
def test_sequences_are_no_longer_than_the_model_was_made_for_unless_asked(
    catalog: Catalog, name: str, given: int | None, tokens: int
) -> None:
    """Where nobody says how long they are; whoever asks for more is warned."""
    found = estimate_finetuning(name, "full", catalog=catalog, sequence_length=given)
    assert isinstance(found.workload, Training)
    assert found.workload.sequence_length == tokens
    warned = any("was made for" in warning for warning in found.estimate.warnings)
    assert warned is (given == 1024)


@pytest.mark.parametrize(
    ("name", "method", "trainer", "task"),
    [
        ("google-t5/t5-base", "lora", "Seq2SeqTrainer", "SEQ_2_SEQ_LM"),
        ("BAAI/bge-m3", "lora", "SentenceTransformerTrainer", "FEATURE_EXTRACTION"),
        ("google-bert/bert-base-uncased", "lora", "Trainer", "SEQ_CLS"),
        ("google-bert/bert-base-uncased", "prompt", "Trainer", "SEQ_CLS"),
        ("Qwen/Qwen3-4B", "lora", "SFTTrainer", "CAUSAL_LM"),
    ],
)
def test_models_that_write_nothing_are_trained_by_other_classes(
    catalog: Catalog, name: str, method: str, trainer: str, task: str
) -> None:
    """TRL's trainers are for models that write; an encoder's texts are cut when they are tokenized."""
    plan = estimate_finetuning(name, method, catalog=catalog).plan
    assert plan is not None
    assert plan.recipe["trainer"] == trainer
    assert plan.recipe["peft"]["task_type"] == task
    own = trainer == "SFTTrainer"
    assert ("max_length" in plan.recipe["arguments"]) is ("packing" in plan.recipe["arguments"]) is own
    assert any("cut texts to" in note for note in plan.recipe["notes"]) is not own
