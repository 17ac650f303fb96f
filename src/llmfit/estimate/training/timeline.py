"""When a training step takes the most: at the loss, in a layer's backward, at its end, or in the optimizer."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmfit.estimate.training import litgpt
from llmfit.estimate.training.bases import unpacked, unpacked_head
from llmfit.estimate.training.linear import LINEAR
from llmfit.estimate.training.loss import LossTerm, head_gradient, kept_outputs, loss_term, rollout_bytes
from llmfit.estimate.training.precision import activation_bytes, residual_bytes
from llmfit.estimate.training.saved import Term, is_wide_norm, norm_bytes, saved_terms, working_bytes
from llmfit.estimate.training.sharding import largest_block, shards
from llmfit.estimate.training.state import Amount
from llmfit.estimate.weights.stored import EXPERT_ROLES
from llmfit.records.architecture import Architecture, Role, Section
from llmfit.records.estimate import Line
from llmfit.records.training import Training

GRADIENTS = "gradients"
"""Label of the gradients, which have a part of their own."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What lives beside weights and optimizer at one moment of a step."""

    name: str
    bytes: int
    """Gradients included."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Gradients:
    """Gradients on one GPU."""

    all: Amount
    step: Amount
    """What the optimizer needs beside them while it steps."""


def peak(architecture: Architecture, training: Training, *, gradients: Gradients, chunks: int) -> Moment:
    """Return the moment of a step that takes the most."""
    found = moments(architecture, training, gradients=gradients, chunks=chunks)
    return max(found, key=lambda moment: moment.bytes)


def moments(architecture: Architecture, training: Training, *, gradients: Gradients, chunks: int) -> tuple[Moment, ...]:
    """Return the moments of a step at which the memory can peak.

    Gradients grow while activations shrink, so the peak is no sum of both.
    With gradient accumulation, those of earlier micro-batches are there all the time.
    """
    layers = _layers(architecture, training)
    every = Line(GRADIENTS, gradients.all.bytes)
    held = gradients.all if training.gradient_accumulation > 1 else Amount()
    loss = loss_term(architecture, training, chunks=chunks)
    kept = kept_outputs(architecture, training)
    logits = activation_bytes(training) * architecture.vocab_size * training.tokens
    cache = Line("cache that the loop holds", max(0, kept.bytes - logits), f"{kept.formula} - {logits}")
    head = head_gradient(architecture, training)
    weights, head_unpacked = unpacked(architecture, training), unpacked_head(architecture, training)
    outputs = Line("outputs that the loop holds", kept.bytes, kept.formula)
    at_loss = (
        *layers.kept,
        layers.casts,
        Line("logits and loss", loss.bytes, loss.formula, loss.source),
        cache,
        head_unpacked,
        Line("gradients of earlier micro-batches", held.bytes, held.formula),
    )
    in_layer = (
        *layers.kept,
        *(() if training.gradient_checkpointing == "none" else (layers.one,)),
        layers.working,
        layers.casts,
        outputs,
        weights,
        head if head.bytes > held.bytes else Line("gradients of earlier micro-batches", held.bytes, held.formula),
    )
    in_first = (every, layers.one, layers.working, outputs, weights)
    tied = 2 * head.bytes * architecture.tied_embeddings
    at_end = (
        every,
        Line("embedding and head gradients before they are summed", tied, f"2·{head.formula}"),
        outputs,
    )
    in_step = (every, Line("temporaries of the step", gradients.step.bytes, gradients.step.formula), outputs)
    return (
        _moment("at the loss", at_loss),
        _moment("in the last layer's backward", in_layer),
        _moment("in the first layer's backward", in_first),
        _moment("at the end of backward", at_end),
        _moment("in the optimizer's step", in_step),
        _generating(architecture, training),
        *_next_forward(architecture, training, kept=(*layers.kept, layers.casts), head=head_unpacked, loss=loss),
    )


def _generating(architecture: Architecture, training: Training) -> Moment:
    rollout = rollout_bytes(architecture, training)
    lines = (Line("scores and cache of the answers", rollout.bytes, rollout.formula, rollout.source),)
    return _moment("while answers are generated", lines)


def _next_forward(
    architecture: Architecture, training: Training, *, kept: tuple[Line, ...], head: Line, loss: LossTerm
) -> Iterator[Moment]:
    """In litgpt the loop names logits until new ones are made, and so keeps what bitsandbytes 0.42 held of the step."""
    if training.lone_batch or not (litgpt.runs(training) and training.method == "qlora"):
        return
    inputs = litgpt.quantised_inputs(architecture, training)
    before = Line("inputs of the step before", inputs * training.tokens, f"{inputs}·{training.tokens}")
    logits = Line("logits of two steps", loss.bytes, loss.formula, loss.source)
    yield _moment("in the next step's forward pass", (*kept, before, logits, head))


def _moment(name: str, lines: tuple[Line, ...]) -> Moment:
    return Moment(name, sum(line.bytes for line in lines), tuple(line for line in lines if line.bytes))


@dataclass(frozen=True, slots=True)
class _Layers:
    """What the layers keep of all tokens."""

    kept: tuple[Line, ...]
    one: Line
    working: Line
    casts: Line


def _layers(architecture: Architecture, training: Training) -> _Layers:
    """PPO trains a policy and a value model of the same layers."""
    tokens, many = training.tokens * (2 if training.stage == "ppo" else 1), max(1, depth(architecture))
    b = activation_bytes(training)
    terms = tuple(saved_terms(architecture, training))
    one = sum(term.bytes * term.layers for term in terms) // many
    working = working_bytes(architecture, b)
    cast = _cast_weights(architecture, training) if training.recipe.endswith("amp") else 0
    return _Layers(
        (*_kept(architecture, training, terms, tokens=tokens), _ends(architecture, training, tokens=tokens)),
        Line("one layer, computed again", one * training.tokens, f"{one}·{training.tokens}"),
        Line("gradients inside a layer", working * training.tokens, f"{working}·{training.tokens}"),
        Line("16-bit copies of the weights that autocast keeps", 2 * cast, f"{cast:,} weights × 2 B"),
    )


def _kept(architecture: Architecture, training: Training, terms: tuple[Term, ...], *, tokens: int) -> tuple[Line, ...]:
    many, width = depth(architecture), residual_bytes(training)
    edges = width * architecture.hidden_size * many * tokens
    formula = f"{width}·{architecture.hidden_size}·{many}·{tokens}"
    if training.offload_activations:
        return ()
    if training.gradient_checkpointing == "full":
        return (Line("inputs of the layers", edges, formula),)
    if training.gradient_checkpointing == "selective":
        saved = sum(term.bytes * term.layers for term in terms) * tokens
        half = (saved + edges) // 2
        return (Line("every second layer, inputs of the others", half, f"({saved} + {formula})/2"),)
    return tuple(
        Line(x.label, x.bytes * x.layers * tokens, f"({x.formula})·{x.layers}·{tokens}") for x in terms if x.bytes
    )


def _ends(architecture: Architecture, training: Training, *, tokens: int) -> Line:
    width, b = architecture.hidden_size, activation_bytes(training)
    trained = not training.is_adapter
    wide = is_wide_norm(architecture)
    has_bias = any(t.role is Role.BIAS and not t.layers and "norm" in t.module for t in architecture.tensors)
    layer_norm = has_bias or any(t.module == "ln_f" for t in architecture.tensors)
    last = norm_bytes(width, b=b, layer_norm=layer_norm, trained=trained, wide=wide) + (b * width if trained else 0)
    return Line("last norm and input of the head", last * tokens, f"{last}·{tokens}")


def depth(architecture: Architecture) -> int:
    """Return the layers that a training step passes: an encoder's come before its decoder's."""
    if not architecture.is_encoder_decoder:
        return architecture.num_hidden_layers
    encoder = {layer for t in architecture.tensors if t.section is Section.ENCODER for layer in t.layers}
    return architecture.num_hidden_layers + len(encoder)


def _cast_weights(architecture: Architecture, training: Training) -> int:
    """Return the weights of which autocast keeps 16-bit copies: of sharded ones those that are gathered."""
    every = sum(t.parameters for t in architecture.tensors if t.role in LINEAR or t.role in EXPERT_ROLES)
    plan = shards(training)
    if plan.weights > 1 or plan.weights_on_host:
        return min(every, 2 * largest_block(architecture))
    return every
