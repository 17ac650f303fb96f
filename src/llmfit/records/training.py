"""A fine-tuning load: what is trained, how, on how much at once, and over how many GPUs.

Options of the command line and the words that they accept, each the field of the same name with dashes:

--training METHOD · --stage · --optimizer · --recipe · --batch-size (micro-batch) · --sequence-length ·
--lora-rank · --target-modules (names, or `all-linear`) · --modules-to-save ·
--gradient-checkpointing [none|full|selective] · --attention · --loss · --packing · --gradient-accumulation ·
--base-format (of qlora; `nf4-dq`) · --trainer ·
--optimizer-in-backward · --gpus · --zero 0–3 · --fsdp · --offload-optimizer · --offload-parameters ·
--offload-activations
"""

from dataclasses import replace
from typing import Literal, get_args

from llmfit.records.base import Record, Source
from llmfit.records.engine import Constant
from llmfit.records.format import Format
from llmfit.records.frozen import dataclass

Method = Literal["full", "freeze", "lora", "rslora", "dora", "qlora", "ia3", "prefix", "prompt"]
Stage = Literal["sft", "dpo", "ppo", "reward"]
Optimizer = Literal[
    "adamw",
    "adamw_8bit",
    "paged_adamw",
    "paged_adamw_8bit",
    "adafactor",
    "sgd",
    "sgd_momentum",
    "lion",
    "lion_8bit",
    "muon",
    "galore",
]
Recipe = Literal["bf16", "bf16-master", "bf16-amp", "fp16-amp", "fp32"]
"""How weights are kept while they train.

bf16         weights, gradients and optimizer states in bf16
bf16-master  bf16 weights and gradients, fp32 master weights and states (DeepSpeed, Megatron)
bf16-amp     fp32 weights, gradients and states; autocast makes 16-bit copies for the products
fp16-amp     the same in fp16, with a loss scaler
fp32         everything in fp32
"""
Checkpointing = Literal["none", "full", "selective"]
"""full: only the input of each layer is kept; selective: of every second layer."""
Attention = Literal["eager", "sdpa", "flash_attention_2"]
Loss = Literal["full", "chunked", "fused", "contrastive"]
"""full: logits of all tokens in fp32; chunked: upcast in chunks; fused: never whole (Liger, cut cross-entropy);
contrastive: vectors or scores of sequences, no logits."""
Sharding = Literal["ddp", "zero-1", "zero-2", "zero-3", "fsdp"]
Trainer = Literal["peft", "torchtune", "litgpt"]
"""Library that runs the training, which decides what lies in memory beside the method's own tensors.

peft       transformers' models with PEFT, TRL or the Trainer
torchtune  its own models with a table of rotary positions of the whole context
litgpt     its own models: an untied head, quantised too, on bitsandbytes 0.42
"""

METHODS: tuple[Method, ...] = get_args(Method)
STAGES: tuple[Stage, ...] = get_args(Stage)
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
RECIPES: tuple[Recipe, ...] = get_args(Recipe)
CHECKPOINTINGS: tuple[Checkpointing, ...] = get_args(Checkpointing)
ATTENTIONS: tuple[Attention, ...] = get_args(Attention)
LOSSES: tuple[Loss, ...] = get_args(Loss)
TRAINERS: tuple[Trainer, ...] = get_args(Trainer)

LORA_METHODS: frozenset[Method] = frozenset(("lora", "rslora", "dora", "qlora"))
"""Methods with two low-rank matrices per target module."""
ADAPTER_METHODS: frozenset[Method] = frozenset((*LORA_METHODS, "ia3", "prefix", "prompt"))
"""Methods that freeze the model and train something beside it."""

ALL_LINEAR = "all-linear"
"""Word for every linear layer but the head."""


class TargetModules(Record):
    """Modules that PEFT adapts in one architecture where the user names none."""

    model_type: str
    lora: tuple[str, ...] = ()
    ia3: tuple[str, ...] = ()
    ia3_feedforward: tuple[str, ...] = ()
    """Those of `ia3` whose input is scaled, not their output."""


