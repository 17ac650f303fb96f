"""The arguments of PEFT, TRL and DeepSpeed that make a training run take what the estimate says."""

from dataclasses import dataclass
from typing import Any

from llmfit.estimate.training import litgpt
from llmfit.estimate.training.sharding import keeps_masters
from llmfit.estimate.training.targets import target_tensors
from llmfit.records.architecture import Architecture
from llmfit.records.training import LORA_METHODS, Optimizer, Training

OPTIM: dict[Optimizer, str] = {
    "adamw": "adamw_torch_fused",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw": "paged_adamw_32bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "adafactor": "adafactor",
    "sgd": "sgd",
    "sgd_momentum": "sgd",
    "lion": "lion_32bit",
    "lion_8bit": "lion_8bit",
    "galore": "galore_adamw",
}
"""`optim` of transformers' TrainingArguments; Muon has none."""
TRAINERS = {"sft": "SFTTrainer", "dpo": "DPOTrainer", "ppo": "PPOTrainer", "reward": "RewardTrainer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Arguments by the libraries' own names, ready to be written down; empty where a library is not needed."""

    trainer: str
    """Class of the trainer: TRL's, transformers' or that of sentence-transformers."""
    model: dict[str, Any]
    """Of `from_pretrained`."""
    peft: dict[str, Any]
    """The PEFT config's class as `class`, and its arguments."""
    arguments: dict[str, Any]
    """Of the trainer's config."""
    deepspeed: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What the libraries need beside arguments."""


def recipe(architecture: Architecture, training: Training) -> Recipe:
    """Return the arguments that match the estimate of this load.

    Raises what `target_tensors` raises.
    """
    if litgpt.runs(training):
        command = "full" if training.method == "full" else "lora"
        own = litgpt.arguments(training)
        return Recipe(trainer=f"litgpt finetune_{command}", model={}, peft={}, arguments=own, deepspeed={})
    return Recipe(
        trainer=_trainer(architecture, training),
        model=_model(training),
        peft=_peft(architecture, training),
        arguments=_arguments(architecture, training),
        deepspeed=_deepspeed(training),
        notes=_notes(architecture, training),
    )


def _trainer(architecture: Architecture, training: Training) -> str:
    """Return the class that trains: TRL's where a model writes, transformers' own where it does not."""
    if training.loss == "contrastive":
        return "SentenceTransformerTrainer"
    if training.stage == "sft" and architecture.is_encoder_decoder:
        return "Seq2SeqTrainer"
    return "Trainer" if architecture.is_encoder_only else TRAINERS[training.stage]


def _task(architecture: Architecture, training: Training) -> str:
    """Return PEFT's word for what the model is for."""
    if training.loss == "contrastive":
        return "FEATURE_EXTRACTION"
    if training.stage == "reward" or architecture.is_encoder_only:
        return "SEQ_CLS"
    return "SEQ_2_SEQ_LM" if architecture.is_encoder_decoder else "CAUSAL_LM"


def _model(training: Training) -> dict[str, Any]:
    full = training.recipe in {"fp32", "bf16-amp", "fp16-amp"} and training.method != "qlora"
    found: dict[str, Any] = {
        "dtype": "float32" if full else "bfloat16",
        "attn_implementation": training.attention,
        "use_cache": training.use_cache,
    }
    form = training.base_format
    if training.method == "qlora" and form is not None and form.family == "bitsandbytes":
        found["quantization_config"] = {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": form.outer_group_size is not None,
            "bnb_4bit_compute_dtype": "bfloat16",
        }
    return found


def _peft(architecture: Architecture, training: Training) -> dict[str, Any]:
    """Modules by name: what a library's own default means differs between its versions."""
    if not training.is_adapter:
        return {}
    task = _task(architecture, training)
    if training.method in {"prefix", "prompt"}:
        name = "PrefixTuningConfig" if training.method == "prefix" else "PromptTuningConfig"
        return {"class": name, "task_type": task, "num_virtual_tokens": training.virtual_tokens}
    modules = sorted({tensor.module for tensor in target_tensors(architecture, training)})
    found: dict[str, Any] = {"class": "IA3Config", "task_type": task, "target_modules": modules}
    if training.method in LORA_METHODS:
        found |= {
            "class": "LoraConfig",
            "r": training.lora_rank,
            "lora_dropout": training.lora_dropout,
            "use_rslora": training.method == "rslora",
            "use_dora": training.method == "dora",
        }
    if training.modules_to_save:
        found["modules_to_save"] = list(training.modules_to_save)
    return found


def _arguments(architecture: Architecture, training: Training) -> dict[str, Any]:
    """Only TRL's configs cut and pack sequences; elsewhere whoever prepares the data does."""
    found: dict[str, Any] = {
        "per_device_train_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.gradient_accumulation,
        "gradient_checkpointing": training.gradient_checkpointing != "none",
        "use_liger_kernel": training.loss == "fused",
    }
    trainer = _trainer(architecture, training)
    if trainer in TRAINERS.values():
        found["max_length"] = training.sequence_length
    if training.optimizer in OPTIM:
        found["optim"] = OPTIM[training.optimizer]
    if training.foreach_optimizer and training.optimizer == "adamw":
        found["optim"] = "adamw_torch"
    if trainer == TRAINERS["sft"]:
        found["packing"] = training.packing
    if training.recipe in {"bf16-amp", "bf16-master"} and not training.is_adapter:
        found["bf16"] = True
    if training.recipe == "fp16-amp":
        found["fp16"] = True
    if training.fsdp:
        found["fsdp"] = "full_shard auto_wrap" + (" offload" if training.offload_parameters else "")
    return found


def _deepspeed(training: Training) -> dict[str, Any]:
    """Master weights in fp32 are what DeepSpeed keeps, so a full run with them needs it even on one GPU.

    Its first stage is what keeps them, bucket and all; on one GPU it divides nothing.
    """
    masters = keeps_masters(training)
    if training.fsdp or not (training.zero or masters):
        return {}
    zero: dict[str, Any] = {
        "stage": max(1, training.zero) if masters and training.gpus == 1 else training.zero,
        "reduce_bucket_size": int(training.facts.constant("reduce_bucket_elements").value),
    }
    if training.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu"}
    if training.offload_parameters:
        zero["offload_param"] = {"device": "cpu"}
    return {"bf16": {"enabled": training.recipe == "bf16-master"}, "zero_optimization": zero}


def _notes(architecture: Architecture, training: Training) -> tuple[str, ...]:
    found = []
    if _trainer(architecture, training) not in TRAINERS.values():
        found.append(f"cut texts to {training.sequence_length} tokens when they are tokenized")
    if training.trainer == "torchtune":
        found.append("these are PEFT's words; torchtune has a config of its own, with lora_attn_modules and lora_rank")
    if training.upcast_frozen:
        found.append("call prepare_model_for_kbit_training: it keeps embeddings, head and norms in fp32")
    if training.is_adapter and training.adapter_dtype == "bf16":
        found.append("get_peft_model needs autocast_adapter_dtype=False")
    if training.method == "freeze":
        found.append(f"set requires_grad to False outside the last {training.trainable_layers} layers")
    if training.optimizer == "muon":
        found.append("transformers has no Muon: pass torch.optim.Muon as the trainer's optimizer")
    if training.gradient_checkpointing == "selective":
        found.append("checkpoint every second layer by hand; the trainer only knows all or none")
    if training.loss == "chunked":
        found.append("use a chunked cross-entropy, such as torchtune's")
    if training.optimizer_in_backward:
        found.append("step the optimizer in a hook after each gradient is accumulated")
    return tuple(found)
