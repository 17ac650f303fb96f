"""What autograd saves in two layers, last norm and loss of 2 x 512 tokens in bf16, under fake tensors.

    pip install transformers==5.23.0 torch peft==0.21.2
    python benchmarks/oracles/saved_tensors.py full|lora CONFIG.json ...

Weights, buffers and the attention mask do not count, and each storage counts once.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from models import make_model

SEQUENCES, TOKENS, LAYERS = 2, 512, 2


def saved_bytes(path: Path, *, lora: bool) -> int:
    """Return the bytes that the forward pass hands to autograd."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        model = make_model(path, layers=LAYERS, dtype=torch.bfloat16)
        if lora:
            from peft import LoraConfig, get_peft_model

            torch.nn.Module.to = _stay  # fake tensors are everywhere already, and cannot be swapped
            model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=16, target_modules="all-linear"))
        model.train()
        seen = {tensor.untyped_storage() for tensor in (*model.parameters(), *model.buffers())}
        held, total = [], 0

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal total
            held.append(tensor)  # so that no storage is freed and its place taken by another
            storage = tensor.untyped_storage()
            if storage not in seen and not _is_mask(tensor.shape):
                seen.add(storage)
                total += storage.nbytes()
            return tensor

        ids = torch.zeros(SEQUENCES, TOKENS, dtype=torch.long)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model(input_ids=ids, labels=ids, attention_mask=None)
    return total


def _is_mask(shape: tuple[int, ...]) -> bool:
    return shape[-2:] == (TOKENS, TOKENS) and shape[:-2][-1:] == (1,)


def _stay(module: Any, *_: object, **__: object) -> Any:  # noqa: ANN401 - a torch module, and torch is no dependency
    return module


def main() -> None:
    """Print the bytes of each config."""
    method, *words = sys.argv[1:]
    for word in words:
        path = Path(word)
        print(f"  - {{config: {path.stem}, method: {method}, saved_bytes: {saved_bytes(path, lora=method == 'lora')}}}")


if __name__ == "__main__":
    main()
