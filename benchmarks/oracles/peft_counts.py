"""What PEFT counts: trainable parameters of each adapter, made on the meta device.

    pip install peft==0.21.2 transformers==5.23.0 torch
    python benchmarks/oracles/peft_counts.py CONFIG.json ...

Prints one row a config as `data/reference/training_oracles.yaml` has them under `peft_counts`.
"""

import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from models import make_model


def adapters() -> Mapping[str, Any]:
    """Return PEFT's config of each column."""
    from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptTuningConfig

    task = "CAUSAL_LM"
    every = "all-linear"
    return {
        "lora": LoraConfig(task_type=task, r=16),
        "lora_all": LoraConfig(task_type=task, r=8, target_modules=every),
        "dora_all": LoraConfig(task_type=task, r=8, target_modules=every, use_dora=True),
        "ia3": IA3Config(task_type=task),
        "prefix": PrefixTuningConfig(task_type=task, num_virtual_tokens=20),
        "prompt": PromptTuningConfig(task_type=task, num_virtual_tokens=20),
        "lora_head": LoraConfig(task_type=task, r=16, target_modules=every, modules_to_save=["lm_head"]),
    }


def count(path: Path) -> dict[str, int]:
    """Return the parameters of the model, and of each adapter that PEFT puts on it."""
    import torch
    from peft import get_peft_model

    found: dict[str, int] = {}
    with torch.device("meta"):
        found["parameters"] = sum(weight.numel() for weight in make_model(path).parameters())
        for name, config in adapters().items():
            try:
                adapted = get_peft_model(make_model(path), deepcopy(config))
            except (ValueError, NotImplementedError, AttributeError):
                continue  # PEFT has no default for the architecture, or cannot adapt it so
            found[name] = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    return found


def main() -> None:
    """Print a row for each config."""
    for word in sys.argv[1:]:
        path = Path(word)
        row = ", ".join(f"{name}: {many}" for name, many in count(path).items())
        print(f"  - {{config: {path.stem}, {row}}}")


if __name__ == "__main__":
    main()
