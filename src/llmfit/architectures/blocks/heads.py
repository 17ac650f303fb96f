"""What stands on top of the layers: `architectures` names it, and a bare model has nothing."""

from collections.abc import Mapping

from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.errors import UnsupportedArchitectureError
from llmfit.records.architecture import Role

LM, BASE, SEQUENCE, TOKEN, QUESTION, PRETRAINING = "lm", "base", "sequence", "token", "question", "pretraining"

_ENDINGS = (
    ("ForCausalLM", LM),
    ("LMHeadModel", LM),
    ("ForMaskedLM", LM),
    ("ForConditionalGeneration", LM),
    ("ForSequenceClassification", SEQUENCE),
    ("ForTokenClassification", TOKEN),
    ("ForQuestionAnswering", QUESTION),
    ("ForPreTraining", PRETRAINING),
    ("Model", BASE),
)


def task_head(config: Config, default: str = LM) -> str:
    """Return which head the first name in `architectures` ends with; the default where none is named."""
    names = config.items("architectures", str)
    if not names:
        return default
    for ending, head in _ENDINGS:
        if names[0].endswith(ending) and not (head == BASE and "For" in names[0]):
            return head
    raise UnsupportedArchitectureError(f"the head of {names[0][:60]!a} in `architectures` is not known")


def num_labels(config: Config) -> int:
    """Return how many classes a classifier tells apart: `id2label`, `num_labels`, or two."""
    labels = config.raw("id2label")
    if isinstance(labels, Mapping) and labels:
        return len(labels)
    return config.size("num_labels", 2)


def decoder_head(stack: Stack, head: str) -> None:
    """Add a decoder's head other than the language model's: a score of each class, or nothing."""
    config = stack.config
    if head == SEQUENCE:
        stack.linear(Role.HEAD, "score", (num_labels(config), stack.hidden))
    elif head == TOKEN:
        stack.linear(Role.HEAD, "score", (num_labels(config), stack.hidden), bias=True)
    elif head == QUESTION:
        stack.linear(Role.HEAD, "qa_outputs", (2, stack.hidden), bias=True)
    elif head != BASE:
        config.unsupported("architectures", "names a head for pretraining")


def bert_head(stack: Stack, head: str) -> None:
    """Add BERT's pooler or one of its heads; the word predictor shares the embedding."""
    h = stack.hidden
    if head in (SEQUENCE, PRETRAINING) or (head == BASE and stack.config.flag("add_pooling_layer", True)):
        stack.linear(Role.POOLER, "dense", (h, h), bias=True)
    if head in (LM, PRETRAINING):
        add_word_predictor(stack)
    if head == PRETRAINING:
        stack.linear(Role.HEAD, "seq_relationship", (2, h), bias=True)
    _add_classifier(stack, head)


def roberta_head(stack: Stack, head: str) -> None:
    """Add RoBERTa's pooler or one of its heads; its classifier has a dense layer of its own."""
    h = stack.hidden
    if head == BASE:
        stack.linear(Role.POOLER, "dense", (h, h), bias=True)
    elif head == LM:
        add_word_predictor(stack)
    elif head == SEQUENCE:
        stack.linear(Role.OTHER, "dense", (h, h), bias=True)
    elif head == PRETRAINING:
        stack.config.unsupported("architectures", "names a head for pretraining")
    _add_classifier(stack, head)


def distilbert_head(stack: Stack, head: str) -> None:
    """Add one of DistilBERT's heads; the bare model has no pooler."""
    if head == LM:
        add_word_predictor(stack)
    elif head == SEQUENCE:
        stack.linear(Role.OTHER, "pre_classifier", (stack.hidden, stack.hidden), bias=True)
    elif head == PRETRAINING:
        stack.config.unsupported("architectures", "names a head for pretraining")
    _add_classifier(stack, head)


def modernbert_head(stack: Stack, head: str) -> None:
    """Add ModernBERT's prediction head (a dense layer and a norm) and what follows it."""
    config, h = stack.config, stack.hidden
    if head == BASE:
        return
    if head not in (LM, SEQUENCE, TOKEN):
        config.unsupported("architectures", "names a head that is not described")
    stack.linear(Role.OTHER, "dense", (h, h), bias=config.flag("classifier_bias"))
    stack.norm("norm", h, bias=config.flag("norm_bias"))
    if head == LM and config.flag("decoder_bias", True):
        stack.tensor(Role.BIAS, "decoder", (stack.vocab,))
    _add_classifier(stack, head)


def add_word_predictor(stack: Stack) -> None:
    """Add a masked-word head: dense h × h, norm, and a bias for each word; its matrix is the embedding."""
    h = stack.hidden
    stack.linear(Role.OTHER, "dense", (h, h), bias=True)
    stack.norm("LayerNorm", h, bias=True)
    stack.tied = stack.config.flag("tie_word_embeddings", True)
    if not stack.tied:
        stack.linear(Role.HEAD, "decoder", (stack.vocab, h))
    stack.tensor(Role.BIAS, "decoder", (stack.vocab,))


def _add_classifier(stack: Stack, head: str) -> None:
    if head in (SEQUENCE, TOKEN):
        stack.linear(Role.HEAD, "classifier", (num_labels(stack.config), stack.hidden), bias=True)
    elif head == QUESTION:
        stack.linear(Role.HEAD, "qa_outputs", (2, stack.hidden), bias=True)