class TrainingFacts(Record):
    """What the training libraries decide by themselves, as read in one version of each."""

    id: str
    """Library and version whose defaults these are, such as `peft-0.21.2`."""
    target_modules: tuple[TargetModules, ...]
    constants: tuple[Constant, ...]
    sources: tuple[Source, ...] = ()

    def constant(self, name: str) -> Constant:
        """Return the constant of this name.

        Raises KeyError where there is none.
        """
        for constant in self.constants:
            if constant.name == name:
                return constant
        raise KeyError(f"{self.id} has no constant {name}")

    def targets(self, model_type: str) -> TargetModules | None:
        """Return PEFT's defaults for the architecture, None where it has none."""
        for row in self.target_modules:
            if row.model_type == model_type:
                return row
        return None


def with_loss_of(training: "Training", kind: str) -> "Training":
    """Return the load with the loss by which such models learn: embedders and rerankers predict no words."""
    if kind in {"embedding", "reranker"} and training.loss == "full":
        return replace(training, loss="contrastive")
    return training


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One fine-tuning load."""

    facts: TrainingFacts
    method: Method
    stage: Stage = "sft"
    optimizer: Optimizer = "adamw"
    recipe: Recipe = "bf16-master"
    """For the model's own weights; adapters have `adapter_dtype`."""
    batch_size: int = 1
    """Sequences of one micro-batch on one GPU; pairs of them in `dpo` and `reward`."""
    sequence_length: int = 2048
    """Tokens of one sequence, padding included."""
    gradient_accumulation: int = 1
    """Micro-batches of one optimizer step; beyond the first, gradients stay while activations are at their peak."""
    gradient_checkpointing: Checkpointing = "full"
    attention: Attention = "sdpa"
    loss: Loss = "full"
    packing: bool = False
    """Whether sequences are packed, so that no padding mask is needed."""
    lora_rank: int = 16
    target_modules: tuple[str, ...] = ()
    """Last parts of module names, or `all-linear` alone; empty for PEFT's default, which is all-linear for QLoRA."""
    target_experts: bool = False
    """Whether routed experts are adapted too, which PEFT does only when asked (`target_parameters`)."""
    modules_to_save: tuple[str, ...] = ()
    """Modules of which a full copy is trained beside the adapter, such as `lm_head`."""
    lora_dropout: float = 0.0
    adapter_dtype: Literal["fp32", "bf16"] = "fp32"
    """fp32 is what PEFT makes of adapters by itself (`autocast_adapter_dtype`)."""
    upcast_frozen: bool = False
    """Whether embeddings, head and norms of a 4-bit model are kept in fp32 (`prepare_model_for_kbit_training`)."""
    base_format: Format | None = None
    """How `qlora` stores the frozen model: `nf4-dq` (4.127 bit), `nf4`, `gptq-int4`, …"""
    virtual_tokens: int = 20
    """Tokens of prefix or prompt tuning."""
    trainable_layers: int = 2
    """Layers from the top that `freeze` trains."""
    galore_rank: int = 128
    foreach_optimizer: bool = False
    """Whether the optimizer is PyTorch's `foreach` variant, which needs a copy of one state while it steps."""
    keep_outputs: bool = False
    """Whether the loop still holds logits and returned cache in backward: a bare loop does, the HF Trainer does not."""
    use_cache: bool = False
    """Whether the forward pass returns a KV cache, as transformers does unless told otherwise."""
    optimizer_in_backward: bool = False
    """Whether each weight is stepped as soon as its gradient is there, so that gradients never are whole."""
    offload_activations: bool = False
    """Whether what the layers keep for backward waits in RAM."""
    trainer: Trainer = "peft"
    lone_batch: bool = False
    """Whether batches as long as this never follow each other, so that nothing of the step before counts (litgpt)."""
    gpus: int = 1
    zero: Literal[0, 1, 2, 3] = 0
    """DeepSpeed ZeRO stage; 0 is plain data parallelism."""
    fsdp: bool = False
    """FSDP with full sharding; excludes `zero`."""
    offload_optimizer: bool = False
    offload_parameters: bool = False

    @property
    def sharding(self) -> Sharding:
        """How the training state is spread over the GPUs."""
        if self.fsdp:
            return "fsdp"
        return ("ddp", "zero-1", "zero-2", "zero-3")[self.zero]

    @property
    def tokens(self) -> int:
        """Tokens that one GPU passes through the model at once; chosen and rejected answers go together."""
        pair = 2 if self.stage in {"dpo", "reward"} else 1
        virtual = self.virtual_tokens if self.method == "prompt" else 0
        return self.batch_size * (self.sequence_length + virtual) * pair

    @property
    def is_adapter(self) -> bool:
        """Whether the model's own weights stay frozen."""
        return self.method in ADAPTER_METHODS
