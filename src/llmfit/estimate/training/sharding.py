"""How training state is spread over GPUs, and the buffers that this costs."""

from dataclasses import dataclass
from math import prod

from llmfit.errors import UsageError
from llmfit.estimate.training.trained import model_tensors
from llmfit.records.architecture import Architecture
from llmfit.records.estimate import Line
from llmfit.records.training import Training


@dataclass(frozen=True, slots=True)
class Shards:
    """By how many GPUs each kind of state is divided, and whether it lies in RAM."""

    weights: int
    gradients: int
    optimizer: int
    weights_on_host: bool = False
    optimizer_on_host: bool = False


def shards(training: Training) -> Shards:
    """Return how the state is divided: ZeRO 1 the optimizer, 2 the gradients too, 3 and FSDP the weights too.

    Source: ZeRO, arXiv 1910.02054, section 5; with ZeRO-Offload (arXiv 2101.06840) gradients lie in RAM too.
    Raises UsageError where options exclude each other.
    """
    many, stage = training.gpus, 3 if training.fsdp else training.zero
    if training.fsdp and training.zero:
        raise UsageError("--fsdp and --zero exclude each other")
    if training.offload_optimizer and not stage:
        raise UsageError("offloading the optimizer needs ZeRO or FSDP", hint="use --zero 2 on one GPU")
    if training.offload_parameters and stage != 3:
        raise UsageError("offloading the parameters needs ZeRO stage 3 or FSDP", hint="use --zero 3")
    return Shards(
        weights=many if stage == 3 else 1,
        gradients=many if stage >= 2 and not _unsynchronised(training) else 1,
        optimizer=many if stage >= 1 else 1,
        weights_on_host=training.offload_parameters,
        optimizer_on_host=training.offload_optimizer or (training.fsdp and training.offload_parameters),
    )


def _unsynchronised(training: Training) -> bool:
    """Whether gradients pile up whole: FSDP does not exchange them before the last micro-batch (`no_sync`)."""
    return training.fsdp and training.gradient_accumulation > 1


def keeps_masters(training: Training) -> bool:
    """Whether the weights themselves train beside an fp32 copy, which DeepSpeed keeps, on one GPU too."""
    return training.recipe == "bf16-master" and not training.is_adapter and training.trainer == "peft"


def divided(total: int, many: int) -> int:
    """Return the share of the worst rank."""
    return -(-total // many)


def bucket_bytes(training: Training, *, gradients: int, width: int, bucket_elements: int) -> int:
    """Return what exchanging gradients takes.

    DDP copies every gradient into buckets of their whole size (torch, `gradient_as_bucket_view=False`);
    ZeRO and FSDP fill one bucket of so many elements, as DeepSpeed does wherever it keeps master weights.
    """
    if training.gpus == 1 and not training.zero and not training.fsdp and not keeps_masters(training):
        return 0
    if training.sharding == "ddp" and not keeps_masters(training):
        return gradients
    return min(gradients, bucket_elements * width)


def gathered(architecture: Architecture, *, weights: int, on_device: int) -> Line:
    """Return the weights that are gathered at once: two blocks, or the largest matrix outside them.

    Never more than what sharding or offloading took away.
    """
    label, block, every = "gathered weights", largest_block(architecture), max(1, architecture.parameters)
    both, away = weights * 2 * block // every, max(0, weights - on_device)
    if away <= both:
        return Line(label, away, f"{weights:,} - {on_device:,} B")
    return Line(label, both, f"{weights:,} B × 2 blocks × {block:,} of {every:,} parameters")


def largest_block(architecture: Architecture) -> int:
    """Return parameters of the widest layer, or of the largest tensor outside the layers."""
    per_layer: dict[int, int] = {}
    outside = 0
    for tensor in model_tensors(architecture):
        if not tensor.layers:
            outside = max(outside, tensor.parameters)
            continue
        elements = prod(tensor.shape) * tensor.copies
        for layer in tensor.layers:
            per_layer[layer] = per_layer.get(layer, 0) + elements
    return max(outside, max(per_layer.values(), default=0))
