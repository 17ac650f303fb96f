"""What trains, in bytes and as sums with their numbers, before it is spread over GPUs."""

from dataclasses import dataclass

from llmfit.estimate.training import litgpt
from llmfit.estimate.training.optimizers import Kept, state_terms, step_width, sum_of
from llmfit.estimate.training.precision import ADAPTERS, RECIPES, Bytes
from llmfit.estimate.training.trained import Trained, trained_tensors
from llmfit.records.architecture import Architecture
from llmfit.records.training import Training


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes, and the sum that they are."""

    bytes: int = 0
    formula: str = ""

    def divided(self, many: int) -> "Amount":
        """Return the share of the worst of so many GPUs."""
        if many == 1 or not self.bytes:
            return self
        return Amount(-(-self.bytes // many), f"({self.formula}) / {many} GPUs")


@dataclass(frozen=True, slots=True)
class State:
    """What trains and what stands beside it."""

    added: Amount
    """Weights of an adapter and of full copies."""
    gradients: Amount
    optimizer: Amount
    step: Amount
    """What the optimizer needs for a moment."""
    gradient_width: int
    """Bytes of one gradient."""


def state_of(architecture: Architecture, training: Training) -> State:
    """Return the state of all that trains; PPO trains a value model beside the policy, so everything twice."""
    tensors = trained_tensors(architecture, training)
    own, adapter = _copied(training, RECIPES[training.recipe]), ADAPTERS[training.adapter_dtype]
    models = 2 if training.stage == "ppo" else 1
    gradients: list[Kept] = []
    optimizer: list[Kept] = []
    step: list[Kept] = []
    for tensor in tensors:
        width, many = adapter if tensor.kind == "adapter" else own, tensor.parameters
        gradients.append(Kept("trained parameters", many, width.gradient))
        optimizer += state_terms(tensor, width, optimizer=training.optimizer, galore_rank=training.galore_rank)
        step.append(Kept("trained parameters", many, step_width(width, foreach=training.foreach_optimizer)))
    if litgpt.runs(training) and training.fsdp and training.is_adapter:
        flat = litgpt.flat_gradients(architecture, training)
        gradients = [Kept("weights in one flat parameter with a trained one", flat, own.gradient)]
    first = adapter if tensors and tensors[0].kind == "adapter" else own
    return State(
        added=_added(tensors, models=models, adapter=adapter.weight, own=own.weight),
        gradients=Amount(*sum_of(gradients, models=models)),
        optimizer=Amount(*sum_of(optimizer, models=models)),
        step=Amount(*sum_of(step, models=models)),
        gradient_width=first.gradient,
    )


def _copied(training: Training, model: Bytes) -> Bytes:
    """Width of trained model weights; a copy beside a 4-bit model is in 16 bit."""
    return RECIPES["bf16"] if training.method == "qlora" else model


def _added(tensors: tuple[Trained, ...], *, models: int, adapter: int, own: int) -> Amount:
    """Return the adapter and the copies, each width a sum over the modules: how many of which shape."""
    total, shapes = 0, dict[int, list[str]]()
    for tensor in tensors:
        if tensor.kind != "model":
            width = adapter if tensor.kind == "adapter" else own
            total += models * width * tensor.parameters
            shapes.setdefault(width, []).append("·".join(map(str, (tensor.count, *tensor.shape))))
    times = f"{models} models × " if models > 1 else ""
    return Amount(total, " + ".join(f"{times}({' + '.join(terms)}) × {width} B" for width, terms in shapes.items()))
