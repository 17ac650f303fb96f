"""What the head and the loss take: logits of every token, in several copies."""

from dataclasses import dataclass

from llmfit.estimate.training import litgpt
from llmfit.estimate.training.precision import activation_bytes
from llmfit.records.architecture import Architecture, Role
from llmfit.records.estimate import Line
from llmfit.records.training import Training


@dataclass(frozen=True, slots=True)
class LossTerm:
    """The loss at its peak, in backward."""

    bytes: int
    formula: str
    source: str


_FULL = "torch cross_entropy over transformers' fp32 copy: log-softmax, its gradient, and that of the logits"
_CHUNKED = "16-bit logits, upcast an eighth at a time"
_PAIRS = "TRL 0.24, `selective_log_softmax` and DPOTrainer.concatenated_forward"
_ROLLOUT = "TRL 0.24, PPOTrainer.train: logits, log-softmax, softmax and its product for the entropy"
_LITGPT = "litgpt 0.4.13: logits and their log-softmax, no upcast"
_FUSED = "chunks of tokens as wide as the hidden state; the gradient of the head beside them"


def head_elements(architecture: Architecture) -> int:
    """Elements of the output projection, tied or not."""
    return architecture.vocab_size * architecture.hidden_size


def loss_term(architecture: Architecture, training: Training, *, chunks: int) -> LossTerm:
    """Return what the loss takes at its peak, logits and their gradients included.

    full     12·V bytes a token: fp32 log-softmax, its gradient, the logits' gradient; the logits on top where kept
    chunked  16-bit logits and their upcast in `chunks`; twice the head's gradient where it trains
    fused    the hidden state's gradient and a chunk of logits no larger than it
    """
    vocabulary, tokens, b = architecture.vocab_size, training.tokens, activation_bytes(training)
    if training.stage == "reward" or architecture.is_encoder_only or training.loss == "contrastive":
        return LossTerm(0, "one score or vector a sequence", "")
    head = head_gradient(architecture, training).bytes
    if litgpt.runs(training):
        wide, piece = litgpt.logits_bytes(training), litgpt.chunk_tokens(training)
        return LossTerm(
            (wide * tokens + b * piece) * vocabulary, f"({wide}·{tokens} + {b}·{piece})·{vocabulary}", _LITGPT
        )
    if training.loss == "full":
        return _whole(vocabulary, training)
    if training.loss == "chunked":
        chunk = 4 * vocabulary // chunks
        taken = (b * vocabulary + chunk) * tokens + 2 * head
        return LossTerm(taken, f"({b}·{vocabulary} + {chunk})·{tokens} + 2·{head}", _CHUNKED)
    hidden = architecture.hidden_size
    return LossTerm((b + 10) * hidden * tokens + head, f"{b + 10}·{hidden}·{tokens} + {head}", _FUSED)


def _whole(vocabulary: int, training: Training) -> LossTerm:
    """Return what a loss takes that has the logits of all tokens at once, as TRL computes that of each stage."""
    tokens, b = training.tokens, activation_bytes(training)
    if training.stage == "dpo":
        return _of_pairs(vocabulary, training)
    if training.stage == "ppo":
        return LossTerm(4 * b * vocabulary * tokens, f"{4 * b}·{vocabulary}·{tokens}", _ROLLOUT)
    wide = 12 + (b if training.keep_outputs else 0)
    return LossTerm(wide * vocabulary * tokens, f"{wide}·{vocabulary}·{tokens}", _FULL)


def _of_pairs(vocabulary: int, training: Training) -> LossTerm:
    """Return DPO's: log-probabilities of one sequence after the other from 16-bit logits, no upcast.

    16 bit: logits 2·V, log-softmax 2·V, and the copy of the chosen half from which a mean is logged.
    fp32: logits 4·V, log-sum-exp of one sequence at a time, the copy 2·V, and in backward their gradient 4·V.
    The reference's forward pass, with its logits beside the policy's log-softmax, takes no more.
    """
    wide = 10 if activation_bytes(training) == 4 else 5
    row = activation_bytes(training) * training.sequence_length
    taken = (wide * training.tokens + row) * vocabulary
    return LossTerm(taken, f"({wide}·{training.tokens} + {row})·{vocabulary}", _PAIRS)


def head_gradient(architecture: Architecture, training: Training) -> Line:
    """Return the output projection's gradient; no bytes where it does not train."""
    trains = training.method == "full" or (
        bool(training.modules_to_save)
        and any(
            t.module in training.modules_to_save for t in architecture.tensors if t.role in {Role.HEAD, Role.EMBEDDING}
        )
    )
    wide = 4 if training.recipe in {"fp32", "bf16-amp", "fp16-amp"} else 2
    formula = f"{wide}·{architecture.vocab_size}·{architecture.hidden_size}"
    return Line("gradient of the head", head_elements(architecture) * wide if trains else 0, formula)


def rollout_bytes(architecture: Architecture, training: Training) -> LossTerm:
    """Return what generating a step's answers takes under PPO: fp32 scores, their padded copy, and the KV cache.

    Every token counts as an answer's, and all sequences of the step are generated at once: an upper bound.
    """
    if training.stage != "ppo":
        return LossTerm(0, "", "")
    tokens = training.batch_size * training.gradient_accumulation * training.sequence_length
    row = sum(len(c.layers) * (c.key_elements + c.value_elements) for c in architecture.caches)
    wide = 8 * architecture.vocab_size + activation_bytes(training) * row
    return LossTerm(wide * tokens, f"{wide}·{tokens}", "TRL 0.24, `batch_generation`: scores and their padded copy")


def kept_outputs(architecture: Architecture, training: Training) -> LossTerm:
    """Return what a loop holds between steps as long as it names the model's output: logits and returned cache."""
    b = activation_bytes(training)
    cache = 0
    if training.use_cache and training.gradient_checkpointing == "none":
        cache = sum(len(c.layers) * (c.key_elements + c.value_elements) for c in architecture.caches)
    if not training.keep_outputs:
        return LossTerm(0, "", "")
    width, prefix = architecture.vocab_size + cache, 0
    if training.method == "prefix":
        prefix = b * cache * training.batch_size * training.virtual_tokens
    return LossTerm(b * width * training.tokens + prefix, f"{b}·{width}·{training.tokens} + {prefix}", "")
