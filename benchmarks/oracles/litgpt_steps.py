"""The peak of two training steps of litgpt's own model, under fake tensors, with bitsandbytes 0.42 played by hand.

    pip install litgpt==0.4.13 lightning==2.4.0 torch
    python benchmarks/oracles/litgpt_steps.py Llama-3-8B lora|qlora MICRO_BATCH TOKENS RANK

The loop is that of `litgpt finetune_lora` with query and value adapted, which names the logits of a step until those of
the next are there. A 4-bit product keeps its input and unpacks its weight to fp16 and then to bf16.
"""

import sys
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

HALF, SCALE_BLOCK, CHUNK = 2, 64, 128


class Live(TorchDispatchMode):
    """Counts the bytes of the storages that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, tensor: object) -> None:
        """Count a tensor's storage until it is gone."""
        if not isinstance(tensor, torch.Tensor) or (storage := tensor.untyped_storage()) in self.seen:
            return
        self.seen.add(storage)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.drop, storage.nbytes())

    def drop(self, size: int) -> None:
        """Take off a storage that is gone."""
        self.now -= size

    def __torch_dispatch__(
        self, call: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - whatever torch returns
        """Run the operation and count what it made."""
        found = call(*args, **(kwargs or {}))
        for one in tree_iter(found):
            self.add(one)
        return found


class Product(torch.autograd.Function):
    """A product with a 4-bit matrix, as `MatMul4Bit` of bitsandbytes 0.42 keeps and unpacks."""

    @staticmethod
    def forward(ctx: Any, rows: Any, packed: Any, bias: Any, shape: Any) -> Any:  # noqa: ANN401 - torch's signature
        """Keep both operands as attributes, which outlive the backward pass."""
        ctx.tensors, ctx.shape = (rows, packed), shape
        return nn.functional.linear(rows, torch.empty(shape, dtype=torch.half).to(rows.dtype), bias)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:  # noqa: ANN401 - torch's signature
        """Unpack again."""
        weight = torch.empty(ctx.shape, dtype=torch.half).to(gradient.dtype)
        return torch.matmul(gradient, weight), None, None, None


class Packed(nn.Module):
    """A linear layer of half a byte a weight and a scale for 64."""

    def __init__(self, wide: int, out: int, *, bias: bool = True, **_: object) -> None:
        super().__init__()
        self.in_features, self.out_features = wide, out
        self.weight = nn.Parameter(torch.empty(out * wide // HALF, dtype=torch.uint8), requires_grad=False)
        self.register_buffer("absmax", torch.empty(out * wide // SCALE_BLOCK, dtype=torch.float32))
        self.bias = nn.Parameter(torch.empty(out)) if bias else None

    def forward(self, rows: torch.Tensor) -> Any:  # noqa: ANN401 - what the product returns
        """Multiply."""
        return Product.apply(rows, self.weight, self.bias, (self.out_features, self.in_features))


def peak_bytes(name: str, *, quantised: bool, batch: int, tokens: int, rank: int) -> int:
    """Return the most that lives in two steps, weights included."""
    from litgpt.lora import GPT, Config, mark_only_lora_as_trainable
    from litgpt.utils import chunked_cross_entropy

    config = Config.from_name(name, lora_r=rank, lora_alpha=16, lora_dropout=0.05, lora_query=True, lora_value=True)
    linear = nn.Linear
    with FakeTensorMode(allow_non_fake_inputs=True):
        torch.set_default_dtype(torch.bfloat16)
        nn.Linear = Packed if quantised else linear  # as lightning's plugin does
        model = GPT(config)
        nn.Linear = linear  # as it was before
        torch.set_default_dtype(torch.float32)
        mark_only_lora_as_trainable(model)
        model.max_seq_length = tokens
        model.train()
        live = Live()
        for tensor in (*model.parameters(), *model.buffers()):
            live.add(tensor)
        ids = torch.zeros(batch, tokens, dtype=torch.long)
        with live:
            for _ in range(2):
                logits = model(ids, lm_head_chunk_size=CHUNK)
                logits[-1] = logits[-1][..., :-1, :]
                chunked_cross_entropy(logits, ids[..., 1:]).backward()
    return live.peak


def main() -> None:
    """Print the peak in GiB."""
    name, method, *numbers = sys.argv[1:]
    batch, tokens, rank = (int(word) for word in numbers)
    found = peak_bytes(name, quantised=method == "qlora", batch=batch, tokens=tokens, rank=rank)
    print(f"{name} {method} {batch} x {tokens} rank {rank}: {found / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
