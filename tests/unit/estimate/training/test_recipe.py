"""The arguments that make a run take what the estimate says."""

from typing import Any

import pytest

from llmfit.estimate.training.recipe import OPTIM, recipe
from llmfit.records.training import OPTIMIZERS
from support.training import llama, load


def test_qlora_is_spelled_for_transformers_peft_and_trl() -> None:
    """One dictionary a library, by its own names."""
    found = recipe(llama(), load("qlora", lora_rank=64, optimizer="paged_adamw", batch_size=4, packing=True))
    assert found.trainer == "SFTTrainer"
    assert found.model["quantization_config"] == {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": "bfloat16",
    }
    assert found.peft["class"] == "LoraConfig"
    assert found.peft["r"] == 64
    assert found.peft["target_modules"] == ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert found.arguments["optim"] == "paged_adamw_32bit"
    assert found.arguments["per_device_train_batch_size"] == 4
    assert found.arguments["packing"] is True
    assert found.deepspeed == {}


def test_plain_nf4_switches_double_quantisation_off() -> None:
    """The format decides."""
    found = recipe(llama(), load("qlora", base_format="nf4"))
    assert found.model["quantization_config"]["bnb_4bit_use_double_quant"] is False


def test_rslora_and_dora_are_flags_of_lora() -> None:
    """PEFT has one config for all three."""
    assert recipe(llama(), load("rslora")).peft["use_rslora"] is True
    assert recipe(llama(), load("dora")).peft["use_dora"] is True
    assert recipe(llama(), load("lora")).peft["use_dora"] is False


def test_other_adapters_have_configs_of_their_own() -> None:
    """IA3 by modules, prompts by tokens."""
    assert recipe(llama(), load("ia3")).peft["class"] == "IA3Config"
    assert recipe(llama(), load("prefix", virtual_tokens=7)).peft == {
        "class": "PrefixTuningConfig",
        "task_type": "CAUSAL_LM",
        "num_virtual_tokens": 7,
    }
    assert recipe(llama(), load("prompt")).peft["class"] == "PromptTuningConfig"


def test_saved_modules_are_named() -> None:
    """The head of a model that learns new words."""
    assert recipe(llama(), load("lora", modules_to_save=("lm_head",))).peft["modules_to_save"] == ["lm_head"]


def test_full_fine_tuning_needs_no_peft() -> None:
    """Master weights in fp32 are DeepSpeed's."""
    found = recipe(llama(), load("full"))
    assert found.peft == {}
    assert found.deepspeed["bf16"] == {"enabled": True}
    assert recipe(llama(), load("full", recipe="bf16")).deepspeed == {}


@pytest.mark.parametrize(
    ("options", "stage"),
    [({}, 1), ({"gpus": 2}, 0), ({"gpus": 2, "zero": 1}, 1), ({"zero": 3}, 3), ({"zero": 3, "recipe": "bf16"}, 3)],
)
def test_master_weights_on_one_gpu_take_deepspeeds_first_stage(options: dict[str, Any], stage: int) -> None:
    """Stage 0 would hold them by an optimizer of its own that takes less than the estimate says."""
    assert recipe(llama(), load("full", **options)).deepspeed["zero_optimization"]["stage"] == stage


def test_mixed_precision_loads_fp32_weights() -> None:
    """Autocast does the rest."""
    found = recipe(llama(), load("full", recipe="fp16-amp"))
    assert found.model["dtype"] == "float32"
    assert found.arguments["fp16"] is True


def test_zero_and_offload_are_written_for_deepspeed() -> None:
    """Stage, bucket and where things lie."""
    found = recipe(llama(), load("full", gpus=4, zero=3, offload_optimizer=True, offload_parameters=True))
    assert found.deepspeed["zero_optimization"] == {
        "stage": 3,
        "reduce_bucket_size": 500_000_000,
        "offload_optimizer": {"device": "cpu"},
        "offload_param": {"device": "cpu"},
    }


def test_fsdp_is_an_argument_of_the_trainer() -> None:
    """With offload where asked."""
    assert recipe(llama(), load("full", gpus=4, fsdp=True)).arguments["fsdp"] == "full_shard auto_wrap"
    offloaded = recipe(llama(), load("full", gpus=4, fsdp=True, offload_parameters=True))
    assert offloaded.arguments["fsdp"].endswith("offload")


def test_each_stage_has_its_trainer() -> None:
    """TRL's names."""
    stages = ("sft", "dpo", "ppo", "reward")
    found = [recipe(llama(), load("lora", stage=stage)).trainer for stage in stages]
    assert found == ["SFTTrainer", "DPOTrainer", "PPOTrainer", "RewardTrainer"]


def test_every_optimizer_but_muon_has_a_name_in_transformers() -> None:
    """Muon is passed by hand, and the note says so."""
    assert set(OPTIMIZERS) - set(OPTIM) == {"muon"}
    found = recipe(llama(), load("full", optimizer="muon"))
    assert "optim" not in found.arguments
    assert any("Muon" in note for note in found.notes)


def test_foreach_is_the_older_adamw() -> None:
    """Its name in transformers has no `fused`."""
    assert recipe(llama(), load("full", foreach_optimizer=True)).arguments["optim"] == "adamw_torch"


def test_what_arguments_cannot_say_is_a_note() -> None:
    """One line each."""
    found = recipe(llama(), load("freeze", trainable_layers=2, gradient_checkpointing="selective", loss="chunked"))
    assert len(found.notes) == 3
    bf16 = recipe(llama(), load("lora", adapter_dtype="bf16", optimizer_in_backward=True))
    assert any("autocast_adapter_dtype" in note for note in bf16.notes)
    upcast = recipe(llama(), load("qlora", upcast_frozen=True))
    assert any("prepare_model_for_kbit_training" in note for note in upcast.notes)
