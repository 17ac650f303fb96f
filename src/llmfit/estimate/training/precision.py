"""How many bytes one element of each kind takes under a precision recipe."""

from dataclasses import dataclass

from llmfit.records.training import Recipe, Training


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes per element of what trains."""

    weight: int
    gradient: int
    master: int
    """Of an fp32 copy of the weights that the optimizer keeps."""
    state: int
    """Of one optimizer state."""


RECIPES: dict[Recipe, Bytes] = {
    "bf16": Bytes(2, 2, 0, 2),
    "bf16-master": Bytes(2, 2, 4, 4),
    "bf16-amp": Bytes(4, 4, 0, 4),
    "fp16-amp": Bytes(4, 4, 0, 4),
    "fp32": Bytes(4, 4, 0, 4),
}
"""Mixed precision with master weights: 16 bytes a parameter with Adam (ZeRO, arXiv 1910.02054, section 3.1)."""

ADAPTERS = {"fp32": Bytes(4, 4, 0, 4), "bf16": Bytes(2, 2, 0, 2)}
"""PEFT makes adapters fp32 whatever the model's dtype; torch optimizers keep states in the dtype of the weight."""


def frozen_bytes(training: Training) -> int:
    """Bytes of one element of a weight that does not train."""
    return 4 if training.recipe in {"fp32", "bf16-amp", "fp16-amp"} and training.method != "qlora" else 2


def activation_bytes(training: Training) -> int:
    """Bytes of one element of what linear layers and attention save for backward."""
    return 4 if training.recipe == "fp32" else 2


def residual_bytes(training: Training) -> int:
    """Bytes of one element of the hidden state between layers; autocast over fp32 weights leaves it in fp32."""
    return 2 if training.recipe in {"bf16", "bf16-master"} or training.method == "qlora" else 4
